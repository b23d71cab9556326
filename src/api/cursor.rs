//! Cursors: where a walk through a listing or through reviews goes on.
//!
//! A cursor is base64url of a version byte, what the walk is bound to, its instant and the place
//! after which it goes on, with a MAC over all of them: nobody makes one up that shows what is to
//! come. The key comes from the admin token: another token makes earlier cursors bad ones.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use projections::index::query::filters::Filters;
use projections::index::query::order::Keyset;
use projections::instant::Instant;
use projections::listing::{ListingKey, Sort};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::xxh3_64;

use super::problem::{Kind, Problem};
use crate::store::query::{ReviewKeyset, ReviewSort};

const VERSION: u8 = 2;
const MAC_BYTES: usize = 16;
/// More than any cursor has: the longest id has 128 bytes.
const MAX_CHARS: usize = 1024;

/// For which instant a walk shows what it walks through.
///
/// A walk that was not asked for an instant carries no moment of its own but the last one of the
/// step that it began in: all moments of a step show the same, so that the same page has the same
/// cursor, and with it the same `ETag`, until it changes. What comes into being meanwhile, and
/// lies in the future, is not shown before its time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Walk {
    /// For this instant, as was asked.
    At(i64),
    /// For now, but for no later instant than this one.
    Until(i64),
}

impl Walk {
    /// A walk that begins at `at`; the listing is the same until `next_change_at`.
    pub fn begin(asked: Option<Instant>, next_change_at: Option<Instant>) -> Walk {
        match (asked, next_change_at) {
            (Some(at), _) => Walk::At(at.millis()),
            (None, Some(next)) => Walk::Until(next.millis().saturating_sub(1)),
            (None, None) => Walk::Until(i64::MAX),
        }
    }

    /// The instant to show, where it is `now`.
    pub fn instant(self, now: Instant) -> Instant {
        match self {
            Walk::At(at) => Instant(at),
            Walk::Until(last) => Instant(last.min(now.millis())),
        }
    }
}

/// Where a walk goes on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cursor<P> {
    pub walk: Walk,
    /// The last place that was shown.
    pub after: P,
}

/// A place in what is walked through.
pub trait Place: Sized {
    fn to_stored(&self) -> StoredPlace;
    fn from_stored(stored: StoredPlace) -> Option<Self>;
}

/// A place as it stands in a cursor.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum StoredPlace {
    Product { key: i64, product_id: String },
    Review { value: i64, created_at: i64, review_id: String },
}

impl Place for Keyset {
    fn to_stored(&self) -> StoredPlace {
        StoredPlace::Product { key: self.key, product_id: self.product_id.clone() }
    }

    fn from_stored(stored: StoredPlace) -> Option<Keyset> {
        match stored {
            StoredPlace::Product { key, product_id } => Some(Keyset { key, product_id }),
            StoredPlace::Review { .. } => None,
        }
    }
}

impl Place for ReviewKeyset {
    fn to_stored(&self) -> StoredPlace {
        StoredPlace::Review {
            value: self.value,
            created_at: self.created_at.millis(),
            review_id: self.review_id.clone(),
        }
    }

    fn from_stored(stored: StoredPlace) -> Option<ReviewKeyset> {
        match stored {
            StoredPlace::Review { value, created_at, review_id } => {
                Some(ReviewKeyset { value, created_at: Instant(created_at), review_id })
            }
            StoredPlace::Product { .. } => None,
        }
    }
}

/// What a walk is bound to, as a hash: its cursors are good for nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Binding(u64);

impl Binding {
    /// Not bound to limit, locale or facets.
    pub fn listing(
        listing: &ListingKey,
        market: &str,
        group: Option<&str>,
        sort: Sort,
        filters: &Filters,
    ) -> Binding {
        let Filters {
            brands,
            min_price,
            max_price,
            in_stock,
            on_sale,
            min_rating_hundredths,
            attributes,
        } = filters;
        let prices = (min_price, max_price);
        let filters = (brands, prices, in_stock, on_sale, min_rating_hundredths, attributes);
        Binding::of(&("listing", listing.kind(), listing.id(), market, group, sort.name(), filters))
    }

    pub fn reviews(product_id: &str, sort: ReviewSort) -> Binding {
        Binding::of(&("reviews", product_id, sort.name()))
    }

    fn of(parts: &impl Serialize) -> Binding {
        Binding(xxh3_64(&postcard::to_allocvec(parts).unwrap_or_default()))
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u8,
    binding: Binding,
    walk: Walk,
    after: StoredPlace,
}

/// Writes and reads cursors.
pub struct Cursors {
    key: [u8; 64],
}

impl Cursors {
    /// With the key that comes from the admin token.
    pub fn new(admin_token: Option<&str>) -> Cursors {
        let digest = Sha256::new()
            .chain_update(b"vitrine cursor\0")
            .chain_update(admin_token.unwrap_or_default())
            .finalize();
        let mut key = [0; 64];
        for (to, from) in key.iter_mut().zip(digest) {
            *to = from;
        }
        Cursors { key }
    }

    fn mac(&self, bytes: &[u8]) -> Hmac<Sha256> {
        Hmac::<Sha256>::new(&self.key.into()).chain_update(bytes)
    }

    pub fn write<P: Place>(&self, binding: Binding, cursor: &Cursor<P>) -> String {
        let stored = Stored {
            version: VERSION,
            binding,
            walk: cursor.walk,
            after: cursor.after.to_stored(),
        };
        let mut bytes = postcard::to_allocvec(&stored).unwrap_or_default();
        let mac = self.mac(&bytes).finalize().into_bytes();
        bytes.extend(mac.iter().take(MAC_BYTES));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor of this walk, which may be asked for an instant of its own.
    pub fn read<P: Place>(
        &self,
        binding: Binding,
        asked: Option<Instant>,
        text: &str,
    ) -> Result<Cursor<P>, Problem> {
        let stored = self.verified(text).ok_or_else(|| {
            let detail = "this is no cursor of this service; start again without one";
            Problem::parameter(Kind::InvalidCursor, "cursor", detail)
        })?;
        let after = P::from_stored(stored.after).filter(|_| stored.binding == binding);
        let Some(after) = after else {
            return Err(mismatch("belongs to another listing, market, group, sort or filter"));
        };
        match asked {
            Some(at) if stored.walk != Walk::At(at.millis()) => {
                Err(mismatch("belongs to a walk with another instant than `at`"))
            }
            _ => Ok(Cursor { walk: stored.walk, after }),
        }
    }

    fn verified(&self, text: &str) -> Option<Stored> {
        if text.len() > MAX_CHARS {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (stored, mac) = bytes.split_at_checked(bytes.len().checked_sub(MAC_BYTES)?)?;
        self.mac(stored).verify_truncated_left(mac).ok()?;
        let (stored, rest) = postcard::take_from_bytes::<Stored>(stored).ok()?;
        (stored.version == VERSION && rest.is_empty()).then_some(stored)
    }
}

fn mismatch(what: &str) -> Problem {
    let detail = format!("this cursor {what}; start again without one");
    Problem::parameter(Kind::CursorMismatch, "cursor", detail)
}
