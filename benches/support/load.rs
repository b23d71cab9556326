//! Many connections on one thread: keep-alive, raw sockets, one request at a time on each. It is cheap,
//! so that it is not what is measured; how busy it was is told with the answers.
//!
//! At a rate, latencies count from when a request was due, not from when it could be sent: a server
//! that stops for a while is not spared the requests of that while.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::host;
use super::http::{Frame, frame};

/// How long answers that are under way at the end are waited for.
const LAST_ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// Between two looks of a gentle pace; the kernel makes some 0.1 ms of it.
const NAP: Duration = Duration::from_micros(50);
/// More than most answers: one read takes all.
const READ_BYTES: usize = 128 * 1024;

/// When requests are sent.
#[derive(Clone, Copy)]
pub enum Pace {
    /// On each connection as soon as the answer before is there.
    Closed,
    /// So many a second over all connections, evenly, whatever the answers do. Takes the whole core:
    /// the kernel's timers are too coarse to wait with.
    Rate(f64),
    /// The same, but it naps between looks and leaves the core to others: latencies are good to some 0.1 ms.
    Gentle(f64),
}

pub struct Load {
    pub address: SocketAddr,
    pub connections: usize,
    pub pace: Pace,
    pub lasts: Duration,
}

/// An answer, and when.
pub struct Answer<'a> {
    pub status: u16,
    pub head: &'a [u8],
    pub body: &'a [u8],
    /// No later than the first byte of the request went out.
    pub sent: Instant,
    pub received: Instant,
    /// From when it was due.
    pub latency: Duration,
}

/// What is asked, and what becomes of the answers.
pub trait Reader {
    /// Writes the connection's next request.
    fn ask(&mut self, connection: usize, request: &mut Vec<u8>);
    fn answered(&mut self, connection: usize, answer: &Answer<'_>) -> anyhow::Result<()>;

    /// Whether no more is to be asked, although the time is not over.
    fn is_over(&self) -> bool {
        false
    }
}

/// What came of it.
pub struct Outcome {
    pub answers: usize,
    pub seconds: f64,
    /// Of each answer.
    pub microseconds: Vec<f64>,
    /// The part of the time in which this thread computed: near 1, it was the bottleneck. Says nothing
    /// at a rate.
    pub busy: f64,
}

impl Outcome {
    pub fn a_second(&self) -> f64 {
        self.answers as f64 / self.seconds
    }
}

/// Reads until the time is over and the last answers are there.
pub fn run(load: &Load, reader: &mut impl Reader) -> anyhow::Result<Outcome> {
    let mut running = Running::connect(load)?;
    let busy = host::thread_seconds()?;
    match load.pace {
        Pace::Closed => running.closed(load, reader)?,
        Pace::Rate(a_second) => running.at_rate(load, a_second, Duration::ZERO, reader)?,
        Pace::Gentle(a_second) => running.at_rate(load, a_second, NAP, reader)?,
    }
    let seconds = running.started.elapsed().as_secs_f64();
    Ok(Outcome {
        answers: running.microseconds.len(),
        seconds,
        busy: (host::thread_seconds()? - busy) / seconds,
        microseconds: running.microseconds,
    })
}

struct Running {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    idle: VecDeque<usize>,
    request: Vec<u8>,
    chunk: Vec<u8>,
    microseconds: Vec<f64>,
    started: Instant,
}

struct Connection {
    stream: TcpStream,
    /// What has come of the answer so far, where it did not come in one piece.
    part: Vec<u8>,
    frame: Option<Frame>,
    sent: Instant,
    due: Instant,
}

impl Running {
    fn connect(load: &Load) -> anyhow::Result<Running> {
        let poll = Poll::new()?;
        let mut connections = Vec::new();
        for number in 0..load.connections {
            // Blocking until it stands: what is measured begins after that.
            let stream = std::net::TcpStream::connect(load.address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(number), Interest::READABLE)?;
            let (sent, due) = (Instant::now(), Instant::now());
            connections.push(Connection { stream, part: Vec::new(), frame: None, sent, due });
        }
        Ok(Running {
            poll,
            events: Events::with_capacity(1024),
            idle: (0..connections.len()).collect(),
            connections,
            request: Vec::new(),
            chunk: vec![0; READ_BYTES],
            microseconds: Vec::new(),
            started: Instant::now(),
        })
    }

    fn closed(&mut self, load: &Load, reader: &mut impl Reader) -> anyhow::Result<()> {
        let end = self.started + load.lasts;
        while let Some(number) = self.idle.pop_front() {
            self.send(number, None, reader)?;
        }
        loop {
            let now = Instant::now();
            if now < end {
                self.take(end - now, reader)?;
            }
            if Instant::now() >= end {
                return self.drain(reader);
            }
            while let Some(number) = self.idle.pop_front() {
                self.send(number, None, reader)?;
            }
        }
    }

    fn at_rate(
        &mut self,
        load: &Load,
        a_second: f64,
        nap: Duration,
        reader: &mut impl Reader,
    ) -> anyhow::Result<()> {
        let planned = (a_second * load.lasts.as_secs_f64()) as usize;
        let due = |n: usize| Duration::from_secs_f64(n as f64 / a_second);
        let mut sent = 0;
        while sent < planned && !reader.is_over() {
            let late = self.started.elapsed();
            ensure!(
                late < load.lasts * 2 + LAST_ANSWERS_WITHIN,
                "the server takes less than half of {a_second} a second"
            );
            while sent < planned && due(sent) <= self.started.elapsed() {
                let Some(number) = self.idle.pop_front() else { break };
                self.send(number, Some(self.started + due(sent)), reader)?;
                sent += 1;
            }
            self.take(Duration::ZERO, reader)?;
            if !nap.is_zero() {
                std::thread::sleep(nap);
            }
        }
        self.drain(reader)
    }

    fn drain(&mut self, reader: &mut impl Reader) -> anyhow::Result<()> {
        let end = Instant::now() + LAST_ANSWERS_WITHIN;
        // Those that are idle by now are not asked again.
        let all = self.connections.len();
        while self.idle.len() < all {
            ensure!(Instant::now() < end, "the last answers do not come");
            self.take(Duration::from_millis(100), reader)?;
        }
        Ok(())
    }

    fn send(
        &mut self,
        number: usize,
        due: Option<Instant>,
        reader: &mut impl Reader,
    ) -> anyhow::Result<()> {
        self.request.clear();
        reader.ask(number, &mut self.request);
        let connection = &mut self.connections[number];
        connection.sent = Instant::now();
        connection.due = due.unwrap_or(connection.sent);
        let written = connection.stream.write(&self.request)?;
        ensure!(written == self.request.len(), "a request does not fit into the socket's buffer");
        Ok(())
    }

    /// Waits at most so long for answers, and takes those that are there.
    fn take(&mut self, at_most: Duration, reader: &mut impl Reader) -> anyhow::Result<()> {
        match self.poll.poll(&mut self.events, Some(at_most)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        let ready: Vec<usize> = self.events.iter().map(|event| event.token().0).collect();
        for number in ready {
            self.read(number, reader)?;
        }
        Ok(())
    }

    fn read(&mut self, number: usize, reader: &mut impl Reader) -> anyhow::Result<()> {
        let connection = &mut self.connections[number];
        loop {
            let read = match connection.stream.read(&mut self.chunk) {
                Ok(0) => bail!("the server has hung up"),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("reading an answer"),
            };
            let received = Instant::now();
            let whole = connection.part.is_empty();
            if !whole {
                connection.part.extend_from_slice(&self.chunk[..read]);
            }
            let bytes = if whole { &self.chunk[..read] } else { connection.part.as_slice() };
            if connection.frame.is_none() {
                connection.frame = frame(bytes)?;
            }
            let missing =
                connection.frame.is_none_or(|f| bytes.len() < f.head_bytes + f.body_bytes);
            if let Some(frame) = connection.frame.filter(|_| !missing) {
                let (head, body) = bytes.split_at(frame.head_bytes);
                let latency = received.duration_since(connection.due);
                self.microseconds.push(latency.as_secs_f64() * 1e6);
                let (status, sent) = (frame.status, connection.sent);
                ensure!(body.len() == frame.body_bytes, "more came than was asked for");
                reader.answered(number, &Answer { status, head, body, sent, received, latency })?;
                connection.part.clear();
                connection.frame = None;
                self.idle.push_back(number);
                return Ok(());
            }
            if whole {
                connection.part.extend_from_slice(&self.chunk[..read]);
            }
            // A short read has taken all that there was: the next event tells of more.
            if read < self.chunk.len() {
                return Ok(());
            }
        }
    }
}
