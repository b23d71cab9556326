//! Instances that die, come, go, and sleep.

use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::harness::events::{Catalogue, product};
use crate::harness::process::Process;
use crate::harness::stream::{Rng, nasty};
use crate::harness::{eventually, now};
use crate::{alone, assert_whole, busy, publish_slowly, under_way};

#[test]
fn kills_of_one_of_three_projectors_do_not_show() {
    const KILLS: usize = 20;
    let _alone = alone();
    let now = now();
    let mut rng = Rng::new(11);
    let catalogue = Catalogue::new(nasty(71, 4_000, now));
    let production = busy();
    let mut projectors: Vec<Process> = (0..3).map(|i| production.static_projector(i)).collect();
    let publishing = publish_slowly(&production, &catalogue, Duration::from_secs(25));
    under_way(&production);
    let mut in_the_middle = 0;
    for _ in 0..KILLS {
        std::thread::sleep(Duration::from_millis(rng.below(1_500) as u64));
        let victim = rng.below(projectors.len());
        assert_eq!(projectors[victim].ended(), None, "{:#?}", projectors[victim].stderr());
        projectors[victim].kill();
        in_the_middle += u32::from(!publishing.is_over());
        projectors[victim] = production.static_projector(victim);
    }
    println!("{in_the_middle} of {KILLS} kills came while events were published");
    assert!(in_the_middle > 0);
    publishing.wait();
    assert_whole(&production, &catalogue, now);
}

#[test]
fn instances_come_and_go() {
    let _alone = alone();
    let now = now();
    let catalogue = Catalogue::new(nasty(72, 2_000, now));
    let production = busy();
    let mut first = production.projector();
    let publishing = publish_slowly(&production, &catalogue, Duration::from_secs(20));
    under_way(&production);
    let mut second = production.projector();
    second.said("partitions assigned partitions=15");
    let mut third = production.projector();
    third.said("partitions assigned");
    // One leaves in good order, one without a word.
    assert!(first.terminate().success(), "{:#?}", first.stderr());
    third.kill();
    publishing.wait();
    assert_whole(&production, &catalogue, now);
    assert!(second.terminate().success(), "{:#?}", second.stderr());
}

#[test]
fn a_projector_that_slept_finds_its_partitions_moved() {
    let _alone = alone();
    let now = now();
    let mut lines = nasty(73, 3_000, now);
    let production = busy();
    let mut sleeper = production.projector();
    let publishing =
        publish_slowly(&production, &Catalogue::new(lines.clone()), Duration::from_secs(20));
    under_way(&production);
    let mut other = production.projector();
    other.said("partitions assigned partitions=15");
    signal(&sleeper, "STOP");
    // The group notices after the session timeout, and gives all partitions to the other one.
    eventually("the partitions have moved", || {
        let said = other.stderr();
        let assigned = said.iter().filter(|line| line.contains("partitions assigned")).count();
        (assigned >= 2).then_some(())
    });
    // Waits until it is projected.
    let late = product("late", json!({}));
    production.home.publish(std::slice::from_ref(&late));
    lines.push(late);
    signal(&sleeper, "CONT");
    publishing.wait();
    assert_whole(&production, &Catalogue::new(lines), now);
    for process in [&mut sleeper, &mut other] {
        assert_eq!(process.ended(), None, "{:#?}", process.stderr());
        assert!(process.terminate().success(), "{:#?}", process.stderr());
    }
}

fn signal(process: &Process, name: &str) {
    let id = process.id().to_string();
    assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
}
