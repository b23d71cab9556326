//! All tests of the service but those that stop the servers: one binary, since linking librdkafka,
//! OpenSSL and SQLite takes longer than most of the tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod api_pages;
mod api_units;
mod arrows;
mod audit;
mod bad_input;
mod boundaries;
mod cache;
mod cached_pages;
mod changes;
mod cli;
mod cli_answers;
mod config;
mod crash;
mod decode;
mod decode_records;
mod generate;
mod generations;
mod harness;
mod index;
mod index_image;
mod kafka;
mod limits;
mod live;
mod openapi;
mod pages;
mod popularity;
mod postgres_changes;
mod postgres_concurrency;
mod postgres_open;
mod postgres_replicas;
mod postgres_server;
mod price_limit;
mod rebuild;
mod service;
mod stopping;
mod store_contract;
mod store_postgres;
mod store_sqlite;
mod tombstones;
mod units;
mod verdict;
mod warm;
