//! A product's reviews, in every order and page by page.

use projections::facts::ReviewFact;
use projections::instant::Instant;
use projections::review::Review;
use vitrine::store::facts::{FactWrites, ReviewWrite};
use vitrine::store::query::{ReviewKeyset, ReviewSort};

use super::support::{AWKWARD_IDS, moved, review, review_write, save, stamp};
use super::{Fixture, Store};

/// Reviews that tie in every part of every order.
fn some_reviews() -> Vec<ReviewWrite> {
    let created = [Instant(5), Instant(5), Instant(-7), Instant::MAX, Instant::MIN, Instant(5)];
    (0..72)
        .map(|i: usize| {
            let id = format!("{}{}", AWKWARD_IDS[i % 18], i / 18);
            let review = Review {
                helpful: [0, 3, -2][i % 3],
                created_at: created[i % 6],
                published: !i.is_multiple_of(7),
                ..review("mug", (i % 5 + 1) as u8)
            };
            review_write(&id, 1, review)
        })
        .collect()
}

async fn save_reviews(store: &Store, reviews: Vec<ReviewWrite>) {
    save(store, &FactWrites { reviews, ..FactWrites::default() }).await;
}

fn in_order(reviews: &[ReviewWrite], sort: ReviewSort) -> Vec<String> {
    let mut published: Vec<(&str, &Review)> = reviews
        .iter()
        .filter_map(|(id, _, _, review)| Some((&**id, review.as_ref()?)))
        .filter(|(_, review)| review.published && review.product_id == "mug")
        .collect();
    published.sort_by(|(a_id, a), (b_id, b)| {
        let first = match sort {
            ReviewSort::Newest => std::cmp::Ordering::Equal,
            ReviewSort::Helpful => b.helpful.cmp(&a.helpful),
            ReviewSort::Highest => b.rating.cmp(&a.rating),
            ReviewSort::Lowest => a.rating.cmp(&b.rating),
        };
        first.then(b.created_at.cmp(&a.created_at)).then(a_id.cmp(b_id))
    });
    published.into_iter().map(|(id, _)| id.to_owned()).collect()
}

fn ids(items: &[ReviewFact]) -> Vec<String> {
    items.iter().map(|fact| fact.review_id.clone()).collect()
}

async fn assert_walks(store: &Store, reviews: &[ReviewWrite]) {
    for sort in ReviewSort::ALL {
        let expected = in_order(reviews, sort);
        for limit in [1, 2, 7, expected.len() as u32, 1000] {
            let mut seen = Vec::new();
            let mut after: Option<ReviewKeyset> = None;
            loop {
                let mut snapshot = store.snapshot().await.unwrap();
                let slice = snapshot.reviews("mug", sort, after.as_ref(), limit).await.unwrap();
                assert!(slice.len() <= limit as usize);
                let Some(last) = slice.last() else { break };
                after = Some(ReviewKeyset::of(last, sort));
                seen.extend(ids(&slice));
                assert!(seen.len() <= expected.len(), "{sort:?} by {limit}: {seen:?}");
            }
            assert_eq!(seen, expected, "{sort:?} by {limit}");
        }
    }
}

pub async fn reviews_come_in_all_orders_page_by_page(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let mut reviews = some_reviews();
    save_reviews(&store, reviews.clone()).await;
    save_reviews(&store, vec![review_write("elsewhere", 1, review("Mug", 5))]).await;
    assert_walks(&store, &reviews).await;
    // Some change, some move away, some are removed.
    for (i, (_, at, owner, state)) in reviews.iter_mut().enumerate() {
        *at = stamp(2);
        match (i % 4, state) {
            (0, Some(review)) => (review.rating, review.helpful) = (6 - review.rating, i as i64),
            (1, state) => *state = None,
            (2, Some(review)) => {
                *owner = moved("Mug");
                "Mug".clone_into(&mut review.product_id);
            }
            (_, Some(review)) => review.published = !review.published,
            _ => {}
        }
    }
    save_reviews(&store, reviews.clone()).await;
    assert_walks(&fixture.open().await, &reviews).await;
    let mut snapshot = store.snapshot().await.unwrap();
    let none = snapshot.reviews("none", ReviewSort::Helpful, None, 10).await.unwrap();
    assert_eq!(none, []);
}

pub async fn a_page_shows_the_newest_five(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let latest = async || {
        let mut snapshot = store.snapshot().await.unwrap();
        let (latest, more) = snapshot.latest_reviews("mug").await.unwrap();
        assert_eq!(latest.next_cursor, None, "is left to the caller");
        (ids(&latest.latest), latest.newest_time, more)
    };
    assert_eq!(latest().await, (vec![], None, false));
    let at = |i: i64| Review { created_at: Instant(i), ..review("mug", 3) };
    for i in 1..=6 {
        save_reviews(&store, vec![review_write(&format!("r{i}"), i as u64, at(i))]).await;
        let newest = (1..=i).rev().take(5).map(|i| format!("r{i}")).collect();
        assert_eq!(latest().await, (newest, Some(stamp(i as u64).time), i > 5));
    }
    // A hidden one is live, so its time counts, and nothing else of it; a removed one is not.
    save_reviews(&store, vec![review_write("r6", 9, Review { published: false, ..at(6) })]).await;
    let five: Vec<String> = (1..=5).rev().map(|i| format!("r{i}")).collect();
    assert_eq!(latest().await, (five.clone(), Some(stamp(9).time), false));
    let mut removed = review_write("r6", 10, at(6));
    removed.3 = None;
    save_reviews(&store, vec![removed]).await;
    assert_eq!(latest().await, (five, Some(stamp(5).time), false));
}

/// A keyset names a place in the order, whether or not a review stands there.
pub async fn places_that_nothing_stands_at_any_more_still_order(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let reviews = some_reviews();
    save_reviews(&store, reviews.clone()).await;
    for sort in ReviewSort::ALL {
        let order = in_order(&reviews, sort);
        for (i, id) in order.iter().enumerate().step_by(9) {
            let (_, _, _, review) = reviews.iter().find(|r| r.0 == *id).unwrap();
            let fact =
                ReviewFact { review_id: format!("{id}\u{1}"), review: review.clone().unwrap() };
            let after = ReviewKeyset::of(&fact, sort);
            let mut snapshot = store.snapshot().await.unwrap();
            let slice = snapshot.reviews("mug", sort, Some(&after), 100).await.unwrap();
            assert_eq!(ids(&slice), order[i + 1..], "{sort:?} after {id}");
        }
    }
}
