//! Which name was meant.

use vitrine::nearest::nearest;

#[test]
fn a_slip_of_the_pen_is_found() {
    let names = ["categories", "brand", "name"];
    assert_eq!(nearest(names, "category"), Some("categories"));
    assert_eq!(nearest(names, "Brand"), Some("brand"));
    assert_eq!(nearest(names, "weight"), None);
}

/// A type or a member may be as long as its event: it is not compared letter by letter.
#[test]
fn what_is_long_is_no_slip_of_the_pen() {
    let name = "a".repeat(99);
    assert_eq!(nearest([name.as_str()], &"a".repeat(100)), Some(name.as_str()));
    assert_eq!(nearest([name.as_str()], &"a".repeat(101)), None);
}
