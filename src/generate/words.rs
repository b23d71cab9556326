//! The words that names are made of. A change here changes the stream for ever: a test's golden
//! hash says so.

/// The languages of the catalogue, in the order of every table of translations here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lang {
    En,
    De,
    Fr,
    Ko,
}

impl Lang {
    pub const ALL: [Lang; 4] = [Lang::En, Lang::De, Lang::Fr, Lang::Ko];

    /// The locale as events carry it.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::De => "de",
            Lang::Fr => "fr",
            Lang::Ko => "ko",
        }
    }
}

/// A word in each language of [`Lang::ALL`].
pub struct Word(pub &'static str, pub &'static str, pub &'static str, pub &'static str);

impl Word {
    pub fn get(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.0,
            Lang::De => self.1,
            Lang::Fr => self.2,
            Lang::Ko => self.3,
        }
    }
}

/// The root of a part of the category tree.
pub struct Department {
    pub id: &'static str,
    pub name: Word,
    /// Lowest and highest usual price, in US cents.
    pub cents: (u64, u64),
    /// Whether variants differ in size (else only in colour).
    pub sized: bool,
    /// How the leaves below a family are called.
    pub qualifiers: &'static [Qualifier; 5],
    pub families: [Family; 5],
}

/// The middle of the tree: `name` is the category's, `noun` one product's.
pub struct Family {
    pub id: &'static str,
    pub name: Word,
    pub noun: Word,
}

/// What tells the leaves of a family apart.
pub struct Qualifier {
    pub id: &'static str,
    pub name: Word,
}

const fn q(
    id: &'static str,
    en: &'static str,
    de: &'static str,
    fr: &'static str,
    ko: &'static str,
) -> Qualifier {
    Qualifier { id, name: Word(en, de, fr, ko) }
}

/// `words`: the id, then plural and singular in English and in German, then French and Korean.
const fn f(words: [&'static str; 7]) -> Family {
    let [id, en_many, de_many, en, de, fr, ko] = words;
    Family { id, name: Word(en_many, de_many, fr, ko), noun: Word(en, de, fr, ko) }
}

#[rustfmt::skip]
static PEOPLE: [Qualifier; 5] = [
    q("women", "Women", "Damen", "Femme", "여성"),
    q("men", "Men", "Herren", "Homme", "남성"),
    q("kids", "Kids", "Kinder", "Enfant", "아동"),
    q("outdoor", "Outdoor", "Outdoor", "Plein air", "아웃도어"),
    q("classic", "Classic", "Klassisch", "Classique", "클래식"),
];
#[rustfmt::skip]
static PLACES: [Qualifier; 5] = [
    q("compact", "Compact", "Kompakt", "Compact", "소형"),
    q("premium", "Premium", "Premium", "Premium", "프리미엄"),
    q("outdoor", "Outdoor", "Draußen", "Extérieur", "야외용"),
    q("family", "Family size", "Familiengröße", "Format familial", "대가족"),
    q("basics", "Basics", "Basics", "Essentiels", "기본"),
];
#[rustfmt::skip]
static USES: [Qualifier; 5] = [
    q("home", "Home", "Zuhause", "Maison", "가정용"),
    q("office", "Office", "Büro", "Bureau", "사무용"),
    q("travel", "Travel", "Reise", "Voyage", "여행용"),
    q("gaming", "Gaming", "Gaming", "Gaming", "게이밍"),
    q("pro", "Professional", "Profi", "Professionnel", "전문가용"),
];
#[rustfmt::skip]
static AGES: [Qualifier; 5] = [
    q("baby", "Baby", "Baby", "Bébé", "유아"),
    q("toddler", "Toddler", "Kleinkind", "Tout-petit", "아기"),
    q("school", "School age", "Schulkind", "Écolier", "초등학생"),
    q("teen", "Teen", "Jugend", "Ado", "청소년"),
    q("family", "Family", "Familie", "Famille", "가족"),
];
#[rustfmt::skip]
static MAKES: [Qualifier; 5] = [
    q("organic", "Organic", "Bio", "Bio", "유기농"),
    q("vegan", "Vegan", "Vegan", "Végan", "비건"),
    q("gentle", "Gentle", "Mild", "Doux", "순한"),
    q("value", "Value pack", "Vorteilspack", "Lot économique", "대용량"),
    q("select", "Select", "Auslese", "Sélection", "엄선"),
];

#[rustfmt::skip]
pub static DEPARTMENTS: [Department; 12] = [
    Department { id: "clothing", name: Word("Clothing", "Bekleidung", "Vêtements", "의류"), cents: (999, 24_900), sized: true, qualifiers: &PEOPLE, families: [
        f(["jackets", "Jackets", "Jacken", "Jacket", "Jacke", "Veste", "재킷"]),
        f(["shirts", "Shirts", "Hemden", "Shirt", "Hemd", "Chemise", "셔츠"]),
        f(["trousers", "Trousers", "Hosen", "Trousers", "Hose", "Pantalon", "바지"]),
        f(["dresses", "Dresses", "Kleider", "Dress", "Kleid", "Robe", "원피스"]),
        f(["sweaters", "Sweaters", "Pullover", "Sweater", "Pullover", "Pull", "스웨터"]),
    ] },
    Department { id: "electronics", name: Word("Electronics", "Elektronik", "Électronique", "전자제품"), cents: (1_999, 149_900), sized: false, qualifiers: &USES, families: [
        f(["headphones", "Headphones", "Kopfhörer", "Headphones", "Kopfhörer", "Casque", "헤드폰"]),
        f(["speakers", "Speakers", "Lautsprecher", "Speaker", "Lautsprecher", "Enceinte", "스피커"]),
        f(["cameras", "Cameras", "Kameras", "Camera", "Kamera", "Appareil photo", "카메라"]),
        f(["televisions", "Televisions", "Fernseher", "Television", "Fernseher", "Téléviseur", "텔레비전"]),
        f(["watches", "Watches", "Uhren", "Watch", "Uhr", "Montre", "시계"]),
    ] },
    Department { id: "furniture", name: Word("Furniture", "Möbel", "Meubles", "가구"), cents: (2_900, 199_900), sized: false, qualifiers: &PLACES, families: [
        f(["chairs", "Chairs", "Stühle", "Chair", "Stuhl", "Chaise", "의자"]),
        f(["tables", "Tables", "Tische", "Table", "Tisch", "Table", "테이블"]),
        f(["sofas", "Sofas", "Sofas", "Sofa", "Sofa", "Canapé", "소파"]),
        f(["lamps", "Lamps", "Lampen", "Lamp", "Lampe", "Lampe", "램프"]),
        f(["shelves", "Shelves", "Regale", "Shelf", "Regal", "Étagère", "선반"]),
    ] },
    Department { id: "shoes", name: Word("Shoes", "Schuhe", "Chaussures", "신발"), cents: (1_999, 21_900), sized: true, qualifiers: &PEOPLE, families: [
        f(["sneakers", "Sneakers", "Sneaker", "Sneaker", "Sneaker", "Basket", "운동화"]),
        f(["boots", "Boots", "Stiefel", "Boot", "Stiefel", "Botte", "부츠"]),
        f(["sandals", "Sandals", "Sandalen", "Sandal", "Sandale", "Sandale", "샌들"]),
        f(["loafers", "Loafers", "Halbschuhe", "Loafer", "Halbschuh", "Mocassin", "로퍼"]),
        f(["slippers", "Slippers", "Hausschuhe", "Slipper", "Hausschuh", "Chausson", "슬리퍼"]),
    ] },
    Department { id: "kitchen", name: Word("Kitchen", "Küche", "Cuisine", "주방"), cents: (699, 34_900), sized: false, qualifiers: &PLACES, families: [
        f(["pans", "Pans", "Pfannen", "Pan", "Pfanne", "Poêle", "프라이팬"]),
        f(["knives", "Knives", "Messer", "Knife", "Messer", "Couteau", "칼"]),
        f(["kettles", "Kettles", "Wasserkocher", "Kettle", "Wasserkocher", "Bouilloire", "주전자"]),
        f(["mugs", "Mugs", "Tassen", "Mug", "Tasse", "Tasse", "머그컵"]),
        f(["blenders", "Blenders", "Mixer", "Blender", "Mixer", "Mixeur", "믹서기"]),
    ] },
    Department { id: "sports", name: Word("Sports", "Sport", "Sport", "스포츠"), cents: (1_299, 129_900), sized: false, qualifiers: &PEOPLE, families: [
        f(["bikes", "Bikes", "Fahrräder", "Bike", "Fahrrad", "Vélo", "자전거"]),
        f(["tents", "Tents", "Zelte", "Tent", "Zelt", "Tente", "텐트"]),
        f(["backpacks", "Backpacks", "Rucksäcke", "Backpack", "Rucksack", "Sac à dos", "배낭"]),
        f(["balls", "Balls", "Bälle", "Ball", "Ball", "Ballon", "공"]),
        f(["mats", "Mats", "Matten", "Mat", "Matte", "Tapis", "매트"]),
    ] },
    Department { id: "beauty", name: Word("Beauty", "Schönheit", "Beauté", "뷰티"), cents: (399, 12_900), sized: false, qualifiers: &MAKES, families: [
        f(["creams", "Creams", "Cremes", "Cream", "Creme", "Crème", "크림"]),
        f(["soaps", "Soaps", "Seifen", "Soap", "Seife", "Savon", "비누"]),
        f(["shampoos", "Shampoos", "Shampoos", "Shampoo", "Shampoo", "Shampooing", "샴푸"]),
        f(["perfumes", "Perfumes", "Parfüms", "Perfume", "Parfüm", "Parfum", "향수"]),
        f(["brushes", "Brushes", "Bürsten", "Brush", "Bürste", "Brosse", "브러시"]),
    ] },
    Department { id: "computers", name: Word("Computers", "Computer", "Informatique", "컴퓨터"), cents: (2_499, 299_900), sized: false, qualifiers: &USES, families: [
        f(["laptops", "Laptops", "Laptops", "Laptop", "Laptop", "Portable", "노트북"]),
        f(["monitors", "Monitors", "Monitore", "Monitor", "Monitor", "Écran", "모니터"]),
        f(["keyboards", "Keyboards", "Tastaturen", "Keyboard", "Tastatur", "Clavier", "키보드"]),
        f(["routers", "Routers", "Router", "Router", "Router", "Routeur", "공유기"]),
        f(["tablets", "Tablets", "Tablets", "Tablet", "Tablet", "Tablette", "태블릿"]),
    ] },
    Department { id: "garden", name: Word("Garden", "Garten", "Jardin", "정원"), cents: (799, 89_900), sized: false, qualifiers: &PLACES, families: [
        f(["planters", "Planters", "Pflanzkübel", "Planter", "Pflanzkübel", "Jardinière", "화분"]),
        f(["hoses", "Hoses", "Schläuche", "Hose", "Schlauch", "Tuyau", "호스"]),
        f(["mowers", "Mowers", "Rasenmäher", "Mower", "Rasenmäher", "Tondeuse", "잔디깎이"]),
        f(["grills", "Grills", "Grills", "Grill", "Grill", "Barbecue", "그릴"]),
        f(["parasols", "Parasols", "Sonnenschirme", "Parasol", "Sonnenschirm", "Parasol", "파라솔"]),
    ] },
    Department { id: "toys", name: Word("Toys", "Spielzeug", "Jouets", "장난감"), cents: (599, 17_900), sized: false, qualifiers: &AGES, families: [
        f(["puzzles", "Puzzles", "Puzzles", "Puzzle", "Puzzle", "Puzzle", "퍼즐"]),
        f(["dolls", "Dolls", "Puppen", "Doll", "Puppe", "Poupée", "인형"]),
        f(["trains", "Trains", "Eisenbahnen", "Train", "Eisenbahn", "Train", "기차"]),
        f(["blocks", "Blocks", "Bauklötze", "Block Set", "Bauklötze-Set", "Jeu de cubes", "블록"]),
        f(["games", "Board Games", "Brettspiele", "Board Game", "Brettspiel", "Jeu de société", "보드게임"]),
    ] },
    Department { id: "grocery", name: Word("Grocery", "Lebensmittel", "Épicerie", "식료품"), cents: (199, 5_900), sized: false, qualifiers: &MAKES, families: [
        f(["coffees", "Coffees", "Kaffees", "Coffee", "Kaffee", "Café", "커피"]),
        f(["teas", "Teas", "Tees", "Tea", "Tee", "Thé", "차"]),
        f(["chocolates", "Chocolates", "Schokoladen", "Chocolate", "Schokolade", "Chocolat", "초콜릿"]),
        f(["oils", "Oils", "Öle", "Oil", "Öl", "Huile", "오일"]),
        f(["pastas", "Pastas", "Nudeln", "Pasta", "Nudeln", "Pâtes", "파스타"]),
    ] },
    Department { id: "pets", name: Word("Pets", "Haustiere", "Animaux", "반려동물"), cents: (499, 14_900), sized: true, qualifiers: &MAKES, families: [
        f(["leashes", "Leashes", "Leinen", "Leash", "Leine", "Laisse", "목줄"]),
        f(["beds", "Beds", "Betten", "Bed", "Bett", "Lit", "침대"]),
        f(["bowls", "Bowls", "Näpfe", "Bowl", "Napf", "Gamelle", "그릇"]),
        f(["collars", "Collars", "Halsbänder", "Collar", "Halsband", "Collier", "목걸이"]),
        f(["posts", "Scratching Posts", "Kratzbäume", "Scratching Post", "Kratzbaum", "Griffoir", "스크래처"]),
    ] },
];

/// Categories beside the tree, with no parent.
#[rustfmt::skip]
pub static COLLECTIONS: [Qualifier; 4] = [
    q("gifts", "Gifts", "Geschenke", "Cadeaux", "선물"),
    q("editors-picks", "Editors' Picks", "Empfehlungen", "Coups de cœur", "추천"),
    q("summer", "Summer", "Sommer", "Été", "여름"),
    q("clearance", "Clearance", "Restposten", "Déstockage", "재고정리"),
];

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
pub static SERIES: [&str; 64] = [
    "Drift", "Nova", "Ember", "Atlas", "Harbor", "Lumen", "Quartz", "Summit", "Willow", "Comet", "Fjord", "Mosaic", "Orbit", "Pioneer",
    "Ripple", "Saffron", "Tundra", "Umbra", "Velvet", "Zephyr", "Aspen", "Basalt", "Cedar", "Delta", "Echo", "Fable", "Glacier", "Haze",
    "Indigo", "Jasper", "Kestrel", "Lagoon", "Maple", "Nimbus", "Onyx", "Prairie", "Quill", "Raven", "Sierra", "Tempo", "Unity", "Vista",
    "Wander", "Yonder", "Zenith", "Amber", "Birch", "Cobalt", "Dune", "Elm", "Flint", "Grove", "Horizon", "Iris", "Juniper", "Koral",
    "Lyra", "Meadow", "North", "Opal", "Pebble", "Reef", "Sable", "Terra",
];
pub static EDITIONS: [&str; 8] = [" II", " Plus", " Lite", " 300", " Pro", " Mini", " 2026", " XL"];
pub static COLORS: [&str; 8] = ["Black", "White", "Sand", "Navy", "Olive", "Rust", "Sky", "Plum"];
pub static SIZES: [&str; 6] = ["XS", "S", "M", "L", "XL", "XXL"];
pub static MATERIALS: [&str; 8] =
    ["cotton", "steel", "oak", "wool", "aluminium", "glass", "recycled polyester", "ceramic"];
pub static TAGS: [&str; 12] = [
    "new",
    "bestseller",
    "eco",
    "limited",
    "gift",
    "vegan",
    "handmade",
    "online-only",
    "refill",
    "award",
    "basics",
    "last-chance",
];
/// Warehouses; the first is the contract's default and is left out of events.
pub static PLACES_OF_STOCK: [&str; 5] = ["default", "newark", "reno", "berlin", "rotterdam"];
pub static GROUPS: [&str; 2] = ["vip", "members"];
