//! Popular pages.

use vitrine::store::popular::{MAX_POPULAR_PAGES, PopularPage};

use super::Fixture;

fn page(page: &str, rank: f64) -> PopularPage {
    PopularPage { page: page.as_bytes().to_vec(), rank }
}

pub async fn popular_pages_come_in_order(fixture: &impl Fixture) {
    let store = fixture.open().await;
    assert_eq!(store.popular_pages(10).await.unwrap(), []);
    store.save_popular_pages(&[]).await.unwrap();
    // As long as a page's key may get, and any bytes.
    let long = PopularPage { page: [0, 255].repeat(10_000), rank: -1e300 };
    let saved = [page("a", 1.0), page("", 3.5), long.clone(), page("b", -2.0)];
    store.save_popular_pages(&saved).await.unwrap();
    let expected = [page("", 3.5), page("a", 1.0), page("b", -2.0), long];
    assert_eq!(store.popular_pages(10).await.unwrap(), expected);
    assert_eq!(store.popular_pages(2).await.unwrap(), expected[..2]);
    // Also for another process.
    assert_eq!(fixture.open().await.popular_pages(10).await.unwrap(), expected);
}

pub async fn the_higher_rank_of_a_page_stays(fixture: &impl Fixture) {
    let store = fixture.open().await;
    store.save_popular_pages(&[page("a", 1.0), page("b", 5.0), page("a", 2.0)]).await.unwrap();
    let other = fixture.open().await;
    other.save_popular_pages(&[page("a", 9.0), page("b", 4.0), page("c", 0.0)]).await.unwrap();
    let expected = [page("a", 9.0), page("b", 5.0), page("c", 0.0)];
    assert_eq!(store.popular_pages(10).await.unwrap(), expected);
}

pub async fn so_many_popular_pages_are_remembered(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let pages = |from: usize| {
        let numbers = from..from + MAX_POPULAR_PAGES / 2 + 1;
        numbers.map(|n| page(&n.to_string(), n as f64)).collect::<Vec<_>>()
    };
    store.save_popular_pages(&pages(0)).await.unwrap();
    store.save_popular_pages(&pages(MAX_POPULAR_PAGES / 2 + 1)).await.unwrap();
    let kept = store.popular_pages(u32::MAX).await.unwrap();
    assert_eq!(kept.len(), MAX_POPULAR_PAGES);
    let most = MAX_POPULAR_PAGES + 1;
    assert_eq!(kept.first(), Some(&page(&most.to_string(), most as f64)));
    assert_eq!(kept.last(), Some(&page("2", 2.0)));
}
