//! Electronics: phones, sound, computers and screens.

use super::super::words::Word;
use super::{
    Axis, COLOR, COLORED, Department, Fact, Group, Kind, Section, Style, axis, flag, hundredths,
    number, one_of, words,
};

/// What all devices have.
#[rustfmt::skip]
static DEVICE: [Fact; 2] = [
    number("warranty_years", 2, 5, 1),
    flag("refurbished", 120),
];
/// What all devices that play sound have.
#[rustfmt::skip]
static SOUND: [Fact; 4] = [
    number("battery_hours", 6, 60, 2),
    flag("voice_assistant", 400),
    words("protection", &["IPX4", "IP67", "none"]),
    words("plug", &["USB-C"]),
];
/// What all televisions have; their sizes are kinds of their own, because they cost by size.
#[rustfmt::skip]
static TELEVISION: [Fact; 4] = [
    words("panel", &["LCD", "OLED", "Mini LED"]),
    words("resolution", &["3840 x 2160"]),
    words("energy_class", &["D", "E", "F", "G"]),
    flag("voice_assistant", 600),
];
static CASES: [&str; 8] =
    ["black", "white", "silver", "navy", "dark green", "pink", "purple", "light blue"];
const STORAGE: Axis = axis("storage", &["128 GB", "256 GB", "512 GB", "1 TB"]);

#[rustfmt::skip]
pub static DEPARTMENT: Department = Department {
    id: "electronics", name: Word("Electronics", "Elektronik", "전자제품"),
    sections: &[
        Section { id: "mobile", name: Word("Mobile", "Mobilgeräte", "모바일"), audience: None, groups: &[
            Group { id: "handhelds", name: Word("Phones & Tablets", "Handys & Tablets", "휴대폰·태블릿"), kinds: &[
                &Kind { id: "smartphones", noun: Word("Smartphone", "Smartphone", "스마트폰"), plural: Word("Smartphones", "Smartphones", "스마트폰"), picture: "phone",
                    cents: (14_999, 119_900), palette: &CASES, axes: &[COLOR, STORAGE], style: Style::Model, facts: &[&DEVICE, &[words("plug", &["USB-C"]), words("panel", &["OLED", "LCD"]), words("resolution", &["2340 x 1080", "2532 x 1170", "3120 x 1440"]), hundredths("display_inch", 580, 690, 10), number("battery_mah", 3_000, 6_000, 250), flag("fast_charging", 800)]] },
                &Kind { id: "tablets", noun: Word("Tablet", "Tablet", "태블릿"), plural: Word("Tablets", "Tablets", "태블릿"), picture: "tablet",
                    cents: (12_999, 99_900), palette: &CASES, axes: &[COLOR, STORAGE], style: Style::Model, facts: &[&DEVICE, &[words("plug", &["USB-C"]), words("panel", &["IPS", "OLED", "LCD"]), words("resolution", &["2000 x 1200", "2360 x 1640", "2732 x 2048"]), hundredths("display_inch", 830, 1_290, 10), number("weight_g", 290, 680, 10), flag("pen_support", 500)]] },
            ] },
        ] },
        Section { id: "audio", name: Word("Audio", "Audio", "오디오"), audience: None, groups: &[
            Group { id: "headphones", name: Word("Headphones", "Kopfhörer", "헤드폰"), kinds: &[
                &Kind { id: "over-ear-headphones", noun: Word("Headphones", "Kopfhörer", "헤드폰"), plural: Word("Over-Ear Headphones", "Over-Ear-Kopfhörer", "오버이어 헤드폰"), picture: "headphones",
                    cents: (3_999, 39_900), palette: &CASES, axes: &[COLOR], style: Style::Model, facts: &[&DEVICE, &SOUND, &[words("connection", &["Bluetooth", "radio"]), flag("noise_cancelling", 600), number("weight_g", 160, 360, 10)]] },
                &Kind { id: "earbuds", noun: Word("Earbuds", "In-Ear-Kopfhörer", "무선 이어폰"), plural: Word("Earbuds", "In-Ear-Kopfhörer", "무선 이어폰"), picture: "earbuds",
                    cents: (1_999, 24_900), palette: &CASES, axes: &[COLOR], style: Style::Model, facts: &[&DEVICE, &SOUND, &[words("connection", &["Bluetooth"]), flag("noise_cancelling", 500), flag("wireless_charging", 500)]] },
            ] },
            Group { id: "speakers", name: Word("Speakers", "Lautsprecher", "스피커"), kinds: &[
                &Kind { id: "portable-speakers", noun: Word("Portable Speaker", "Bluetooth-Lautsprecher", "휴대용 스피커"), plural: Word("Portable Speakers", "Bluetooth-Lautsprecher", "휴대용 스피커"), picture: "speaker",
                    cents: (2_999, 29_900), palette: &super::BRIGHT, axes: &[COLOR], style: Style::Model, facts: &[&DEVICE, &SOUND, &[words("connection", &["Bluetooth"]), number("power_w", 5, 60, 5), number("weight_g", 250, 2_400, 50)]] },
                &Kind { id: "soundbars", noun: Word("Soundbar", "Soundbar", "사운드바"), plural: Word("Soundbars", "Soundbars", "사운드바"), picture: "soundbar",
                    cents: (9_999, 89_900), palette: &["black", "grey", "white"], axes: &[COLOR], style: Style::Model, facts: &[&DEVICE, &[words("connection", &["HDMI", "Bluetooth", "Wi-Fi"]), flag("voice_assistant", 500), number("power_w", 60, 600, 20), number("width_cm", 60, 120, 5), words("channels", &["2.1", "3.1", "5.1", "7.1"])]] },
            ] },
        ] },
        Section { id: "computing", name: Word("Computing", "Computer & Büro", "컴퓨터"), audience: None, groups: &[
            Group { id: "computers", name: Word("Computers & Monitors", "Computer & Monitore", "컴퓨터·모니터"), kinds: &[
                &Kind { id: "laptops", noun: Word("Laptop", "Laptop", "노트북"), plural: Word("Laptops", "Laptops", "노트북"), picture: "laptop",
                    cents: (39_999, 249_900), palette: &["silver", "black", "grey", "navy"], axes: &[STORAGE], style: Style::Model, facts: &[&DEVICE, &[words("plug", &["USB-C"]), words("panel", &["IPS", "OLED", "Mini LED"]), words("resolution", &["1920 x 1080", "2560 x 1440", "3840 x 2160"]), COLORED, words("memory", &["8 GB", "16 GB", "32 GB", "64 GB"]), hundredths("display_inch", 1_300, 1_730, 10), hundredths("weight_kg", 90, 260, 10)]] },
                &Kind { id: "monitors", noun: Word("Monitor", "Monitor", "모니터"), plural: Word("Monitors", "Monitore", "모니터"), picture: "monitor",
                    cents: (9_999, 99_900), palette: &["black", "silver", "white"], axes: &[axis("diagonal", &["24 inch", "27 inch", "32 inch", "34 inch"])], style: Style::Model, facts: &[&DEVICE, &[words("panel", &["IPS", "OLED", "LCD"]), words("resolution", &["1920 x 1080", "2560 x 1440", "3840 x 2160"]), COLORED, words("energy_class", &["C", "D", "E", "F", "G"]), one_of("refresh_hz", &[60, 75, 100, 120, 144]), flag("curved", 300)]] },
            ] },
            Group { id: "input", name: Word("Keyboards & Mice", "Tastaturen & Mäuse", "키보드·마우스"), kinds: &[
                &Kind { id: "keyboards", noun: Word("Keyboard", "Tastatur", "키보드"), plural: Word("Keyboards", "Tastaturen", "키보드"), picture: "keyboard",
                    cents: (1_999, 19_900), palette: &["black", "white", "grey", "pink"], axes: &[COLOR, axis("layout", &["US", "DE", "KR"])], style: Style::Model, facts: &[&DEVICE, &[words("plug", &["USB-C", "USB-A"]), words("connection", &["Bluetooth", "cable", "radio"]), words("switches", &["linear", "tactile", "membrane"]), flag("backlight", 550), number("weight_g", 350, 1_200, 50)]] },
                &Kind { id: "mice", noun: Word("Mouse", "Maus", "마우스"), plural: Word("Mice", "Mäuse", "마우스"), picture: "mouse",
                    cents: (999, 12_900), palette: &["black", "white", "grey", "pink"], axes: &[COLOR], style: Style::Model, facts: &[&DEVICE, &[words("connection", &["Bluetooth", "cable", "radio"]), number("buttons", 3, 11, 1), words("hand", &["right", "left", "both"]), number("weight_g", 55, 140, 5)]] },
            ] },
        ] },
        Section { id: "home-cinema", name: Word("TV & Cinema", "TV & Heimkino", "TV·홈시네마"), audience: None, groups: &[
            Group { id: "screens", name: Word("Screens", "Bildschirme", "화면"), kinds: &[
                &Kind { id: "small-televisions", noun: Word("Compact Television", "Kompaktfernseher", "소형 텔레비전"), plural: Word("Compact Televisions", "Kompaktfernseher", "소형 텔레비전"), picture: "tv",
                    cents: (17_999, 37_999), palette: &["black", "silver"], axes: &[COLOR], style: Style::Model, facts: &[&DEVICE, &TELEVISION, &[words("diagonal", &["32 inch", "43 inch"]), one_of("refresh_hz", &[50, 60])]] },
                &Kind { id: "televisions", noun: Word("Television", "Fernseher", "텔레비전"), plural: Word("Televisions", "Fernseher", "텔레비전"), picture: "tv",
                    cents: (38_999, 84_999), palette: &["black", "silver"], axes: &[COLOR], style: Style::Model, facts: &[&DEVICE, &TELEVISION, &[words("diagonal", &["50 inch", "55 inch"]), one_of("refresh_hz", &[60, 100, 120])]] },
                &Kind { id: "large-televisions", noun: Word("Large Television", "Großbildfernseher", "대형 텔레비전"), plural: Word("Large Televisions", "Großbildfernseher", "대형 텔레비전"), picture: "tv",
                    cents: (85_999, 249_900), palette: &["black", "silver"], axes: &[COLOR], style: Style::Model, facts: &[&DEVICE, &TELEVISION, &[words("diagonal", &["65 inch", "75 inch"]), one_of("refresh_hz", &[100, 120, 144])]] },
                &Kind { id: "projectors", noun: Word("Projector", "Beamer", "프로젝터"), plural: Word("Projectors", "Beamer", "프로젝터"), picture: "projector",
                    cents: (19_999, 189_900), palette: &["white", "black", "grey"], axes: &[COLOR], style: Style::Model, facts: &[&DEVICE, &[words("resolution", &["1920 x 1080", "3840 x 2160"]), number("brightness_lm", 500, 4_000, 250), number("noise_db", 20, 38, 1), hundredths("weight_kg", 120, 650, 10), flag("voice_assistant", 300)]] },
            ] },
        ] },
    ],
};
