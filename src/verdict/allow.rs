//! Differences that are wanted: rules that name them.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::{Compared, Difference, Verdict};

/// One in so many answers that could not be compared is too many.
const UNCOMPARED_SHARE: u64 = 10;

/// What a path begins with.
pub const KINDS: [&str; 6] = ["counts", "discount", "product", "reviews", "facts", FURTHER];

/// The path of whatever differs of one product beyond the paths that are told apart.
pub(super) const FURTHER: &str = "further";

/// A rule that names paths of differences, as `--allow` takes it: `product.price.*`.
///
/// A rule is a path as the verdict writes it: steps that are joined by dots, with `[]` after the name of a list for its
/// elements. `*` stands for any one step, `**` for any number of steps, also none.
///
/// | rule | lets pass |
/// | --- | --- |
/// | `counts.products` | that there are more or fewer products |
/// | `product` | pages that only one generation has |
/// | `product.price.final` | that one field of product pages |
/// | `product.price.*` | all direct members of `price` |
/// | `product.variants[].price.**` | all of the variants' prices |
/// | `product.**` | all of product pages, whole pages included |
/// | `discount` | discounts that only one generation has |
///
/// ```
/// use vitrine::verdict::Allow;
///
/// let rule: Allow = "product.variants[].price.*".parse().unwrap();
/// assert!(rule.allows("product.variants[].price.final"));
/// assert!(!rule.allows("product.variants[].price.applied[].off"));
/// assert!("product..price".parse::<Allow>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Allow {
    text: String,
    steps: Vec<Step>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    Named(String),
    /// `*`
    One,
    /// `**`
    Any,
}

/// Text that is no rule.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{rule}` is not a rule of differences: {why}")]
pub struct BadAllow {
    rule: String,
    why: String,
}

/// The steps of a path or a rule; an element of a list is a step of its own.
fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.split('.').flat_map(|part| {
        let name = part.trim_end_matches("[]");
        let elements = (part.len() - name.len()) / 2;
        std::iter::once(name).chain(std::iter::repeat_n("[]", elements))
    })
}

impl FromStr for Allow {
    type Err = BadAllow;

    fn from_str(text: &str) -> Result<Allow, BadAllow> {
        let bad = |why: String| BadAllow { rule: text.to_owned(), why };
        let mut parsed = Vec::new();
        for step in steps(text) {
            parsed.push(match step {
                "" => return Err(bad("a step is empty; expected one like product.price.*".into())),
                "*" => Step::One,
                "**" => Step::Any,
                name if name.contains(['*', '[', ']']) && name != "[]" => {
                    let why = "stands for a whole step, and [] comes after the name of a list";
                    return Err(bad(format!("in `{name}`: * {why}")));
                }
                name => Step::Named(name.to_owned()),
            });
        }
        if let Some(Step::Named(kind)) = parsed.first()
            && !KINDS.contains(&kind.as_str())
        {
            let kinds = KINDS.join(", ");
            return Err(bad(format!("there is no `{kind}`; paths begin with one of {kinds}")));
        }
        Ok(Allow { text: text.to_owned(), steps: parsed })
    }
}

impl fmt::Display for Allow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Allow {
    /// Whether it names this path.
    pub fn allows(&self, path: &str) -> bool {
        // Which steps of the rule may come next: a set, so that several `**` cost no more than one.
        let mut next = self.reached([0].into());
        for step in steps(path) {
            let after = next.iter().filter_map(|&i| match self.steps.get(i)? {
                Step::Any => Some(i),
                Step::One => Some(i + 1),
                Step::Named(name) => (name == step).then_some(i + 1),
            });
            next = self.reached(after.collect());
        }
        next.contains(&self.steps.len())
    }

    /// With the places that are reached over a `**` that stands for nothing.
    fn reached(&self, mut places: Vec<usize>) -> Vec<usize> {
        let mut i = 0;
        while let Some(&place) = places.get(i) {
            if self.steps.get(place) == Some(&Step::Any) {
                places.push(place + 1);
            }
            i += 1;
        }
        places.sort_unstable();
        places.dedup();
        places
    }
}

/// What rules make of a verdict.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Judged {
    /// Paths of differences that no rule allows.
    pub refused: Vec<String>,
    /// Paths of differences that are allowed, each with the first rule that does.
    pub allowed: Vec<(String, String)>,
    /// Rules that name none of the differences.
    pub idle: Vec<String>,
    /// There are differences beyond those that are told apart: no rule can name them.
    pub untold: bool,
    /// Too much could not be compared: more than a tenth of all products and answers changed all the time.
    pub inconclusive: bool,
}

impl Judged {
    /// Whether enough was compared and every difference is allowed, so that the new generation may take over.
    pub fn passes(&self) -> bool {
        self.refused.is_empty() && !self.untold && !self.inconclusive
    }
}

impl Verdict {
    /// Which differences the rules allow, and which they do not.
    pub fn judge(&self, allow: &[Allow]) -> Judged {
        let Compared { products, discounts, answers } = self.compared;
        let unsettled = self.unsettled.saturating_mul(UNCOMPARED_SHARE);
        let inconclusive = unsettled > products + discounts + answers;
        let untold = self.other_differences > 0;
        let mut judged = Judged { untold, inconclusive, ..Judged::default() };
        for Difference { path, .. } in &self.differences {
            match allow.iter().find(|rule| rule.allows(path)) {
                Some(rule) => judged.allowed.push((path.clone(), rule.to_string())),
                None => judged.refused.push(path.clone()),
            }
        }
        let idle =
            allow.iter().filter(|rule| !self.differences.iter().any(|d| rule.allows(&d.path)));
        judged.idle = idle.map(Allow::to_string).collect();
        judged
    }
}
