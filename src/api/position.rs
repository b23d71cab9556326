//! Reading one's own writes: a state that reflects the positions that a request names.

use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use actix_web::http::header::HeaderMap;
use actix_web::web;
use tokio::sync::RwLock;
use tokio::time::Instant as Deadline;

use super::ApiState;
use super::problem::{Kind, Problem};
use crate::index::IndexVersion;
use crate::log::position::{
    Partition, Position, ReadFrom, Reflected, join_positions, parse_positions,
};
use crate::store::{self, Snapshot, Standing};

pub const MIN_POSITION: &str = "Vitrine-Min-Position";
pub const WAIT_MS: &str = "Vitrine-Wait-Ms";
const MAX_WAIT_MS: u64 = 5000;
/// Positions in one request.
const MAX_POSITIONS: usize = 100;
/// Where no projector runs in this process, nobody tells of progress: it is looked for.
const POLL: Duration = Duration::from_millis(20);

/// What an answer has to reflect, and how long it may take until it does.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wanted {
    pub positions: Vec<Position>,
    pub wait: Duration,
}

impl Wanted {
    pub fn read(state: &ApiState, headers: &HeaderMap) -> Result<Wanted, Problem> {
        let wait = wait(headers)?;
        let mut positions = Vec::new();
        for value in headers.get_all(MIN_POSITION) {
            let text = value.to_str().map_err(|_| invalid("must be ASCII".to_owned()))?;
            positions.extend(parse_positions(text).map_err(|bad| invalid(bad.to_string()))?);
        }
        if positions.len() > MAX_POSITIONS {
            return Err(invalid(format!("{MIN_POSITION} names more than 100 positions")));
        }
        match positions.iter().find(|p| state.topics.kind(&p.topic).is_none()) {
            Some(p) => Err(invalid(format!("`{}` is not one of the topics here", p.topic))),
            None => Ok(Wanted { positions, wait }),
        }
    }
}

fn invalid(detail: String) -> Problem {
    Problem::parameter(Kind::InvalidMinPosition, MIN_POSITION, detail)
}

fn wait(headers: &HeaderMap) -> Result<Duration, Problem> {
    let mut values = headers.get_all(WAIT_MS);
    let millis = match (values.next(), values.next()) {
        (None, _) => Some(0),
        (Some(value), None) => value
            .to_str()
            .ok()
            .filter(|text| text.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|text| text.parse().ok())
            .filter(|ms| *ms <= MAX_WAIT_MS),
        _ => None,
    };
    millis.map(Duration::from_millis).ok_or_else(|| {
        let detail = format!("{WAIT_MS} must be given once, an integer from 0 to {MAX_WAIT_MS}");
        Problem::parameter(Kind::InvalidParameter, WAIT_MS, detail)
    })
}

/// The state of the generation that has taken a generation's place. Whoever looks for a position holds the
/// lock; whoever changes generations waits for them. So what one generation was said to reflect the other one does.
pub type Successor = RwLock<Option<web::Data<ApiState>>>;

/// One state that an answer is read from.
pub enum Source {
    Store(Box<dyn Snapshot>),
    Index(Arc<IndexVersion>),
}

/// A state, and of which generation it is.
pub type Found = (Source, i64);

/// A state that reflects what is wanted: all of the answer is to be read from it.
pub async fn source(state: &ApiState, wanted: &Wanted, from: ReadFrom) -> Result<Found, Problem> {
    if wanted.positions.is_empty() {
        let source = match from {
            ReadFrom::Facts => Source::Store(state.store.snapshot().await?),
            ReadFrom::Index => Source::Index(state.index_version()?),
        };
        return Ok((source, state.store.generation()));
    }
    let deadline = Deadline::now() + wanted.wait;
    let mut looked = look_in(state, wanted, from, deadline).await?;
    loop {
        match looked {
            Looked::Found(found) => return Ok(found),
            Looked::Replaced(next) => looked = look_in(&next, wanted, from, deadline).await?,
        }
    }
}

enum Looked {
    Found(Found),
    /// Another generation is answered from by now.
    Replaced(web::Data<ApiState>),
}

async fn look_in(
    state: &ApiState,
    wanted: &Wanted,
    from: ReadFrom,
    deadline: Deadline,
) -> Result<Looked, Problem> {
    let mut progress = match from {
        ReadFrom::Facts => state.progress.clone(),
        ReadFrom::Index => state.index.as_ref().ok_or_else(Problem::internal)?.published(),
    };
    // Before the look: what comes after it wakes the wait.
    progress.borrow_and_update();
    let mut waiter = Waiter { state, wanted, from, facts_held: None };
    let mut is_reached = waiter.look(true).await?;
    let mut first = true;
    loop {
        {
            let successor = state.successor.read().await;
            if let Some(next) = &*successor {
                return Ok(Looked::Replaced(next.clone()));
            }
            if is_reached && let Some(mut source) = waiter.source().await? {
                // The offset may be one of another log, before it was made anew.
                if let Some(stopped) = waiter.stopped(Some(&mut source)).await? {
                    return Err(stopped);
                }
                return Ok(Looked::Found((source, state.store.generation())));
            }
        }
        let is_over = Deadline::now() >= deadline;
        // What is stopped is told at once, and what stops meanwhile in the end.
        if (first || is_over)
            && let Some(stopped) = waiter.stopped(None).await?
        {
            return Err(stopped);
        }
        first = false;
        if is_over {
            return Err(not_reached(wanted));
        }
        let until = deadline.min(Deadline::now() + POLL);
        let woken = match tokio::time::timeout_at(until, progress.changed()).await {
            Ok(Ok(())) => true,
            // The projector of this process has ended; others may go on.
            Ok(Err(_)) => {
                tokio::time::sleep_until(until).await;
                false
            }
            Err(_) => false,
        };
        is_reached = waiter.look(woken).await?;
    }
}

/// A request that waits until what it is answered from reflects what it wants.
struct Waiter<'a> {
    state: &'a ApiState,
    wanted: &'a Wanted,
    from: ReadFrom,
    /// Facts reflected it before then.
    facts_held: Option<Clock>,
}

impl Waiter<'_> {
    /// Whether what is wanted is reached; `now`: by a look that begins now.
    async fn look(&mut self, now: bool) -> Result<bool, Problem> {
        if self.facts_held.is_none() && self.version().is_none() {
            let store = self.state.store.as_ref();
            let look = match now {
                true => self.state.reached.now(store).await?,
                false => self.state.reached.lately(store).await?,
            };
            let holds = look.reflected.holds(&self.wanted.positions);
            self.facts_held = holds.then_some(look.ended);
        }
        Ok(match self.from {
            ReadFrom::Facts => self.facts_held.is_some(),
            ReadFrom::Index => self.version().is_some(),
        })
    }

    /// The version of the index, once it reflects what is wanted: by its positions, or, where an event
    /// has changed nothing that is followed, once all is followed that was committed by then.
    fn version(&self) -> Option<Arc<IndexVersion>> {
        let version =
            self.state.index.as_ref().filter(|_| self.from == ReadFrom::Index)?.current()?;
        let is_followed = self.facts_held.is_some_and(|at| self.state.following.is_beyond(at));
        (is_followed || version.reflected.holds(&self.wanted.positions)).then_some(version)
    }

    /// Why what is wanted will not be reached. While the store is away nobody knows, and what the index
    /// reflects is answered.
    async fn stopped(&self, found: Option<&mut Source>) -> Result<Option<Problem>, Problem> {
        let standings = match found {
            // Requests that hold one connection and want another would wait for each other.
            Some(Source::Store(snapshot)) => snapshot.standings().await,
            Some(Source::Index(_)) | None => standings(self.state).await,
        };
        let standings = standings.map_err(Problem::from);
        match standings {
            Err(problem) if problem.kind() == Kind::Unavailable && self.version().is_some() => {
                Ok(None)
            }
            standings => Ok(stopped(&standings?, self.wanted)),
        }
    }

    /// A state that reflects what is wanted. A replica may be behind what was committed.
    async fn source(&self) -> Result<Option<Source>, Problem> {
        if self.from == ReadFrom::Index {
            // It may be too old to be answered from.
            self.state.index_version()?;
            return Ok(self.version().map(Source::Index));
        }
        let store = &self.state.store;
        let may_be_behind = store.snapshot().await?;
        if let Some(snapshot) = holding(may_be_behind, self.wanted).await? {
            return Ok(Some(Source::Store(snapshot)));
        }
        let fresh = store.snapshot_fresh().await?;
        Ok(holding(fresh, self.wanted).await?.map(Source::Store))
    }
}

/// A snapshot, where it reflects what is wanted.
async fn holding(
    mut snapshot: Box<dyn Snapshot>,
    wanted: &Wanted,
) -> Result<Option<Box<dyn Snapshot>>, Problem> {
    let reflected: Reflected = snapshot.positions().await?.into_iter().collect();
    Ok(reflected.holds(&wanted.positions).then_some(snapshot))
}

async fn standings(state: &ApiState) -> store::Result<Vec<Standing>> {
    state.store.snapshot().await?.standings().await
}

/// The answer where a position is of a partition that is stopped: it will not be reached.
fn stopped(standings: &[Standing], wanted: &Wanted) -> Option<Problem> {
    let of = |standing: &&Standing| {
        let Partition { topic, partition } = &standing.partition;
        wanted.positions.iter().any(|p| p.topic == *topic && p.partition == *partition)
    };
    standings.iter().filter(of).find_map(|standing| {
        let Partition { topic, partition } = &standing.partition;
        let detail = format!("{topic}:{partition} is stopped: {}", standing.stopped.as_ref()?);
        Some(Problem::parameter(Kind::PartitionStopped, MIN_POSITION, detail))
    })
}

fn not_reached(wanted: &Wanted) -> Problem {
    let detail = format!(
        "{} is not reflected yet; wait longer with {WAIT_MS} (at most {MAX_WAIT_MS}), or try again",
        join_positions(&wanted.positions)
    );
    Problem::parameter(Kind::PositionNotReached, MIN_POSITION, detail)
}
