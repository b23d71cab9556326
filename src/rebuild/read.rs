//! Reading: batch after batch is decoded on all cores and folded in its order, and now and then written to a run file.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant as Clock;

use projections::event::Kind;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::decode::{Messages, Raw};
use super::letters;
use super::manifest::{Folder, Manifest};
use super::outcomes::Outcomes;
use super::progress::{PartitionProgress, Phase, Progress};
use super::run_file::RunFile;
use super::source::{Reading, Source, Span};
use super::state::Written;
use super::table::Table;
use super::{Job, RebuildError, blocking, cores};
use crate::log::position::Partition;
use crate::store::dead_letter::NewDeadLetter;

/// Dead letters may take this part of the memory.
const LETTERS_SHARE: usize = 4;

/// The whole log, folded.
pub struct Read {
    /// By the numbers that entities name them by, with the offset that comes next.
    pub partitions: Vec<(Partition, i64)>,
    pub outcomes: Outcomes,
    pub folded: Folded,
}

/// Where what it comes to is.
pub enum Folded {
    Memory {
        table: Table,
        letters: Vec<NewDeadLetter>,
    },
    /// In these files, and nothing else.
    Files(Vec<RunFile>),
}

/// Reads the log to where it ends now, from where an earlier run has come to. Where writing has begun, it ends where it
/// ended then.
pub async fn read(
    job: &Job,
    source: &Source,
    folder: &Folder,
    id: String,
    writing: Option<&Written>,
) -> Result<Read, RebuildError> {
    let mut manifest = folder.load(&id).await?;
    if let Some(Manifest { partitions, outcomes, runs, .. }) = manifest.take_if(|m| m.read) {
        job.tell(|progress| progress.resumed = true);
        return Ok(Read { partitions, outcomes, folded: Folded::Files(runs) });
    }
    let mut spans = source.spans().await?;
    if let Some(written) = writing {
        spans = up_to(spans, &written.ends)?;
    }
    // Of other topics: configured anew meanwhile.
    let known =
        |m: &Manifest| m.partitions.iter().all(|(p, _)| spans.iter().any(|s| s.partition == *p));
    let manifest = manifest.filter(known).unwrap_or_else(|| Manifest::new(id));
    let spans = go_on(spans, &manifest.partitions)?;
    job.tell(|progress| {
        progress.phase = Phase::Reading;
        progress.resumed = writing.is_some() || !manifest.runs.is_empty();
    });
    let state = State::new(source.clone(), spans.clone(), manifest, folder.clone());
    let stop = job.stop.child_token();
    let reading = source.read(spans, job.share(), stop.clone());
    let read = fold_all(job, state, reading).await;
    stop.cancel();
    read
}

/// The spans up to where writing began.
fn up_to(spans: Vec<Span>, ends: &[(Partition, i64)]) -> Result<Vec<Span>, RebuildError> {
    let limited = |(partition, end): &(Partition, i64)| {
        let span = spans.iter().find(|span| span.partition == *partition && span.end >= *end);
        span.map(|span| Span { end: *end, ..span.clone() }).ok_or_else(|| {
            let Partition { topic, partition } = partition;
            RebuildError::NotMine(format!(
                "{topic}:{partition} was read to offset {end} when the generation was begun, and no longer reaches there"
            ))
        })
    };
    ends.iter().map(limited).collect()
}

/// The spans in the order of the partitions that are known, each from where it was read to; new ones after them.
fn go_on(spans: Vec<Span>, known: &[(Partition, i64)]) -> Result<Vec<Span>, RebuildError> {
    let place = |span: &Span| known.iter().position(|(p, _)| *p == span.partition);
    let mut spans = spans;
    spans.sort_by_key(|span| place(span).unwrap_or(usize::MAX));
    for (span, (partition, next)) in spans.iter_mut().zip(known) {
        if *next > span.end {
            let Partition { topic, partition } = partition;
            return Err(RebuildError::Incomplete(format!(
                "{topic}:{partition} was read to offset {next}, and now ends at {}: the topic was made anew. Delete \
                 the rebuild's folder and drop the generation, then start the rebuild again",
                span.end
            )));
        }
        span.next = *next;
    }
    Ok(spans)
}

/// What is read so far.
struct State {
    source: Source,
    kinds: Arc<Vec<(Partition, Kind)>>,
    spans: Vec<Span>,
    table: Table,
    outcomes: Outcomes,
    letters: Vec<NewDeadLetter>,
    letter_bytes: usize,
    /// As it is on disk, or will be next.
    manifest: Manifest,
    folder: Folder,
    kept: Clock,
    /// Something was read since then.
    unkept: bool,
}

impl State {
    fn new(source: Source, spans: Vec<Span>, manifest: Manifest, folder: Folder) -> State {
        let kinds = spans.iter().map(|span| (span.partition.clone(), span.kind)).collect();
        State {
            source,
            kinds: Arc::new(kinds),
            spans,
            table: Table::default(),
            outcomes: manifest.outcomes,
            letters: Vec::new(),
            letter_bytes: 0,
            manifest,
            folder,
            kept: Clock::now(),
            unkept: false,
        }
    }

    fn memory_bytes(&self) -> usize {
        self.table.bytes() + self.letter_bytes
    }

    /// Whether there is as much in memory as may be. Dead letters are written to a file, and read from it, all at once.
    fn is_full(&self, budget: usize) -> bool {
        self.memory_bytes() > budget || self.letter_bytes > budget / LETTERS_SHARE
    }

    /// How many events there are in all, if the offsets to come have as many as those that are read.
    fn events_total(&self) -> u64 {
        let (read, left) = self.source.offsets(&self.spans);
        let events = self.outcomes.sum();
        let density = if read == 0 { 1.0 } else { (events as f64 / read as f64).min(1.0) };
        events + (left as f64 * density).round() as u64
    }

    fn fold(&mut self, messages: Messages) {
        self.table.fold(&messages, &mut self.outcomes);
        self.outcomes.add_unknown_types(messages.unknown_types);
        self.outcomes.add_warnings(&messages.warnings);
        self.outcomes.add_dead_letters(messages.letters.len() as u64);
        self.letter_bytes += messages.letters.iter().map(letters::bytes).sum::<usize>();
        self.letters.extend(messages.letters);
        for (number, next) in messages.next {
            if let Some(span) = self.spans.get_mut(number as usize) {
                span.next = next;
                self.unkept = true;
            }
        }
    }

    /// Writes what is in memory to a run file, and then how far reading has come.
    fn keep(&mut self, read: bool) -> Result<(), RebuildError> {
        let manifest = &mut self.manifest;
        if !self.table.is_empty() || !self.letters.is_empty() {
            let entities = self.table.by_hash();
            let name = manifest.next_run();
            let run = RunFile::write(&self.folder.path, name, &entities, &self.letters)?;
            manifest.runs.push(run);
        }
        manifest.partitions =
            self.spans.iter().map(|span| (span.partition.clone(), span.next)).collect();
        manifest.outcomes = self.outcomes;
        manifest.read = read;
        self.folder.save(manifest)?;
        // Given back as well: there may be little room.
        self.table = Table::default();
        self.letters = Vec::new();
        self.letter_bytes = 0;
        self.kept = Clock::now();
        self.unkept = false;
        Ok(())
    }

    fn finish(mut self, progress: &watch::Sender<Progress>) -> Result<Read, RebuildError> {
        let folded = if self.manifest.runs.is_empty() {
            // Quickly read again, if it must be.
            Folded::Memory { table: self.table, letters: self.letters }
        } else {
            self.keep(true)?;
            self.tell(progress);
            Folded::Files(self.manifest.runs)
        };
        let partitions = self.spans.into_iter().map(|span| (span.partition, span.next)).collect();
        Ok(Read { partitions, outcomes: self.outcomes, folded })
    }

    fn tell(&self, progress: &watch::Sender<Progress>) {
        progress.send_modify(|progress| {
            progress.events = self.outcomes.sum();
            progress.events_total = self.events_total();
            progress.memory_bytes = self.memory_bytes() as u64;
            progress.spilled_bytes = self.manifest.spilled_bytes();
            let partition = |span: &Span| PartitionProgress {
                partition: span.partition.clone(),
                next: span.next,
                end: span.end,
            };
            progress.partitions = self.spans.iter().map(partition).collect();
        });
    }
}

/// Folds all batches, and keeps what was folded whenever that is due; also where it ends early.
async fn fold_all(job: &Job, mut state: State, mut reading: Reading) -> Result<Read, RebuildError> {
    let mut decoding: VecDeque<JoinHandle<Messages>> = VecDeque::new();
    let budget = usize::try_from(job.options.memory_bytes).unwrap_or(usize::MAX);
    state.tell(&job.progress);
    while let Some(decoded) = next(job, &mut reading, &mut decoding, &state.kinds).await {
        let messages = decoded.await.map_err(|ended| RebuildError::ended(&ended))?;
        let checkpoint = job.options.checkpoint;
        state = blocking(move || {
            state.fold(messages);
            if state.is_full(budget) || state.kept.elapsed() >= checkpoint {
                state.keep(false)?;
            }
            Ok(state)
        })
        .await?;
        state.tell(&job.progress);
    }
    reading.batches.close();
    let ended = reading.task.await.map_err(|ended| RebuildError::ended(&ended))?;
    let ended = job.go_on().and(ended);
    let progress = Arc::clone(&job.progress);
    blocking(move || match ended {
        Ok(()) => state.finish(&progress),
        Err(error) => {
            if state.unkept {
                state.keep(false)?;
            }
            Err(error)
        }
    })
    .await
}

/// The batch that comes next, while others are being decoded; `None` at the end, or where it is to stop.
async fn next(
    job: &Job,
    reading: &mut Reading,
    decoding: &mut VecDeque<JoinHandle<Messages>>,
    kinds: &Arc<Vec<(Partition, Kind)>>,
) -> Option<JoinHandle<Messages>> {
    let decode = |raw: Raw| {
        let (kinds, markets) = (Arc::clone(kinds), job.markets.clone());
        tokio::task::spawn_blocking(move || Messages::of(raw, &kinds, &markets))
    };
    if job.stop.is_cancelled() {
        return None;
    }
    if decoding.is_empty() {
        let raw = tokio::select! {
            raw = reading.batches.recv() => raw?,
            () = job.stop.cancelled() => return None,
        };
        decoding.push_back(decode(raw));
    }
    while decoding.len() <= cores() {
        let Ok(raw) = reading.batches.try_recv() else { break };
        decoding.push_back(decode(raw));
    }
    decoding.pop_front()
}
