//! Reading one's own writes: a snapshot that reflects the positions that a request names.

use std::time::Duration;

use actix_web::http::header::HeaderMap;
use actix_web::web;
use tokio::sync::RwLock;
use tokio::time::Instant as Deadline;

use super::ApiState;
use super::problem::{Kind, Problem};
use crate::log::position::{Partition, Position, ReadFrom, join_positions, parse_positions};
use crate::projector::reconfigure;
use crate::store::{Snapshot, Standing};

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

/// A snapshot, and of which generation it is.
pub type Found = (Box<dyn Snapshot>, i64);

/// A snapshot that reflects what is wanted, in what the answer is read from: all of it is to be read from this snapshot.
pub async fn snapshot(state: &ApiState, wanted: &Wanted, from: ReadFrom) -> Result<Found, Problem> {
    if wanted.positions.is_empty() {
        let snapshot = answering(state, state.store.snapshot().await?).await?;
        return Ok((snapshot, state.store.generation()));
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
    let store = state.store.as_ref();
    let mut progress = state.progress.clone();
    // Before the look: what is committed after it wakes the wait.
    progress.borrow_and_update();
    let mut reached = state.reached.now(store, from).await?;
    let mut first = true;
    loop {
        {
            let successor = state.successor.read().await;
            if let Some(next) = &*successor {
                return Ok(Looked::Replaced(next.clone()));
            }
            if reached.holds(&wanted.positions)
                && let Some(mut snapshot) = reflecting(state, wanted, from).await?
            {
                // The offset may be one of another log, before it was made anew.
                if let Some(stopped) = stopped(snapshot.as_mut(), wanted).await? {
                    return Err(stopped);
                }
                return Ok(Looked::Found((snapshot, store.generation())));
            }
        }
        let is_over = Deadline::now() >= deadline;
        // What is stopped is told at once, and what stops meanwhile in the end.
        if (first || is_over)
            && let Some(stopped) = stopped(store.snapshot().await?.as_mut(), wanted).await?
        {
            return Err(stopped);
        }
        first = false;
        if is_over {
            return Err(not_reached(wanted));
        }
        let until = deadline.min(Deadline::now() + POLL);
        reached = match tokio::time::timeout_at(until, progress.changed()).await {
            Ok(Ok(())) => state.reached.now(store, from).await?,
            // The projector of this process has ended; others may go on.
            Ok(Err(_)) => {
                tokio::time::sleep_until(until).await;
                state.reached.lately(store, from).await?
            }
            Err(_) => state.reached.lately(store, from).await?,
        };
    }
}

/// A snapshot that reflects what is wanted. A replica may be behind what was committed.
async fn reflecting(
    state: &ApiState,
    wanted: &Wanted,
    from: ReadFrom,
) -> Result<Option<Box<dyn Snapshot>>, Problem> {
    let mut snapshot = answering(state, state.store.snapshot().await?).await?;
    if !snapshot.reflected_in(from).await?.holds(&wanted.positions) {
        snapshot = answering(state, state.store.snapshot_fresh().await?).await?;
        if !snapshot.reflected_in(from).await?.holds(&wanted.positions) {
            return Ok(None);
        }
    }
    Ok(Some(snapshot))
}

/// The snapshot; an error where it answers no page at all.
pub async fn answering(
    state: &ApiState,
    mut snapshot: Box<dyn Snapshot>,
) -> Result<Box<dyn Snapshot>, Problem> {
    if !reconfigure::in_effect(snapshot.as_mut(), &state.markets).await? {
        return Err(Problem::new(
            Kind::ViewBeingRebuilt,
            "the view is not computed for this configuration of markets yet; try again",
        ));
    }
    Ok(snapshot)
}

/// The answer where a position is of a partition that is stopped: it will not be reached.
async fn stopped(snapshot: &mut dyn Snapshot, wanted: &Wanted) -> Result<Option<Problem>, Problem> {
    let standings = snapshot.standings().await?;
    let of = |standing: &&Standing| {
        let Partition { topic, partition } = &standing.partition;
        wanted.positions.iter().any(|p| p.topic == *topic && p.partition == *partition)
    };
    Ok(standings.iter().filter(of).find_map(|standing| {
        let Partition { topic, partition } = &standing.partition;
        let detail = format!("{topic}:{partition} is stopped: {}", standing.stopped.as_ref()?);
        Some(Problem::parameter(Kind::PartitionStopped, MIN_POSITION, detail))
    }))
}

fn not_reached(wanted: &Wanted) -> Problem {
    let detail = format!(
        "{} is not reflected yet; wait longer with {WAIT_MS} (at most {MAX_WAIT_MS}), or try again",
        join_positions(&wanted.positions)
    );
    Problem::parameter(Kind::PositionNotReached, MIN_POSITION, detail)
}
