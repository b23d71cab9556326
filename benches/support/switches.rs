//! Answers in time, and what they were like around the moments at which the live generation changed.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::stats::percentile;

/// What is compared with the second after a switch, in microseconds before it.
const BEFORE: i64 = 5_000_000;
const AFTER: i64 = 1_000_000;
/// So long after a switch an instance's first answer of the new generation is looked for.
const LATE: i64 = 2_000_000;
/// An instance follows at the latest after 30 s, however far the new generation is behind; what it answers from the old one after
/// that is wrong. How soon it follows is told, not judged.
const FOLLOWS_AT_LAST: i64 = 32_000_000;
/// A catalogue's times are whole milliseconds.
const COARSE: i64 = 1_000;

/// Microseconds since 1970, on the clock that all processes of this machine go by.
pub fn clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// One answer.
#[derive(Clone, Copy)]
pub struct Seen {
    pub sent: i64,
    pub received: i64,
    /// From when it was due.
    pub milliseconds: f64,
    pub generation: i64,
    pub hit: bool,
}

/// A command that was run, and what became live by it.
pub struct Step {
    pub command: String,
    pub began: i64,
    pub ended: i64,
    /// The generation that is live from then on, and when that was entered.
    pub switched: Option<(i64, i64)>,
}

/// Answers of some while.
#[derive(Default)]
pub struct Window {
    milliseconds: Vec<f64>,
    hits: usize,
}

impl Window {
    fn of<'a>(seen: impl Iterator<Item = &'a Seen>) -> Window {
        let mut window = Window::default();
        for answer in seen {
            window.milliseconds.push(answer.milliseconds);
            window.hits += usize::from(answer.hit);
        }
        window
    }

    fn add(&mut self, other: Window) {
        self.milliseconds.extend(other.milliseconds);
        self.hits += other.hits;
    }

    /// All that were sent within this while.
    pub fn between(instances: &[Vec<Seen>], from: i64, to: i64) -> Window {
        let within = |s: &&Seen| (from..to).contains(&s.sent);
        Window::of(instances.iter().flatten().filter(within))
    }

    fn percentile(&self, share: f64) -> f64 {
        percentile(&mut self.milliseconds.clone(), share)
    }

    fn misses(&self) -> usize {
        self.milliseconds.len() - self.hits
    }

    pub fn row(&self, name: &str) -> String {
        format!(
            "{name:<34} {:>8} {:>8} {:>8} {:>8.2} {:>8.2} {:>8.2}",
            self.milliseconds.len(),
            self.hits,
            self.misses(),
            self.percentile(0.5),
            self.percentile(0.99),
            self.percentile(1.0)
        )
    }

    pub fn as_json(&self) -> Value {
        json!({"answers": self.milliseconds.len(), "hits": self.hits, "misses": self.misses(),
            "p50_ms": self.percentile(0.5), "p99_ms": self.percentile(0.99), "most_ms": self.percentile(1.0)})
    }
}

/// The head of the table of [`Window::row`].
pub fn head() -> String {
    format!(
        "{:<34} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "", "answers", "hits", "misses", "p50 ms", "p99 ms", "most ms"
    )
}

/// What one step was like.
pub struct Around {
    pub before: Window,
    pub after: Window,
    /// Of each instance, in milliseconds from the switch: the first answer of the new generation, and when the last request
    /// was sent that was answered from the old one.
    pub instances: Vec<(f64, f64)>,
}

impl Around {
    /// Where nothing was switched, the while before and after the command's begin and end.
    pub fn of(step: &Step, instances: &[Vec<Seen>]) -> Around {
        let Some((generation, at)) = step.switched else {
            return Around {
                before: Window::between(instances, step.began - BEFORE, step.began),
                after: Window::between(instances, step.began, step.ended + AFTER),
                instances: Vec::new(),
            };
        };
        let mut around =
            Around { before: Window::default(), after: Window::default(), instances: Vec::new() };
        for seen in instances {
            let near = || seen.iter().filter(|s| (at - COARSE..at + LATE).contains(&s.received));
            let new = near().filter(|s| s.generation == generation).map(|s| s.received).min();
            let old = near().filter(|s| s.generation != generation).map(|s| s.sent).max();
            let first = new.unwrap_or(at + LATE);
            let within = |from: i64, to: i64| {
                Window::of(seen.iter().filter(move |s| (from..to).contains(&s.sent)))
            };
            around.before.add(within(first - BEFORE, first));
            around.after.add(within(first, first + AFTER));
            let from_switch = |time: i64| (time - at) as f64 / 1e3;
            around.instances.push((from_switch(first), from_switch(old.unwrap_or(at))));
        }
        around
    }

    /// How much slower the slowest hundredth is than before.
    pub fn ratio(&self) -> f64 {
        self.after.percentile(0.99) / self.before.percentile(0.99).max(f64::EPSILON)
    }

    pub fn as_json(&self, step: &Step) -> Value {
        let of_instance =
            |(first, last): &(f64, f64)| json!({"first_new_ms": first, "last_old_ms": last});
        json!({"command": step.command, "seconds": (step.ended - step.began) as f64 / 1e6,
            "before": self.before.as_json(), "after": self.after.as_json(), "p99_ratio": self.ratio(),
            "instances": self.instances.iter().map(of_instance).collect::<Vec<_>>()})
    }
}

/// Answers of a generation that was not live while they were asked for: before its promotion, or long after the next.
pub fn of_no_live_generation(steps: &[Step], first: i64, instances: &[Vec<Seen>]) -> Vec<Seen> {
    // Each with the while in which it may answer.
    let mut live = vec![(first, i64::MIN, i64::MAX)];
    for (generation, at) in steps.iter().filter_map(|step| step.switched) {
        if let Some(last) = live.last_mut() {
            last.2 = at + FOLLOWS_AT_LAST;
        }
        live.push((generation, at - COARSE, i64::MAX));
    }
    let is_right = |seen: &Seen| {
        live.iter().any(|(generation, from, to)| {
            *generation == seen.generation && seen.received >= *from && seen.sent <= *to
        })
    };
    instances.iter().flatten().filter(|seen| !is_right(seen)).copied().collect()
}
