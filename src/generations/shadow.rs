//! Shadow reads: of the pages that are asked for, some are made from the newest generation that is not live as well,
//! and compared with what the live one says. Nobody waits for it: what is asked for goes into a short queue, and what
//! does not fit there is left out.
//!
//! Both generations are projected, and events reach them at different moments. So each look reads the live one, the new
//! one once it reflects everything that this did, and the live one again once it reflects everything that the new one
//! did, all as of the same instant. The new one is right if it is as either of the live ones; where those differ from each
//! other, nothing is said. Only what looks different several times in a row, with pauses, counts.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::web;
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant as Clock;

use super::view::Views;
use crate::api::ApiState;
use crate::api::current::Current;
use crate::api::problem::Problem;
use crate::api::stored::{self, Fresh};
use crate::cache::{Context, PageKey, PageRef};
use crate::catalogue::State;
use crate::clock;
use crate::log::position::Reflected;
use crate::telemetry::generations::GenerationMetrics;
use crate::verdict::{self, FieldDifference};

/// Pages that are compared at the same time.
const COMPARED_AT_ONCE: usize = 2;
/// How often it is looked which generation is compared with.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Looks at a page at most.
const LOOKS: u32 = 6;
/// So many in a row have to show a difference.
const SEEN_DIFFERENT: u32 = 3;
/// Between two looks at a page.
const PAUSE: Duration = Duration::from_millis(250);
/// How long one generation may take, in a look, to reflect what the other does.
const FOLLOW_WITHIN: Duration = Duration::from_secs(5);
const FOLLOW_STEP: Duration = Duration::from_millis(20);
/// Between two warnings.
const WARN_EVERY: Duration = Duration::from_secs(10);
/// Fields that a warning shows.
const SHOWN_FIELDS: usize = 3;

/// Compares what the views' sampler draws, until told to stop.
pub fn start(views: &Arc<Views>, current: &web::Data<Current>) {
    let Some(sampler) = &views.shadow else { return };
    let Some(drawn) = sampler.drawn() else { return };
    let comparing = Comparing {
        views: Arc::clone(views),
        current: current.clone(),
        other: None,
        looked: None,
        told: Arc::default(),
    };
    views.tasks.run("comparing generations", views.tasks.stop(), comparing.run(drawn));
}

struct Comparing {
    views: Arc<Views>,
    current: web::Data<Current>,
    /// The newest generation that is not live.
    other: Option<web::Data<ApiState>>,
    looked: Option<Clock>,
    told: Arc<Told>,
}

impl Comparing {
    async fn run(mut self, mut drawn: mpsc::Receiver<PageKey>) {
        let places = Arc::new(Semaphore::new(COMPARED_AT_ONCE));
        let stop = self.views.tasks.stop().clone();
        let work = async {
            while let Some(page) = drawn.recv().await {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
                let live = self.current.state();
                let Some(other) = self.other(live.store.generation()).await else { continue };
                let (metrics, told) =
                    (self.views.generation_metrics.clone(), Arc::clone(&self.told));
                let stop = stop.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        () = look_at(&live, &other, &page, &metrics, &told) => {}
                        () = stop.cancelled() => {}
                    }
                    drop(place);
                });
            }
        };
        tokio::select! {
            () = work => {}
            () = stop.cancelled() => {}
        }
    }

    /// What is compared with the live generation; `None` where there is nothing.
    async fn other(&mut self, live: i64) -> Option<web::Data<ApiState>> {
        if self.looked.is_none_or(|at| at.elapsed() >= LOOK_EVERY) {
            self.looked = Some(Clock::now());
            if let Err(error) = self.find().await {
                tracing::debug!(%error, "it is not known which generation to compare with");
                self.other = None;
            }
        }
        // This process may not have switched yet.
        self.other.clone().filter(|other| other.store.generation() != live)
    }

    async fn find(&mut self) -> crate::store::Result<()> {
        let stores = &self.views.stores;
        let known = stores.catalogue().list().await?;
        let newest = known
            .into_iter()
            .filter(|g| g.state == State::Following && !g.live && g.is_ours())
            .max_by_key(|g| g.number);
        let Some(newest) = newest else {
            self.other = None;
            return Ok(());
        };
        if self.other.as_ref().is_none_or(|other| other.store.generation() != newest.number) {
            let store = stores.get(&newest).await?;
            self.other = Some(self.views.state(store, None));
        }
        Ok(())
    }
}

/// When it was last warned of a difference, and of how many it was not since then.
#[derive(Default)]
struct Told(Mutex<(Option<Clock>, u64)>);

impl Told {
    /// How many differences nothing was said of, if there is to be a warning now.
    fn is_due(&self) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.0.is_some_and(|at| at.elapsed() < WARN_EVERY) {
            told.1 += 1;
            return None;
        }
        told.0 = Some(Clock::now());
        Some(std::mem::take(&mut told.1))
    }
}

/// What came of comparing a page.
enum Compared {
    Same,
    Different(Vec<FieldDifference>),
    /// It changed all the time, or one generation was behind.
    Unsettled,
}

async fn look_at(
    live: &ApiState,
    new: &ApiState,
    page: &PageKey,
    metrics: &GenerationMetrics,
    told: &Told,
) {
    match compare(live, new, &page.as_ref()).await {
        Ok(Some(Compared::Same)) => metrics.shadow_read("same"),
        Ok(Some(Compared::Unsettled)) => metrics.shadow_read("unsettled"),
        Ok(Some(Compared::Different(fields))) => {
            metrics.shadow_read("different");
            if let Some(untold) = told.is_due() {
                warn(live, new, &page.as_ref(), &fields, untold);
            }
        }
        // No request has this key any more.
        Ok(None) => {}
        Err(problem) => {
            metrics.shadow_read("failed");
            tracing::debug!(%problem, ?page, "a page cannot be compared with another generation's");
        }
    }
}

async fn compare(
    live: &ApiState,
    new: &ApiState,
    page: &PageRef<'_>,
) -> Result<Option<Compared>, Problem> {
    let mut different = 0;
    for look in 0..LOOKS {
        if look > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        match look_once(live, new, page).await? {
            None => return Ok(None),
            Some(Compared::Same) => return Ok(Some(Compared::Same)),
            Some(Compared::Unsettled) => different = 0,
            Some(Compared::Different(fields)) => {
                different += 1;
                if different == SEEN_DIFFERENT {
                    return Ok(Some(Compared::Different(fields)));
                }
            }
        }
    }
    Ok(Some(Compared::Unsettled))
}

/// The new generation between two looks at the live one.
async fn look_once(
    live: &ApiState,
    new: &ApiState,
    page: &PageRef<'_>,
) -> Result<Option<Compared>, Problem> {
    let at = clock::now();
    let Some(before) = stored::fresh(live, page, at).await? else { return Ok(None) };
    if !follows(new, &before.reflected).await? {
        return Ok(Some(Compared::Unsettled));
    }
    let Some(there) = stored::fresh(new, page, at).await? else { return Ok(None) };
    if differences(&before, &there)?.is_empty() {
        return Ok(Some(Compared::Same));
    }
    if !follows(live, &there.reflected).await? {
        return Ok(Some(Compared::Unsettled));
    }
    let Some(after) = stored::fresh(live, page, at).await? else { return Ok(None) };
    let found = differences(&after, &there)?;
    Ok(Some(match found.is_empty() {
        true => Compared::Same,
        false if before.body == after.body => Compared::Different(found),
        false => Compared::Unsettled,
    }))
}

/// Waits until a generation reflects this; false where that takes too long.
async fn follows(state: &ApiState, target: &Reflected) -> Result<bool, Problem> {
    let until = Clock::now() + FOLLOW_WITHIN;
    loop {
        let mut snapshot = state.store.snapshot_fresh().await?;
        let reflected: Reflected = snapshot.positions().await?.into_iter().collect();
        if reflected.covers(target) {
            return Ok(true);
        }
        drop(snapshot);
        if Clock::now() >= until {
            return Ok(false);
        }
        tokio::time::sleep(FOLLOW_STEP).await;
    }
}

fn differences(live: &Fresh, new: &Fresh) -> Result<Vec<FieldDifference>, Problem> {
    if live.body == new.body {
        return Ok(Vec::new());
    }
    Ok(verdict::differences(&members(live)?, &members(new)?))
}

/// A page as it is compared. A cursor says what the last item does, which is compared itself.
fn members(page: &Fresh) -> Result<Value, Problem> {
    let Some(body) = &page.body else { return Ok(Value::Null) };
    let mut members: Value = serde_json::from_slice(body).map_err(|error| {
        tracing::error!(%error, "a page that was made is no JSON");
        Problem::internal()
    })?;
    if let Some(cursor) = members.get_mut("next_cursor").filter(|cursor| cursor.is_string()) {
        *cursor = Value::Bool(true);
    }
    Ok(members)
}

fn warn(
    live: &ApiState,
    new: &ApiState,
    page: &PageRef<'_>,
    fields: &[FieldDifference],
    untold: u64,
) {
    let PageRef { kind, id, context: Context { market, group, locale }, query } = *page;
    let shown: Vec<String> = fields
        .iter()
        .take(SHOWN_FIELDS)
        .map(|f| {
            let [live, new] = [&f.live, &f.new].map(|value| verdict::shortened(value.clone()));
            format!("{}: {live} and {new}", f.field)
        })
        .collect();
    tracing::warn!(
        ?kind,
        id,
        market = live.markets.get(usize::from(market)).map(|market| market.id.as_str()),
        group,
        locale,
        query,
        live = live.store.generation(),
        new = new.store.generation(),
        fields = fields.len(),
        untold,
        "a page is not the same in the live generation and in a new one: {}",
        shown.join("; ")
    );
}
