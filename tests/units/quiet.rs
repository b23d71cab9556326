//! The quiet of a write-ahead log ends with a commit of anybody.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use vitrine::store::feed::ChangeCursor;
use vitrine::store::sqlite::quiet::{ASK_EVERY, Quiet, SETTLED};

#[test]
fn a_commit_of_anybody_ends_the_quiet() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("g.db");
    let (quiet, log) = (Quiet::of(&file), directory.path().join("g.db-wal"));
    let cursor = ChangeCursor::new("7".to_owned());
    assert!(quiet.look(0).is_none(), "there is no log");
    fs::write(&log, "one").unwrap();
    // However long this test stands still: it was written no longer ago than that.
    let opened = fs::File::options().write(true).open(&log).unwrap();
    opened.set_modified(SystemTime::now() + Duration::from_secs(60)).unwrap();
    assert!(quiet.look(0).is_none(), "it was written a moment ago");
    opened.set_modified(SystemTime::now()).unwrap();
    sleep(2 * SETTLED);
    let look = quiet.look(0);
    assert!(look.is_some() && !quiet.is_quiet(look, &cursor));
    let is_quiet = loop {
        let asked = Instant::now();
        quiet.is_last(look, &cursor);
        let is_quiet = quiet.is_quiet(quiet.look(0), &cursor);
        if asked.elapsed() < ASK_EVERY {
            break is_quiet;
        }
    };
    assert!(is_quiet);
    assert!(!quiet.is_quiet(quiet.look(1), &cursor), "this process has committed");
    assert!(!quiet.is_quiet(look, &ChangeCursor::new("6".to_owned())));
    sleep(ASK_EVERY);
    assert!(!quiet.is_quiet(quiet.look(0), &cursor), "it is time to ask");
    quiet.is_last(look, &cursor);
    // As long as before: the log is written from its beginning again.
    fs::write(&log, "two").unwrap();
    assert!(!quiet.is_quiet(quiet.look(0), &cursor));
    sleep(2 * SETTLED);
    assert!(!quiet.is_quiet(quiet.look(0), &cursor));
}
