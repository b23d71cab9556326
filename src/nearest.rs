//! The name that is most likely meant by one that is not known.

/// Longer names, in bytes, are nobody's slip of the pen; the time to compare grows with the length.
const MAX_BYTES: usize = 100;

/// The one of `names` that is nearest to an unknown one, if any is near.
pub fn nearest<'a>(names: impl IntoIterator<Item = &'a str>, unknown: &str) -> Option<&'a str> {
    if unknown.len() > MAX_BYTES {
        return None;
    }
    let unknown = unknown.to_lowercase();
    best(names, |name| strsim::normalized_damerau_levenshtein(&name.to_lowercase(), &unknown))
}

/// The name with the highest score, if that is high: 1 is the same name, 0 has nothing in common.
pub fn best<T: AsRef<str>>(
    names: impl IntoIterator<Item = T>,
    score: impl Fn(&str) -> f64,
) -> Option<T> {
    let scored = names.into_iter().map(|name| (score(name.as_ref()), name));
    let (score, name) = scored.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (score >= 0.6).then_some(name)
}
