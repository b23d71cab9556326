//! Configuration: what is taken from where, and what is said of what cannot be used.

use std::path::PathBuf;

use projections::event::Kind;
use projections::text::Text;
use vitrine::config::{
    Config, ConfigError, LogFormat, LogKind, Origin, Overrides, SectionListing, SectionSort,
    StoreKind, reference, show,
};

/// Sources of one configuration; the file is `vitrine.toml` in a directory of its own.
#[derive(Default)]
struct Sources {
    file: Option<&'static str>,
    env: Vec<(&'static str, String)>,
    flags: Overrides,
}

impl Sources {
    fn load(&self) -> Result<Config, ConfigError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("vitrine.toml");
        if let Some(text) = self.file {
            std::fs::write(&path, text).unwrap();
        }
        let env = self.env.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Config::load(self.file.map(|_| path.as_path()), env, &self.flags)
    }
}

fn file(text: &'static str) -> Result<Config, ConfigError> {
    Sources { file: Some(text), ..Sources::default() }.load()
}

fn env(variables: &[(&'static str, &str)]) -> Result<Config, ConfigError> {
    let env = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Sources { env, ..Sources::default() }.load()
}

fn set(settings: &[&str]) -> Result<Config, ConfigError> {
    let set = settings.iter().map(|&setting| setting.to_owned()).collect();
    let flags = Overrides { set, ..Overrides::default() };
    Sources { flags, ..Sources::default() }.load()
}

/// The one problem there is, as it is shown.
#[track_caller]
fn problem(result: Result<Config, ConfigError>) -> String {
    let error = result.expect_err("this cannot be used");
    assert_eq!(error.problems.len(), 1, "{error}");
    error.problems[0].to_string()
}

#[track_caller]
fn assert_problem(result: Result<Config, ConfigError>, parts: &[&str]) {
    let problem = problem(result);
    for part in parts {
        assert!(problem.contains(part), "`{part}` is not in: {problem}");
    }
}

#[test]
fn without_any_source_it_is_embedded() {
    let config = env(&[]).unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(config.data_dir, PathBuf::from("./vitrine-data"));
    assert_eq!(config.low_stock_threshold, 5);
    assert_eq!(config.http.listen, "127.0.0.1:8080");
    assert_eq!(config.store_kind(), StoreKind::Sqlite);
    assert_eq!(config.log_kind(), LogKind::Embedded);
    assert_eq!(config.log.topics.of(Kind::Review), "catalog.review");
    assert_eq!(config.log.topics.kind("catalog.stock"), Some(Kind::Stock));
    let [market] = &config.markets[..] else { panic!("one market") };
    assert_eq!((&*market.id, &*market.currency, &*market.locale), ("default", "USD", "en"));
    let ids: Vec<&str> = config.home.sections.iter().map(|section| &*section.id).collect();
    assert_eq!(ids, ["deals", "new", "top"]);
    config.check_exposure().unwrap();
}

#[test]
fn a_file_sets_keys_and_leaves_the_others() {
    let config = file(
        r#"
        data_dir = "/var/lib/vitrine"
        low_stock_threshold = 9
        [http]
        listen = "[::1]:80"
        [store]
        url = "postgres://vitrine@db/shop"
        replicas = ["postgresql://vitrine@replica/shop"]
        [log]
        url = "kafka://a:9092,b,[::1]:9093"
        properties = { "security.protocol" = "SSL", sasl.mechanism = "PLAIN", "a.flag" = false }
        topics = { product = "shop.products" }
        [[market]]
        id = "us"
        currency = "USD"
        locale = "en"
        [[market]]
        id = "at"
        currency = "EUR"
        locale = "de-AT"
        [[home.section]]
        id = "shoes"
        title = { en = "Shoes", de = "Schuhe" }
        listing = "category:shoes:men"
        sort = "price_asc"
        in_stock = true
        limit = 3
        [telemetry]
        log_format = "json"
        "#,
    )
    .unwrap();
    assert_eq!(config.low_stock_threshold, 9);
    assert_eq!(config.http.keep_alive_seconds, 75);
    assert_eq!(config.store_kind(), StoreKind::Postgres);
    assert_eq!(config.log_kind(), LogKind::Kafka);
    assert_eq!(config.log.brokers(), Some("a:9092,b,[::1]:9093"));
    let properties: Vec<_> = config.log.properties.0.iter().map(|(k, v)| (&**k, &**v)).collect();
    let expected = [("a.flag", "false"), ("sasl.mechanism", "PLAIN"), ("security.protocol", "SSL")];
    assert_eq!(properties, expected);
    assert_eq!(config.log.topics.product, "shop.products");
    assert_eq!(config.log.topics.price, "catalog.price");
    assert_eq!(config.markets[1].locale, "de-AT");
    let section = &config.home.sections[0];
    assert_eq!(section.listing, SectionListing::Category("shoes:men".to_owned()));
    assert_eq!(section.sort, SectionSort::PriceAsc);
    assert_eq!((section.on_sale, section.in_stock, section.limit), (false, true, 3));
    assert!(matches!(&section.title, Text::ByLocale(texts) if texts["de"] == "Schuhe"));
    assert_eq!(config.telemetry.log_format, LogFormat::Json);
}

#[test]
fn the_environment_goes_over_the_file_and_flags_over_both() {
    let sources = |set: &[&str], listen: Option<&str>| Sources {
        file: Some("low_stock_threshold = 1\n[http]\nlisten = \"127.0.0.1:1\"\nworkers = 1\n"),
        env: vec![
            ("VITRINE_HTTP__LISTEN", "127.0.0.1:2".to_owned()),
            ("VITRINE_HTTP__WORKERS", "2".to_owned()),
        ],
        flags: Overrides {
            set: set.iter().map(|&set| set.to_owned()).collect(),
            listen: listen.map(str::to_owned),
            data_dir: Some("elsewhere".to_owned()),
        },
    };
    let config = sources(&["http.workers=3", "http.workers = 4"], Some("127.0.0.1:4")).load();
    let config = config.unwrap();
    assert_eq!(config.low_stock_threshold, 1);
    assert_eq!(config.http.listen, "127.0.0.1:4");
    assert_eq!(config.http.workers, 4);
    assert_eq!(config.data_dir, PathBuf::from("elsewhere"));
    assert_eq!(sources(&[], None).load().unwrap().http.listen, "127.0.0.1:2");
}

#[test]
fn the_environment_takes_lists_and_tables_as_toml_or_json() {
    let config = env(&[
        ("VITRINE_STORE__URL", "postgres://db/shop"),
        ("VITRINE_STORE__REPLICAS", r#"["postgres://replica/shop"]"#),
        ("VITRINE_MARKET", r#"[{id="us",currency="USD",locale="en"}]"#),
        ("VITRINE_HOME__SECTION", r#"[{"id": "b", "title": "B", "listing": "brand:b"}]"#),
        ("VITRINE_LOG", r#"{group = "shop", properties = {"a.b" = "1"}}"#),
        ("VITRINE_LOG__TOPICS__PRICE", "prices"),
        ("VITRINE_LOG__PROPERTIES__SASL_PASSWORD", "123"),
        ("VITRINE_LOG__PROPERTIES", r#"{"c.d" = 2}"#),
        ("VITRINE_PROJECTOR__BATCH_MAX_EVENTS", "1_000"),
    ])
    .unwrap();
    assert_eq!(config.store.replicas[0].reveal(), "postgres://replica/shop");
    assert_eq!(config.markets[0].id, "us");
    assert_eq!(config.home.sections[0].listing, SectionListing::Brand("b".to_owned()));
    assert_eq!(config.log.group, "shop");
    assert_eq!(config.log.topics.price, "prices");
    let properties: Vec<_> = config.log.properties.0.iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(properties, [("a.b", "1"), ("c.d", "2"), ("sasl.password", "123")]);
    assert_eq!(config.projector.batch_max_events, 1000);
}

#[test]
fn a_string_stays_a_string_whatever_it_looks_like() {
    for token in ["0123", "true", "1e3", "[]", "\"quoted\""] {
        let config = env(&[("VITRINE_HTTP__ADMIN_TOKEN", token)]).unwrap();
        assert_eq!(config.http.token(), Some(token));
        let config = set(&[&format!("http.admin_token={token}")]).unwrap();
        assert_eq!(config.http.token(), Some(token));
    }
    assert_eq!(set(&["http.admin_token=a=b"]).unwrap().http.token(), Some("a=b"));
    assert_eq!(env(&[("VITRINE_HTTP__ADMIN_TOKEN", "")]).unwrap().http.token(), None);
}

#[test]
fn a_variable_may_name_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("some.toml");
    std::fs::write(&path, "low_stock_threshold = 7").unwrap();
    let path = path.to_str().unwrap();
    assert_eq!(env(&[("VITRINE_CONFIG", path)]).unwrap().low_stock_threshold, 7);
    assert_problem(
        env(&[("VITRINE_CONFIG", "/nowhere.toml")]),
        &["cannot be read", "(/nowhere.toml)", "--config"],
    );
    // The flag wins.
    let sources = Sources {
        file: Some(""),
        env: vec![("VITRINE_CONFIG", "/nowhere.toml".to_owned())],
        ..Sources::default()
    };
    assert_eq!(sources.load().unwrap(), Config::default());
}

#[test]
fn unknown_keys_are_refused_by_name() {
    let in_file = "[http]\nlisten = \"127.0.0.1:1\"\nlistne = \"127.0.0.1:2\"\n";
    let parts = ["http.listne: unknown key", "vitrine.toml, line 3", "did you mean http.listen?"];
    assert_problem(file(in_file), &parts);
    assert_problem(file("listen = \"a:1\""), &["listen: unknown key", "did you mean http.listen?"]);
    assert_problem(file("[frobnicate]\nx = 1"), &["frobnicate: unknown key", "--reference"]);
    assert_problem(file("\"http.listen\" = \"a:1\""), &["http.listen: unknown key", "quotes"]);
    assert_problem(
        file("[[market]]\nid = \"a\"\ncurrency = \"USD\"\nlocale = \"en\"\nlocal = \"en\""),
        &["market[0].local: unknown key", "line 5", "did you mean locale?"],
    );
    let near = ["environment variable VITRINE_HTTP_LISTEN)", "did you mean VITRINE_HTTP__LISTEN?"];
    assert_problem(env(&[("VITRINE_HTTP_LISTEN", "a:1")]), &near);
    let near = ["VITRINE_DATADIR)", "did you mean VITRINE_DATA_DIR?"];
    assert_problem(env(&[("VITRINE_DATADIR", "x")]), &near);
    let near = ["http.worker: unknown key (flag --set http.worker)", "did you mean http.workers?"];
    assert_problem(set(&["http.worker=1"]), &near);
    assert_problem(set(&["http.workers.x=1"]), &["http.workers.x: unknown key"]);
    assert_problem(set(&["market.0.id=x"]), &["a list is set as a whole", "give market a value"]);
    assert_problem(set(&["workers"]), &["it sets nothing", "--set key=value"]);
}

#[test]
fn variables_of_others_are_passed_over() {
    let config = env(&[
        ("PATH", "/bin"),
        ("VITRINE_SERVICE_HOST", "10.0.0.1"),
        ("VITRINE_SERVICE_PORT", "80"),
        ("VITRINE_SERVICE_PORT_HTTP", "80"),
        ("VITRINE_PORT", "tcp://10.0.0.1:80"),
        ("VITRINE_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("VITRINE_PORT_80_TCP_PROTO", "tcp"),
        ("VITRINE_API_PORT_80_TCP_ADDR", "10.0.0.1"),
    ]);
    assert_eq!(config.unwrap(), Config::default());
    assert_problem(env(&[("VITRINE_PORT", "80")]), &["port: unknown key"]);
    assert_problem(env(&[("VITRINE_HTTP_PORT", "80")]), &["http_port: unknown key"]);
}

#[test]
fn everything_wrong_is_told_at_once() {
    let sources = Sources {
        file: Some("nope = 1\n[http]\nworkers = \"x\""),
        env: vec![("VITRINE_NOPE", String::new())],
        ..Sources::default()
    };
    let error = sources.load().unwrap_err();
    assert_eq!(error.problems.len(), 3, "{error}");
    let Origin::File { line, .. } = &error.problems[0].origin else { panic!("{error}") };
    assert!(line.is_some());
    let error = set(&["http.listen=x", "store.url=y", "log.url=z"]).unwrap_err();
    assert_eq!(error.problems.len(), 3, "{error}");
    assert!(error.to_string().starts_with("the configuration cannot be used\n  http.listen: "));
}

#[test]
fn a_wrong_type_is_told_with_its_line() {
    let parts = ["vitrine.toml, line 2", "wrong type, integer", "it takes a string"];
    assert_problem(file("[http]\nadmin_token = 123"), &parts);
    assert_problem(file("http = 1"), &["http: has the wrong type", "a table"]);
    assert_problem(file("market = [1]"), &["market[0]: has the wrong type", "a table"]);
    assert_problem(
        file("[log.properties]\na = [1]"),
        &["log.properties.a: has the wrong type, array"],
    );
    assert_problem(file("[http\n"), &["line 1", "is not TOML"]);
    assert_problem(
        env(&[("VITRINE_HTTP__WORKERS", "many")]),
        &["`many` is no whole number", "VITRINE_HTTP__WORKERS", "0 to 1024"],
    );
    assert_problem(env(&[("VITRINE_MARKET", "us")]), &["neither a TOML nor a JSON value", "[{id="]);
    assert_problem(env(&[("VITRINE_LOG", "3")]), &["log: has the wrong type", "a table"]);
    assert_problem(env(&[("VITRINE_STORE__REPLICAS", "[1]")]), &["store.replicas[0]: has"]);
}

#[test]
fn numbers_have_bounds() {
    for (setting, takes) in [
        ("low_stock_threshold=-1", "0 to 1000000000"),
        ("http.workers=1025", "0 to 1024"),
        ("http.request_body_max_bytes=1000", "1048576 to 1073741824"),
        ("http.keep_alive_seconds=3601", "0 to 3600"),
        ("store.read_connections=0", "1 to 1024"),
        ("store.busy_timeout_ms=600001", "0 to 600000"),
        ("projector.batch_max_events=0", "1 to 1000000"),
        ("projector.batch_max_bytes=1", "1048576 to 1073741824"),
        ("projector.poll_interval_ms=9", "10 to 60000"),
        ("wait.publish_stall_seconds=0", "1 to 3600"),
        ("cache.max_bytes=-1", "0 to 1099511627776"),
        (r#"home.section=[{id="a",title="A",limit=101}]"#, "1 to 100"),
    ] {
        assert_problem(set(&[setting]), &["is out of bounds", takes]);
    }
}

#[test]
fn bad_values_say_what_to_do() {
    for (setting, parts) in [
        ("data_dir=", ["data_dir: is empty", "./vitrine-data"]),
        ("http.listen=8080", ["`8080` is no address", "127.0.0.1:8080"]),
        ("http.listen=:8080", ["`:8080` is no address", "host:port"]),
        ("http.listen=::1:80", ["`::1:80` is no address", "[::]:8080"]),
        ("http.listen=127.0.0.256:80", ["is no address", "host:port"]),
        ("http.listen=localhost:65536", ["is no address", "host:port"]),
        ("http.admin_token=a b", ["http.admin_token: holds a character", "ASCII"]),
        ("store.url=mysql://db", ["`mysql://db` is no store", "postgres://"]),
        ("store.url=sqlite:a.db", ["`sqlite:a.db` names a place", "data_dir"]),
        ("store.replicas=[\"postgres://a/b\"]", ["store.replicas[0]: an embedded", "store.url"]),
        ("store.replicas=[\"x\"]", ["store.replicas[0]: `x` is no replica", "postgres://"]),
        ("log.url=amqp://a", ["`amqp://a` is no log", "kafka://"]),
        ("log.url=embedded:x", ["`embedded:x` names a place", "data_dir"]),
        ("log.url=kafka://", ["does not name Kafka's brokers", "kafka://host:9092"]),
        ("log.url=kafka://a:9092,", ["does not name Kafka's brokers", "kafka://host:9092"]),
        ("log.url=kafka://a:0", ["does not name Kafka's brokers", "kafka://host:9092"]),
        ("log.group=", ["log.group: is no name", "without spaces"]),
        ("log.properties.group.id=x", ["log.properties.group.id: is not", "set log.group"]),
        ("log.topics.price=a:b", ["`a:b` is no topic name", "characters"]),
        ("log.topics.price=catalog.product", ["log.topics.price: `catalog.product` is", "own"]),
        ("market=[]", ["market: there is none", "add one"]),
        ("market=[{id=\"a\",currency=\"USD\"}]", ["market[0].locale: is missing", "add it"]),
        ("schedule.warm=* * * * *", ["`* * * * *` has 5 fields", "seconds"]),
        ("schedule.warm=60 * * * * *", ["`60 * * * * *` is no cron expression", "seconds"]),
        ("schedule.audit=0 0 0 30 2 *", ["`0 0 0 30 2 *` never comes", "seconds"]),
        ("schedule.warm_urls=[\"shop:80\"]", ["schedule.warm_urls[0]: `shop:80`", "http://"]),
        ("schedule.warm_urls=[\"https://a\"]", ["`https://a` does not start", "http://"]),
        ("telemetry.log_format=xml", ["`xml` is none of its values", "\"text\", \"json\""]),
        ("telemetry.log_filter=a=b=c", ["is no log filter", "write a level"]),
        ("telemetry.log_filter=verbose", ["`verbose` is no level", "hyper=debug"]),
        ("telemetry.log_filter=info,hyper", ["`hyper` is no level", "off, error, warn"]),
    ] {
        assert_problem(set(&[setting]), &parts);
    }
    set(&["schedule.warm="]).unwrap();
    set(&["schedule.warm=0 0 3 * * * 2030"]).unwrap();
    set(&["schedule.audit=", "schedule.warm_urls=[\"http://a:1\", \"http://b/base/\"]"]).unwrap();
}

#[test]
fn markets_are_checked() {
    let market = |id: &str, currency: &str, locale: &str| {
        let market = format!("{{id=\"{id}\",currency=\"{currency}\",locale=\"{locale}\"}}");
        set(&[&format!("market=[{{id=\"a\",currency=\"USD\",locale=\"en\"}},{market}]")])
    };
    market("b", "EUR", "de").unwrap();
    assert_problem(market("a", "EUR", "de"), &["market[1].id: `a` is the id of two markets"]);
    for id in ["", ".", "..", "a b", "a\\u0001"] {
        assert_problem(market(id, "EUR", "de"), &["market[1].id: ", "is no id", "1 to 128 bytes"]);
    }
    for currency in ["", "eur", "EURO", "€"] {
        let parts = ["market[1].currency: ", "is no currency", "ISO 4217"];
        assert_problem(market("b", currency, "de"), &parts);
    }
    for locale in
        ["", "e", "english please", "de_", "-", "de--AT", "d3", "deutschland", "de-\u{e9}"]
    {
        let says = format!("market[1].locale: {locale:?} is no locale");
        assert_problem(market("b", "EUR", locale), &[says.as_str(), "de-AT"]);
    }
    // Where it was said.
    assert_problem(
        file("[[market]]\nid = \"a\"\ncurrency = \"usd\"\nlocale = \"en\""),
        &["vitrine.toml, line 3"],
    );
}

#[test]
fn home_sections_are_checked() {
    let section = |rest: &str| set(&[&format!("home.section=[{{id=\"a\",{rest}}}]")]);
    section("title=\"A\"").unwrap();
    section("title={de=\"A\"},listing=\"brand:b\",sort=\"reviews\"").unwrap();
    assert_problem(section("limit=1"), &["home.section[0].title: is missing"]);
    assert_problem(section("title={}"), &["home.section[0].title: has no locale"]);
    assert_problem(section("title=1"), &["home.section[0].title: has the wrong type, integer"]);
    for listing in ["", "everything", "category:", "brand: b", "tag:x"] {
        assert_problem(
            section(&format!("title=\"A\",listing=\"{listing}\"")),
            &["home.section[0].listing: ", "is no listing", "category:ID", "flag --set home"],
        );
    }
    let parts = ["home.section[0].sort: `price` is none", "\"price_asc\""];
    assert_problem(section("title=\"A\",sort=\"price\""), &parts);
    assert_problem(
        set(&["home.section=[{id=\"a\",title=\"A\"},{id=\"a\",title=\"A\"}]"]),
        &["home.section[1].id: `a` is the id of two sections"],
    );
    assert!(set(&["home.section=[]"]).unwrap().home.sections.is_empty());
}

#[test]
fn secrets_do_not_show() {
    let config = set(&[
        "http.admin_token=hush1",
        "store.url=postgres://vitrine:hush2@db/shop?sslmode=require&password=hush3",
        "store.replicas=[\"postgres://vitrine:hu/sh?4@re@plica/shop\"]",
        "log.url=kafka://a:9092",
        "log.properties.sasl.password=hush5",
        "log.properties.ssl.key.pem=hush6",
        "log.properties.sasl.username=shop",
    ])
    .unwrap();
    assert_eq!(config.log.properties.0["sasl.password"], "hush5");
    for shown in [show(&config), format!("{config:?}"), format!("{:?}", config.log)] {
        assert!(!shown.contains("hush") && !shown.contains("sh?4"), "{shown}");
        assert!(shown.contains("shop"), "{shown}");
    }
    let shown = show(&config);
    assert!(shown.contains("admin_token = \"<set>\""), "{shown}");
    let url = "postgres://vitrine:<set>@db/shop?sslmode=require&password=<set>";
    assert!(shown.contains(url), "{shown}");
    assert!(shown.contains("postgres://vitrine:<set>@plica/shop"), "{shown}");
    // Nor in what is said of a bad one.
    for setting in ["store.url=mysql://a:hush@b", "store.replicas=[\"hush\""] {
        assert!(!problem(set(&[setting])).contains("hush"));
    }
    assert!(!problem(file("[http]\nadmin_token = \"hush\" x")).contains("hush"));
}

#[test]
fn what_is_shown_is_a_configuration() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shown.toml");
    let changed = set(&["market=[{id=\"a\",currency=\"KRW\",locale=\"ko\"}]", "http.workers=3"]);
    for config in [Config::default(), changed.unwrap()] {
        std::fs::write(&path, show(&config)).unwrap();
        let read = Config::load(Some(&path), std::iter::empty(), &Overrides::default());
        assert_eq!(read.unwrap(), config);
    }
}

#[test]
fn beyond_loopback_a_token_is_required() {
    for listen in ["127.0.0.1:0", "127.9.9.9:80", "[::1]:80", "localhost:80"] {
        set(&[&format!("http.listen={listen}")]).unwrap().check_exposure().unwrap();
    }
    for listen in ["0.0.0.0:80", "[::]:80", "10.0.0.1:80", "shop.example:80"] {
        let listen = format!("http.listen={listen}");
        let error = set(&[&listen]).unwrap().check_exposure().unwrap_err().to_string();
        assert!(error.contains("http.admin_token") && error.contains("VITRINE_HTTP__ADMIN_TOKEN"));
        assert!(set(&[&listen, "http.admin_token="]).unwrap().check_exposure().is_err());
        set(&[&listen, "http.admin_token=t"]).unwrap().check_exposure().unwrap();
    }
}

#[test]
fn the_reference_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == reference::markdown(),
        "docs/configuration.md is not what the keys say; write it again: \
         vitrine config show --reference > docs/configuration.md"
    );
}

#[test]
fn every_key_is_described() {
    let reference = reference::markdown();
    for line in reference.lines().filter(|line| line.starts_with("| `")) {
        assert!(!line.ends_with("|  |"), "no description: {line}");
    }
    assert!(reference.contains("`VITRINE_PROJECTOR__LIVE_BATCH_MAX_EVENTS`"));
}
