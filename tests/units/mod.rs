//! Single parts of the service, each by itself.

mod demo_catalogue;
mod listings;
mod nearest;
mod one_pass;
mod pace;
mod products;
mod quiet;
mod reached;
mod storefront;
mod warm;

use std::path::Path;

/// The library and the program are not compiled as tests (`Cargo.toml`): a test among their sources would never run.
#[test]
fn no_test_stands_where_none_is_run() {
    fn read(folder: &Path, files: &mut usize) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, files);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let source = std::fs::read_to_string(&path).unwrap();
                let test = source.lines().find(|line| line.trim_start().starts_with("#[cfg(test)"));
                assert_eq!(test, None, "{}: its place is in tests/", path.display());
                *files += 1;
            }
        }
    }
    let mut files = 0;
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files > 100, "{files}");
}
