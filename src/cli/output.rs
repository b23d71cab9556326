//! Answers for people and for machines.

use serde::Serialize;

/// Prints an answer: one JSON document, or the text.
pub fn answer(json: bool, value: &impl Serialize, text: impl FnOnce() -> String) {
    if json {
        match serde_json::to_string(value) {
            Ok(line) => println!("{line}"),
            Err(error) => eprintln!("error: the answer cannot be written as JSON: {error}"),
        }
    } else {
        println!("{}", text().trim_end());
    }
}

/// Prints why a command failed, with all causes.
pub fn error(json: bool, error: &anyhow::Error) {
    if json {
        eprintln!("{}", serde_json::json!({ "error": format!("{error:#}") }));
    } else {
        eprintln!("error: {error:#}");
    }
}
