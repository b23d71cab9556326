//! A service that runs, and what is asked of it over HTTP.

use std::time::{Duration, Instant as Clock};

use form_urlencoded::Serializer;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::blocking::Client;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::process::Process;
use super::{PATIENCE, eventually};

pub struct Service {
    pub process: Process,
    pub url: String,
    client: Client,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// Null where there is none.
    pub body: Value,
}

impl Answer {
    /// The body of a 200.
    #[track_caller]
    pub fn page(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// The code of an error.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// An id as it stands in a path.
pub fn encoded(id: &str) -> String {
    utf8_percent_encode(id, NON_ALPHANUMERIC).to_string()
}

/// A path with its query.
pub fn with_query(path: &str, query: &[(impl AsRef<str>, String)]) -> String {
    let query = Serializer::new(String::new()).extend_pairs(query).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

impl Service {
    /// Of a `serve` that has been started: waits until it listens.
    pub fn of(mut process: Process) -> Service {
        let address = process.said("listening on http://");
        let client = Client::builder().timeout(PATIENCE).no_proxy().build().unwrap();
        Service { process, url: format!("http://{address}"), client }
    }

    pub fn wait_ready(&self) {
        eventually("the service is ready", || (self.get("/readyz").status == 200).then_some(()));
    }

    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = self.client.get(format!("{}{path}", self.url));
        let request = headers.iter().fold(request, |r, (name, value)| r.header(*name, *value));
        read(request.send().unwrap_or_else(|e| panic!("GET {path}: {e}")))
    }

    /// Posts events, whatever becomes of them.
    pub fn post(&self, media_type: &str, body: impl Into<String>) -> Answer {
        let request = self.client.post(format!("{}/api/v1/events", self.url));
        read(request.header("content-type", media_type).body(body.into()).send().unwrap())
    }

    /// Posts events as one batch; answers their position.
    #[track_caller]
    pub fn publish(&self, events: &[impl AsRef<str>]) -> String {
        let events: Vec<&str> = events.iter().map(AsRef::as_ref).collect();
        let body = format!("[{}]", events.join(","));
        // A busy broker may not take them in time: then they are to be sent again.
        let answer = eventually("the log takes events", || {
            let answer = self.post("application/cloudevents-batch+json", body.clone());
            (answer.status != 503).then_some(answer)
        });
        assert_eq!(answer.status, 202, "{}", answer.body);
        assert_eq!(answer.body["rejected"], serde_json::json!([]));
        answer.body["position"].as_str().unwrap().to_owned()
    }

    /// Waits until pages reflect a position, kept ones too.
    pub fn reflects(&self, position: &str) {
        let headers = [("Vitrine-Min-Position", position), ("Vitrine-Wait-Ms", "5000")];
        eventually("the position is reached", || {
            let answer = self.get_with("/api/v1/products?ids=nobody", &headers);
            assert!(matches!(answer.status, 200 | 412), "{answer:?}");
            (answer.status == 200).then_some(())
        });
        self.knows_all();
    }

    /// Waits until its cache knows of all that has been committed by now: pages reflect that a moment earlier, and one
    /// that was kept in between is dropped once more.
    pub fn knows_all(&self) {
        let now = Clock::now();
        eventually("the cache knows all changes", || {
            let asked = now.elapsed().as_secs_f64();
            match self.metric("vitrine_cache_behind_seconds") {
                Some(behind) => (0.0..asked).contains(&behind).then_some(()),
                // It keeps no pages.
                None => Some(()),
            }
        });
    }

    /// The value of a metric, by its name as it stands on the page: with labels where it has any.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let metrics = self.get("/metrics").body;
        let mut lines = metrics.as_str().unwrap().lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        Some(value.parse().unwrap())
    }

    /// The CPU time that the process has taken so far.
    pub fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        // After the name in brackets: state is the first field; utime and stime are 12th and 13th.
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks: u64 = fields[11..=12].iter().map(|f| f.parse::<u64>().unwrap()).sum();
        // USER_HZ is 100 on every Linux that there is.
        Duration::from_millis(ticks * 10)
    }
}

fn read(answer: reqwest::blocking::Response) -> Answer {
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let bytes = answer.bytes().unwrap();
    let body = match bytes.as_ref() {
        [] => Value::Null,
        bytes => serde_json::from_slice(bytes)
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(bytes))),
    };
    Answer { status, headers, body }
}
