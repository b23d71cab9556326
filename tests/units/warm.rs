//! Warming gives way to those who wait for pages.

use std::time::{Duration, Instant};

use futures_util::poll;
use vitrine::cache::Demand;

#[tokio::test]
async fn those_who_wait_for_pages_go_first() {
    let long = Duration::from_secs(3_600);
    let demand = Demand::default();
    assert!(poll!(std::pin::pin!(demand.give_way(long))).is_ready());
    let (one, other) = (demand.begin(), demand.clone().begin());
    let mut waiting = std::pin::pin!(demand.give_way(long));
    assert!(poll!(&mut waiting).is_pending());
    drop(one);
    assert!(poll!(&mut waiting).is_pending());
    drop(other);
    waiting.await;
}

#[tokio::test]
async fn what_nobody_waits_for_is_made_all_the_same() {
    let demand = Demand::default();
    let _always = demand.begin();
    let (begun, at_most) = (Instant::now(), Duration::from_millis(20));
    demand.give_way(at_most).await;
    assert!(begun.elapsed() >= at_most);
}
