//! Events that are larger than a topic takes.

use serde_json::json;

use super::client::create_topic;
use super::{page, reflects};
use crate::harness::events::product;
use crate::harness::production::Production;
use crate::harness::stream::Rng;

const MAX_EVENT_BYTES: usize = 1 << 20;

/// A product whose description does not get much smaller by compression.
fn large(id: &str) -> String {
    let mut rng = Rng::new(7);
    let letters: String = (0..60_000).map(|_| char::from(b' ' + 1 + rng.below(90) as u8)).collect();
    product(id, json!({"description": letters}))
}

#[test]
fn what_a_topic_does_not_take_is_told_and_the_others_are_kept() {
    let shop = Production::with_sqlite();
    create_topic(&shop.topic("product"), 1, &[("max.message.bytes", "20000")]);
    shop.home.migrate(1);
    let service = shop.home.serve();
    let body = [product("first", json!({})), large("large"), product("last", json!({}))].join("\n");
    let answer = service.post("application/x-ndjson", body.clone());
    assert_eq!((answer.status, &answer.body["accepted"]), (202, &json!(2)), "{answer:?}");
    let rejected = &answer.body["rejected"];
    assert_eq!((&rejected[0]["index"], &answer.body["rejected_total"]), (&json!(1), &json!(1)));
    assert_eq!(rejected[0]["code"], "event.too_large", "{answer:?}");
    reflects(&service, &[answer.body["position"].as_str().unwrap().to_owned()]);
    for id in ["first", "last"] {
        assert_eq!(page(&service, id)["product"]["id"], id);
    }
    // Alone, and nothing but such.
    let answer = service.post("application/cloudevents+json", large("large"));
    assert_eq!((answer.status, answer.code()), (413, "body_too_large"), "{answer:?}");
    let answer = service.post("application/x-ndjson", [large("a"), large("b")].join("\n"));
    assert_eq!((answer.status, answer.code()), (400, "refused_events"), "{answer:?}");
    // `publish` counts what was taken.
    let done = shop.home.run_with_input(&["publish", "-", "--json"], body.as_bytes());
    let summary = done.refused(&["1 lines were passed over"]).json();
    assert_eq!((&summary["published"], &summary["passed_over"]), (&json!(2), &json!(1)));
    assert_eq!(
        (&summary["examples"][0]["line"], &summary["examples"][0]["code"]),
        (&json!(2), &json!("event.too_large"))
    );
}

#[test]
fn topics_that_are_created_take_what_an_event_may_have() {
    let shop = Production::with_sqlite();
    shop.home.migrate(1);
    let service = shop.home.serve();
    // As large as an event may be, and for the broker, too: it is not compressible.
    let mut rng = Rng::new(7);
    let mut text = |bytes: usize| -> String {
        let letter = || char::from(b' ' + 1 + rng.below(90) as u8);
        let letters = std::iter::repeat_with(letter).filter(|c| !"\"\\".contains(*c));
        letters.take(bytes).collect()
    };
    let locales = [
        "en", "de", "ko", "fr", "it", "es", "pt", "nl", "sv", "fi", "da", "no", "pl", "cs", "el",
        "tr",
    ];
    let mut texts: serde_json::Map<_, _> =
        locales.iter().map(|locale| ((*locale).to_owned(), json!(text(64_000)))).collect();
    let mut event = |last: String| {
        texts.insert("hu".to_owned(), json!(last));
        product("large", json!({"description": texts}))
    };
    let rest = MAX_EVENT_BYTES - event(String::new()).len();
    let event = event(text(rest));
    assert_eq!(event.len(), MAX_EVENT_BYTES);
    let answer = service.post("application/cloudevents+json", event);
    assert_eq!(answer.status, 202, "{answer:?}");
}
