//! A discount's fan-out: which products it reaches, walked in bounded chunks.

use projections::codec::CorruptDocument;
use projections::discount::Scope;

use super::document::unpack;

/// One part of a scope: each is walked in the order of product ids.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ScopePart<'a> {
    All,
    Products(&'a [String]),
    Skus(&'a [String]),
    Category(&'a str),
    Brand(&'a str),
}

/// How far a walk over a scope has come.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ScopeCursor {
    /// Index into [`parts`].
    pub part: usize,
    /// The last product of that part, or empty.
    pub after: String,
}

/// The parts of a scope, in a fixed order. `all` makes the others needless.
pub fn parts(scope: &Scope) -> Vec<ScopePart<'_>> {
    if scope.all {
        return vec![ScopePart::All];
    }
    let mut parts = Vec::new();
    if !scope.products.is_empty() {
        parts.push(ScopePart::Products(&scope.products));
    }
    if !scope.skus.is_empty() {
        parts.push(ScopePart::Skus(&scope.skus));
    }
    parts.extend(scope.categories.iter().map(|id| ScopePart::Category(id)));
    parts.extend(scope.brands.iter().map(|id| ScopePart::Brand(id)));
    parts
}

/// What both scopes reach together.
pub fn union(a: &Scope, b: &Scope) -> Scope {
    union_of(&[a, b])
}

/// What the scopes of these tasks, as they are stored, reach together.
pub fn round_of(tasks: &[(i64, Vec<u8>)]) -> Result<Scope, CorruptDocument> {
    let scopes: Vec<Scope> =
        tasks.iter().map(|(_, scope)| unpack(scope)).collect::<Result<_, _>>()?;
    Ok(union_of(&scopes.iter().collect::<Vec<&Scope>>()))
}

fn union_of(scopes: &[&Scope]) -> Scope {
    let all = |of: fn(&Scope) -> &Vec<String>| {
        let mut ids: Vec<String> = scopes.iter().flat_map(|scope| of(scope)).cloned().collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    Scope {
        all: scopes.iter().any(|scope| scope.all),
        products: all(|scope| &scope.products),
        skus: all(|scope| &scope.skus),
        categories: all(|scope| &scope.categories),
        brands: all(|scope| &scope.brands),
    }
}

/// Scopes that are marked in one round, in bytes as they are stored: all of them are in memory at once.
pub const ROUND_SCOPES_BYTES: i64 = 1_048_576;

/// A fan-out to be done, and the event that it comes from.
#[derive(Debug)]
pub struct NewFanout<'a> {
    /// Empty for a change of the configuration.
    pub discount_id: &'a str,
    pub topic: &'a str,
    pub partition: i32,
    pub offset: i64,
    pub scope: &'a Scope,
}

/// Products whose views are to be computed again.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StaleProducts {
    pub ids: Vec<String>,
    /// Some are of deferred batches, no event of which is reflected before they are computed.
    pub deferred: bool,
}

/// Fan-outs that are not complete.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FanoutsLeft {
    pub tasks: u64,
    /// A change of the configuration is among them.
    pub configuration: bool,
}

/// A fan-out under way.
#[derive(Clone, Debug)]
pub struct FanoutTask {
    pub task: i64,
    pub scope: Scope,
    pub cursor: ScopeCursor,
}
