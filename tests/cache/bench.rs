//! A cache on a workbench: a clock to move, loads to hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant as Monotonic};

use projections::instant::Instant;
use tokio::sync::oneshot;
use vitrine::cache::stamps::slots;
use vitrine::cache::{
    Clock, Context, Finished, GetError, Got, Limits, LoadError, Loaded, Moment, PageCache,
    PageKind, PageRef, Tag, Version,
};

pub struct MockClock {
    start: Monotonic,
    millis: AtomicI64,
    /// How far the clock of instants was set back.
    back: AtomicI64,
}

impl MockClock {
    pub fn pass(&self, millis: i64) {
        self.millis.fetch_add(millis, Ordering::SeqCst);
    }

    pub fn set_back(&self, millis: i64) {
        self.back.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for MockClock {
    fn now(&self) -> Moment {
        let millis = self.millis.load(Ordering::SeqCst);
        let passed = Duration::from_millis(millis.try_into().unwrap());
        let at = Instant(millis - self.back.load(Ordering::SeqCst));
        Moment { at, monotonic: self.start + passed }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failed {
    Away,
    Broken,
}

impl LoadError for Failed {
    fn is_away(&self) -> bool {
        *self == Failed::Away
    }
}

pub type Answered = Result<Got, GetError<Failed>>;

pub struct Bench {
    pub cache: Arc<PageCache<Failed>>,
    pub clock: Arc<MockClock>,
}

impl Bench {
    pub fn new() -> Self {
        Bench::with(limits())
    }

    pub fn with(limits: Limits) -> Self {
        let clock = Arc::new(MockClock {
            start: Monotonic::now(),
            millis: AtomicI64::new(0),
            back: AtomicI64::new(0),
        });
        Bench { cache: Arc::new(PageCache::new(limits, clock.clone())), clock }
    }

    /// Gets a product's page with a load that brings this at once.
    pub async fn get(&self, id: &str, body: &str) -> Got {
        let id: Arc<str> = id.into();
        let body = body.to_owned();
        let tag = Arc::clone(&id);
        let load = move |_| {
            let loaded = page(&tag, &body);
            async move { Ok(loaded) }
        };
        self.cache.get_or_load(&product(&id), load).await.unwrap()
    }

    /// Gets a product's page in a task, with loads that end when they are told to.
    pub fn get_held(&self, id: &'static str) -> Held {
        let (begun, loads) = tokio::sync::mpsc::unbounded_channel();
        let cache = Arc::clone(&self.cache);
        let task = tokio::spawn(async move {
            let load = move |version| {
                let (end, ended) = oneshot::channel();
                begun.send((version, end)).unwrap();
                async move { ended.await.unwrap() }
            };
            cache.get_or_load(&product(id), load).await
        });
        Held { task, loads }
    }

    pub fn change(&self, id: &str) -> Version {
        self.cache.stamps().tell([Tag::Product(id)])
    }

    /// What a look into the cache finds: the body, if it is valid.
    pub fn hit(&self, id: &str) -> Option<String> {
        match self.cache.lookup(&product(id), &self.cache.now()) {
            vitrine::cache::Lookup::Hit(entry) => Some(body(entry.answer())),
            _ => None,
        }
    }
}

/// One who asks for a page, and the loads it begins.
pub struct Held {
    pub task: tokio::task::JoinHandle<Answered>,
    loads: tokio::sync::mpsc::UnboundedReceiver<(Version, LoadEnd)>,
}

pub type LoadEnd = oneshot::Sender<Result<Loaded, Failed>>;

impl Held {
    /// Its next load, once that has begun.
    pub async fn load(&mut self) -> (Version, LoadEnd) {
        self.loads.recv().await.expect("a load begins")
    }

    /// Whether it has begun no load besides those taken.
    pub fn loads_nothing(&mut self) -> bool {
        self.loads.try_recv().is_err()
    }

    pub async fn got(self) -> Got {
        self.task.await.unwrap().unwrap()
    }
}

pub fn limits() -> Limits {
    Limits {
        max_bytes: 64 << 20,
        ttl: Duration::from_secs(60),
        stale_while_revalidate: Duration::from_secs(30),
        stale_if_error: Duration::from_secs(300),
        max_loads: 4,
        max_waiting: 8,
    }
}

pub fn product(id: &str) -> PageRef<'_> {
    PageRef { kind: PageKind::Product, id, context: Context::default(), query: None }
}

pub fn page(id: &str, body: &str) -> Loaded {
    Loaded {
        answer: Finished::new(200, body.into(), None),
        slots: slots([Tag::Product(id)]),
        version: None,
        valid_from: Instant::MIN,
        held: None,
        apart: false,
    }
}

pub fn page_until(id: &str, body: &str, next_change_at: Instant) -> Loaded {
    let answer = Finished::new(200, body.into(), Some(next_change_at));
    Loaded { answer, ..page(id, body) }
}

pub fn body(answer: &Finished) -> String {
    String::from_utf8(answer.body().to_vec()).unwrap()
}

/// Lets all that can run do so, on the one thread of the test.
pub async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}
