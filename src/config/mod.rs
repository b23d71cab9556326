//! Configuration: defaults, under a TOML file, under the environment, under flags.
//!
//! Each table of the file is a struct in a file of its own, whose doc comments, types, bounds and
//! defaults are the keys' only description: `keys` reads them from the JSON schema, and from
//! there they check every value where it was said, name the environment variables, and make the
//! [reference](mod@reference).

mod cache;
mod environment;
mod error;
mod file;
mod home;
mod http;
mod index;
mod keys;
mod layers;
mod log;
mod market;
mod projector;
mod rebuild;
pub mod reference;
mod role;
mod schedule;
mod secret;
mod store;
mod telemetry;
mod wait;

use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use cache::CacheConfig;
pub use environment::{Overrides, environment};
pub use error::{ConfigError, Origin, Problem};
pub use home::{HomeConfig, HomeSection, SectionListing, SectionSort};
pub use http::HttpConfig;
pub use index::IndexConfig;
pub use log::{LogConfig, LogKind, MissingEvents, Properties, Topics};
pub use market::MarketConfig;
pub use projector::ProjectorConfig;
pub use rebuild::RebuildConfig;
pub use role::Role;
pub use schedule::{ScheduleConfig, warm_endpoint};
pub use secret::{ConnectionUrl, Secret};
pub use store::{StoreConfig, StoreKind};
pub use telemetry::{LogFormat, TelemetryConfig};
pub use wait::WaitConfig;

use error::Findings;
use layers::Layers;

/// The configuration of a process: checked, and complete.
///
/// It prints ([`fmt::Debug`] included) and serializes without its secrets.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The directory of the embedded store and log, from the working directory where it is
    /// relative. It is created where it is missing. Not used where both are elsewhere.
    pub data_dir: PathBuf,
    /// Up to this many available units a stock is `low_stock`, above it `in_stock`. A change of it
    /// changes pages.
    #[schemars(range(max = 1_000_000_000))]
    pub low_stock_threshold: u64,
    pub http: HttpConfig,
    pub store: StoreConfig,
    pub log: LogConfig,
    /// The markets, the sales channels with a currency each; at least one. The first is the
    /// default. The list is replaced as a whole. A change of it changes pages.
    #[serde(rename = "market")]
    #[schemars(length(max = 1000))]
    pub markets: Vec<MarketConfig>,
    pub home: HomeConfig,
    pub projector: ProjectorConfig,
    pub rebuild: RebuildConfig,
    pub index: IndexConfig,
    pub cache: CacheConfig,
    pub schedule: ScheduleConfig,
    pub wait: WaitConfig,
    pub telemetry: TelemetryConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: "./vitrine-data".into(),
            low_stock_threshold: 5,
            http: HttpConfig::default(),
            store: StoreConfig::default(),
            log: LogConfig::default(),
            markets: market::default_markets(),
            home: HomeConfig::default(),
            projector: ProjectorConfig::default(),
            rebuild: RebuildConfig::default(),
            index: IndexConfig::default(),
            cache: CacheConfig::default(),
            schedule: ScheduleConfig::default(),
            wait: WaitConfig::default(),
            telemetry: TelemetryConfig::default(),
        }
    }
}

impl Config {
    /// Reads the configuration: the file at `path`, or else at `VITRINE_CONFIG`, if any; over it
    /// the variables of `env` that start with `VITRINE_`; over both what flags say.
    ///
    /// # Errors
    ///
    /// With everything that was found wrong, each with its key, its source and what to do.
    pub fn load(
        path: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
        overrides: &Overrides,
    ) -> Result<Self, ConfigError> {
        let variables: Vec<(String, String)> = env.collect();
        let named =
            variables.iter().find(|(name, path)| name == environment::FILE && !path.is_empty());
        let mut layers = Layers::default();
        if let Some(path) = path.or(named.map(|(_, path)| Path::new(path))) {
            file::read(path, &mut layers);
        }
        environment::variables(variables, &mut layers);
        environment::flags(overrides, &mut layers);
        layers.finish()
    }

    /// Which store is asked for.
    pub fn store_kind(&self) -> StoreKind {
        self.store.kind()
    }

    /// Which log is asked for.
    pub fn log_kind(&self) -> LogKind {
        self.log.kind()
    }

    /// Whether the API may listen where it is asked to: beyond loopback only with a token.
    ///
    /// # Errors
    ///
    /// Where it would be open to others without one.
    pub fn check_exposure(&self) -> Result<(), ConfigError> {
        if self.http.is_loopback() || self.http.token().is_some() {
            return Ok(());
        }
        Err(ConfigError::from(Problem {
            key: Some("http.admin_token".to_owned()),
            origin: Origin::Default,
            what: format!(
                "is not set, and http.listen = \"{}\" lets other machines write",
                self.http.listen
            ),
            advice: "set it (from the environment: VITRINE_HTTP__ADMIN_TOKEN), or listen on \
                     127.0.0.1"
                .to_owned(),
        }))
    }

    /// Checks what the shape of a key does not say.
    fn check_values(&self, findings: &mut Findings) {
        if self.data_dir.as_os_str().is_empty() {
            findings.add("data_dir", "is empty", "name a directory, such as ./vitrine-data");
        }
        if self.markets.is_empty() {
            findings.add("market", "there is none", "add one: id, currency and locale");
        }
        self.http.check(findings);
        self.store.check(findings);
        self.log.check(findings);
        market::check(&self.markets, findings);
        self.home.check(findings);
        self.schedule.check(findings);
        self.telemetry.check(findings);
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&show(self))
    }
}

/// The whole configuration as TOML, defaults included and secrets replaced.
pub fn show(config: &Config) -> String {
    toml::to_string(config).unwrap_or_else(|error| format!("# cannot be shown: {error}\n"))
}
