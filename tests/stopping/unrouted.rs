//! Requests that never reach a route: the answer is a problem as any other is.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::harness::PATIENCE;
use crate::harness::process::Home;
use crate::harness::service::Service;

/// Sends the bytes, and reads until the connection is closed.
fn exchange(service: &Service, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(service.url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // A server that has answered need not take the rest.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[track_caller]
fn assert_problem(answer: &str, status: u16, code: &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(head.contains("\r\ncontent-type: application/problem+json\r\n"), "{answer}");
    assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())), "{answer}");
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
    assert_eq!(counted, Some(10.0));
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
