//! Requests that never reach a route: the answer is a problem as any other is.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::harness::PATIENCE;
use crate::harness::process::Home;
use crate::harness::service::Service;

fn connect(service: &Service) -> TcpStream {
    let stream = TcpStream::connect(service.url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// All that comes until the connection is closed, which it has to be.
fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
        _ => String::from_utf8_lossy(&answer).into_owned(),
    }
}

/// Sends the bytes, and reads until the connection is closed.
fn exchange(service: &Service, request: &[u8]) -> String {
    let mut stream = connect(service);
    // A server that has answered need not take the rest.
    let _ = stream.write_all(request);
    rest(stream)
}

#[track_caller]
fn assert_problem(answer: &str, status: u16, code: &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(head.contains("\r\ncontent-type: application/problem+json\r\n"), "{answer}");
    assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())), "{answer}");
    assert!(head.contains("\r\nconnection: close\r\n"), "{answer}");
    let body: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer:?}"));
    assert_eq!((&body["code"], &body["status"]), (&code.into(), &status.into()), "{answer}");
    assert_eq!(body["type"], format!("urn:vitrine:problem:{code}"));
}

#[test]
fn requests_that_cannot_be_routed_are_answered_with_problems() {
    let service = Home::new().serve();
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes();
    let with =
        |lines: &str| format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{lines}\r\n").into_bytes();
    let long = |bytes: usize| "a".repeat(bytes);
    let latin1 = b"GET /api/v1/products/k\xfcche HTTP/1.1\r\nhost: x\r\n\r\n".to_vec();
    for (request, status, code) in [
        (get(&format!("/{}", long(70_000))), 414, "uri_too_long"),
        (get(&format!("/api/v1/products/cards?ids={}", long(200_000))), 414, "uri_too_long"),
        (with(&format!("x: {}\r\n", long(200_000))), 431, "head_too_large"),
        (with(&"x: y\r\n".repeat(200)), 431, "head_too_large"),
        (get("/api/v1/products/k\u{fc}che"), 400, "malformed_request"),
        (latin1, 400, "malformed_request"),
        (with("no header\r\n"), 400, "malformed_request"),
        (with("content-length: ten\r\n"), 400, "malformed_request"),
        // The URI is as long as it may be: something else is wrong.
        (
            format!("GET /{} HTTP/1.1\r\nno header\r\n\r\n", long(65_533)).into_bytes(),
            400,
            "malformed_request",
        ),
        (
            format!("\r\n\r\nGET /{} HTTP/1.1\r\n\r\n", long(70_000)).into_bytes(),
            414,
            "uri_too_long",
        ),
        (b"\x16\x03".repeat(40_000), 400, "malformed_request"),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n".to_vec(), 400, "malformed_request"),
    ] {
        assert_problem(&exchange(&service, &request), status, code);
    }
    // What was answered before on the same connection stays.
    let after = [get("/healthz"), with("no header\r\n")].concat();
    let answers = exchange(&service, &after);
    let (first, second) = answers.split_at(answers.find("HTTP/1.1 4").unwrap());
    assert!(first.starts_with("HTTP/1.1 200 OK"), "{answers}");
    assert_problem(second, 400, "malformed_request");
    let counted = service.metric("vitrine_http_requests_total{route=\"none\",status=\"4xx\"}");
    assert_eq!(counted, Some(13.0));
    // One malformed request is nothing that those who run the service have to see.
    let log = service.process.stderr();
    assert!(!log.iter().any(|line| line.contains("ERROR")), "{log:#?}");
}

#[test]
fn a_head_that_does_not_come_is_a_problem() {
    let service = Home::new().set("http.head_timeout_seconds=1").serve();
    let answer = exchange(&service, b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ");
    assert_problem(&answer, 408, "head_too_slow");
}

/// As curl does it with every body of more than a mebibyte.
#[test]
fn a_client_that_waits_for_100_continue_gets_it() {
    let home = Home::new();
    let service = home.serve();
    let mut stream = connect(&service);
    let body = crate::harness::events::product("mug", serde_json::json!({}));
    let head = format!(
        "POST /api/v1/events HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\nconnection: close\r\n\
         content-type: application/cloudevents+json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).unwrap();
    let answer = rest(stream);
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
}

/// Not only the first head of a connection, and not only bodies that somebody reads.
#[test]
fn what_comes_too_slowly_after_an_answer_ends_the_connection() {
    let home = Home::new().set("http.head_timeout_seconds=1").set("http.keep_alive_seconds=60");
    let service = home.serve();
    let trickles: [(&[u8], &[u8]); 4] = [
        (b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n", b"GET /he"),
        (b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n", b"\r\n"),
        (b"POST /nope HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        (
            b"GET /api/v1/home HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n",
            b"1\r\na\r\n",
        ),
    ];
    for (request, more) in trickles {
        let mut stream = connect(&service);
        stream.write_all(request).unwrap();
        let mut begun = [0; 9];
        stream.read_exact(&mut begun).unwrap();
        assert_eq!(&begun, b"HTTP/1.1 ");
        // It is cut whether the rest comes slowly or not at all.
        let mut trickling = stream.try_clone().unwrap();
        let more = more.to_owned();
        let trickle = std::thread::spawn(move || {
            while trickling.write_all(&more).is_ok() {
                std::thread::sleep(std::time::Duration::from_millis(300));
            }
        });
        rest(stream);
        trickle.join().unwrap();
    }
    // One that is idle is kept.
    let mut idle = connect(&service);
    let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    idle.write_all(request).unwrap();
    let mut answer = [0; 15];
    idle.read_exact(&mut answer).unwrap();
    std::thread::sleep(std::time::Duration::from_secs(3));
    idle.write_all(&request[..10]).unwrap();
    idle.write_all(&request[10..]).unwrap();
    idle.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(rest(idle).contains("HTTP/1.1 200 OK"), "the second one is answered");
}
