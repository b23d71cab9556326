//! Clients that are slow, or never read: none of them holds a connection, or memory, for ever.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::events::{price, product};
use crate::harness::process::Home;
use crate::harness::service::Service;
use crate::harness::{PATIENCE, eventually};

fn connect(service: &Service) -> TcpStream {
    let stream = TcpStream::connect(service.url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// All that is answered until the connection is closed.
fn answered(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is an end as well.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn a_head_and_a_body_that_do_not_come_are_given_up() {
    let home = Home::new().set("http.head_timeout_seconds=1").set("http.body_timeout_seconds=1");
    let service = home.serve();
    let mut head = connect(&service);
    head.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ").unwrap();
    let said = answered(head);
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
    let mut body = connect(&service);
    body.write_all(
        b"POST /api/v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n\
          content-length: 1000\r\n\r\n{",
    )
    .unwrap();
    let said = answered(body);
    assert!(said.starts_with("HTTP/1.1 408") && said.contains("body_too_slow"), "{said}");
}

#[test]
fn a_client_that_never_reads_is_let_go_of() {
    let home = Home::new().set("http.write_timeout_seconds=1");
    let service = home.serve();
    let long = "x".repeat(60_000);
    let mug = product("mug", json!({"description": {"en": long}}));
    let position = service.publish(&[mug, price("p", "mug", 5, json!({}))]);
    service.reflects(&position);
    let request = b"GET /api/v1/products/mug HTTP/1.1\r\nhost: x\r\n\r\n".repeat(500);
    let mut stream = connect(&service);
    stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    // What is not taken is not sent: that is its own loss.
    let _ = stream.write_all(&request);
    let connections = || {
        let port = service.url.rsplit_once(':').unwrap().1.parse::<u16>().unwrap();
        let table =
            std::fs::read_to_string(format!("/proc/{}/net/tcp", service.process.id())).unwrap();
        let own = stream.local_addr().unwrap().port();
        let from = format!(":{port:04X} ");
        let to = format!(":{own:04X} ");
        // Established: 01.
        table.lines().any(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            fields.len() > 3
                && format!("{} ", fields[1]).ends_with(&from)
                && format!("{} ", fields[2]).ends_with(&to)
                && fields[3] == "01"
        })
    };
    let started = Instant::now();
    eventually("the connection is closed", || (!connections()).then_some(()));
    println!("closed after {:?}", started.elapsed());
    assert_eq!(service.get("/healthz").status, 200);
}

#[test]
fn connections_are_bounded() {
    const MOST: usize = 4;
    let home = Home::new().set(format!("http.max_connections={MOST}")).set("http.workers=2");
    let service = home.serve();
    let mut asking: Vec<TcpStream> = (0..16).map(|_| connect(&service)).collect();
    for stream in &mut asking {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        stream.set_nonblocking(true).unwrap();
    }
    // Those that have been answered keep their connections: no more are accepted until they close them.
    let is_answered = |stream: &TcpStream| stream.peek(&mut [0]).is_ok_and(|bytes| bytes > 0);
    while !asking.is_empty() {
        eventually("somebody is answered", || asking.iter().any(is_answered).then_some(()));
        std::thread::sleep(Duration::from_millis(100));
        let answered = asking.iter().filter(|stream| is_answered(stream)).count();
        assert!(answered <= MOST, "{answered} connections at once");
        asking.retain(|stream| !is_answered(stream));
    }
}
