//! `[telemetry]`: what the service tells of itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::error::Findings;
use super::http::split_host_port;

/// What the service tells of itself.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// The form of log lines: `text` for people, `json` for machines.
    pub log_format: LogFormat,
    /// What is logged: a level (`error`, `warn`, `info`, `debug`, `trace`, `off`), or directives
    /// such as `info,vitrine::projector=debug`.
    pub log_filter: String,
    /// Where a process without the role `api` answers `/healthz`, `/readyz` and `/metrics`, as
    /// `host:port`; empty for nowhere. One with that role answers them where its API listens.
    pub probes_listen: String,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            log_format: LogFormat::Text,
            log_filter: "info".to_owned(),
            probes_listen: String::new(),
        }
    }
}

/// The form of log lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Text,
    Json,
}

impl TelemetryConfig {
    pub(super) fn check(&self, findings: &mut Findings) {
        if let Err(error) = EnvFilter::builder().parse(&self.log_filter) {
            findings.add(
                "telemetry.log_filter",
                format!("`{}` is no log filter: {error}", self.log_filter),
                "write a level, such as info, or directives such as info,vitrine::api=debug",
            );
        }
        // As a directive it would be the name of a library.
        for word in self.log_filter.split(',').map(str::trim).filter(|d| !d.contains(['=', '['])) {
            if !word.is_empty() && word.parse::<LevelFilter>().is_err() {
                findings.add(
                    "telemetry.log_filter",
                    format!("`{word}` is no level"),
                    "the levels are off, error, warn, info, debug and trace; a library's is written as hyper=debug",
                );
            }
        }
        if !self.probes_listen.is_empty() && split_host_port(&self.probes_listen).is_none() {
            findings.add(
                "telemetry.probes_listen",
                format!("`{}` is no address", self.probes_listen),
                "write host:port, such as 127.0.0.1:8081, or leave it empty",
            );
        }
    }
}
