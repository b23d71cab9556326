//! Both generations change while they are compared.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use vitrine::verdict::{Verdict, compare};

use super::sides::{Side, Sides, catalogue, paths, review, scope};
use crate::harness::events::{price, stock};
use crate::harness::now;
use crate::harness::stream::{Rng, generated};

/// Applies what comes, each after so many milliseconds.
fn follow(mut side: Side, lag_ms: u64) -> (mpsc::Sender<Vec<String>>, tokio::task::JoinHandle<()>) {
    let (lines, mut heard) = mpsc::channel::<Vec<String>>(4);
    let task = tokio::spawn(async move {
        while let Some(lines) = heard.recv().await {
            tokio::time::sleep(Duration::from_millis(lag_ms)).await;
            side.hear(&lines).await;
        }
    });
    (lines, task)
}

/// Compares while both hear what `next` says, the new one later or earlier than the live one.
async fn compared_while_changing(
    sides: Sides,
    lags: (u64, u64),
    mut next: impl FnMut(u64) -> Vec<String> + Send + 'static,
) -> Verdict {
    let (live, new) = (Arc::clone(sides.live.store()), Arc::clone(sides.new.store()));
    let (to_live, live_task) = follow(sides.live, lags.0);
    let (to_new, new_task) = follow(sides.new, lags.1);
    let done = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&done);
    let writer = tokio::spawn(async move {
        let mut turn = 0;
        while !ended.load(Ordering::Relaxed) {
            let lines = next(turn);
            to_live.send(lines.clone()).await.unwrap();
            to_new.send(lines).await.unwrap();
            turn += 1;
        }
        turn
    });
    // On a task of its own, as a service would.
    let comparison = tokio::spawn(async move {
        let scope = scope();
        compare(&live, &new, &scope, &|_, _| {}, &CancellationToken::new()).await.unwrap()
    });
    let verdict = comparison.await.unwrap();
    done.store(true, Ordering::Relaxed);
    assert!(writer.await.unwrap() > 1, "nothing changed");
    live_task.await.unwrap();
    new_task.await.unwrap();
    verdict
}

/// Values that come and go: stock and prices that are one thing, then another, then the first again.
fn flapping(turn: u64) -> Vec<String> {
    let flip = turn % 2;
    let mut rng = Rng::new(turn);
    let i = 1 + rng.below(6);
    let version = turn + 2;
    let set = |line: String| {
        let mut line: serde_json::Value = serde_json::from_str(&line).unwrap();
        line["time"] = json!(crate::harness::events::at(now() + turn as i64));
        line.to_string()
    };
    let amount = (i as i64) * 100 + flip as i64 * 7;
    vec![
        set(stock("p1", version, flip as i64)),
        set(stock(&format!("p{i}"), version + 1_000_000, 3 + flip as i64)),
        set(price(&format!("p{i}-usd"), &format!("p{i}"), amount, json!({"version": version}))),
        set(review("r1", "p1", version, 1 + flip as i64)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_no_differences() {
    for lags in [(0, 7), (7, 0), (2, 2)] {
        let mut sides = Sides::new().await;
        sides.both_hear(&catalogue()).await;
        let verdict = compared_while_changing(sides, lags, flapping).await;
        assert_eq!(verdict.differences, [], "{lags:?}, {} unsettled", verdict.unsettled);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_no_difference() {
    let lines = generated(40, 6_000, 3, now() - 3_600_000);
    let (first, rest) = lines.split_at(400);
    let mut sides = Sides::new().await;
    sides.both_hear(first).await;
    let mut rest: Vec<String> = rest.iter().rev().cloned().collect();
    let next = move |_| {
        let left = rest.len().saturating_sub(5);
        rest.split_off(left).into_iter().rev().collect()
    };
    let verdict = compared_while_changing(sides, (1, 6), next).await;
    assert_eq!(verdict.differences, [], "{} unsettled", verdict.unsettled);
}

/// What is wrong with a product is found though something else of it changes all the time.
#[tokio::test(flavor = "multi_thread")]
async fn bugs_are_found_in_what_changes() {
    let mut sides = Sides::new().await;
    sides.both_hear(&catalogue()).await;
    sides.new.spoil("p2", |product| product.slug = "odd".into()).await;
    let next = |turn: u64| {
        let of = |sku: &str| {
            let line = stock(sku, turn + 2, 10 + (turn % 3) as i64);
            line.replace("2026-01-01T00:00:00.000Z", &crate::harness::events::at(turn as i64))
        };
        vec![of("p2"), of("p6")]
    };
    let verdict = compared_while_changing(sides, (0, 5), next).await;
    let found = paths(&verdict);
    assert_eq!(found, ["product.product.slug".to_owned()].into(), "{verdict:#?}");
}
