//! Keys, asked for and kept, and the tombstones' slots.

use std::collections::HashSet;

use moka::Equivalent;
use vitrine::cache::stamps::slots;
use vitrine::cache::{Context, PageKey, PageKind, PageRef, Stamps, Tag, Version};

/// Keys that differ in one thing each, and some that a careless hash would take for one another.
fn different() -> Vec<PageRef<'static>> {
    let plain =
        PageRef { kind: PageKind::Product, id: "a", context: Context::default(), query: None };
    let with = |context| PageRef { context, ..plain };
    vec![
        plain,
        PageRef { kind: PageKind::Reviews, ..plain },
        PageRef { id: "b", ..plain },
        PageRef { id: "", ..plain },
        PageRef { query: Some(""), ..plain },
        PageRef { query: Some("b"), ..plain },
        with(Context { market: 1, ..Context::default() }),
        with(Context { group: Some("b"), ..Context::default() }),
        with(Context { group: Some(""), ..Context::default() }),
        with(Context { locale: Some("b"), ..Context::default() }),
        with(Context { group: Some("b"), locale: Some("b"), ..Context::default() }),
    ]
}

#[test]
fn a_key_is_found_by_what_is_asked_for() {
    let hasher = ahash::RandomState::with_seed(1);
    for (at, asked) in different().iter().enumerate() {
        let key = PageKey::from(*asked);
        assert_eq!(key.as_ref(), *asked);
        assert_eq!(hasher.hash_one(&key), hasher.hash_one(asked));
        for (other_at, other) in different().iter().enumerate() {
            assert_eq!(other.equivalent(&key), at == other_at, "{asked:?} and {other:?}");
            assert_eq!(hasher.hash_one(&key) == hasher.hash_one(other), at == other_at);
        }
    }
}

#[test]
fn keys_of_the_default_context_are_small() {
    assert!(size_of::<PageKey>() <= 32);
    let [plain, .., grouped] = <[PageRef<'_>; 11]>::try_from(different()).unwrap();
    assert_eq!(PageKey::from(plain).heap_bytes(), 1);
    assert!(PageKey::from(grouped).heap_bytes() > 60);
}

#[test]
fn tags_of_all_kinds_have_slots_of_their_own() {
    let tags = [
        Tag::Product("a"),
        Tag::Sku("a"),
        Tag::Category("a"),
        Tag::Brand("a"),
        Tag::Card("a"),
        Tag::AnyProduct,
        Tag::Watched(0),
        Tag::Watched(1),
    ];
    let each: HashSet<_> = tags.iter().map(Tag::slot).collect();
    assert_eq!(each.len(), tags.len());
    assert_eq!(slots(tags.into_iter().chain(tags)).len(), tags.len());
}

/// A shared slot drops a page in vain; it never keeps one.
#[test]
fn tags_that_share_a_slot_drop_each_other() {
    let (first, second) = colliding();
    assert_ne!(first, second);
    let stamps = Stamps::default();
    stamps.stamp(Tag::Product(&first), Version(2));
    stamps.stamp(Tag::Product(&second), Version(1));
    for id in [&first, &second] {
        assert_eq!(stamps.newest(&slots([Tag::Product(id)])), Version(2));
    }
}

fn colliding() -> (String, String) {
    let mut seen = std::collections::HashMap::new();
    for number in 0.. {
        let id = number.to_string();
        if let Some(other) = seen.insert(Tag::Product(&id).slot(), id.clone()) {
            return (other, id);
        }
    }
    unreachable!("there are fewer slots than numbers")
}

#[test]
fn a_version_is_counted_for_each_telling() {
    let stamps = Stamps::default();
    assert_eq!(stamps.newest(&[]), Version(0));
    assert_eq!(stamps.tell([Tag::Product("a"), Tag::AnyProduct]), Version(1));
    assert_eq!(stamps.tell([Tag::Product("b")]), Version(2));
    assert_eq!(stamps.newest(&slots([Tag::Product("a")])), Version(1));
    assert_eq!(stamps.newest(&slots([Tag::AnyProduct, Tag::Product("b")])), Version(2));
    stamps.tell([Tag::All]);
    assert_eq!(stamps.newest(&[]), Version(3));
    assert_eq!(stamps.newest(&slots([Tag::Product("never named")])), Version(3));
}
