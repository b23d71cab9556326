//! Answers for people and for machines.

use std::io::Write;

use serde::Serialize;

/// Prints an answer: one JSON document, or the text. Who has stopped reading it misses nothing.
pub fn answer(json: bool, value: &impl Serialize, text: impl FnOnce() -> String) {
    let answer = if json {
        match serde_json::to_string(value) {
            Ok(line) => line,
            Err(error) => return eprintln!("error: the answer cannot be written as JSON: {error}"),
        }
    } else {
        text()
    };
    if let Err(error) = writeln!(std::io::stdout(), "{}", answer.trim_end())
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        eprintln!("error: the answer cannot be written: {error}");
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
