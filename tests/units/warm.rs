//! Warming gives way to those who wait for pages.

use std::sync::Arc;

use futures_util::poll;
use vitrine::api::cached::Pages;
use vitrine::api::problem::Problem;
use vitrine::cache::{Context, Limits, PageKind, PageRef};
use vitrine::warm::give_way;

#[tokio::test]
async fn those_who_wait_for_pages_go_first() {
    let pages = Pages::new(Limits { max_loads: 3, ..Limits::default() });
    let idle = std::pin::pin!(give_way(&pages, 0));
    assert!(poll!(idle).is_ready());
    let context = Context::default();
    let mut ends = Vec::new();
    for id in ["a", "b"] {
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let mut ended = Some(ended);
        let cache = Arc::clone(&pages.cache);
        let load = move |_| {
            let ended = ended.take();
            async move {
                let _ = ended.unwrap().await;
                Err(Problem::internal())
            }
        };
        let asking = tokio::spawn(async move {
            let page = PageRef { kind: PageKind::Product, id, context, query: None };
            cache.get_or_load(&page, load).await.is_err()
        });
        ends.push((end, asking));
    }
    while pages.cache.loads_under_way() < 2 {
        tokio::task::yield_now().await;
    }
    // Two of three are many; of whoever has loaded both of them, none.
    let mut waiting = std::pin::pin!(give_way(&pages, 0));
    assert!(poll!(&mut waiting).is_pending());
    let own = std::pin::pin!(give_way(&pages, 2));
    assert!(poll!(own).is_ready());
    for (end, asking) in ends {
        end.send(()).unwrap();
        assert!(asking.await.unwrap());
    }
    waiting.await;
    let idle = std::pin::pin!(give_way(&pages, 0));
    assert!(poll!(idle).is_ready());
}
