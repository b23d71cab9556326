//! A page's key as it is stored: for other processes, of this configuration or the next one.

use projections::market::Market;
use serde::{Deserialize, Serialize};

use crate::cache::{Context, PageKey, PageKind, PageRef};

/// The version of the keys and of their ranks. Those of another one are passed over.
pub const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    version: u8,
    kind: PageKind,
    id: &'a str,
    /// Its id: the place in the configuration is another one tomorrow.
    market: &'a str,
    group: Option<&'a str>,
    locale: Option<&'a str>,
    query: Option<&'a str>,
}

/// A key as bytes; none for a market that is not configured.
pub fn encode(page: &PageRef<'_>, markets: &[Market]) -> Option<Vec<u8>> {
    let PageRef { kind, id, context: Context { market, group, locale }, query } = *page;
    let market = &markets.get(usize::from(market))?.id;
    postcard::to_allocvec(&Stored { version: VERSION, kind, id, market, group, locale, query }).ok()
}

/// The key; none where it is of another version, of a market that is gone, or no key at all.
pub fn decode(bytes: &[u8], markets: &[Market]) -> Option<PageKey> {
    let stored: Stored<'_> = postcard::from_bytes(bytes).ok()?;
    if stored.version != VERSION {
        return None;
    }
    let market = markets.iter().position(|market| market.id == stored.market)?;
    let context =
        Context { market: u16::try_from(market).ok()?, group: stored.group, locale: stored.locale };
    let Stored { kind, id, query, .. } = stored;
    Some(PageKey::from(PageRef { kind, id, context, query }))
}
