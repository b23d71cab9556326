//! Toys and games.

use super::super::words::Word;
use super::{
    BRIGHT, COLOR, COLORED, Department, Fact, Group, Kind, Section, Style, axis, flag, hundredths,
    number, words,
};

/// What all toys have.
#[rustfmt::skip]
static TOY: [Fact; 1] = [
    flag("recycled", 250).mostly(),
];
/// What all games have.
#[rustfmt::skip]
static GAME: [Fact; 5] = [
    number("age_from", 4, 14, 1),
    words("skill", &["strategy", "luck", "memory", "teamwork", "logic"]),
    number("players_max", 2, 8, 1),
    flag("travel_size", 250),
    flag("award_winner", 150).mostly(),
];
const LANGUAGE: super::Axis = axis("language", &["english", "german", "korean"]);

#[rustfmt::skip]
pub static DEPARTMENT: Department = Department {
    id: "toys", name: Word("Toys & Games", "Spielwaren", "장난감·게임"),
    sections: &[
        Section { id: "play", name: Word("Toys", "Spielzeug", "장난감"), audience: None, groups: &[
            Group { id: "figures", name: Word("Dolls & Soft Toys", "Puppen & Kuscheltiere", "인형·봉제 완구"), kinds: &[
                &Kind { id: "teddy-bears", noun: Word("Teddy Bear", "Teddybär", "곰 인형"), plural: Word("Teddy Bears", "Teddybären", "곰 인형"), picture: "teddy",
                    cents: (1_299, 7_900), palette: &["brown", "beige", "white", "grey", "pink"], axes: &[COLOR], style: Style::Plain, facts: &[&TOY, &[number("age_from", 1, 3, 1), words("skill", &["role play", "creativity"]), hundredths("weight_kg", 15, 120, 5), number("height_cm", 20, 60, 2), words("material", &["plush", "cotton", "wool"]), flag("washable", 700)]] },
                &Kind { id: "dolls", noun: Word("Doll", "Puppe", "인형"), plural: Word("Dolls", "Puppen", "인형"), picture: "doll",
                    cents: (1_499, 9_900), palette: &BRIGHT, axes: &[COLOR], style: Style::Plain, facts: &[&TOY, &[number("age_from", 2, 5, 1), words("skill", &["role play", "creativity"]), hundredths("weight_kg", 20, 110, 5), number("height_cm", 26, 48, 2), words("material", &["textile", "vinyl"]), flag("washable", 500)]] },
            ] },
            Group { id: "building", name: Word("Building & Railways", "Bauen & Eisenbahn", "블록·기차"), kinds: &[
                &Kind { id: "building-blocks", noun: Word("Building Block Set", "Bauklötze-Set", "블록 세트"), plural: Word("Building Blocks", "Bauklötze", "블록"), picture: "blocks",
                    cents: (1_499, 12_900), palette: &BRIGHT, axes: &[axis("pieces", &["30", "60", "100", "200"])], style: Style::Plain, facts: &[&TOY, &[number("age_from", 1, 4, 1), words("skill", &["creativity", "motor skills", "logic"]), hundredths("weight_kg", 60, 450, 10), COLORED, words("material", &["beech", "maple", "plastic", "recycled plastic"])]] },
                &Kind { id: "wooden-trains", noun: Word("Wooden Train", "Holzeisenbahn", "나무 기차"), plural: Word("Wooden Trains", "Holzeisenbahnen", "나무 기차"), picture: "train",
                    cents: (1_999, 11_900), palette: &BRIGHT, axes: &[COLOR], style: Style::Plain, facts: &[&TOY, &[number("age_from", 3, 5, 1), words("skill", &["motor skills", "role play", "creativity"]), hundredths("weight_kg", 60, 380, 10), words("material", &["beech", "maple"]), number("piece_count", 8, 80, 4), flag("batteries_needed", 200)]] },
            ] },
        ] },
        Section { id: "games", name: Word("Games & Puzzles", "Spiele & Puzzles", "게임·퍼즐"), audience: None, groups: &[
            Group { id: "table-games", name: Word("Games", "Gesellschaftsspiele", "보드·카드게임"), kinds: &[
                &Kind { id: "board-games", noun: Word("Board Game", "Brettspiel", "보드게임"), plural: Word("Board Games", "Brettspiele", "보드게임"), picture: "board-game",
                    cents: (1_999, 8_900), palette: &BRIGHT, axes: &[LANGUAGE], style: Style::Title, facts: &[&GAME, &[hundredths("weight_kg", 60, 280, 5), number("play_minutes", 30, 180, 15)]] },
                &Kind { id: "card-games", noun: Word("Card Game", "Kartenspiel", "카드게임"), plural: Word("Card Games", "Kartenspiele", "카드게임"), picture: "cards",
                    cents: (699, 2_900), palette: &BRIGHT, axes: &[LANGUAGE], style: Style::Title, facts: &[&GAME, &[hundredths("weight_kg", 10, 45, 5), number("play_minutes", 15, 60, 5)]] },
            ] },
            Group { id: "puzzles", name: Word("Puzzles", "Puzzles", "퍼즐"), kinds: &[
                &Kind { id: "jigsaw-puzzles", noun: Word("Jigsaw Puzzle", "Puzzle", "직소 퍼즐"), plural: Word("Jigsaw Puzzles", "Legepuzzles", "직소 퍼즐"), picture: "puzzle",
                    cents: (899, 4_900), palette: &BRIGHT, axes: &[axis("pieces", &["100", "500", "1000", "2000"])], style: Style::Title,
                    facts: &[&[number("age_from", 4, 14, 1), words("motif", &["landscape", "animals", "city", "art"]), words("material", &["cardboard", "wood"]), number("width_cm", 36, 98, 2), number("height_cm", 27, 68, 1), flag("poster_included", 400), flag("recycled", 500).mostly()]] },
                &Kind { id: "3d-puzzles", noun: Word("3D Puzzle", "3D-Puzzle", "입체 퍼즐"), plural: Word("3D Puzzles", "3D-Puzzles", "입체 퍼즐"), picture: "puzzle",
                    cents: (1_299, 6_900), palette: &BRIGHT, axes: &[axis("pieces", &["60", "120", "240", "500"])], style: Style::Title,
                    facts: &[&[number("age_from", 6, 14, 1), words("motif", &["building", "animals", "globe", "vehicle"]), words("material", &["cardboard", "wood", "plastic"]), number("height_cm", 12, 60, 2), words("skill", &["logic", "motor skills"]), flag("batteries_needed", 200), flag("recycled", 400).mostly()]] },
            ] },
        ] },
    ],
};
