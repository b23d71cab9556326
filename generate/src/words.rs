//! The languages of the catalogue, and the words that any product's name may have. A change here
//! changes the stream for ever: a test's golden hash says so.

/// The languages of the catalogue, in the order of every table of translations here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lang {
    En,
    De,
    Ko,
}

impl Lang {
    pub const ALL: [Lang; 3] = [Lang::En, Lang::De, Lang::Ko];

    /// The locale as events carry it.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::De => "de",
            Lang::Ko => "ko",
        }
    }
}

/// A word in each language of [`Lang::ALL`].
#[derive(Clone, Copy)]
pub struct Word(pub &'static str, pub &'static str, pub &'static str);

impl Word {
    pub fn get(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.0,
            Lang::De => self.1,
            Lang::Ko => self.2,
        }
    }
}

/// Two halves of a brand's name: as it begins a name, and as it begins an id.
#[rustfmt::skip]
pub static BRAND_STARTS: [(&str, &str); 40] = [
    ("Al", "al"), ("Ar", "ar"), ("Bel", "bel"), ("Bor", "bor"), ("Bran", "bran"), ("Cal", "cal"), ("Cor", "cor"), ("Dal", "dal"),
    ("Dor", "dor"), ("El", "el"), ("Fal", "fal"), ("Fen", "fen"), ("Gal", "gal"), ("Gri", "gri"), ("Hal", "hal"), ("Hed", "hed"),
    ("Il", "il"), ("Jor", "jor"), ("Kal", "kal"), ("Kor", "kor"), ("Lun", "lun"), ("Mar", "mar"), ("Mel", "mel"), ("Mon", "mon"),
    ("Nor", "nor"), ("Ol", "ol"), ("Or", "or"), ("Pal", "pal"), ("Per", "per"), ("Quin", "quin"), ("Ral", "ral"), ("Ros", "ros"),
    ("Sal", "sal"), ("Sol", "sol"), ("Tal", "tal"), ("Tor", "tor"), ("Ul", "ul"), ("Val", "val"), ("Ves", "ves"), ("Wil", "wil"),
];
#[rustfmt::skip]
pub static BRAND_ENDS: [&str; 50] = [
    "vando", "beck", "berg", "brook", "by", "cott", "cove", "dale", "dane", "den", "dine", "dow", "fax", "field", "ford", "gate", "gren",
    "grove", "ham", "haven", "holm", "ico", "ingo", "katt", "kin", "lake", "land", "lind", "low", "lund", "mere", "mont", "more", "nova",
    "pine", "quist", "ridge", "rock", "sen", "shire", "sted", "stone", "strom", "thorpe", "tino", "tova", "vale", "ville", "wick", "worth",
];

#[rustfmt::skip]
pub static SERIES: [&str; 256] = [
    "Drift", "Nova", "Ember", "Atlas", "Harbour", "Lumen", "Quartz", "Summit", "Willow", "Comet", "Fjord", "Mosaic", "Orbit",
    "Pioneer", "Ripple", "Saffron", "Tundra", "Umbra", "Velvet", "Zephyr", "Aspen", "Basalt", "Cedar", "Delta", "Echo", "Fable",
    "Glacier", "Haze", "Indigo", "Jasper", "Kestrel", "Lagoon", "Maple", "Nimbus", "Onyx", "Prairie", "Quill", "Raven", "Sierra",
    "Tempo", "Unity", "Vista", "Wander", "Yonder", "Zenith", "Amber", "Birch", "Cobalt", "Dune", "Elm", "Flint", "Grove",
    "Horizon", "Iris", "Juniper", "Coral", "Lyra", "Meadow", "North", "Opal", "Pebble", "Reef", "Sable", "Terra", "Acorn",
    "Agate", "Alder", "Almanac", "Anchor", "Apex", "Arbour", "Arcadia", "Aria", "Arrow", "Aster", "Aurora", "Avalon", "Avenue",
    "Azure", "Badger", "Ballad", "Banner", "Bay", "Beacon", "Beryl", "Bishop", "Blossom", "Bluff", "Bonfire", "Borealis",
    "Bramble", "Brisk", "Bristol", "Cadence", "Calm", "Canopy", "Canyon", "Caper", "Caravan", "Cascade", "Castle", "Chime",
    "Cinder", "Cirrus", "Citadel", "Clover", "Compass", "Condor", "Copse", "Cosmos", "Cove", "Crane", "Crescent", "Crest",
    "Cygnet", "Cypress", "Dahlia", "Dapple", "Dawn", "Daybreak", "Dell", "Dolmen", "Domino", "Dove", "Dusk", "Eclipse", "Eddy",
    "Elan", "Emblem", "Encore", "Equinox", "Estuary", "Falcon", "Fathom", "Fern", "Finch", "Firefly", "Fleet", "Folio",
    "Fountain", "Fresco", "Frontier", "Gable", "Galaxy", "Gale", "Garnet", "Gazelle", "Gentian", "Ginkgo", "Glade", "Glen",
    "Gossamer", "Granite", "Gull", "Gypsum", "Halcyon", "Hamlet", "Harvest", "Hawthorn", "Hazel", "Hearth", "Heather", "Helix",
    "Heron", "Hollow", "Ibis", "Ivory", "Jade", "Jetty", "Jubilee", "Karst", "Keystone", "Kingfisher", "Lantern", "Larch", "Lark",
    "Laurel", "Legend", "Lichen", "Linden", "Lodge", "Lotus", "Lucid", "Lynx", "Magnet", "Marble", "Marina", "Marlin", "Marsh",
    "Melody", "Meridian", "Merlin", "Mesa", "Mica", "Mirage", "Mistral", "Monsoon", "Moor", "Moss", "Myrtle", "Nectar", "Nestor",
    "Oasis", "Octave", "Olive", "Osprey", "Otter", "Overture", "Paddock", "Palisade", "Parade", "Parallel", "Pearl", "Petal",
    "Phoenix", "Pilgrim", "Pine", "Pinnacle", "Plateau", "Plaza", "Plover", "Polaris", "Poplar", "Portico", "Prelude", "Prism",
    "Promenade", "Pulse", "Quarry", "Quest", "Rapids", "Redwood", "Reverie", "Ridge", "Rocket", "Rondo", "Rowan", "Ruby", "Sage",
    "Sapphire", "Savanna", "Scout", "Sequoia", "Serif", "Shale", "Shore", "Silhouette", "Skylark", "Slate", "Solace", "Solstice",
    "Sonata", "Sorrel", "Spark", "Spire", "Spruce",
];
/// Ends of the names of devices and machines.
pub static EDITIONS: [&str; 6] = [" II", " Plus", " Lite", " 300", " Pro", " 2026"];

/// Titles of books and games: one of the first and one of the second.
#[rustfmt::skip]
pub static TITLES: [Word; 24] = [
    Word("The Silent", "Stille", "고요한"), Word("The Golden", "Goldene", "황금빛"), Word("The Last", "Letzte", "마지막"), Word("The Lost", "Verlorene", "잃어버린"),
    Word("The Hidden", "Verborgene", "숨겨진"), Word("The Little", "Kleine", "작은"), Word("The Long", "Lange", "긴"), Word("The Blue", "Blaue", "푸른"),
    Word("The Wild", "Wilde", "거친"), Word("The Distant", "Ferne", "머나먼"), Word("The Bright", "Helle", "밝은"), Word("The Old", "Alte", "오래된"),
    Word("The Green", "Grüne", "초록빛"), Word("The Forgotten", "Vergessene", "잊힌"), Word("The Secret", "Geheime", "비밀의"), Word("The Cold", "Kalte", "차가운"),
    Word("The Dark", "Dunkle", "어두운"), Word("The White", "Weiße", "하얀"), Word("The Red", "Rote", "붉은"), Word("The Strange", "Seltsame", "낯선"),
    Word("The Warm", "Warme", "따뜻한"), Word("The New", "Neue", "새로운"), Word("The Broken", "Zerbrochene", "부서진"), Word("The Dreaming", "Träumende", "꿈꾸는"),
];
/// All of them plural in German, so that one form of the first fits.
#[rustfmt::skip]
pub static TITLE_NOUNS: [Word; 40] = [
    Word("Gardens", "Gärten", "정원"), Word("Harbours", "Häfen", "항구"), Word("Mountains", "Berge", "산"), Word("Rivers", "Flüsse", "강"),
    Word("Islands", "Inseln", "섬"), Word("Nights", "Nächte", "밤"), Word("Letters", "Briefe", "편지"), Word("Roads", "Straßen", "길"),
    Word("Forests", "Wälder", "숲"), Word("Stars", "Sterne", "별"), Word("Towers", "Türme", "탑"), Word("Summers", "Sommer", "여름"),
    Word("Voices", "Stimmen", "목소리"), Word("Winds", "Winde", "바람"), Word("Keys", "Schlüssel", "열쇠"), Word("Lights", "Lichter", "불빛"),
    Word("Bridges", "Brücken", "다리"), Word("Houses", "Häuser", "집"), Word("Windows", "Fenster", "창문"), Word("Mirrors", "Spiegel", "거울"),
    Word("Clouds", "Wolken", "구름"), Word("Birds", "Vögel", "새"), Word("Shadows", "Schatten", "그림자"), Word("Songs", "Lieder", "노래"),
    Word("Ships", "Schiffe", "배"), Word("Lakes", "Seen", "호수"), Word("Valleys", "Täler", "골짜기"), Word("Doors", "Türen", "문"),
    Word("Cities", "Städte", "도시"), Word("Dreams", "Träume", "꿈"), Word("Clocks", "Uhren", "시계"), Word("Trains", "Züge", "기차"),
    Word("Wolves", "Wölfe", "늑대"), Word("Foxes", "Füchse", "여우"), Word("Flowers", "Blumen", "꽃"), Word("Stones", "Steine", "돌"),
    Word("Winters", "Winter", "겨울"), Word("Mornings", "Morgen", "아침"), Word("Stories", "Geschichten", "이야기"), Word("Fields", "Felder", "들판"),
];

/// Where products are made: every product's attribute `made_in`.
pub static COUNTRIES: [&str; 10] = [
    "germany",
    "italy",
    "portugal",
    "poland",
    "south korea",
    "vietnam",
    "turkey",
    "japan",
    "sweden",
    "france",
];
pub static TAGS: [&str; 10] = [
    "new",
    "bestseller",
    "eco",
    "limited",
    "gift idea",
    "handmade",
    "online only",
    "award",
    "basics",
    "last chance",
];
/// Warehouses; the first is the contract's default and is left out of events.
pub static PLACES_OF_STOCK: [&str; 5] = ["default", "newark", "reno", "berlin", "rotterdam"];
/// Groups that have prices of their own.
pub static PRICE_GROUPS: [&str; 2] = ["vip", "trade"];
/// The group that has a discount on everything.
pub static MEMBERS: &str = "members";
