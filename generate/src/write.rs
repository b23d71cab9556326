//! JSON, appended by hand to a buffer: no tree, no allocation.

use projections::instant::Instant;

/// A piece of a string: ids and names are put together from them.
#[derive(Clone, Copy)]
pub enum Piece<'a> {
    S(&'a str),
    N(u64),
}

/// Writes JSON; sets the commas itself. The caller opens and closes in pairs.
pub struct Json<'a> {
    out: &'a mut Vec<u8>,
    comma: bool,
}

impl<'a> Json<'a> {
    /// Appends to `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Json<'a> {
        Json { out, comma: false }
    }

    fn before(&mut self) {
        if self.comma {
            self.out.push(b',');
        }
        self.comma = true;
    }

    pub fn open(&mut self) {
        self.before();
        self.out.push(b'{');
        self.comma = false;
    }

    pub fn close(&mut self) {
        self.out.push(b'}');
        self.comma = true;
    }

    pub fn open_list(&mut self) {
        self.before();
        self.out.push(b'[');
        self.comma = false;
    }

    pub fn close_list(&mut self) {
        self.out.push(b']');
        self.comma = true;
    }

    /// A member's name; its value must follow. `name` needs no escaping: it is ours.
    pub fn key(&mut self, name: &str) -> &mut Self {
        self.before();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.comma = false;
        self
    }

    pub fn str(&mut self, text: &str) {
        self.begin();
        self.escaped(text);
        self.end();
    }

    /// One string from several pieces.
    pub fn pieces(&mut self, pieces: &[Piece<'_>]) {
        self.begin();
        for piece in pieces {
            self.piece(*piece);
        }
        self.end();
    }

    /// Starts a string that is given by [`Json::piece`] and ended by [`Json::end`].
    pub fn begin(&mut self) {
        self.before();
        self.out.push(b'"');
    }

    pub fn piece(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::S(text) => self.escaped(text),
            Piece::N(number) => self.digits(number),
        }
    }

    pub fn end(&mut self) {
        self.out.push(b'"');
    }

    pub fn int(&mut self, number: u64) {
        self.before();
        self.digits(number);
    }

    /// `hundredths / 100` as a JSON number, with no more digits than it needs: 12.05, 12.5, 12.
    pub fn decimal(&mut self, hundredths: u64) {
        self.int(hundredths / 100);
        match (hundredths % 100) as u32 {
            0 => {}
            rest if rest.is_multiple_of(10) => {
                self.out.push(b'.');
                self.padded(rest / 10, 1);
            }
            rest => {
                self.out.push(b'.');
                self.padded(rest, 2);
            }
        }
    }

    pub fn bool(&mut self, value: bool) {
        self.before();
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    pub fn null(&mut self) {
        self.before();
        self.out.extend_from_slice(b"null");
    }

    /// An instant as RFC 3339 in UTC with milliseconds.
    pub fn instant(&mut self, at: Instant) {
        self.begin();
        self.rfc3339(at);
        self.end();
    }

    fn digits(&mut self, number: u64) {
        let mut buffer = itoa::Buffer::new();
        self.out.extend_from_slice(buffer.format(number).as_bytes());
    }

    fn padded(&mut self, number: u32, width: usize) {
        let mut digits = [b'0'; 4];
        let mut rest = number;
        for digit in digits.iter_mut().take(width).rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.out.extend(digits.iter().take(width));
    }

    fn rfc3339(&mut self, at: Instant) {
        let millis = at.millis().clamp(FIRST_MS, LAST_MS);
        let (year, month, day) = civil(millis.div_euclid(DAY_MS));
        let in_day = millis.rem_euclid(DAY_MS) as u32;
        self.padded(year, 4);
        self.out.push(b'-');
        self.padded(month, 2);
        self.out.push(b'-');
        self.padded(day, 2);
        self.out.push(b'T');
        self.padded(in_day / 3_600_000, 2);
        self.out.push(b':');
        self.padded(in_day / 60_000 % 60, 2);
        self.out.push(b':');
        self.padded(in_day / 1_000 % 60, 2);
        self.out.push(b'.');
        self.padded(in_day % 1_000, 3);
        self.out.push(b'Z');
    }

    fn escaped(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut done = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            if byte >= b' ' && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.out.extend_from_slice(bytes.get(done..at).unwrap_or_default());
            done = at + 1;
            match byte {
                b'\n' => self.out.extend_from_slice(b"\\n"),
                b'"' | b'\\' => self.out.extend_from_slice(&[b'\\', byte]),
                _ => {
                    self.out.extend_from_slice(b"\\u");
                    let hex = |digit: u8| if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
                    self.out.extend_from_slice(&[b'0', b'0', hex(byte >> 4), hex(byte & 15)]);
                }
            }
        }
        self.out.extend_from_slice(bytes.get(done..).unwrap_or_default());
    }
}

const DAY_MS: i64 = 86_400_000;
/// 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: what RFC 3339 can write.
const FIRST_MS: i64 = -62_167_219_200_000;
const LAST_MS: i64 = 253_402_300_799_999;

/// Year, month and day of a day counted from 1970-01-01, by Howard Hinnant's `civil_from_days`
/// (public domain): an era is 400 years, a year starts in March. Cheaper than to look it up.
fn civil(days: i64) -> (u32, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year as u32, month as u32, day as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_read_as_those_of_the_rules_do() {
        for day in (-719_000..2_900_000).step_by(977) {
            let at = Instant(day * DAY_MS + day.rem_euclid(89) * 977_351 % DAY_MS);
            let mut out = Vec::new();
            Json::new(&mut out).instant(at);
            assert_eq!(String::from_utf8(out).unwrap(), format!("\"{at}\""));
        }
    }

    #[test]
    fn strings_are_escaped() {
        let text = "a \"b\" \\ c\nd\u{1}\u{1f} é 셔츠";
        let mut out = Vec::new();
        Json::new(&mut out).str(text);
        let back: String = serde_json::from_slice(&out).unwrap();
        assert_eq!(back, text);
    }

    #[test]
    fn commas_stand_between() {
        let mut out = Vec::new();
        let mut json = Json::new(&mut out);
        json.open();
        json.key("a").open_list();
        json.int(1);
        for hundredths in [1205, 1250, 1200] {
            json.decimal(hundredths);
        }
        json.close_list();
        json.key("b").null();
        json.key("c").open();
        json.close();
        json.key("d").pieces(&[Piece::S("p-"), Piece::N(7)]);
        json.key("e").bool(true);
        json.close();
        assert_eq!(out, br#"{"a":[1,12.05,12.5,12],"b":null,"c":{},"d":"p-7","e":true}"#);
    }
}
