//! `[http]`: where the API listens and what it asks of its callers.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::Findings;
use super::secret::Secret;

/// The HTTP API.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// The address the API listens on, as `host:port`; an IPv6 address stands in brackets
    /// (`[::1]:8080`). Port 0 takes any free port. Beyond loopback an `admin_token` is required.
    pub listen: String,
    /// The bearer token asked for on write and admin endpoints, and wherever `at` or `explain` show
    /// what is to come. Printable ASCII without spaces; empty is the same as not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_token: Option<Secret>,
    /// Threads that answer requests; 0 takes one for each core.
    #[schemars(range(max = 1024))]
    pub workers: usize,
    /// The largest request body that is read, in bytes; a larger one is refused with 413. The lower
    /// bound is the size that a single event may have.
    #[schemars(range(min = 1_048_576, max = 1_073_741_824))]
    pub request_body_max_bytes: usize,
    /// How long an idle connection is kept open, in seconds; 0 closes it after each answer. Keep it
    /// above the idle time of the connection pools in front.
    #[schemars(range(max = 3600))]
    pub keep_alive_seconds: u64,
    /// How long a client may take to send a request's head, in seconds; then the connection is closed.
    #[schemars(range(min = 1, max = 3600))]
    pub head_timeout_seconds: u64,
    /// How long a client may take to send a request's body, in seconds; then it is a 408.
    #[schemars(range(min = 1, max = 3600))]
    pub body_timeout_seconds: u64,
    /// How long an answer may wait for its client to read on, in seconds; then the connection is closed.
    #[schemars(range(min = 1, max = 3600))]
    pub write_timeout_seconds: u64,
    /// Connections at a time, over all workers; further ones wait to be accepted. Each takes a file descriptor, and some
    /// kilobytes while it is idle.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_connections: usize,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            admin_token: None,
            workers: 0,
            request_body_max_bytes: 16 * 1024 * 1024,
            keep_alive_seconds: 75,
            head_timeout_seconds: 10,
            body_timeout_seconds: 60,
            write_timeout_seconds: 30,
            max_connections: 10_000,
        }
    }
}

impl HttpConfig {
    /// The token that write and admin endpoints ask for, if there is one.
    pub fn token(&self) -> Option<&str> {
        self.admin_token.as_ref().map(Secret::reveal).filter(|token| !token.is_empty())
    }

    /// Whether only this machine can reach the API. A host name other than `localhost` counts as
    /// reachable from elsewhere.
    pub fn is_loopback(&self) -> bool {
        let Some((host, _)) = split_host_port(&self.listen) else { return false };
        host.eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
    }

    pub(super) fn check(&self, findings: &mut Findings) {
        if split_host_port(&self.listen).is_none() {
            findings.add(
                "http.listen",
                format!("`{}` is no address to listen on", self.listen),
                "write host:port, such as 127.0.0.1:8080, 0.0.0.0:80 or [::]:8080",
            );
        }
        if self.token().is_some_and(|token| !token.bytes().all(|byte| byte.is_ascii_graphic())) {
            findings.add(
                "http.admin_token",
                "holds a character that a bearer token cannot have",
                "use printable ASCII without spaces, and mind a line break at the end",
            );
        }
    }
}

/// `host` and `port` of `host:port`, the host without the brackets of an IPv6 address.
pub(super) fn split_host_port(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let port = port.parse().ok()?;
    if let Some(inner) = host.strip_prefix('[') {
        let inner = inner.strip_suffix(']')?;
        return inner.parse::<std::net::Ipv6Addr>().is_ok().then_some((inner, port));
    }
    // What looks like an IPv4 address has to be one: 127.0.0.256 is not a name.
    let numeric = host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if numeric && host.parse::<std::net::Ipv4Addr>().is_err() {
        return None;
    }
    is_host_name(host).then_some((host, port))
}

/// Whether `host` is a host name or an IPv4 address.
pub(super) fn is_host_name(host: &str) -> bool {
    (1..=253).contains(&host.len())
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}
