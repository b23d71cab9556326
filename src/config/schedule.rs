//! `[schedule]`: jobs that run by the clock.

use reqwest::Url;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::Findings;
use crate::schedule;

/// Jobs that run by the clock. Each is a cron expression that starts with seconds, in UTC; empty switches the
/// job off. One that is still under way when it would begin again is left to end.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleConfig {
    /// When page caches are filled ahead of requests: a cron expression that starts with seconds, in UTC; empty
    /// switches the job off. It runs in processes with the role `scheduler`: those that also have the role `api`
    /// fill their own cache, and all of them ask the instances in `warm_urls` to.
    pub warm: String,
    /// The instances that a process with the role `scheduler` asks to fill their caches, by the URLs of their APIs,
    /// such as `http://10.0.0.7:8080`. They are sent `http.admin_token`, where there is one.
    #[schemars(length(max = 1000))]
    pub warm_urls: Vec<String>,
    /// When samples of the cached pages (`cache.audit_pages`) and of the products in the listing index
    /// (`index.audit_products`) are compared with the store: a cron expression that
    /// starts with seconds, in UTC; empty switches the job off. It runs in every process with the role `api`.
    pub audit: String,
    /// When a new generation of the read store is built from the first event, and compared with the live one: a cron
    /// expression that starts with seconds, in UTC; empty switches the job off. It runs in one of the processes with the
    /// role `scheduler`; the others find it under way.
    pub rebuild: String,
    /// Whether a generation that was rebuilt so is promoted if it answers as the live one does.
    pub rebuild_promote: bool,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self {
            warm: "0 */5 * * * *".to_owned(),
            warm_urls: Vec::new(),
            audit: "30 * * * * *".to_owned(),
            rebuild: String::new(),
            rebuild_promote: false,
        }
    }
}

impl ScheduleConfig {
    pub(super) fn check(&self, findings: &mut Findings) {
        let jobs = [
            ("schedule.warm", &self.warm),
            ("schedule.audit", &self.audit),
            ("schedule.rebuild", &self.rebuild),
        ];
        for (key, expression) in jobs {
            if let Err(why) = schedule::check(expression) {
                findings.add(
                    key,
                    format!("`{expression}` {why}"),
                    "write a cron expression of 6 or 7 fields that starts with seconds, such as \
                     0 */5 * * * *, or \"\" to switch the job off",
                );
            }
        }
        for (index, url) in self.warm_urls.iter().enumerate() {
            if let Err(why) = warm_endpoint(url) {
                findings.add(
                    format!("schedule.warm_urls[{index}]"),
                    why,
                    "write the URL of an instance's API, such as http://10.0.0.7:8080",
                );
            }
        }
    }
}

/// Where an instance is asked to fill its page cache.
const WARM_PATH: &str = "/api/v1/cache/warm";

/// The URL at which an instance is asked to fill its page cache, from the URL of its API.
///
/// # Errors
///
/// What is wrong with it, in words.
pub fn warm_endpoint(url: &str) -> Result<Url, String> {
    let endpoint = || {
        let parsed = Url::parse(url).map_err(|error| format!("is no URL: {error}"))?;
        if parsed.scheme() != "http" {
            return Err("does not start with http://, the only way to ask an instance".to_owned());
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(
                "names a user or a password: the token is what an instance asks for".to_owned()
            );
        }
        if !parsed.has_host() || parsed.query().is_some() || parsed.fragment().is_some() {
            return Err("is not the URL of an API".to_owned());
        }
        let base = parsed.as_str().trim_end_matches('/');
        Url::parse(&format!("{base}{WARM_PATH}")).map_err(|error| format!("is no URL: {error}"))
    };
    endpoint().map_err(|why| match url.contains('@') {
        // Without what may be a password.
        true => format!("the URL {why}"),
        false => format!("`{url}` {why}"),
    })
}
