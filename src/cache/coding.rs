//! Which content coding a client takes (RFC 9110, 12.5.3).

/// A content coding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Coding {
    #[default]
    Identity,
    Gzip,
    Zstd,
    Brotli,
}

impl Coding {
    /// The compressed ones, the one to be preferred first.
    pub const COMPRESSED: [Coding; 3] = [Coding::Brotli, Coding::Zstd, Coding::Gzip];

    /// As `Content-Encoding` names it; `identity` is not to be sent.
    pub fn name(self) -> &'static str {
        match self {
            Coding::Identity => "identity",
            Coding::Gzip => "gzip",
            Coding::Zstd => "zstd",
            Coding::Brotli => "br",
        }
    }

    fn named(name: &str) -> Option<Coding> {
        // The standard asks to take `x-gzip` as `gzip`.
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        match () {
            () if is("br") => Some(Coding::Brotli),
            () if is("zstd") => Some(Coding::Zstd),
            () if is("gzip") || is("x-gzip") => Some(Coding::Gzip),
            () if is("identity") => Some(Coding::Identity),
            () => None,
        }
    }
}

/// The best coding for these values of `Accept-Encoding`.
///
/// The one of the highest weight; of equal ones br before zstd before gzip before none. Unknown
/// codings and what cannot be read are passed over. Where nothing is acceptable, not even the body
/// as it is, that is answered all the same: better than no answer.
pub fn negotiate<'a>(accept_encoding: impl IntoIterator<Item = &'a str>) -> Coding {
    let mut wants = Wants::default();
    for element in accept_encoding.into_iter().flat_map(|value| value.split(',')) {
        if let Some((name, weight)) = element_of(element) {
            wants.add(name, weight);
        }
    }
    let mut best = (wants.identity(), Coding::Identity);
    for coding in Coding::COMPRESSED.into_iter().rev() {
        let weight = wants.weight(coding);
        if weight > 0 && weight >= best.0 {
            best = (weight, coding);
        }
    }
    best.1
}

/// What the header says, in thousandths; none where it says nothing.
#[derive(Default)]
struct Wants {
    named: [Option<u16>; 4],
    any: Option<u16>,
}

impl Wants {
    fn add(&mut self, name: &str, weight: u16) {
        let place = if name == "*" {
            Some(&mut self.any)
        } else {
            Coding::named(name).and_then(|coding| self.named.get_mut(coding as usize))
        };
        if let Some(place) = place {
            // Said twice: the more welcoming one.
            *place = (*place).max(Some(weight));
        }
    }

    fn weight(&self, coding: Coding) -> u16 {
        self.said(coding).or(self.any).unwrap_or(0)
    }

    /// Unless it is refused, by name or with all others, it is acceptable as the last resort.
    fn identity(&self) -> u16 {
        self.said(Coding::Identity).unwrap_or(0)
    }

    fn said(&self, coding: Coding) -> Option<u16> {
        self.named.get(coding as usize).copied().flatten()
    }
}

/// A coding and its weight in thousandths; none if it breaks the syntax.
fn element_of(element: &str) -> Option<(&str, u16)> {
    let mut parts = element.split(';').map(|part| part.trim_matches([' ', '\t']));
    let name = parts.next().filter(|name| !name.is_empty())?;
    let weight = match parts.next() {
        None => 1000,
        Some(parameter) => weight(parameter)?,
    };
    parts.next().is_none().then_some((name, weight))
}

/// `q=0.5`: at most three digits, at most 1.
fn weight(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    if !name.eq_ignore_ascii_case("q") {
        return None;
    }
    let (whole, digits) = value.split_once('.').unwrap_or((value, ""));
    if digits.len() > 3 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let thousandths =
        digits.bytes().zip([100, 10, 1]).map(|(digit, unit)| u16::from(digit - b'0') * unit).sum();
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}
