//! Runs, cut anywhere and put together in any grouping, come to what the messages come to one by one.

use proptest::prelude::*;
use proptest::sample::Index;
use vitrine_projections::fold::{Head, Outcome, fold, fold_tombstone};
use vitrine_projections::instant::Instant;
use vitrine_projections::run::{Mark, Run};

use crate::support::cases;

#[derive(Clone, Copy, Debug)]
enum Message {
    Event { head: Head, states: bool },
    Tombstone,
}

fn message() -> impl Strategy<Value = Message> {
    // Few versions with two contents each: they are stale, repeated and in conflict all the time.
    let event = (1..6u64, 0..2u64, prop::bool::weighted(0.8));
    let event = event.prop_map(|(version, digest, states)| Message::Event {
        head: Head { version, digest },
        states,
    });
    prop_oneof![3 => event, 1 => Just(Message::Tombstone)]
}

fn mark(place: usize) -> Mark {
    Mark { time: Instant(place as i64 * 10), partition: 0, offset: place as i64 }
}

/// Where an entity stands, message by message, in the words of the fold.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Standing {
    head: Head,
    live: bool,
    applied: Mark,
    content: usize,
}

fn one_by_one(messages: &[Message]) -> (Option<Standing>, Vec<Outcome>) {
    let mut standing: Option<Standing> = None;
    let mut outcomes = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        let applied = mark(place);
        let (outcome, next) = match *message {
            Message::Event { head, states } => (
                fold(standing.map(|s| s.head), head),
                Some(Standing { head, live: states, applied, content: place }),
            ),
            Message::Tombstone => (
                fold_tombstone(standing.map(|s| s.live)),
                standing.map(|s| Standing { live: false, applied, ..s }),
            ),
        };
        if outcome == Outcome::Applied {
            standing = next;
        }
        outcomes.push(outcome);
    }
    (standing, outcomes)
}

fn run_of(first: usize, messages: &[Message]) -> (Run<usize>, Vec<Outcome>) {
    let mut run: Option<Run<usize>> = None;
    let mut outcomes = Vec::new();
    for (place, message) in (first..).zip(messages) {
        let mark = mark(place);
        outcomes.push(match (*message, &mut run) {
            (Message::Event { head, states }, Some(run)) => run.event(head, mark, states, || place),
            (Message::Tombstone, Some(run)) => run.tombstone(mark),
            (Message::Event { head, states }, none) => {
                *none = Some(Run::of_event(head, mark, states, place));
                Outcome::Applied
            }
            (Message::Tombstone, none) => {
                *none = Some(Run::of_tombstone(mark, usize::MAX));
                Outcome::Repeated
            }
        });
    }
    (run.unwrap(), outcomes)
}

fn standing(run: &Run<usize>) -> Option<Standing> {
    run.head().map(|head| Standing {
        head,
        live: run.is_live(),
        applied: run.applied(),
        content: *run.content(),
    })
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn a_run_is_its_messages_one_by_one(messages in prop::collection::vec(message(), 1..24)) {
        let (expected, outcomes) = one_by_one(&messages);
        let (run, counted) = run_of(0, &messages);
        prop_assert_eq!(standing(&run), expected);
        prop_assert_eq!(counted, outcomes);
    }

    #[test]
    fn runs_merge_in_any_grouping(
        messages in prop::collection::vec(message(), 1..24),
        cuts in prop::collection::vec(any::<Index>(), 0..6),
        grouping in prop::collection::vec(any::<Index>(), 6),
    ) {
        let (expected, _) = one_by_one(&messages);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(messages.len())).collect();
        cuts.extend([0, messages.len()]);
        cuts.sort_unstable();
        cuts.dedup();
        let mut runs: Vec<Run<usize>> =
            cuts.windows(2).map(|ends| run_of(ends[0], &messages[ends[0]..ends[1]]).0).collect();
        for place in grouping {
            if runs.len() > 1 {
                let place = place.index(runs.len() - 1);
                let later = runs.remove(place + 1);
                runs[place].merge(later);
            }
        }
        prop_assert_eq!(runs.len(), 1);
        prop_assert_eq!(standing(&runs[0]), expected);
    }
}
