//! The part of time that is stored, and what is to be computed again.

use projections::instant::{Instant, Window};
use projections::view::View;

use super::support::{commit, dropped, save_views, strings, view, view_with, window};
use super::{Fixture, Store};

fn covering(covers: Window, refresh_at: Option<i64>) -> View {
    view_with(|v| (v.covers, v.refresh_at) = (covers, refresh_at.map(Instant)))
}

pub async fn coverage_is_what_all_views_cover(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let coverage = async || store.snapshot().await.unwrap().coverage().await.unwrap();
    assert_eq!(coverage().await, Window::ALWAYS);
    save_views(&store, &[("whole", Some(&view()))]).await;
    assert_eq!(coverage().await, Window::ALWAYS);
    let early = covering(window(None, 100), Some(50));
    save_views(&store, &[("early", Some(&early))]).await;
    assert_eq!(coverage().await, window(None, 100));
    let late = covering(window(-10, None), None);
    let middle = covering(window(-20, 300), Some(200));
    save_views(&store, &[("late", Some(&late)), ("middle", Some(&middle))]).await;
    assert_eq!(coverage().await, window(-10, 100));
    // Hidden products are in no answer that is read from steps.
    let hidden = View { active: false, ..covering(window(0, 1), Some(0)) };
    save_views(&store, &[("hidden", Some(&hidden))]).await;
    assert_eq!(coverage().await, window(-10, 100));
    save_views(&store, &[("early", Some(&covering(window(None, 150), Some(50))))]).await;
    assert_eq!(coverage().await, window(-10, 150));
    save_views(&store, &[("early", Some(&view())), ("late", None)]).await;
    assert_eq!(coverage().await, window(-20, 300));
    assert_eq!(fixture.open().await.snapshot().await.unwrap().coverage().await.unwrap(), {
        window(-20, 300)
    });
    save_views(&store, &[("middle", Some(&View { active: false, ..middle }))]).await;
    assert_eq!(coverage().await, Window::ALWAYS);
}

async fn due(store: &Store, now: i64, limit: u32) -> Vec<String> {
    dropped(store, async |tx| tx.due_for_refresh(Instant(now), limit).await.unwrap()).await
}

pub async fn views_come_due_for_refresh(fixture: &impl Fixture) {
    let store = fixture.open().await;
    assert_eq!(due(&store, i64::MAX, 10).await, [""; 0]);
    let at = |refresh_at| covering(window(None, 1000), refresh_at);
    let views = [
        ("c", at(Some(10))),
        ("b", at(Some(20))),
        ("a", at(Some(30))),
        ("never", at(None)),
        ("hidden", View { active: false, ..at(Some(5)) }),
        ("whole but due", covering(Window::ALWAYS, Some(40))),
    ];
    save_views(&store, &views.each_ref().map(|(id, view)| (*id, Some(view)))).await;
    assert_eq!(due(&store, 9, 10).await, [""; 0]);
    assert_eq!(due(&store, 10, 10).await, ["c"]);
    assert_eq!(due(&store, 30, 10).await, ["c", "b", "a"], "the longest due first");
    assert_eq!(due(&store, 30, 2).await, ["c", "b"]);
    assert_eq!(due(&store, i64::MAX, 10).await, ["c", "b", "a", "whole but due"]);
    // It was computed again, and is due again later; another needs it no more.
    save_views(&store, &[("c", Some(&at(Some(90)))), ("a", Some(&at(None))), ("b", None)]).await;
    let kept = fixture.open().await;
    assert_eq!(due(&kept, i64::MAX, 10).await, ["whole but due", "c"]);
    commit(&kept, async |tx| {
        // Asking takes nothing away.
        assert_eq!(tx.due_for_refresh(Instant(40), 1).await.unwrap(), strings(["whole but due"]));
    })
    .await;
    assert_eq!(due(&store, 40, 1).await, ["whole but due"]);
}
