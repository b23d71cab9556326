//! Query parameters, read strictly: what a request does not take is refused by name.

use std::collections::{BTreeMap, BTreeSet};

use projections::event::{MAX_AMOUNT, valid_id};
use projections::index::query::filters::{Filters, MAX_ATTRIBUTES, is_filtered_by};
use projections::instant::Instant;
use projections::listing::Sort;

use super::path;
use super::problem::{Kind, Problem};
use crate::store::query::ReviewSort;

/// Ids in one request for several products.
pub const MAX_IDS: usize = 100;
/// Brands that a listing can be narrowed to.
pub const MAX_BRANDS: usize = 100;
/// What the parameters of attributes begin with: their name follows.
pub const ATTRIBUTE: &str = "attr.";
/// Values of one attribute that a listing can be narrowed to.
pub const MAX_ATTRIBUTE_VALUES: usize = 50;
/// Items on one page of a listing, where nothing is said.
pub const DEFAULT_LIMIT: u32 = 24;
/// Items on one page of a listing or of reviews.
pub const MAX_LIMIT: u32 = 100;
const MAX_LOCALE_CHARS: usize = 64;

/// The parameters of a query that nobody has taken yet.
#[derive(Debug)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads `application/x-www-form-urlencoded` in UTF-8.
    pub fn parse(raw: &str) -> Result<Query, Problem> {
        let mut pairs = Vec::new();
        for pair in raw.split('&').filter(|p| !p.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(name) = form_decoded(name) else {
                return Err(Problem::parameter(
                    Kind::UnknownParameter,
                    name.to_owned(),
                    "the name of a parameter must be percent-encoded UTF-8",
                ));
            };
            let Some(value) = form_decoded(value) else {
                return Err(invalid(name, "must be percent-encoded UTF-8"));
            };
            pairs.push((name, value));
        }
        Ok(Query { pairs })
    }

    /// Takes all values of these parameters, with their names, in the order of the query.
    pub fn take_all(&mut self, names: &[&str]) -> Vec<(String, String)> {
        self.pairs.extract_if(.., |(name, _)| names.contains(&name.as_str())).collect()
    }

    /// Takes all values of the parameters that begin so, with their names, in the order of the query.
    pub fn take_prefixed(&mut self, prefix: &str) -> Vec<(String, String)> {
        self.pairs.extract_if(.., |(name, _)| name.starts_with(prefix)).collect()
    }

    /// Takes the value of a parameter that may be given once.
    pub fn take(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        let mut values = self.take_all(&[name]).into_iter();
        match (values.next(), values.next()) {
            (value, None) => Ok(value.map(|(_, value)| value)),
            _ => Err(Problem::parameter(
                Kind::RepeatedParameter,
                name,
                format!("{name} is given more than once; give it once"),
            )),
        }
    }

    /// Refuses what was not taken.
    pub fn finish(self) -> Result<(), Problem> {
        match self.pairs.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => {
                let detail = format!("there is no parameter {name:?} here");
                Err(Problem::parameter(Kind::UnknownParameter, name, detail))
            }
        }
    }
}

fn form_decoded(raw: &str) -> Option<String> {
    path::decoded(raw.replace('+', " ").as_bytes())
}

fn invalid(name: impl Into<std::borrow::Cow<'static, str>>, must: &str) -> Problem {
    let name = name.into();
    let detail = format!("{name} {must}");
    Problem::parameter(Kind::InvalidParameter, name, detail)
}

const ID_RULE: &str = "must be an id: 1 to 128 bytes with no whitespace and no control \
                       characters, and neither `.` nor `..`";

/// For whom, in which language and for when: what every page takes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Common {
    pub market: Option<String>,
    pub group: Option<String>,
    pub locale: Option<String>,
    pub at: Option<Instant>,
}

impl Common {
    pub fn take(query: &mut Query) -> Result<Common, Problem> {
        let group = query.take("group")?;
        if group.as_deref().is_some_and(|g| !valid_id(g)) {
            return Err(invalid("group", ID_RULE));
        }
        let locale = query.take("locale")?;
        if locale.as_deref().is_some_and(|l| l.is_empty() || l.chars().count() > MAX_LOCALE_CHARS) {
            return Err(invalid("locale", "must have 1 to 64 characters"));
        }
        let at = query.take("at")?.map(|text| instant(&text)).transpose()?;
        Ok(Common { market: query.take("market")?, group, locale, at })
    }
}

fn instant(text: &str) -> Result<Instant, Problem> {
    Instant::parse(text).ok_or_else(|| {
        let mut detail = "at must be an instant in RFC 3339, such as 2026-11-20T09:00:00Z or \
                          2026-11-20T10:00:00%2B01:00"
            .to_owned();
        if text.contains(' ') {
            detail.push_str("; in a query, `+` stands for a space: write %2B for the plus sign");
        }
        Problem::parameter(Kind::InvalidAt, "at", detail)
    })
}

/// A listing's own parameters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListingParams {
    pub sort: Sort,
    pub limit: u32,
    pub cursor: Option<String>,
    pub filters: Filters,
    pub facets: bool,
}

impl ListingParams {
    pub fn take(query: &mut Query) -> Result<ListingParams, Problem> {
        let sort = match query.take("sort")? {
            None => Sort::Newest,
            Some(name) => Sort::parse(&name)
                .ok_or_else(|| invalid("sort", &one_of(&Sort::ALL.map(Sort::name))))?,
        };
        let filters = Filters {
            brands: brands(query)?,
            min_price: amount(query, "min_price")?,
            max_price: amount(query, "max_price")?,
            in_stock: flag(query, "in_stock")?,
            on_sale: flag(query, "on_sale")?,
            min_rating_hundredths: min_rating(query)?,
            attributes: attributes(query)?,
        };
        let facets = flag(query, "facets")?;
        let limit = limit(query, DEFAULT_LIMIT)?;
        Ok(ListingParams { sort, limit, cursor: query.take("cursor")?, filters, facets })
    }
}

/// The parameters of a product's reviews.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReviewParams {
    pub sort: ReviewSort,
    pub limit: u32,
    pub cursor: Option<String>,
}

impl ReviewParams {
    pub fn take(query: &mut Query) -> Result<ReviewParams, Problem> {
        let sort = match query.take("sort")? {
            None => ReviewSort::Newest,
            Some(name) => ReviewSort::parse(&name)
                .ok_or_else(|| invalid("sort", &one_of(&ReviewSort::ALL.map(ReviewSort::name))))?,
        };
        let limit = limit(query, 20)?;
        Ok(ReviewParams { sort, limit, cursor: query.take("cursor")? })
    }
}

/// How much is shown of each of several products.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    Card,
    Page,
}

/// Several products at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProductsParams {
    /// In the order of the query, each once.
    pub ids: Vec<String>,
    pub shown: Shown,
}

impl ProductsParams {
    pub fn take(query: &mut Query) -> Result<ProductsParams, Problem> {
        let shown = match query.take("view")?.as_deref() {
            None | Some("card") => Shown::Card,
            Some("page") => Shown::Page,
            Some(_) => return Err(invalid("view", &one_of(&["card", "page"]))),
        };
        Ok(ProductsParams { ids: ids(query)?, shown })
    }
}

fn ids(query: &mut Query) -> Result<Vec<String>, Problem> {
    list(query, ["ids", "id"], "products")
}

/// Several variants at once, in the order of the query, each once.
pub fn skus(query: &mut Query) -> Result<Vec<String>, Problem> {
    list(query, ["skus", "sku"], "variants")
}

/// Ids that are joined by commas in the one parameter, or repeated in the other.
fn list(
    query: &mut Query,
    [joined, single]: [&'static str; 2],
    of: &str,
) -> Result<Vec<String>, Problem> {
    let given = query.take_all(&[joined, single]);
    if given.is_empty() {
        return Err(Problem::parameter(
            Kind::MissingParameter,
            joined,
            format!("name {of} by {joined} (joined by commas), or by {single} (repeated)"),
        ));
    }
    if given.iter().filter(|(name, _)| name == joined).count() > 1 {
        return Err(Problem::parameter(
            Kind::RepeatedParameter,
            joined,
            format!("{joined} is given more than once; join them by commas"),
        ));
    }
    let mut ids: Vec<String> = Vec::new();
    for (name, value) in given {
        let separator = |c: char| c == ',' && name == joined;
        for id in value.split(separator) {
            if !valid_id(id) {
                let detail = format!("{name} holds {id:?}, which is no id: it {ID_RULE}");
                return Err(Problem::parameter(Kind::InvalidId, name, detail));
            }
            if !ids.iter().any(|known| known == id) {
                ids.push(id.to_owned());
            }
            if ids.len() > MAX_IDS {
                return Err(invalid(name, &format!("is one too many: at most 100 {of} at once")));
            }
        }
    }
    Ok(ids)
}

fn brands(query: &mut Query) -> Result<BTreeSet<String>, Problem> {
    let brands: BTreeSet<String> =
        query.take_all(&["brand"]).into_iter().map(|(_, id)| id).collect();
    if brands.iter().any(|id| !valid_id(id)) {
        return Err(invalid("brand", ID_RULE));
    }
    if brands.len() > MAX_BRANDS {
        return Err(invalid("brand", "may be given for at most 100 brands"));
    }
    Ok(brands)
}

fn attributes(query: &mut Query) -> Result<BTreeMap<String, BTreeSet<String>>, Problem> {
    let mut attributes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (parameter, value) in query.take_prefixed(ATTRIBUTE) {
        let name = parameter.strip_prefix(ATTRIBUTE).unwrap_or_default();
        if !is_filtered_by(name, &value) {
            let must = "must name an attribute by 1 to 128 bytes, and a value of at most 256 bytes";
            return Err(invalid(parameter, must));
        }
        let values = attributes.entry(name.to_owned()).or_default();
        values.insert(value);
        if values.len() > MAX_ATTRIBUTE_VALUES {
            return Err(invalid(parameter, "may be given for at most 50 values"));
        }
        if attributes.len() > MAX_ATTRIBUTES {
            return Err(invalid(parameter, "is one too many: at most 20 attributes at once"));
        }
    }
    Ok(attributes)
}

fn limit(query: &mut Query, default: u32) -> Result<u32, Problem> {
    let Some(text) = query.take("limit")? else { return Ok(default) };
    digits(&text)
        .and_then(|n| u32::try_from(n).ok())
        .filter(|n| (1..=MAX_LIMIT).contains(n))
        .ok_or_else(|| invalid("limit", "must be an integer from 1 to 100"))
}

fn amount(query: &mut Query, name: &'static str) -> Result<Option<i64>, Problem> {
    let Some(text) = query.take(name)? else { return Ok(None) };
    let amount = digits(&text).filter(|n| *n <= MAX_AMOUNT).ok_or_else(|| {
        invalid(name, "must be an integer from 0 to 1000000000000, in minor units")
    })?;
    Ok(Some(amount))
}

fn flag(query: &mut Query, name: &'static str) -> Result<bool, Problem> {
    match query.take(name)?.as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(invalid(name, "must be true or false")),
    }
}

/// A non-negative integer in plain digits.
fn digits(text: &str) -> Option<i64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

fn min_rating(query: &mut Query) -> Result<Option<i64>, Problem> {
    let Some(text) = query.take("min_rating")? else { return Ok(None) };
    let hundredths = rating_hundredths(&text)
        .ok_or_else(|| invalid("min_rating", "must be a decimal from 1 to 5, such as 4.5"))?;
    Ok(Some(hundredths))
}

/// The smallest number of hundredths that is at least this decimal, which is from 1 to 5.
fn rating_hundredths(text: &str) -> Option<i64> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (text, ""),
    };
    if whole.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let whole = digits(whole)?;
    let digit = |i: usize| fraction.as_bytes().get(i).map_or(0, |b| i64::from(b - b'0'));
    let beyond = fraction.bytes().skip(2).any(|b| b != b'0');
    let hundredths = (1..=5).contains(&whole).then(|| whole * 100 + digit(0) * 10 + digit(1))?;
    let hundredths = hundredths + i64::from(beyond);
    (hundredths <= 500).then_some(hundredths)
}

fn one_of(names: &[&str]) -> String {
    format!("must be one of {}", names.join(", "))
}
