//! A data directory with a generated catalogue in it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use projections::instant;
use vitrine::config::{Config, Overrides};
use vitrine::generate::shape::Means;
use vitrine::generate::{Generator, Options};
use vitrine::log::Extent;
use vitrine::log::position::Position;
use vitrine::stack::Stack;

use super::child::{Usage, Vitrine};

/// How much.
#[derive(Clone, Copy, clap::Args)]
pub struct Sizes {
    /// Products in the catalogue (default: 100,000; quick: 2,000).
    #[arg(long, env = "BENCH_PRODUCTS")]
    products: Option<u64>,
    /// Events in all (default: ten a product).
    #[arg(long, env = "BENCH_EVENTS")]
    events: Option<u64>,
    /// Another seed gives another catalogue.
    #[arg(long, env = "BENCH_SEED", default_value_t = 1)]
    seed: u64,
    /// Small: to see that it works, not to measure.
    #[arg(long, env = "BENCH_QUICK")]
    pub quick: bool,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Sizes {
    pub fn options(&self) -> Options {
        let products = self.products.unwrap_or(if self.quick { 2_000 } else { 100_000 });
        ending_now(products, self.events.unwrap_or(products * 10), self.seed)
    }
}

/// A catalogue that may be kept for the next run.
#[derive(clap::Args)]
pub struct Catalogue {
    #[command(flatten)]
    pub sizes: Sizes,
    /// Where the catalogue is built, and kept; one that is there is used as it is, whatever the
    /// sizes. A temporary directory if not given.
    #[arg(long, env = "BENCH_DIR")]
    dir: Option<PathBuf>,
}

impl Catalogue {
    /// A shop with further tables in its configuration; `temporary` is where it is built if no
    /// directory is given.
    pub async fn shop(&self, temporary: &Path, tables: &str) -> anyhow::Result<Shop> {
        self.shop_with(temporary, tables, &[]).await
    }

    /// The same with other settings.
    pub async fn shop_with(
        &self,
        temporary: &Path,
        tables: &str,
        settings: &[String],
    ) -> anyhow::Result<Shop> {
        let shop = Shop::with(self.dir.as_deref().unwrap_or(temporary), tables, settings)?;
        if !shop.is_built() {
            let options = self.sizes.options();
            eprintln!("building {} products, {} events", options.products, options.events);
            shop.build(options).await?;
        }
        eprintln!("{}", shop.shape()?);
        Ok(shop)
    }
}

/// The stream ends about now, so that most windows are around now, as in a shop that runs.
pub fn ending_now(products: u64, events: u64, seed: u64) -> Options {
    const SPAN_MS: i64 = 30 * 24 * 60 * 60 * 1000;
    let start = instant::Instant(vitrine::clock::now().millis() - SPAN_MS);
    Options { products, events, seed, start }
}

/// A shop in a directory; the demo's configuration, which has the markets of the catalogue.
pub struct Shop {
    dir: PathBuf,
    pub config: Config,
}

impl Shop {
    pub fn new(dir: &Path) -> anyhow::Result<Shop> {
        Shop::with(dir, "", &[])
    }

    /// With further tables, and settings (`projector.batch_max_events=1000`) of the others.
    pub fn with(dir: &Path, tables: &str, settings: &[String]) -> anyhow::Result<Shop> {
        std::fs::create_dir_all(dir)?;
        let dir = dir.canonicalize()?;
        let file = dir.join("vitrine.toml");
        let data_dir = dir.join("data");
        // Plain keys go before the first table.
        let mut keys = format!("data_dir = {}\n", serde_json::to_string(&data_dir)?);
        // What a rebuild does is measured apart from projecting.
        keys.push_str("rebuild.first_start_events = 0\n");
        for setting in settings {
            keys.push_str(setting);
            keys.push('\n');
        }
        let telemetry = "\n[telemetry]\nlog_filter = \"warn\"\n";
        std::fs::write(&file, keys + vitrine::demo::CONFIG + tables + telemetry)?;
        let config = Config::load(Some(&file), std::iter::empty(), &Overrides::default())?;
        Ok(Shop { dir, config })
    }

    pub fn config_file(&self) -> PathBuf {
        self.dir.join("vitrine.toml")
    }

    pub fn events_file(&self) -> PathBuf {
        self.dir.join("events.ndjson")
    }

    /// Whether an earlier run has left a catalogue here.
    pub fn is_built(&self) -> bool {
        self.dir.join("built").exists()
    }

    /// All steps one after the other.
    pub async fn build(&self, options: Options) -> anyhow::Result<()> {
        self.generate(options)?;
        self.publish()?;
        self.project().await?;
        std::fs::remove_file(self.events_file())?;
        std::fs::write(self.dir.join("built"), Means::of(&options).to_string())?;
        Ok(())
    }

    /// Which catalogue was built here, in one line, by the run that built it.
    pub fn shape(&self) -> anyhow::Result<String> {
        std::fs::read_to_string(self.dir.join("built")).context("no catalogue is built here")
    }

    /// Writes the events to a file, one a line.
    pub fn generate(&self, options: Options) -> anyhow::Result<Duration> {
        const CHUNK_BYTES: usize = 256 * 1024;
        let started = Instant::now();
        let mut generator = Generator::new(options);
        let mut out = BufWriter::with_capacity(CHUNK_BYTES, File::create(self.events_file())?);
        let mut line = Vec::new();
        while generator.write_next(&mut line) {
            out.write_all(&line)?;
            line.clear();
        }
        out.flush()?;
        Ok(started.elapsed())
    }

    /// `vitrine publish`.
    pub fn publish(&self) -> anyhow::Result<Usage> {
        let file = self.events_file();
        let file = file.to_str().context("the directory's name is not UTF-8")?;
        Vitrine::start(&self.config_file(), &["--json", "publish", file])?.wait()
    }

    /// `vitrine serve --roles projector` until the view reflects all that was published.
    pub async fn project(&self) -> anyhow::Result<Usage> {
        const LOOK_EVERY: Duration = Duration::from_millis(5);
        let ours = Stack::open(&self.config).await?;
        let extents = ours.log.events().extents().await?;
        let everything: Vec<Position> = extents
            .into_iter()
            .filter(|extent| extent.next > 0)
            .map(|Extent { partition, next, .. }| Position {
                topic: partition.topic,
                partition: partition.partition,
                offset: next - 1,
            })
            .collect();
        let mut projector =
            Vitrine::start(&self.config_file(), &["serve", "--roles", "projector"])?;
        loop {
            anyhow::ensure!(projector.look()?, "the projector ended");
            let usage = projector.usage();
            let mut snapshot = ours.store.snapshot().await?;
            if snapshot.reflects(&everything).await? {
                drop(snapshot);
                ours.close().await;
                return Ok(usage);
            }
            drop(snapshot);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Bytes of the log and of the store on disk.
    pub async fn sizes(&self) -> anyhow::Result<(f64, f64)> {
        let ours = Stack::open(&self.config).await?;
        let store = ours.store.status().await?.store_bytes;
        anyhow::ensure!(!ours.log.events().extents().await?.is_empty(), "the log has no topics");
        ours.close().await;
        let mut log = 0;
        for file in std::fs::read_dir(self.config.data_dir.join("log"))? {
            log += file?.metadata()?.len();
        }
        Ok((log as f64, store as f64))
    }
}
