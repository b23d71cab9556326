//! How much work is taken up at once, from how long it took.

use std::time::Duration;

use vitrine::projector::pace::{StepPace, ViewsPace};

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[test]
fn a_batch_is_late_that_has_waited_or_takes_long() {
    let pace = ViewsPace::default();
    assert!(!pace.would_be_late(millis(0), 1_000), "nothing is known yet");
    assert!(!pace.would_be_late(millis(1_000), 1_000));
    pace.took(10, millis(10));
    assert!(!pace.would_be_late(millis(0), 39));
    assert!(pace.would_be_late(millis(0), 41));
    assert!(pace.would_be_late(millis(20), 21));
    assert!(!pace.would_be_late(millis(20), 18));
    assert!(!pace.would_be_late(millis(1_000), 14), "it is not for views that it is late");
}

#[test]
fn what_took_long_once_is_tried_again() {
    let pace = ViewsPace::default();
    pace.took(10, millis(1_000));
    assert!(!pace.would_be_late(millis(1_000), 5), "leaving few takes as long");
    let refused = (0..10_000).take_while(|_| pace.would_be_late(millis(0), 6)).count();
    assert!((50..1_000).contains(&refused), "{refused}");
    // What few products took says nothing.
    pace.took(5, millis(1_000));
    assert!(!pace.would_be_late(millis(0), 6));
}

#[test]
fn steps_come_near_to_the_time_they_may_take() {
    let mut pace = StepPace::of(millis(40));
    // Each product takes 1 ms, and a step 5 ms more.
    for _ in 0..20 {
        pace.took(millis(5 + u64::from(pace.products)), true);
    }
    assert!((30..=36).contains(&pace.products), "{}", pace.products);
    // Steps that had little to do do not let the next one grow.
    let before = pace.products;
    pace.took(millis(1), false);
    assert_eq!(pace.products, before);
    // However long one takes, the next one does something, and however short, it is bounded.
    for _ in 0..20 {
        pace.took(Duration::from_secs(100), true);
    }
    assert_eq!(pace.products, 10);
    for _ in 0..20 {
        pace.took(Duration::ZERO, true);
    }
    assert_eq!(pace.products, 10_000);
}
