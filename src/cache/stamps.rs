//! Tombstones: which version each thing that pages depend on has last changed at.

use std::sync::atomic::{AtomicU64, Ordering};

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// How far this process has followed the feed of changes: counted by this process, ascending.
///
/// A page of version `v` shows every change up to `v`. Versions of two processes have nothing to
/// do with each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Version(pub u64);

/// What a page depends on. A change of it drops the pages that name it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Tag<'a> {
    /// Everything: every page there is depends on it without naming it.
    All,
    Product(&'a str),
    /// A product's card.
    Card(&'a str),
    /// The cards of all products.
    AnyCard,
    /// What a listing is called, by its kind and id.
    Heading(&'static str, &'a str),
    /// What reaches the pages of all products.
    AnyProduct,
    /// One answer that is watched by itself: see [`super::first_pages`].
    Watched(u64),
    Sku(&'a str),
    Category(&'a str),
    Brand(&'a str),
}

impl Tag<'_> {
    /// The slot that holds this tag's tombstone.
    pub fn slot(&self) -> Slot {
        // The kind is the seed, so that equal ids of two kinds are two slots.
        let (room, hash) = match self {
            Tag::Product(id) => (&PRODUCTS, hash(1, id.as_bytes())),
            Tag::Card(id) => (&CARDS, hash(5, id.as_bytes())),
            Tag::All => (&OTHERS, hash(0, b"")),
            Tag::Sku(id) => (&OTHERS, hash(2, id.as_bytes())),
            Tag::Category(id) => (&OTHERS, hash(3, id.as_bytes())),
            Tag::Brand(id) => (&OTHERS, hash(4, id.as_bytes())),
            Tag::AnyProduct => (&OTHERS, hash(6, b"")),
            Tag::AnyCard => (&OTHERS, hash(8, b"")),
            Tag::Heading("brand", id) => (&OTHERS, hash(9, id.as_bytes())),
            Tag::Heading(_, id) => (&OTHERS, hash(10, id.as_bytes())),
            Tag::Watched(number) => (&OTHERS, hash(7, &number.to_le_bytes())),
        };
        room.slot(hash)
    }
}

fn hash(kind: u8, id: &[u8]) -> u64 {
    xxh3_64_with_seed(id, u64::from(kind))
}

/// A part of the table: nothing outside of it is told by what is in it.
///
/// Every change tells of products and cards, and few of anything else. In one room with them the many
/// other things that a product's page depends on would drop it again and again in vain.
struct Room {
    first: u32,
    bits: u32,
}

impl Room {
    fn slot(&self, hash: u64) -> Slot {
        // The mask leaves less than 32 bits: nothing is cut.
        Slot(self.first + (hash & ((1 << self.bits) - 1)) as u32)
    }

    const fn end(&self) -> u32 {
        self.first + (1 << self.bits)
    }
}

const PRODUCTS: Room = Room { first: 0, bits: 19 };
const CARDS: Room = Room { first: PRODUCTS.end(), bits: 19 };
const OTHERS: Room = Room { first: CARDS.end(), bits: 18 };

/// How many tombstones there are: 10 MiB of them.
const SLOTS: usize = OTHERS.end() as usize;

/// The place of a tag's tombstone.
///
/// Two tags can have the same one. Then a change of the one drops the pages of the other in vain;
/// a page is never kept because of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Slot(u32);

/// The slots of these tags, each once.
pub fn slots<'a>(tags: impl IntoIterator<Item = Tag<'a>>) -> Box<[Slot]> {
    let mut slots: Vec<Slot> = tags.into_iter().map(|tag| tag.slot()).collect();
    slots.sort_unstable();
    slots.dedup();
    slots.into_boxed_slice()
}

/// The tombstones of all that has changed, in a table of fixed size.
///
/// They only ever ascend, so that changes told out of order leave the newest one standing, and
/// nothing that happens to a page (being put, replaced, evicted) can undo them.
pub struct Stamps {
    slots: Box<[AtomicU64]>,
    /// No page is older than this.
    floor: AtomicU64,
    /// The newest version told of.
    followed: AtomicU64,
}

impl Default for Stamps {
    fn default() -> Self {
        Stamps {
            slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            floor: AtomicU64::new(0),
            followed: AtomicU64::new(0),
        }
    }
}

impl Stamps {
    /// How far the feed has been followed: the version of a load that begins now.
    pub fn followed(&self) -> Version {
        Version(self.followed.load(Ordering::Acquire))
    }

    /// The feed has been followed up to here.
    pub fn follow(&self, version: Version) {
        self.followed.fetch_max(version.0, Ordering::AcqRel);
    }

    /// What the tag stands for has changed, and the store shows that to loads that begin now.
    ///
    /// When this returns, no page of the tag with an older version is valid any more.
    pub fn stamp(&self, tag: Tag<'_>, version: Version) {
        if tag == Tag::All {
            return self.clear(version);
        }
        // First: a load that begins between the two sees the change, and may be kept.
        self.follow(version);
        if let Some(slot) = self.at(tag.slot()) {
            slot.fetch_max(version.0, Ordering::AcqRel);
        }
    }

    /// Everything has changed.
    pub fn clear(&self, version: Version) {
        self.follow(version);
        self.floor.fetch_max(version.0, Ordering::AcqRel);
    }

    /// These have changed, with the next version, which is returned.
    pub fn tell<'a>(&self, tags: impl IntoIterator<Item = Tag<'a>>) -> Version {
        let version = Version(self.followed.fetch_add(1, Ordering::AcqRel) + 1);
        for tag in tags {
            self.stamp(tag, version);
        }
        version
    }

    /// The last change of any of these, or of everything.
    pub fn newest(&self, slots: &[Slot]) -> Version {
        let floor = self.floor.load(Ordering::Acquire);
        let stamps = slots.iter().filter_map(|slot| self.at(*slot));
        Version(stamps.fold(floor, |newest, slot| newest.max(slot.load(Ordering::Acquire))))
    }

    fn at(&self, slot: Slot) -> Option<&AtomicU64> {
        self.slots.get(slot.0 as usize)
    }
}
