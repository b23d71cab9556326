//! `vitrine generate`: a sample catalogue as an event stream.

use std::io::{BufWriter, ErrorKind, Write};

use anyhow::{anyhow, ensure};
use projections::instant::Instant;

use crate::decode::{Decoded, structured};
use crate::generate::shape::Shape;
use crate::generate::{DEFAULT_START, Generator, MAX_VERSION, Options};

#[derive(clap::Args)]
pub struct Args {
    /// How many products.
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u64).range(1..=MAX_VERSION))]
    products: u64,
    /// How many events in all.
    #[arg(long, value_name = "M",
          value_parser = clap::value_parser!(u64).range(..=MAX_VERSION))]
    events: u64,
    /// The same seed gives the same stream.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// When the stream begins (RFC 3339, or a date); 2026-01-01 if not given.
    #[arg(long, value_name = "T", value_parser = instant)]
    start: Option<Instant>,
    /// Prints what the stream comes to, counted from its events, instead of the events.
    #[arg(long)]
    shape: bool,
}

/// An instant, or the start of a day in UTC.
fn instant(text: &str) -> Result<Instant, String> {
    Instant::parse(text)
        .or_else(|| Instant::parse(&format!("{text}T00:00:00Z")))
        .ok_or_else(|| "expected RFC 3339, like 2026-01-01T00:00:00Z, or a date".to_owned())
}

/// Bytes that are written at once.
const CHUNK_BYTES: usize = 256 * 1024;

pub fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let options = Options {
        products: args.products,
        events: args.events,
        seed: args.seed,
        start: args.start.unwrap_or(DEFAULT_START),
    };
    if args.shape {
        return print_shape(options, json);
    }
    ensure!(!json, "--json goes with --shape: without it, what is written are the events, as JSON");
    let mut generator = Generator::new(options);
    let mut out = BufWriter::with_capacity(CHUNK_BYTES, std::io::stdout().lock());
    let mut line = Vec::new();
    while generator.write_next(&mut line) {
        if let Err(error) = out.write_all(&line) {
            return ended(error);
        }
        line.clear();
    }
    out.flush().or_else(ended_io).map_err(|e| anyhow!("cannot write the events: {e}"))
}

fn print_shape(options: Options, json: bool) -> anyhow::Result<()> {
    let shape = Shape::of(options, |line| match structured(line) {
        Ok(Decoded::Event { event, .. }) => Some(event),
        _ => None,
    });
    let text = if json { serde_json::to_string(&shape)? + "\n" } else { shape.to_string() };
    let written = std::io::stdout().lock().write_all(text.as_bytes());
    written.or_else(ended_io).map_err(|e| anyhow!("cannot write the figures: {e}"))
}

/// A reader that has seen enough (`| head`) is no failure.
fn ended_io(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}

fn ended(error: std::io::Error) -> anyhow::Result<()> {
    ended_io(error).map_err(|e| anyhow!("cannot write the events: {e}"))
}
