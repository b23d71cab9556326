//! Books.

use super::super::words::Word;
use super::{BRIGHT, Department, Fact, Group, Kind, Section, Style, axis, flag, number, words};

/// What all books have.
#[rustfmt::skip]
static BOOK: [Fact; 7] = [
    words("language", &["english", "german", "korean"]),
    number("pages", 96, 720, 8),
    number("edition", 1, 6, 1),
    number("published", 2012, 2025, 1),
    number("weight_g", 180, 1_200, 20),
    flag("climate_neutral", 500),
    words("paper", &["recycled", "uncoated", "coated"]).mostly(),
];
const FORMAT: super::Axis = axis("format", &["paperback", "hardcover", "audiobook", "e-book"]);

#[rustfmt::skip]
pub static DEPARTMENT: Department = Department {
    id: "books", name: Word("Books", "Bücher", "도서"),
    sections: &[
        Section { id: "fiction", name: Word("Fiction", "Belletristik", "문학"), audience: None, groups: &[
            Group { id: "stories", name: Word("Novels & Stories", "Romane & Erzählungen", "소설"), kinds: &[
                &Kind { id: "novels", noun: Word("Novel", "Roman", "소설"), plural: Word("Novels", "Romane", "장편소설"), picture: "book",
                    cents: (899, 2_900), palette: &BRIGHT, axes: &[FORMAT], style: Style::Title, facts: &[&BOOK, &[words("genre", &["family saga", "love", "history", "adventure"])]] },
                &Kind { id: "crime-novels", noun: Word("Crime Novel", "Kriminalroman", "추리소설"), plural: Word("Crime Novels", "Kriminalromane", "추리소설"), picture: "book",
                    cents: (899, 2_900), palette: &BRIGHT, axes: &[FORMAT], style: Style::Title, facts: &[&BOOK, &[words("setting", &["city", "village", "coast", "mountains"])]] },
                &Kind { id: "picture-books", noun: Word("Picture Book", "Bilderbuch", "그림책"), plural: Word("Picture Books", "Bilderbücher", "그림책"), picture: "book",
                    cents: (799, 2_500), palette: &BRIGHT, axes: &[FORMAT], style: Style::Title, facts: &[&BOOK, &[number("age_from", 1, 8, 1)]] },
            ] },
        ] },
        Section { id: "non-fiction", name: Word("Non-Fiction", "Sachbücher", "비문학"), audience: None, groups: &[
            Group { id: "guides", name: Word("Guides", "Ratgeber", "실용서"), kinds: &[
                &Kind { id: "cookbooks", noun: Word("Cookbook", "Kochbuch", "요리책"), plural: Word("Cookbooks", "Kochbücher", "요리책"), picture: "book",
                    cents: (1_499, 4_900), palette: &BRIGHT, axes: &[FORMAT], style: Style::Title, facts: &[&BOOK, &[words("cuisine", &["italian", "korean", "vegetarian", "baking"])]] },
                &Kind { id: "travel-guides", noun: Word("Travel Guide", "Reiseführer", "여행 안내서"), plural: Word("Travel Guides", "Reiseführer", "여행 안내서"), picture: "book",
                    cents: (1_299, 3_900), palette: &BRIGHT, axes: &[FORMAT], style: Style::Title, facts: &[&BOOK, &[words("region", &["europe", "asia", "america", "africa"])]] },
            ] },
        ] },
    ],
    copy: &[
        Word("A book for long evenings.", "Ein Buch für lange Abende.", "긴 저녁에 읽기 좋은 책입니다."),
        Word("Carefully printed and bound.", "Sorgfältig gedruckt und gebunden.", "정성껏 인쇄하고 제본했습니다."),
        Word("Recommended by independent booksellers.", "Empfohlen von unabhängigen Buchhandlungen.", "독립 서점들이 추천한 책입니다."),
        Word("Also a good gift for people who read little.", "Auch ein gutes Geschenk für Menschen, die wenig lesen.", "책을 잘 읽지 않는 분께도 좋은 선물입니다."),
    ],
};
