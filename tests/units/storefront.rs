//! The demo's storefront page: its scripts and its texts.

use actix_web::App;
use actix_web::body::{BodySize, MessageBody};
use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service};
use vitrine::demo::FILES;

/// What stands between each `before` and the next `after`.
fn between<'a>(text: &'a str, before: &'a str, after: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).filter_map(move |rest| rest.split_once(after)).map(|(it, _)| it)
}

#[test]
fn every_script_that_another_one_imports_is_served() {
    let served = |path: &str| FILES.iter().any(|(other, _, _)| *other == path);
    let mut imports = 0;
    for (path, _, content) in FILES {
        for name in between(content, "from './", "'") {
            let wanted = format!("/demo/{name}");
            assert!(served(&wanted) || wanted == "/demo/words.js", "{path} imports {name}");
            imports += 1;
        }
    }
    assert!(imports > 10, "{imports}");
}

#[test]
fn every_text_of_the_page_has_three_languages() {
    let texts = include_str!("../../src/demo/storefront/text.js");
    let table = between(texts, "const TEXTS = ", "\n};").next().unwrap_or_default();
    let mut keys = Vec::new();
    for line in table.lines() {
        let Some((key, rest)) = line.strip_prefix("  ").and_then(|line| line.split_once(": ["))
        else {
            continue;
        };
        // The long ones go on in the next lines.
        if !rest.is_empty() {
            assert_eq!(rest.matches("', '").count(), 2, "{line}");
            assert!(rest.chars().any(|c| ('가'..='힣').contains(&c)) || key == "vip", "{line}");
        }
        keys.push(key.trim());
    }
    assert!(keys.len() > 90, "{}", keys.len());
    for (path, _, content) in FILES {
        for call in [" t('", "(t('", "[t('", "{t('", "data-text=\"", "data-label=\""] {
            for asked in content.split(call).skip(1) {
                let key = asked.split(['\'', '"']).next().unwrap_or_default();
                assert!(keys.contains(&key), "{path}: no text {key}");
            }
        }
    }
}

/// Whoever asks for the head of a page gets what comes with the page.
#[test]
fn every_file_has_a_head() {
    actix_web::rt::System::new().block_on(async {
        let app = init_service(App::new().configure(vitrine::demo::routes)).await;
        for (path, content_type, content) in FILES {
            let request = TestRequest::with_uri(path).method(Method::HEAD).to_request();
            let answer = call_service(&app, request).await;
            assert_eq!(answer.status(), 200, "HEAD {path}");
            let header = answer.headers().get("content-type").unwrap();
            assert_eq!(header, content_type, "HEAD {path}");
            let bytes = BodySize::Sized(content.len() as u64);
            assert_eq!(answer.response().body().size(), bytes, "HEAD {path}");
        }
    });
}
