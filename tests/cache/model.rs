//! Any interleaving of changes, loads and gets, against a simple model of what has been told.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use tokio::sync::oneshot;
use vitrine::cache::stamps::slots;
use vitrine::cache::{Finished, Limits, Loaded, Lookup, PageRef, Source, Tag, Version};

use super::bench::{Answered, Bench, Failed, body, limits, product, settle};

const PRODUCTS: [&str; 4] = ["0", "1", "2", "3"];

#[derive(Clone, Debug)]
enum Step {
    /// The store changes; nobody is told yet.
    Write(usize),
    /// One of the changes that were not told is told, in any order.
    Tell(usize),
    Clear,
    Get(usize),
    /// A store that is so many changes behind answers this get's loads.
    GetBehind(usize, usize),
    /// One of the loads under way ends.
    End(usize),
    Fail(usize),
    /// One of those who ask goes away.
    Cancel(usize),
    Pass(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4_usize).prop_map(Step::Write),
        4 => (0..8_usize).prop_map(Step::Tell),
        1 => Just(Step::Clear),
        6 => (0..4_usize).prop_map(Step::Get),
        1 => (0..4_usize, 1..4_usize).prop_map(|(page, by)| Step::GetBehind(page, by)),
        6 => (0..8_usize).prop_map(Step::End),
        1 => (0..8_usize).prop_map(Step::Fail),
        1 => (0..8_usize).prop_map(Step::Cancel),
        1 => (1..50_000_i64).prop_map(Step::Pass),
    ]
}

/// How often each product has been written.
type Values = [u64; 4];

/// A page shows two products.
fn shown(page: usize) -> [usize; 2] {
    [page, (page + 1) % 4]
}

/// All states of the store: the version of each is its place.
type History = Arc<Mutex<Vec<Values>>>;
type Ends = Arc<Mutex<Vec<(oneshot::Sender<Result<Loaded, Failed>>, Loaded)>>>;

struct Ask {
    task: tokio::task::JoinHandle<Answered>,
    page: usize,
    /// What was told when it asked.
    told: Values,
    followed: Version,
}

struct Play {
    bench: Bench,
    history: History,
    untold: Vec<(usize, Version, u64)>,
    told: Values,
    ends: Ends,
    asks: Vec<Ask>,
}

impl Play {
    fn new() -> Self {
        // Room for two pages of the four.
        let bench = Bench::with(Limits { max_bytes: 1600, max_waiting: 100, ..limits() });
        Play {
            bench,
            history: Arc::new(Mutex::new(vec![[0; 4]])),
            untold: Vec::new(),
            told: [0; 4],
            ends: Ends::default(),
            asks: Vec::new(),
        }
    }

    async fn play(&mut self, step: &Step) {
        match *step {
            Step::Write(product) => self.write(product),
            Step::Tell(which) => self.tell(which),
            Step::Clear => {
                let version = Version(self.history.lock().unwrap().len() as u64 - 1);
                self.bench.cache.stamps().clear(version);
                self.told = *self.history.lock().unwrap().last().unwrap();
            }
            Step::Get(page) => self.ask(page, 0),
            Step::GetBehind(page, by) => self.ask(page, by),
            Step::End(which) => self.end(which, true),
            Step::Fail(which) => self.end(which, false),
            Step::Cancel(which) => {
                if !self.asks.is_empty() {
                    self.asks.remove(which % self.asks.len()).task.abort();
                }
            }
            Step::Pass(millis) => self.bench.clock.pass(millis),
        }
        settle().await;
        self.bench.cache.settle();
        self.check_looks();
        self.check_answers().await;
    }

    fn write(&mut self, product: usize) {
        let mut history = self.history.lock().unwrap();
        let mut values = *history.last().unwrap();
        values[product] += 1;
        self.untold.push((product, Version(history.len() as u64), values[product]));
        history.push(values);
    }

    fn tell(&mut self, which: usize) {
        if self.untold.is_empty() {
            return;
        }
        let (product, version, value) = self.untold.remove(which % self.untold.len());
        self.bench.cache.stamps().stamp(Tag::Product(PRODUCTS[product]), version);
        self.told[product] = self.told[product].max(value);
    }

    fn ask(&mut self, page: usize, behind: usize) {
        let (cache, history, ends) =
            (self.bench.cache.clone(), self.history.clone(), self.ends.clone());
        let task = tokio::spawn(async move {
            let load = move |_| {
                let history = history.lock().unwrap();
                let read = (history.len() - 1).saturating_sub(behind);
                let loaded = loaded(page, history[read], (behind > 0).then_some(read as u64));
                let (end, ended) = oneshot::channel();
                ends.lock().unwrap().push((end, loaded));
                async move { ended.await.unwrap_or(Err(Failed::Broken)) }
            };
            cache.get_or_load(&asked(page), load).await
        });
        let followed = self.bench.cache.stamps().followed();
        self.asks.push(Ask { task, page, told: self.told, followed });
    }

    fn end(&mut self, which: usize, well: bool) {
        let mut ends = self.ends.lock().unwrap();
        if ends.is_empty() {
            return;
        }
        let which = which % ends.len();
        let (end, loaded) = ends.remove(which);
        // The one who loads may have gone.
        let _ = end.send(if well { Ok(loaded) } else { Err(Failed::Broken) });
    }

    /// What the cache has as valid is no older than what has been told by now.
    fn check_looks(&self) {
        for page in 0..4 {
            match self.bench.cache.lookup(&asked(page), &self.bench.cache.now()) {
                Lookup::Hit(entry) | Lookup::Expired(entry) => {
                    assert_not_older(page, &body(entry.answer()), &self.told);
                }
                Lookup::Outdated(_) | Lookup::Miss => {}
            }
        }
    }

    /// What is answered is no older than what was told when it was asked for.
    async fn check_answers(&mut self) {
        let (done, waiting) = self.asks.drain(..).partition(|ask| ask.task.is_finished());
        self.asks = waiting;
        for Ask { task, page, told, followed } in done {
            let Ok(got) = task.await.unwrap() else { continue };
            // A store that is behind says so.
            if got.source == Source::Uncached && got.entry.version() < followed {
                continue;
            }
            assert_not_older(page, &body(got.entry.answer()), &told);
        }
    }
}

fn asked(page: usize) -> PageRef<'static> {
    product(PRODUCTS[page])
}

fn loaded(page: usize, values: Values, version: Option<u64>) -> Loaded {
    let [a, b] = shown(page);
    Loaded {
        answer: Finished::new(200, format!("{} {}", values[a], values[b]).into(), None),
        slots: slots([a, b].map(|product| Tag::Product(PRODUCTS[product]))),
        version: version.map(Version),
        valid_from: projections::instant::Instant::MIN,
        held: None,
        apart: false,
    }
}

#[track_caller]
fn assert_not_older(page: usize, body: &str, told: &Values) {
    let values = body.split(' ').map(|value| value.parse::<u64>().unwrap());
    for (value, product) in values.zip(shown(page)) {
        let least = told[product];
        assert!(value >= least, "page {page} shows {value} of {product}, {least} was told");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_page_is_older_than_what_was_told(steps in prop::collection::vec(step(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut play = Play::new();
            for step in &steps {
                play.play(step).await;
            }
            // Nothing hangs: when all loads end, all are answered.
            for _ in 0..200 {
                play.play(&Step::End(0)).await;
            }
            assert!(play.asks.is_empty(), "{} still wait", play.asks.len());
            assert_eq!(play.bench.cache.loads_under_way(), 0);
        });
    }
}
