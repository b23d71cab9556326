//! The same questions to Vitrine over HTTP, each made anew, and in SQL to PostgreSQL: of plain tables, and of tables that
//! are prepared for them. See `benches/README.md`.

use std::time::Instant;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use sqlx::PgConnection;
use tokio::runtime::Runtime;

use crate::support::postgres::Database;
use crate::support::questions::{self, ALL, Asking};
use crate::support::random::Random;
use crate::support::selects::{Listing, Statement, Tables, compare, figures, figures_of};
use crate::support::serving::Serving;
use crate::support::shop::{Catalogue, Shop};
use crate::support::stats::{mebibytes, percentile};
use crate::support::tables;

/// Asks Vitrine and PostgreSQL the same.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    catalogue: Catalogue,
    /// Rounds; each asks everything once of everybody, in random order (default: 100; quick: 3).
    #[arg(long, env = "BENCH_ROUNDS")]
    rounds: Option<usize>,
    /// One line of JSON instead of the table.
    #[arg(long)]
    json: bool,
}

/// How a shop that looks after its database would have its connections: prices are in memory, and compiling
/// takes longer than these queries do.
const SETTINGS: [(&str, &str); 3] =
    [("work_mem", "256MB"), ("random_page_cost", "1.1"), ("jit", "off")];
/// Plans that are kept save the planning, and may fit what is asked less: each statement is asked over that one of two
/// connections that answers it sooner.
const PLANS: [(&str, &str); 2] =
    [("plan_cache_mode", "auto"), ("plan_cache_mode", "force_custom_plan")];
/// How often a statement is asked before a plan is kept for it, and before it counts; and how often then.
const UNCOUNTED: usize = 6;
const COUNTED: usize = 5;

/// Of a category, the filters' part.
const SHARE: f64 = 0.1;
/// Who is asked.
const WAYS: [&str; 3] = ["Vitrine", "plain tables", "prepared tables"];

/// One question, as each of the ways is asked it.
struct Question {
    name: String,
    url: String,
    statements: [Statement; 2],
    /// Over which connection each of them is asked.
    over: [usize; 2],
    total: i64,
    /// By way.
    milliseconds: [Vec<f64>; 3],
}

pub fn measure_all(args: Args) -> anyhow::Result<()> {
    let runtime = Runtime::new()?;
    let temporary = tempfile::tempdir()?;
    let database = runtime.block_on(Database::new())?;
    let measured = measure(&args, &runtime, &database, temporary.path());
    runtime.block_on(database.drop())?;
    let (questions, bytes) = measured?;
    if args.json {
        println!("{}", as_json(bytes, questions));
    } else {
        print(bytes, questions);
    }
    Ok(())
}

fn measure(
    args: &Args,
    runtime: &Runtime,
    database: &Database,
    temporary: &std::path::Path,
) -> anyhow::Result<(Vec<Question>, [i64; 2])> {
    let shop = args.catalogue.shop(temporary, "\n[cache]\nmax_bytes = 0\n");
    let shop = runtime.block_on(shop)?;
    // What is measured has a thread of its own: an answer wakes who waits for it, and nobody else.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let bytes = runtime.block_on(fill(&shop, database))?;
    let mut connections = Vec::new();
    for plan in PLANS {
        let settings = [&SETTINGS[..], &[plan]].concat();
        connections.push(runtime.block_on(database.connect(&settings))?);
    }
    let serving = Serving::start(&shop, None)?;
    let mut both = Both {
        asking: Asking { client: serving.client()? },
        runtime,
        connections,
        random: Random::default(),
    };
    let mut questions = both.questions()?;
    both.check(&mut questions)?;
    both.choose(&mut questions)?;
    let rounds = args.rounds.unwrap_or(if args.catalogue.sizes.quick { 3 } else { 100 }).max(1);
    both.measure(&mut questions, rounds)?;
    Ok((questions, bytes))
}

/// Fills the tables; answers the bytes of the plain and of the prepared ones.
async fn fill(shop: &Shop, database: &Database) -> anyhow::Result<[i64; 2]> {
    let mut connection = database.connect(&[]).await?;
    tables::fill(&shop.config, &mut connection).await?;
    let sum = "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class WHERE relkind = 'r' \
        AND relnamespace = 'public'::regnamespace AND starts_with(relname, 'listed') = $1";
    let mut bytes = [0; 2];
    for (bytes, prepared) in bytes.iter_mut().zip([false, true]) {
        *bytes = sqlx::query_scalar(sum).bind(prepared).fetch_one(&mut connection).await?;
    }
    Ok(bytes)
}

/// Connections to each.
struct Both {
    asking: Asking,
    runtime: Runtime,
    connections: Vec<PgConnection>,
    random: Random,
}

impl Both {
    /// The number of something in the tables.
    fn number(&mut self, select: &str, binds: &[&str]) -> anyhow::Result<Option<i64>> {
        let mut query = sqlx::query_scalar(select);
        for text in binds {
            query = query.bind(text);
        }
        Ok(self.runtime.block_on(query.fetch_optional(&mut self.connections[0]))?)
    }

    /// What is asked, of a category of about a seventh of all products.
    fn questions(&mut self) -> anyhow::Result<Vec<Question>> {
        let products = self.asking.total(&format!("{ALL}?limit=1"))?;
        let categories = self.asking.categories()?;
        let category = questions::nearest(&categories, products, 1.0 / 7.0)?;
        let path = category.path();
        let number = "SELECT number::bigint FROM category WHERE id = $1";
        let number = self.number(number, &[&category.id])?.context("no such category")?;
        let brands = self.asking.brands(&path)?;
        let brand = brands.first().context("no brands")?;
        let brand_number = "SELECT number::bigint FROM brand WHERE id = $1";
        let brand_number = self.number(brand_number, &[brand])?;
        let (value, value_number) = self.value(&path)?;
        let most = self.asking.price_of(&path, SHARE)?;
        let of_price = Listing { max_price: Some(i64::try_from(most)?), ..Listing::default() };
        let of_value = Listing { value: Some(value_number), ..Listing::default() };
        let none = Listing::default;
        let all = [
            ("first page", String::new(), none()),
            ("in stock", "&in_stock=true".into(), Listing { in_stock: true, ..none() }),
            ("brand", format!("&brand={brand}"), Listing { brand: brand_number, ..none() }),
            ("attribute 10 %", format!("&{value}"), of_value.clone()),
            ("price 10 %", format!("&max_price={most}"), of_price),
            (
                "in stock, attribute 10 %",
                format!("&in_stock=true&{value}"),
                Listing { in_stock: true, ..of_value },
            ),
            ("facets", "&facets=true".into(), Listing { facets: true, ..none() }),
            (
                "in stock, facets",
                "&in_stock=true&facets=true".into(),
                Listing { in_stock: true, facets: true, ..none() },
            ),
        ];
        let question = |(name, filters, listing): (&str, String, Listing)| {
            let listing = Listing { category: number, ..listing };
            Question {
                name: name.to_owned(),
                url: format!("{path}?limit=24&sort=price_asc{filters}"),
                statements: [Tables::Plain, Tables::Prepared].map(|of| listing.statement(of)),
                over: [0; 2],
                total: 0,
                milliseconds: Default::default(),
            }
        };
        Ok(all.into_iter().map(question).collect())
    }

    /// A value that about so many products have, each with all its variants: as a filter, and its number.
    fn value(&mut self, path: &str) -> anyhow::Result<(String, i64)> {
        let select = "SELECT v.number::bigint FROM value v JOIN attribute a ON a.number = v.attribute \
            WHERE a.name = $1 AND v.value = $2 AND NOT EXISTS (SELECT FROM variant_value o WHERE o.value = v.number)";
        let mut values = self.asking.values(path)?;
        let off = |share: f64| (share - SHARE).abs();
        values.sort_by(|a, b| off(a.share).total_cmp(&off(b.share)));
        for value in values {
            if let Some(number) = self.number(select, &[&value.name, &value.value])? {
                return Ok((value.filter(), number));
            }
        }
        bail!("no attribute is the same for all variants")
    }

    /// Shows that the answers are to the same questions.
    fn check(&mut self, questions: &mut [Question]) -> anyhow::Result<()> {
        for question in questions {
            let ours = self.asking.get(&question.url)?;
            question.total = ours["total"].as_i64().context("no listing")?;
            let ours = figures_of(&ours);
            for (statement, way) in question.statements.iter().zip(&WAYS[1..]) {
                let rows = self.runtime.block_on(statement.rows(&mut self.connections[0]));
                let theirs = figures(&rows.with_context(|| statement.text.clone())?);
                let differ = |why| format!("{}: Vitrine and {way} differ: {why}", question.name);
                compare(&ours, &theirs).map_err(|why| anyhow::anyhow!(differ(why)))?;
            }
        }
        Ok(())
    }

    /// Over which connection each statement is answered sooner.
    fn choose(&mut self, questions: &mut [Question]) -> anyhow::Result<()> {
        for question in questions {
            for (statement, over) in question.statements.iter().zip(&mut question.over) {
                let mut took = vec![Vec::new(); self.connections.len()];
                for n in 0..UNCOUNTED + COUNTED {
                    for (connection, took) in self.connections.iter_mut().zip(&mut took) {
                        let began = Instant::now();
                        drop(self.runtime.block_on(statement.rows(connection))?);
                        if n >= UNCOUNTED {
                            took.push(began.elapsed().as_secs_f64());
                        }
                    }
                }
                let [kept, anew] = [0, 1].map(|n: usize| percentile(&mut took[n], 0.5));
                *over = usize::from(anew < kept);
            }
        }
        Ok(())
    }

    fn measure(&mut self, questions: &mut [Question], rounds: usize) -> anyhow::Result<()> {
        let turn = |question| (0..WAYS.len()).map(move |way| (question, way));
        let mut order: Vec<(usize, usize)> = (0..questions.len()).flat_map(turn).collect();
        for _ in 0..rounds {
            self.random.shuffle(&mut order);
            for &(question, way) in &order {
                let question = &mut questions[question];
                let began = Instant::now();
                match way.checked_sub(1) {
                    None => drop(self.asking.client.get(&question.url, "")?.ok(&question.url)?),
                    Some(of) => {
                        let connection = &mut self.connections[question.over[of]];
                        drop(self.runtime.block_on(question.statements[of].rows(connection))?);
                    }
                }
                question.milliseconds[way].push(began.elapsed().as_secs_f64() * 1e3);
            }
        }
        Ok(())
    }
}

/// p50 and p99 of each way, in milliseconds.
fn percentiles(question: &mut Question) -> [[f64; 2]; 3] {
    let of_way = |samples: &mut Vec<f64>| [0.5, 0.99].map(|share| percentile(samples, share));
    question.milliseconds.each_mut().map(of_way)
}

fn print([plain, prepared]: [i64; 2], questions: Vec<Question>) {
    let [plain, prepared] = [plain, prepared].map(|bytes| mebibytes(bytes as f64));
    println!("tables with their indexes: plain {plain}, prepared {prepared}");
    println!(
        "{:<26} {:>8} | {:>17} | {:>25} | {:>25}",
        "p50 and p99 in ms", "total", WAYS[0], WAYS[1], WAYS[2]
    );
    for mut question in questions {
        let [ours, plain, prepared] = percentiles(&mut question);
        let by_ours = |theirs: [f64; 2]| theirs[0] / ours[0].max(f64::EPSILON);
        println!(
            "{:<26} {:>8} | {:>8.2} {:>8.2} | {:>8.2} {:>8.2} {:>6.1}x | {:>8.2} {:>8.2} {:>6.1}x",
            question.name,
            question.total,
            ours[0],
            ours[1],
            plain[0],
            plain[1],
            by_ours(plain),
            prepared[0],
            prepared[1],
            by_ours(prepared),
        );
    }
    println!("x: p50 of SQL by Vitrine's");
}

fn as_json([plain, prepared]: [i64; 2], questions: Vec<Question>) -> Value {
    let question = |mut of: Question| {
        let all = percentiles(&mut of);
        let [ours, plain, prepared] = all.map(|[p50, p99]| json!({"p50_ms": p50, "p99_ms": p99}));
        let by_ours = |way: usize| all[way][0] / all[0][0].max(f64::EPSILON);
        json!({"question": of.name, "total": of.total, "vitrine": ours, "plain": plain, "prepared": prepared,
            "plain_by_vitrine": by_ours(1), "prepared_by_vitrine": by_ours(2)})
    };
    let questions: Vec<Value> = questions.into_iter().map(question).collect();
    json!({"bench": "sql", "plain_bytes": plain, "prepared_bytes": prepared, "questions": questions})
}
