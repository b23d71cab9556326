//! Bad input of every kind: its exact answer, which names what is wrong and shows nothing of the
//! inside.

mod cursors;
mod events;
mod requests;

use crate::service::Answer;
use serde_json::{Value, json};

/// A problem with this status and code that names this parameter, if there is one to name.
#[track_caller]
fn assert_problem(answer: &Answer, status: u16, code: &str, parameter: Option<&str>) {
    let body = answer.json();
    assert_eq!((answer.status, &body["code"]), (status, &json!(code)), "{body}");
    assert_eq!(body.get("parameter"), parameter.map(|p| json!(p)).as_ref(), "{body}");
    assert_eq!(body["status"], status);
    assert_eq!(body["type"], format!("urn:vitrine:problem:{code}"));
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    for member in ["title", "detail"] {
        assert!(body[member].as_str().is_some_and(|text| text.len() > 3), "{body}");
    }
    let members: Vec<&String> = body.as_object().unwrap().keys().collect();
    let known =
        ["type", "title", "status", "detail", "code", "parameter", "rejected", "rejected_total"];
    assert!(members.iter().all(|member| known.contains(&member.as_str())), "{body}");
    assert_nothing_of_the_inside(&body);
}

#[track_caller]
fn assert_nothing_of_the_inside(body: &Value) {
    let text = body.to_string().to_lowercase();
    for inside in ["sqlite", "select ", ".rs", "panicked", "/tmp", "serde", "actix", "::"] {
        assert!(!text.contains(inside), "{inside:?} in {text}");
    }
}
