//! The disk is full, and then is not.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{goes_on, waits_for};
use crate::harness::events::{price, product, stock};
use crate::harness::eventually;
use crate::harness::process::{Home, Process, run_by};
use crate::harness::service::Service;

/// A service with small disks of its own for the store and for the log, in a mount namespace that ends with it. Needs
/// root, or user namespaces.
fn serve_on_small_disks(home: &Home) -> (Service, PathBuf) {
    let serve = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    let script = "mkdir -p data && mount -t tmpfs -o size=24m tmpfs data && mkdir data/log \
                  && mount -t tmpfs -o size=24m tmpfs data/log && exec \"$0\" \"$@\"";
    let is_root = std::fs::metadata("/proc/self")
        .is_ok_and(|of| std::os::unix::fs::MetadataExt::uid(&of) == 0);
    let namespaces: &[&str] =
        if is_root { &["--mount"] } else { &["--user", "--map-root-user", "--mount"] };
    let outer = [&["unshare"], namespaces, &["sh", "-c", script]].concat();
    let command = run_by(&outer, &serve);
    let service = Service::of(Process::spawn(command));
    // The folder as the process sees it.
    let data = home.data_dir();
    let inside = format!("/proc/{}/root{}", service.process.id(), data.display());
    service.wait_ready();
    (service, inside.into())
}

/// Fills a disk to its last byte.
fn fill(folder: &Path) -> PathBuf {
    let path = folder.join("filler");
    let mut file = File::create(&path).unwrap();
    let block = [0; 4096];
    while file.write_all(&block).is_ok() {}
    path
}

/// An event that needs room.
fn large(id: &str) -> String {
    let text = |locale: &str| (locale.to_owned(), json!("x".repeat(60_000)));
    let texts = ["en", "de", "ko", "fr", "it", "es", "pt", "nl", "sv", "fi"].map(text);
    product(id, json!({"description": serde_json::Value::Object(texts.into_iter().collect())}))
}

#[test]
fn a_full_disk_is_waited_for() {
    let home = Home::new();
    let (mut service, data) = serve_on_small_disks(&home);
    let position = service.publish(&[product("mug", json!({})), price("p", "mug", 5, json!({}))]);
    service.reflects(&position);

    // The store's: events are taken, and projected once there is room.
    let filler = fill(&data);
    let ids: Vec<String> = (0..8).map(|n| format!("large-{n}")).collect();
    for id in &ids {
        service.publish(&[large(id)]);
    }
    let last = service.publish(&[stock("mug", 2, 7)]);
    let why = waits_for(&mut service, "projecting waits");
    assert!(why.contains("the disk of the read store is full"), "{why}");
    assert_eq!(service.get("/api/v1/products/mug").status, 200, "pages are answered");
    std::fs::remove_file(filler).unwrap();
    service.reflects(&last);
    goes_on(&mut service, "projecting waits");
    for id in &ids {
        // Without a price it is no page, but it is known.
        assert_ne!(service.get(&format!("/api/v1/products/{id}")).status, 503);
    }

    // The log's: nothing is taken, and that is said; afterwards all is.
    let filler = fill(&data.join("log"));
    let refused = eventually("the log's disk is full", || {
        let body = format!("[{},{}]", large("a"), large("b"));
        let answer = service.post("application/cloudevents-batch+json", body);
        (answer.status != 202).then_some(answer)
    });
    assert_eq!((refused.status, refused.code()), (503, "unavailable"), "{refused:?}");
    assert!(refused.body["detail"].as_str().unwrap().contains("disk"), "{refused:?}");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(service.get("/api/v1/products/mug").status, 200, "pages are answered");
    std::fs::remove_file(filler).unwrap();
    let last = service.publish(&[large("c"), stock("mug", 3, 9)]);
    service.reflects(&last);
    assert_eq!(service.get("/api/v1/products/mug").page()["stock"]["available"], 9);
}
