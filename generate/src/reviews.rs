//! Events about reviews.

use projections::instant::Instant;

use super::catalogue::{Catalogue, DAY_MS, MINUTE_MS};
use super::events::{Moment, event, product_id};
use super::phrases::{AUTHORS, VOICES};
use super::prng::{Domain, Rng};
use super::product::Product;
use super::write::{Json, Piece::N, Piece::S};

/// Which review: what it says is drawn from this.
#[derive(Clone, Copy)]
pub struct Review {
    pub n: u64,
    pub origin: Origin,
}

/// Where a review came from.
#[derive(Clone, Copy)]
pub enum Origin {
    /// The `i`th of its product's in the first catalogue, from 0.
    First(u64),
    /// Written in the course of the stream, in the event of this version and time.
    Later(u64, Instant),
}

/// What became of a review after it was written.
#[derive(Clone, Copy, Default)]
pub struct Fate {
    /// Readers who found it helpful since.
    pub votes: u64,
    /// Its writer changed the rating by one and added a line.
    pub edited: bool,
    pub hidden: bool,
}

fn review_id(json: &mut Json<'_>, review: Review) {
    json.key("review_id");
    match review.origin {
        Origin::First(i) => json.pieces(&[S("r-"), N(review.n), S("-"), N(i + 1)]),
        Origin::Later(version, _) => json.pieces(&[S("r-"), N(version)]),
    }
}

/// A review as it stands after `fate`.
pub fn review(
    out: &mut Vec<u8>,
    catalogue: &Catalogue,
    moment: Moment,
    product: &Product,
    review: Review,
    fate: Fate,
) {
    let mut rng = match review.origin {
        Origin::First(i) => catalogue.rng(Domain::Review, review.n.wrapping_mul(64) + i),
        Origin::Later(version, _) => catalogue.rng(Domain::LaterReview, version),
    };
    let created = match review.origin {
        Origin::First(_) => {
            catalogue.after_start(-(rng.skewed(400 * 24 * 60) as i64) * MINUTE_MS - MINUTE_MS)
        }
        // A minute or so before the event; a few hours where it had to wait for a moderator.
        Origin::Later(_, at) => {
            let waited = if rng.per_mille(100) { DAY_MS as u64 / 4 } else { MINUTE_MS as u64 };
            Instant(at.millis().saturating_sub(rng.below(waited) as i64))
        }
    };
    let written = rating(&mut rng, product.poor);
    let rating = match written {
        5 if fate.edited => 4,
        lower if fate.edited => lower + 1,
        kept => kept,
    };
    event(out, catalogue, moment, "review.upserted.v1", |json| {
        review_id(json, review);
        product_id(json, review.n);
        json.key("rating").int(rating);
        words(json, &mut rng, written, fate.edited);
        if let Some(author) = rng.pick(&AUTHORS)
            && rng.per_mille(950)
        {
            let initial = char::from(b'A' + rng.below(26) as u8);
            let mut letter = [0; 4];
            json.key("author").pieces(&[
                S(author),
                S(" "),
                S(initial.encode_utf8(&mut letter)),
                S("."),
            ]);
        }
        if fate.hidden {
            json.key("status").str("hidden");
        }
        let helpful = rng.steep(40) + fate.votes;
        if helpful > 0 {
            json.key("helpful").int(helpful);
        }
        json.key("created_at").instant(created);
    });
}

/// A review's end.
pub fn removed(out: &mut Vec<u8>, catalogue: &Catalogue, moment: Moment, review: Review) {
    event(out, catalogue, moment, "review.removed.v1", |json| {
        review_id(json, review);
        product_id(json, review.n);
    });
}

fn rating(rng: &mut Rng, poor: bool) -> u64 {
    if poor && rng.per_mille(600) {
        return rng.between(1, 3);
    }
    match rng.below(100) {
        0..52 => 5,
        52..78 => 4,
        78..89 => 3,
        89..94 => 2,
        _ => 1,
    }
}

/// Title and body, in English for half of them.
fn words(json: &mut Json<'_>, rng: &mut Rng, rating: u64, edited: bool) {
    let voice = if rng.per_mille(500) { VOICES.first() } else { rng.pick(&VOICES) };
    let Some(voice) = voice else { return };
    let mood = match rating {
        4.. => &voice.good,
        3 => &voice.mixed,
        _ => &voice.bad,
    };
    if rng.per_mille(850)
        && let Some(title) = rng.pick(&mood.titles)
    {
        json.key("title").str(title);
    }
    let (count, first) = (rng.below(4), rng.below(mood.bodies.len() as u64));
    if count == 0 && !edited {
        return;
    }
    json.key("body").begin();
    for i in 0..count {
        let body = mood.bodies.get(((first + i * 2) % mood.bodies.len() as u64) as usize);
        json.piece(S(if i > 0 { " " } else { "" }));
        json.piece(S(body.copied().unwrap_or_default()));
    }
    if edited {
        json.piece(S(if count > 0 { "\n" } else { "" }));
        json.piece(S(voice.update));
        json.piece(S(mood.bodies.first().copied().unwrap_or_default()));
    }
    json.end();
}
