//! `vitrine serve` as a process of its own, and what it says of itself.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use super::child::Vitrine;
use super::http::Client;
use super::shop::Shop;

/// How long a service may take to be ready: it may have to catch up.
const READY_WITHIN: Duration = Duration::from_secs(300);

/// A service that answers; dropping it ends it.
pub struct Serving {
    pub address: SocketAddr,
    process: Vitrine,
}

impl Serving {
    /// With all roles, on one core or on any; returns once it is ready.
    pub fn start(shop: &Shop, core: Option<usize>) -> anyhow::Result<Serving> {
        let address = free_address()?;
        let arguments = ["serve", "--listen", &address.to_string()];
        let process = Vitrine::start_on(core, &shop.config_file(), &arguments)?;
        let mut serving = Serving { address, process };
        let end = Instant::now() + READY_WITHIN;
        while !serving.is_ready() {
            ensure!(serving.process.look()?, "the service ended");
            ensure!(Instant::now() < end, "the service is not ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(serving)
    }

    fn is_ready(&self) -> bool {
        let answer = self.client().and_then(|mut client| client.get("/readyz", ""));
        answer.is_ok_and(|answer| answer.status == 200)
    }

    pub fn client(&self) -> anyhow::Result<Client> {
        Client::connect(self.address)
    }

    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Its metrics, by name and labels as they are written.
    pub fn metrics(&self) -> anyhow::Result<Metrics> {
        let answer = self.client()?.get("/metrics", "")?.ok("/metrics")?;
        let text = String::from_utf8(answer.body)?;
        let line = |line: &str| {
            let (name, value) = line.rsplit_once(' ').filter(|_| !line.starts_with('#'))?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        Ok(Metrics(text.lines().filter_map(line).collect()))
    }
}

/// Metrics at one moment.
#[derive(Clone, Default)]
pub struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    /// All of this name, whatever their labels, together.
    pub fn sum(&self, name: &str) -> f64 {
        let of_name =
            |key: &str| key.strip_prefix(name).is_some_and(|l| l.is_empty() || l.starts_with('{'));
        self.0.iter().filter(|(key, _)| of_name(key)).map(|(_, value)| value).sum()
    }

    pub fn get(&self, name: &str) -> anyhow::Result<f64> {
        self.0.get(name).copied().with_context(|| format!("no metric {name}"))
    }
}

/// Loads of pages for the cache, whatever came of them.
pub const LOADS: &str = "vitrine_cache_loads_total";

/// An address on loopback that nobody has: its host is this process's own, so that no other process's connection takes
/// the port before what it is for listens there.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    let own = Ipv4Addr::new(127, 1 + high % 254, middle, low);
    Ok(TcpListener::bind((own, 0))?.local_addr()?)
}
