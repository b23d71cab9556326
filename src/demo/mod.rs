//! What the demo adds to the service: a storefront page to look at, and a shop's configuration.

use std::sync::LazyLock;

pub mod made;

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use crate::generate::vocabulary;

/// Two markets and a home page for the sample catalogue.
pub const CONFIG: &str = include_str!("demo.toml");

/// Path, content type, content. The files find each other by these paths.
pub const FILES: [(&str, &str, &str); 11] = [
    ("/", "text/html; charset=utf-8", include_str!("storefront/index.html")),
    ("/demo/style.css", "text/css; charset=utf-8", include_str!("storefront/style.css")),
    ("/demo/app.js", JAVASCRIPT, include_str!("storefront/app.js")),
    ("/demo/api.js", JAVASCRIPT, include_str!("storefront/api.js")),
    ("/demo/dom.js", JAVASCRIPT, include_str!("storefront/dom.js")),
    ("/demo/format.js", JAVASCRIPT, include_str!("storefront/format.js")),
    ("/demo/parts.js", JAVASCRIPT, include_str!("storefront/parts.js")),
    ("/demo/pictures.js", JAVASCRIPT, include_str!("storefront/pictures.js")),
    ("/demo/product.js", JAVASCRIPT, include_str!("storefront/product.js")),
    ("/demo/text.js", JAVASCRIPT, include_str!("storefront/text.js")),
    ("/demo/views.js", JAVASCRIPT, include_str!("storefront/views.js")),
];

/// What attributes and their values are called, from the tables of the sample catalogue.
static WORDS: LazyLock<String> = LazyLock::new(vocabulary::script);

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// The storefront's routes.
pub fn routes(app: &mut web::ServiceConfig) {
    for (path, content_type, content) in FILES {
        reads(app, path, move || (content_type, content));
    }
    reads(app, "/demo/words.js", || (JAVASCRIPT, WORDS.as_str()));
}

/// A file, by GET and by HEAD.
fn reads(
    app: &mut web::ServiceConfig,
    path: &str,
    content: impl Fn() -> (&'static str, &'static str) + Copy + 'static,
) {
    let answer = move || async move {
        let (content_type, content) = content();
        file(content_type, content)
    };
    app.route(path, web::get().to(answer)).route(path, web::head().to(answer));
}

fn file(content_type: &'static str, content: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, content_type))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(content)
}

/// What to open and which lines to try.
pub fn welcome(address: &str) -> String {
    format!(
        "
The demo shop is open: http://{address}/

Lines to try:
  curl -s 'http://{address}/api/v1/home' | head -c 600
  curl -s 'http://{address}/api/v1/products/p-1?market=eu&locale=de'
  curl -s 'http://{address}/api/v1/listings/all?sort=discount&on_sale=true&limit=3'
  curl -s 'http://{address}/api/v1/products?ids=p-1,p-2,nothing'
  curl -s 'http://{address}/openapi.json' | head -c 300

Read your own write: publish a stock count, then ask for a page that reflects it.
  curl -s -X POST 'http://{address}/api/v1/events' -H 'content-type: application/cloudevents+json' \\
    -d '{{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/me\",\"type\":\"stock.set.v1\",\"time\":\"2026-01-01T00:00:00Z\",\"data\":{{\"sku\":\"p-1-1\",\"product_id\":\"p-1\",\"version\":9000000000000000,\"available\":3}}}}'
  curl -s 'http://{address}/api/v1/products/p-1' -H 'Vitrine-Min-Position: <the position it answered>' -H 'Vitrine-Wait-Ms: 1000'

Stop it with ctrl-C.
"
    )
}
