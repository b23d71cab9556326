//! Benchmarks of the running service, and of parts of it that need a store. `benches/README.md` says what each
//! measures, and beside what. One binary: each links all of librdkafka.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that fails says where")]

#[path = "../support/mod.rs"]
mod support;

mod churn;
mod crowd;
mod fill;
mod flash_sale;
mod hot;
mod index;
mod kafka;
mod listings;
mod memory;
mod project;
mod promotion;
mod read;
mod rebuild;
mod sql;
mod wide;

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
enum Benchmark {
    /// Generating, publishing and projecting a catalogue.
    Project(project::Args),
    /// Projecting from Kafka into PostgreSQL, and how soon an event shows.
    Kafka(kafka::Args),
    /// Writing a catalogue into a new generation.
    Fill(fill::Args),
    /// Building a generation from the first event of the log.
    Rebuild(rebuild::Args),
    /// Pages read from the store.
    Read(read::Args),
    /// A discount on everything, until listings show it.
    Wide(wide::Args),
    /// The listing index alone: scans, versions, and a discount on everything.
    Index(index::Args),
    /// Listings over HTTP, each made anew.
    Listings(listings::Args),
    /// The same questions to Vitrine, and in SQL to PostgreSQL.
    Sql(sql::Args),
    /// Hot pages over a socket, beside nginx and Varnish.
    Hot(hot::Args),
    /// Hot pages beside many who ask for what nobody asked before.
    Crowd(crowd::Args),
    /// Pages that are read while products change.
    Churn(churn::Args),
    /// A sale that opens while its pages are read.
    FlashSale(flash_sale::Args),
    /// Generations that are promoted while pages are read.
    Promotion(promotion::Args),
    /// What a cached page takes.
    Memory(memory::Args),
}

fn main() -> anyhow::Result<ExitCode> {
    let done = |()| ExitCode::SUCCESS;
    match Benchmark::parse() {
        Benchmark::Project(args) => project::measure_all(args).map(done),
        Benchmark::Kafka(args) => kafka::measure_all(args).map(done),
        Benchmark::Fill(args) => fill::measure_all(args).map(done),
        Benchmark::Rebuild(args) => rebuild::measure_all(args).map(done),
        Benchmark::Read(args) => read::measure_all(args).map(done),
        Benchmark::Wide(args) => wide::measure_all(args).map(done),
        Benchmark::Index(args) => index::measure_all(args).map(done),
        Benchmark::Listings(args) => listings::measure_all(args).map(done),
        Benchmark::Sql(args) => sql::measure_all(args).map(done),
        Benchmark::Hot(args) => hot::measure_all(args).map(done),
        Benchmark::Crowd(args) => crowd::measure_all(args).map(done),
        Benchmark::Churn(args) => churn::measure_all(args),
        Benchmark::FlashSale(args) => flash_sale::measure_all(args),
        Benchmark::Promotion(args) => promotion::measure_all(args),
        Benchmark::Memory(args) => memory::measure_all(args).map(done),
    }
}
