//! Attribute values, by name, as numbers that facets can count with.

use super::chunks::{Chunks, chunk_mut};
use super::interner::{Entries, Interned, Interner};
use super::lookup::hash_of;
use super::numbering::Numbering;
use super::packed::{CHUNK, place};

/// Values with a number below this are counted in one array, all others in arrays of a chunk each.
pub const NARROW: u32 = 1 << 16;
/// Values of one name that get such a number, so that a name whose values are all different leaves
/// room for others.
const NARROW_A_NAME: u32 = 1 << 12;
/// Longer names and values are on pages only, in bytes.
pub const MAX_NAME_BYTES: usize = 128;
pub const MAX_VALUE_BYTES: usize = 256;

/// Whether listings can be filtered by it, and facets count it.
pub fn is_counted(name: &str, value: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&name.len()) && value.len() <= MAX_VALUE_BYTES
}

/// A value of a name, by the name's number.
pub type NamedValue = (u32, String);

/// What is looked at of a value first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Head {
    /// The number of its name.
    pub name: u32,
    /// Its first bytes, in byte order: most values differ in them.
    pub prefix: u64,
}

impl Head {
    fn of((name, value): &NamedValue) -> Head {
        let mut prefix = [0; size_of::<u64>()];
        for (to, byte) in prefix.iter_mut().zip(value.bytes()) {
            *to = byte;
        }
        Head { name: *name, prefix: u64::from_be_bytes(prefix) }
    }
}

/// Names and values of one version.
#[derive(Clone, Debug, Default)]
pub struct Values {
    pub names: Interned<String>,
    narrow: Interned<NamedValue>,
    wide: Interned<NamedValue>,
    narrow_heads: Chunks<Vec<Head>>,
    wide_heads: Chunks<Vec<Head>>,
}

impl Values {
    pub fn name(&self, number: u32) -> &str {
        self.names.get(number).map_or("", |name| name.as_str())
    }

    pub fn name_number(&self, name: &str) -> Option<u32> {
        self.names.find(hash_of(name), |other| other == name)
    }

    /// A value by its number.
    pub fn value(&self, number: u32) -> &str {
        let value = match number.checked_sub(NARROW) {
            None => self.narrow.get(number),
            Some(wide) => self.wide.get(wide),
        };
        value.map_or("", |value| value.1.as_str())
    }

    pub fn head(&self, number: u32) -> Head {
        head_of(&self.narrow_heads, &self.wide_heads, number)
    }

    pub fn number_of(&self, name: u32, value: &str) -> Option<u32> {
        let wide = || find(&self.wide, name, value).map(|number| NARROW + number);
        find(&self.narrow, name, value).or_else(wide)
    }

    /// Numbers that are counted in an array are below this.
    pub fn narrow_end(&self) -> usize {
        self.narrow.end().min(NARROW as usize)
    }

    /// Values by number: those that are counted in one array, and all others.
    pub fn counted(&self) -> (&Interned<NamedValue>, &Interned<NamedValue>) {
        (&self.narrow, &self.wide)
    }

    /// Bytes in memory, about.
    pub fn bytes(&self) -> usize {
        let heads = (self.narrow_heads.len() + self.wide_heads.len()) * CHUNK * size_of::<Head>();
        self.names.bytes() + self.narrow.bytes() + self.wide.bytes() + heads
    }
}

fn find(values: &Interned<NamedValue>, name: u32, value: &str) -> Option<u32> {
    values.find(hash_of(&(name, value)), |other| other.0 == name && other.1 == value)
}

/// Gives names and values their numbers.
#[derive(Debug, Default)]
pub struct ValueNumbers {
    names: Interner<String>,
    narrow: Interner<NamedValue>,
    wide: Interner<NamedValue>,
    /// Numbers of wide values: those of one category's products stand side by side, as these do.
    wide_numbers: Numbering,
    /// Narrow values a name.
    narrow_of_name: Vec<u32>,
    narrow_count: u32,
    narrow_heads: Chunks<Vec<Head>>,
    wide_heads: Chunks<Vec<Head>>,
}

fn head_of(narrow: &Chunks<Vec<Head>>, wide: &Chunks<Vec<Head>>, number: u32) -> Head {
    let (heads, number) = match number.checked_sub(NARROW) {
        None => (narrow, number),
        Some(number) => (wide, number),
    };
    let (chunk, at) = place(number);
    heads.get(chunk).and_then(|chunk| chunk.get(at)).copied().unwrap_or_default()
}

fn set_head(heads: &mut Chunks<Vec<Head>>, number: u32, head: Head) {
    let (chunk, at) = chunk_mut(heads, number);
    if chunk.len() <= at {
        chunk.resize(CHUNK, Head::default());
    }
    chunk[at] = head;
}

impl ValueNumbers {
    /// Of names and values that stand somewhere already: nothing uses them until they are counted.
    pub fn restore(
        names: Chunks<Entries<String>>,
        (narrow, wide): (Chunks<Entries<NamedValue>>, Chunks<Entries<NamedValue>>),
        wide_numbers: Numbering,
    ) -> ValueNumbers {
        let names = Interner::restore(names);
        let (narrow, wide) = (Interner::restore(narrow), Interner::restore(wide));
        let mut numbers = ValueNumbers { names, narrow, wide, wide_numbers, ..Default::default() };
        numbers.narrow_of_name.resize(numbers.names.shared.end(), 0);
        for (number, value) in numbers.narrow.shared.iter() {
            set_head(&mut numbers.narrow_heads, number, Head::of(value));
            numbers.narrow_count += 1;
            if let Some(of_name) = numbers.narrow_of_name.get_mut(value.0 as usize) {
                *of_name += 1;
            }
        }
        for (number, value) in numbers.wide.shared.iter() {
            set_head(&mut numbers.wide_heads, number, Head::of(value));
        }
        numbers
    }

    /// So many uses more of a value, and of its name.
    pub fn count(&mut self, number: u32, uses: u32) {
        self.names.count(self.name_of(number), uses);
        match number.checked_sub(NARROW) {
            None => self.narrow.count(number, uses),
            Some(wide) => self.wide.count(wide, uses),
        }
    }

    /// The numbers that values may get next.
    pub fn wide_numbers(&self) -> &Numbering {
        &self.wide_numbers
    }

    pub fn shared(&self) -> Values {
        let (names, narrow, wide) = (&self.names, &self.narrow, &self.wide);
        Values {
            names: names.shared.clone(),
            narrow: narrow.shared.clone(),
            wide: wide.shared.clone(),
            narrow_heads: self.narrow_heads.clone(),
            wide_heads: self.wide_heads.clone(),
        }
    }

    /// One more use of a value, and of its name, by a product of a category.
    pub fn take(&mut self, name: &str, value: &str, category: Option<u32>) -> u32 {
        let name = self.take_name(name);
        if let Some(number) = find(&self.narrow.shared, name, value) {
            self.narrow.take_again(number);
            return number;
        }
        if let Some(number) = find(&self.wide.shared, name, value) {
            self.wide.take_again(number);
            return NARROW + number;
        }
        let key = (name, value.to_owned());
        let head = Head::of(&key);
        let of_name = &mut self.narrow_of_name[name as usize];
        if *of_name < NARROW_A_NAME && self.narrow_count < NARROW {
            *of_name += 1;
            self.narrow_count += 1;
            let number = self.narrow.add(key);
            set_head(&mut self.narrow_heads, number, head);
            return number;
        }
        let number = self.wide_numbers.take(category);
        self.wide.add_as(number, key);
        set_head(&mut self.wide_heads, number, head);
        NARROW + number
    }

    fn take_name(&mut self, name: &str) -> u32 {
        let known = self.names.shared.find(hash_of(name), |other| other == name);
        if let Some(number) = known {
            self.names.take_again(number);
            return number;
        }
        let number = self.names.add(name.to_owned());
        if self.narrow_of_name.len() <= number as usize {
            self.narrow_of_name.resize(number as usize + 1, 0);
        }
        number
    }

    /// The number of the name that a value is of.
    pub fn name_of(&self, number: u32) -> u32 {
        head_of(&self.narrow_heads, &self.wide_heads, number).name
    }

    /// One use less, by a product of a category.
    pub fn give_back(&mut self, number: u32, category: Option<u32>) {
        let value = match number.checked_sub(NARROW) {
            None => {
                let name = self.narrow.shared.get(number).map(|value| value.0);
                let gone = self.narrow.give_back(number);
                if let Some(value) = &gone {
                    self.narrow_of_name[value.0 as usize] -= 1;
                    self.narrow_count -= 1;
                }
                name
            }
            Some(wide) => {
                let name = self.wide.shared.get(wide).map(|value| value.0);
                if self.wide.give_back_as(wide).is_some() {
                    self.wide_numbers.give_back(category, wide);
                }
                name
            }
        };
        // Each use of a value is one of its name.
        if let Some(name) = value {
            self.names.give_back(name);
        }
    }
}
