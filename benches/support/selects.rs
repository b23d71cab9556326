//! What is asked of a listing, as SQL asks it: of the plain tables, and of those that are prepared. One statement gives the
//! first page by price, how many products there are, and facets, in rows of kind, key, name and number.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::PgConnection;

/// Which tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tables {
    Plain,
    Prepared,
}

/// A category's listing under filters.
#[derive(Clone, Default)]
pub struct Listing {
    pub category: i64,
    pub in_stock: bool,
    pub brand: Option<i64>,
    pub value: Option<i64>,
    pub max_price: Option<i64>,
    pub facets: bool,
}

/// A statement, and what it is asked with.
pub struct Statement {
    pub text: String,
    pub binds: Vec<i64>,
}

/// What came, as far as two answers are held against each other.
pub type Figures = BTreeMap<String, i64>;

/// What two answers may differ by: windows open between them. Of small numbers so many.
const MOST_OFF: f64 = 0.01;
const FEW: i64 = 3;
/// Names of attributes that only one of two answers has: the last ones of a list may be others.
const OTHER_NAMES: usize = 3;

/// Kind, key, name and number.
type Row = (String, Option<String>, Option<String>, Option<i64>);

/// `m` has the products, with the price that each is ordered by; `@` is where its card is, and its number there.
const PAGE: &str = "
(SELECT 'card' AS kind, @, p.final AS n
 FROM (SELECT product, final FROM m ORDER BY final, product LIMIT 24) p ORDER BY p.final, p.product)
UNION ALL SELECT 'total', NULL, NULL, count(*) FROM m";

/// `of_value` has the number of products by the value's number.
const TALLIED: &str = ", tallied AS (SELECT v.attribute, v.value, o.n FROM of_value o JOIN value v ON v.number = o.value)";

/// `of_brand` and `of_category` have the number of products by number; `of_all` has one row.
const FACETS: &str = "
UNION ALL (SELECT 'brand', b.id, b.name, o.n FROM of_brand o JOIN brand b ON b.number = o.brand
 ORDER BY o.n DESC, b.id LIMIT 100)
UNION ALL (SELECT 'category', c.id, c.name, o.n FROM of_category o JOIN category c ON c.number = o.category
 ORDER BY o.n DESC, c.id LIMIT 100)
UNION ALL SELECT 'value', top.name, v.value, v.n FROM (
  SELECT t.*, row_number() OVER (PARTITION BY attribute ORDER BY n DESC, value) AS place FROM tallied t) v
 JOIN (SELECT a.number, a.name FROM (SELECT attribute, sum(n) AS total FROM tallied GROUP BY attribute) t
  JOIN attribute a ON a.number = t.attribute ORDER BY t.total DESC, a.name LIMIT 20) top ON top.number = v.attribute
 WHERE v.place <= 100
UNION ALL SELECT f.kind, NULL, NULL, f.n FROM of_all, LATERAL (VALUES ('lowest', lowest), ('highest', highest),
 ('in stock', in_stock), ('on sale', on_sale), ('rating 1', rated_1), ('rating 2', rated_2), ('rating 3', rated_3),
 ('rating 4', rated_4)) f (kind, n)";

/// What `of_all` counts; `@` are the lowest and the highest price of a product.
const OF_ALL: &str = "@, count(*) FILTER (WHERE in_stock) AS in_stock, count(*) FILTER (WHERE on_sale) AS on_sale, \
    count(*) FILTER (WHERE rating >= 100) AS rated_1, count(*) FILTER (WHERE rating >= 200) AS rated_2, \
    count(*) FILTER (WHERE rating >= 300) AS rated_3, count(*) FILTER (WHERE rating >= 400) AS rated_4";

impl Listing {
    pub fn statement(&self, tables: Tables) -> Statement {
        let mut binds = vec![self.category];
        let text = match tables {
            Tables::Plain => self.plain(&mut binds),
            Tables::Prepared => self.prepared(&mut binds),
        };
        Statement { text, binds }
    }

    fn plain(&self, binds: &mut Vec<i64>) -> String {
        let mut bind = |value: i64| {
            binds.push(value);
            binds.len()
        };
        let (mut joins, mut only) = (String::new(), String::new());
        if let Some(brand) = self.brand {
            let at = bind(brand);
            joins.push_str(&format!(
                " JOIN product b ON b.number = c.product AND b.brand = ${at}::int"
            ));
        }
        if let Some(value) = self.value {
            let at = bind(value);
            joins.push_str(&format!(
                " JOIN product_value a ON a.product = c.product AND a.value = ${at}::int"
            ));
        }
        if let Some(most) = self.max_price {
            only.push_str(&format!(" AND v.final <= ${}", bind(most)));
        }
        if self.in_stock {
            only.push_str(" AND v.units > 0");
        }
        let flags = match self.facets {
            true => {
                ", max(v.final) AS highest, bool_or(v.units > 0) AS in_stock, \
                 bool_or(v.final < v.regular) AS on_sale"
            }
            false => "",
        };
        let page = PAGE.replace(
            '@',
            "(SELECT card FROM product WHERE number = p.product)::text AS key, NULL AS name",
        );
        let (lists, facets) = match self.facets {
            true => (self.plain_lists(), FACETS),
            false => (String::new(), ""),
        };
        format!(
            "WITH m AS MATERIALIZED (SELECT c.product, min(v.final) AS final{flags} FROM product_category c \
             JOIN variant v ON v.product = c.product{joins} WHERE c.category = $1::int{only} GROUP BY c.product)\
             {lists}{page}{facets}"
        )
    }

    fn plain_lists(&self) -> String {
        let of_all = OF_ALL.replace('@', "min(final) AS lowest, max(highest) AS highest");
        let in_stock = match self.in_stock {
            true => {
                " JOIN variant v ON v.product = a.product AND v.position = a.position AND v.units > 0"
            }
            false => "",
        };
        format!(
            ", of_brand AS (SELECT p.brand, count(*) AS n FROM m JOIN product p ON p.number = m.product GROUP BY p.brand), \
             of_category AS (SELECT c.category, count(*) AS n FROM category k JOIN product_category c ON \
             c.category = k.number JOIN m ON m.product = c.product WHERE k.parent = $1::int GROUP BY c.category), \
             of_value AS (SELECT value, count(*) AS n FROM (SELECT a.value FROM m JOIN product_value a ON \
             a.product = m.product UNION ALL SELECT value FROM (SELECT DISTINCT a.value, a.product FROM m JOIN \
             variant_value a ON a.product = m.product{in_stock}) own) a GROUP BY value), \
             of_all AS (SELECT {of_all} FROM m JOIN product p ON p.number = m.product){TALLIED}"
        )
    }

    fn prepared(&self, binds: &mut Vec<i64>) -> String {
        let end = if self.in_stock { "_in_stock" } else { "" };
        let mut bind = |value: i64| {
            binds.push(value);
            binds.len()
        };
        let mut only = String::new();
        if let Some(brand) = self.brand {
            only.push_str(&format!(" AND brand = ${}::int", bind(brand)));
        }
        if let Some(most) = self.max_price {
            only.push_str(&format!(" AND final <= ${}", bind(most)));
        }
        let page = PAGE.replace(
            '@',
            &format!(
                "(SELECT card FROM listed{end} l WHERE l.product = p.product) AS key, NULL AS name"
            ),
        );
        // Of a value the table with the arrays is asked, by both arrays at once; else the index in the order.
        let m = match self.value {
            Some(value) => format!(
                "MATERIALIZED (SELECT product, final FROM listed{end} WHERE categories @> ARRAY[$1::int] \
                 AND values @> ARRAY[${}::int]{only})",
                bind(value)
            ),
            None => format!(
                "NOT MATERIALIZED (SELECT product, final FROM listed_category{end} WHERE category = $1::int{only})"
            ),
        };
        let (lists, facets) = match self.facets {
            true => (prepared_lists(end), FACETS),
            false => (String::new(), ""),
        };
        format!("WITH m AS {m}{lists}{page}{facets}")
    }
}

fn prepared_lists(end: &str) -> String {
    let of_all = OF_ALL.replace('@', "min(final) AS lowest, max(highest) AS highest");
    format!(
        ", of_brand AS (SELECT brand, count(*) AS n FROM listed_category{end} WHERE category = $1::int GROUP BY brand), \
         of_category AS (SELECT c.category, count(*) AS n FROM category k JOIN listed_category{end} c ON \
         c.category = k.number WHERE k.parent = $1::int GROUP BY c.category), \
         of_value AS (SELECT value, count(*) AS n FROM (SELECT unnest(values) AS value FROM \
         listed_category{end} WHERE category = $1::int) v GROUP BY value), \
         of_all AS (SELECT {of_all} FROM listed_category{end} WHERE category = $1::int){TALLIED}"
    )
}

impl Statement {
    pub async fn rows(&self, connection: &mut PgConnection) -> anyhow::Result<Vec<Row>> {
        let mut query = sqlx::query_as::<_, Row>(&self.text);
        for value in &self.binds {
            query = query.bind(value);
        }
        Ok(query.fetch_all(connection).await?)
    }
}

/// The total, how many cards, and sums of facets.
pub fn figures(rows: &[Row]) -> Figures {
    let mut figures = Figures::new();
    for (kind, key, _, number) in rows {
        let number = number.unwrap_or_default();
        match kind.as_str() {
            "card" => *figures.entry("cards".to_owned()).or_default() += i64::from(key.is_some()),
            "brand" => *figures.entry("brands".to_owned()).or_default() += number,
            "category" => *figures.entry("categories".to_owned()).or_default() += number,
            "value" => {
                let name = key.as_deref().unwrap_or_default();
                *figures.entry(format!("values of {name}")).or_default() += number;
            }
            kind => *figures.entry(kind.to_owned()).or_default() += number,
        }
    }
    figures
}

/// The same figures as of SQL's rows.
pub fn figures_of(listing: &Value) -> Figures {
    let entries = |of: &Value| of.as_array().cloned().unwrap_or_default();
    let sum = |of: &Value| entries(of).iter().filter_map(|entry| entry["count"].as_i64()).sum();
    let mut figures = Figures::from([
        ("total".to_owned(), listing["total"].as_i64().unwrap_or_default()),
        ("cards".to_owned(), entries(&listing["items"]).len() as i64),
    ]);
    let facets = &listing["facets"];
    if !facets.is_object() {
        return figures;
    }
    let mut put = |name: &str, number: i64| figures.insert(name.to_owned(), number);
    put("brands", sum(&facets["brands"]));
    put("categories", sum(&facets["categories"]));
    for (name, of) in [
        ("lowest", &facets["price"]["min"]),
        ("highest", &facets["price"]["max"]),
        ("in stock", &facets["in_stock"]),
        ("on sale", &facets["on_sale"]),
    ] {
        put(name, of.as_i64().unwrap_or_default());
    }
    for (least, count) in facets["rating"].as_object().into_iter().flatten() {
        put(&format!("rating {least}"), count.as_i64().unwrap_or_default());
    }
    for attribute in entries(&facets["attributes"]) {
        let name = attribute["name"].as_str().unwrap_or_default();
        put(&format!("values of {name}"), sum(&attribute["values"]));
    }
    figures
}

/// Whether two answers are to the same question, or why not.
pub fn compare(ours: &Figures, theirs: &Figures) -> Result<(), String> {
    let mut others = 0;
    for name in ours.keys().chain(theirs.keys().filter(|name| !ours.contains_key(*name))) {
        let (Some(one), Some(other)) = (ours.get(name), theirs.get(name)) else {
            others += 1;
            if !name.starts_with("values of ") || others > OTHER_NAMES * 2 {
                return Err(format!("only one has {name}"));
            }
            continue;
        };
        // The price of a single product, which may be another one by now.
        if matches!(name.as_str(), "lowest" | "highest") {
            continue;
        }
        let off = (one - other).abs();
        if off > FEW.max((*one as f64 * MOST_OFF) as i64) {
            return Err(format!("{name}: {one} and {other}"));
        }
    }
    Ok(())
}
