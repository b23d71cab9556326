//! What is wrong with a configuration: which key, where it was said, and what to do.

use std::fmt;

/// Where a setting was said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Nowhere: the default holds.
    Default,
    /// In the configuration file.
    File {
        /// As it was asked for.
        path: String,
        /// Counted from 1, where it is known.
        line: Option<usize>,
    },
    /// In the environment variable of this name.
    Environment(String),
    /// By the flag of this name.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { path, line: Some(line) } => write!(f, "{path}, line {line}"),
            Origin::File { path, line: None } => f.write_str(path),
            Origin::Environment(name) => write!(f, "environment variable {name}"),
            Origin::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The dotted key, with the place in a list: `market[1].currency`. None where a whole source
    /// cannot be used.
    pub key: Option<String>,
    /// Where it was said.
    pub origin: Origin,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub advice: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        write!(f, "{} ({}); {}", self.what, self.origin, self.advice)
    }
}

/// A configuration that cannot be used, with everything that was found wrong with it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct ConfigError {
    /// At least one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used")?;
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

/// What the checks of values find; where each was said is looked up later.
#[derive(Default)]
pub(super) struct Findings(pub Vec<Finding>);

/// One thing that a check finds.
pub(super) struct Finding {
    pub key: String,
    pub what: String,
    pub advice: String,
}

impl Findings {
    pub fn add(
        &mut self,
        key: impl Into<String>,
        what: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.0.push(Finding { key: key.into(), what: what.into(), advice: advice.into() });
    }
}
