//! Books.

use super::super::words::Word;
use super::{
    BRIGHT, Department, Fact, Group, Kind, Section, Style, axis, flag, hundredths, number, words,
};

/// What all books have, on paper or not.
#[rustfmt::skip]
static BOOK: [Fact; 4] = [
    words("language", &["english", "german", "korean"]),
    number("edition", 1, 6, 1),
    number("published", 2_012, 2_025, 1),
    flag("climate_neutral", 500),
];
/// What printed books have.
#[rustfmt::skip]
static PRINTED: [Fact; 3] = [
    number("pages", 160, 560, 8),
    number("weight_g", 220, 780, 20),
    words("paper", &["recycled", "uncoated", "coated"]).mostly(),
];
const GENRE: Fact = words("genre", &["family saga", "love", "history", "adventure"]);
const FORMAT: super::Axis = axis("format", &["paperback", "hardcover"]);

#[rustfmt::skip]
pub static DEPARTMENT: Department = Department {
    id: "books", name: Word("Books", "Bücher", "도서"),
    sections: &[
        Section { id: "fiction", name: Word("Fiction", "Belletristik", "문학"), audience: None, groups: &[
            Group { id: "stories", name: Word("Novels & Stories", "Romane & Erzählungen", "소설"), kinds: &[
                &Kind { id: "novels", noun: Word("Novel", "Roman", "소설"), plural: Word("Novels", "Romane", "장편소설"), picture: "book",
                    cents: (899, 2_900), palette: &BRIGHT, axes: &[FORMAT], style: Style::Title, facts: &[&BOOK, &PRINTED, &[GENRE]] },
                &Kind { id: "crime-novels", noun: Word("Crime Novel", "Kriminalroman", "추리소설"), plural: Word("Crime Novels", "Kriminalromane", "추리소설"), picture: "book",
                    cents: (899, 2_900), palette: &BRIGHT, axes: &[FORMAT], style: Style::Title, facts: &[&BOOK, &PRINTED, &[words("setting", &["city", "village", "coast", "mountains"])]] },
                &Kind { id: "picture-books", noun: Word("Picture Book", "Bilderbuch", "그림책"), plural: Word("Picture Books", "Bilderbücher", "그림책"), picture: "book",
                    cents: (799, 2_500), palette: &BRIGHT, axes: &[FORMAT], style: Style::Title, facts: &[&BOOK, &[number("age_from", 2, 6, 1), number("pages", 24, 56, 4), number("weight_g", 240, 560, 20)]] },
            ] },
            Group { id: "digital", name: Word("E-Books & Audiobooks", "E-Books & Hörbücher", "전자책·오디오북"), kinds: &[
                &Kind { id: "e-books", noun: Word("E-Book", "E-Book", "전자책"), plural: Word("E-Books", "E-Books", "전자책"), picture: "book",
                    cents: (499, 1_900), palette: &BRIGHT, axes: &[axis("format", &["EPUB", "PDF"])], style: Style::Title,
                    facts: &[&BOOK, &[GENRE, flag("copy_protected", 300), hundredths("file_mb", 100, 1_200, 10)]] },
                &Kind { id: "audiobooks", noun: Word("Audiobook", "Hörbuch", "오디오북"), plural: Word("Audiobooks", "Hörbücher", "오디오북"), picture: "book",
                    cents: (699, 2_900), palette: &BRIGHT, axes: &[axis("format", &["MP3", "CD"])], style: Style::Title,
                    facts: &[&BOOK, &[GENRE, flag("abridged", 300), number("listening_hours", 3, 22, 1)]] },
            ] },
        ] },
        Section { id: "non-fiction", name: Word("Non-Fiction", "Sachbücher", "비문학"), audience: None, groups: &[
            Group { id: "guides", name: Word("Guides", "Ratgeber", "실용서"), kinds: &[
                &Kind { id: "cookbooks", noun: Word("Cookbook", "Kochbuch", "요리책"), plural: Word("Cookbooks", "Kochbücher", "요리책"), picture: "book",
                    cents: (1_499, 4_900), palette: &BRIGHT, axes: &[FORMAT], style: Style::Title, facts: &[&BOOK, &PRINTED, &[words("cuisine", &["italian", "korean", "vegetarian", "baking"])]] },
                &Kind { id: "travel-guides", noun: Word("Travel Guide", "Reiseführer", "여행 안내서"), plural: Word("Travel Guides", "Reiseführer", "여행 안내서"), picture: "book",
                    cents: (1_299, 3_900), palette: &BRIGHT, axes: &[FORMAT], style: Style::Title, facts: &[&BOOK, &PRINTED, &[words("region", &["europe", "asia", "america", "africa"])]] },
            ] },
        ] },
    ],
};
