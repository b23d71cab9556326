//! How fast a run of warming may go.

use std::time::{Duration, Instant as Clock};

use vitrine::warm::pace::Pace;

#[test]
fn turns_keep_their_distance_and_are_not_made_up_for() {
    let start = Clock::now();
    let millis = Duration::from_millis;
    let mut pace = Pace::new(start, 500);
    let turns: Vec<Duration> = (0..4).map(|_| pace.turn(start, 1) - start).collect();
    assert_eq!(turns, [0, 2, 4, 6].map(millis));
    // A second later: a few turns are due at once, and then one after the other again.
    let later = start + millis(1000);
    let turns: Vec<Duration> = (0..4).map(|_| pace.turn(later, 1) - start).collect();
    assert_eq!(turns, [995, 997, 999, 1001].map(millis));
    // Several at once: what comes after them waits for all of them.
    assert_eq!(
        [pace.turn(later, 10), pace.turn(later, 1)].map(|t| t - start),
        [1003, 1023].map(millis)
    );
}
