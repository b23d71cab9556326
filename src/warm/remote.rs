//! Other instances, asked over HTTP to fill their page caches.

use std::time::Duration;

use anyhow::{Context, Error, bail};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, Url};
use serde::{Deserialize, Serialize};

use crate::config::warm_endpoint;

/// How long an instance may take to be connected to, and to answer one request. It answers at once: what
/// takes longer is done in the background.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// How far a run has come.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Run {
    pub run: u64,
    pub state: String,
    pub total: u64,
    pub done: u64,
    pub loaded: u64,
    pub failed: u64,
    pub skipped: u64,
    pub error: Option<String>,
    pub started_at: Option<String>,
    pub seconds: f64,
}

impl Run {
    pub fn is_under_way(&self) -> bool {
        self.state == "running"
    }
}

/// An instance's page cache.
pub struct Remote {
    client: Client,
    url: Url,
    token: Option<String>,
}

impl Remote {
    /// The instance whose API is at this URL; the token is asked for there.
    ///
    /// # Errors
    ///
    /// Where that is no URL of an API.
    pub fn new(url: &str, token: Option<&str>) -> anyhow::Result<Remote> {
        let endpoint = warm_endpoint(url).map_err(Error::msg)?;
        let client = Client::builder()
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            // The token is for this instance, and for nobody that it points to.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .context("no HTTP client")?;
        Ok(Remote { client, url: endpoint, token: token.map(str::to_owned) })
    }

    /// Begins a run, or joins the one that is under way.
    ///
    /// # Errors
    ///
    /// Where the instance does not answer, or refuses.
    pub async fn begin(&self) -> anyhow::Result<Run> {
        self.ask(Method::POST).await
    }

    /// How far the last run has come.
    ///
    /// # Errors
    ///
    /// Where the instance does not answer, or refuses.
    pub async fn progress(&self) -> anyhow::Result<Run> {
        self.ask(Method::GET).await
    }

    async fn ask(&self, method: Method) -> anyhow::Result<Run> {
        let request = self.client.request(method, self.url.clone());
        let mut request = request.header(CONTENT_TYPE, "application/json");
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let answer = request
            .send()
            .await
            .with_context(|| format!("no answer from {}; does the service run there?", self.url))?;
        let status = answer.status();
        if status.is_success() {
            return answer.json().await.with_context(|| format!("{} is no Vitrine", self.url));
        }
        let problem: Problem = answer.json().await.unwrap_or_default();
        match status.as_u16() {
            401 => {
                bail!("{} refuses: {}; set http.admin_token to its token", self.url, problem.detail)
            }
            _ => bail!("{} answers {status} {}", self.url, problem.detail),
        }
    }
}

/// What an error says.
#[derive(Default, Deserialize)]
struct Problem {
    #[serde(default)]
    detail: String,
}
