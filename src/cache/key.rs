//! Which page of which audience.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use moka::Equivalent;
use serde::{Deserialize, Serialize};

/// The kinds of pages. They are stored by their place in this list: new ones come last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[repr(u8)]
pub enum PageKind {
    Product,
    Reviews,
    /// Cards of products, by their ids.
    Cards,
    CategoryListing,
    BrandListing,
    Listing,
    Home,
}

impl PageKind {
    /// Whether some of its pages are held apart from the crowd.
    pub fn may_be_apart(self) -> bool {
        matches!(
            self,
            PageKind::CategoryListing | PageKind::BrandListing | PageKind::Listing | PageKind::Home
        )
    }
}

/// For whom a page is computed. The default is everybody in the default market, in its language.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Context<'a> {
    /// The market, by its place in the configuration.
    pub market: u16,
    /// The customers' group; none for everybody.
    pub group: Option<&'a str>,
    /// None for the market's own.
    pub locale: Option<&'a str>,
}

/// A page asked for: what a [`PageKey`] is, borrowed, so that a look-up allocates nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageRef<'a> {
    pub kind: PageKind,
    /// The id in the path, or what takes its place; empty where there is none.
    pub id: &'a str,
    pub context: Context<'a>,
    /// What else makes the page differ (sort, limit, filters), written in one canonical way: two
    /// spellings are two pages.
    pub query: Option<&'a str>,
}

impl Hash for PageRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // One number for what has a fixed size and for which of the rest there is.
        let Context { market, group, locale } = self.context;
        let present = u32::from(group.is_some())
            | u32::from(locale.is_some()) << 1
            | u32::from(self.query.is_some()) << 2;
        state.write_u32(u32::from(market) | present << 16 | u32::from(self.kind as u8) << 24);
        self.id.hash(state);
        for text in [group, locale, self.query].into_iter().flatten() {
            text.hash(state);
        }
    }
}

impl Equivalent<PageKey> for PageRef<'_> {
    fn equivalent(&self, key: &PageKey) -> bool {
        *self == key.as_ref()
    }
}

/// A page that is kept, or on its way.
#[derive(Clone, Debug)]
pub struct PageKey {
    kind: PageKind,
    market: u16,
    /// Without the counters of an `Arc`: most keys are never cloned once they are kept.
    id: Box<str>,
    /// None for the default context without a query, the one that most pages are asked in.
    more: Option<Arc<More>>,
}

/// What keys of the default context do without.
#[derive(Debug)]
struct More {
    group: Option<Box<str>>,
    locale: Option<Box<str>>,
    query: Option<Box<str>>,
}

impl PageKey {
    /// The key as it is asked for.
    pub fn as_ref(&self) -> PageRef<'_> {
        let more = self.more.as_deref();
        PageRef {
            kind: self.kind,
            id: &self.id,
            context: Context {
                market: self.market,
                group: more.and_then(|more| more.group.as_deref()),
                locale: more.and_then(|more| more.locale.as_deref()),
            },
            query: more.and_then(|more| more.query.as_deref()),
        }
    }

    /// The bytes that its texts take on the heap.
    pub fn heap_bytes(&self) -> usize {
        let text = |text: Option<&str>| text.map_or(0, str::len);
        let PageRef { id, context: Context { group, locale, .. }, query, .. } = self.as_ref();
        let more = self.more.as_ref().map_or(0, |_| ARC_BYTES + size_of::<More>());
        text(Some(id)) + more + text(group) + text(locale) + text(query)
    }
}

/// Longer keys, of many ids, are neither prepared for nor remembered: thousands of them take much memory, and
/// few requests have just these ids.
pub const MAX_TENDED_BYTES: usize = 1_024;

/// The two counters of an `Arc`.
const ARC_BYTES: usize = 2 * size_of::<usize>();

impl From<PageRef<'_>> for PageKey {
    fn from(asked: PageRef<'_>) -> Self {
        let PageRef { kind, id, context: Context { market, group, locale }, query } = asked;
        let more = (group.is_some() || locale.is_some() || query.is_some()).then(|| {
            Arc::new(More {
                group: group.map(Box::from),
                locale: locale.map(Box::from),
                query: query.map(Box::from),
            })
        });
        PageKey { kind, market, id: Box::from(id), more }
    }
}

impl PartialEq for PageKey {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl Eq for PageKey {}

impl Hash for PageKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // As what it is asked by: the map looks one up by the other.
        self.as_ref().hash(state);
    }
}
