//! Answers for people and for machines.

use std::fmt::Display;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

/// Whether an answer could not be written.
static UNWRITTEN: AtomicBool = AtomicBool::new(false);

/// Whether all answers could be written: a command whose answer nobody has did not succeed.
pub fn is_written() -> bool {
    !UNWRITTEN.load(Ordering::Relaxed)
}

/// Prints an answer: one JSON document, or the text.
pub fn answer(json: bool, value: &impl Serialize, text: impl FnOnce() -> String) {
    let answer = if json {
        match serde_json::to_string(value) {
            Ok(line) => line,
            Err(error) => {
                return say(format!("error: the answer cannot be written as JSON: {error}"));
            }
        }
    } else {
        text()
    };
    print(&answer);
}

/// Prints a text. Who has stopped reading it misses nothing.
pub fn print(text: &str) {
    if let Err(error) = writeln!(std::io::stdout(), "{}", text.trim_end())
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        UNWRITTEN.store(true, Ordering::Relaxed);
        say(format!("error: the answer cannot be written: {error}"));
    }
}

/// Prints a line to standard error. Where nobody reads it any more, that is not what a command or a
/// service fails by: `eprintln!` would panic.
pub fn say(line: impl Display) {
    let _nobody_reads = writeln!(std::io::stderr(), "{line}");
}

/// Prints why a command failed, with all causes.
pub fn error(json: bool, error: &anyhow::Error) {
    if json {
        say(serde_json::json!({ "error": format!("{error:#}") }));
    } else {
        say(format!("error: {error:#}"));
    }
}
