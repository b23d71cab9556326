//! Values of attributes and options, and tags: in English as events have them, in German and in
//! Korean. What is the same everywhere (`XL`, `128 GB`) is left out.

use super::super::words::Word;

/// Values that mean something else as a value of one attribute: its name, then the value.
#[rustfmt::skip]
pub static SPECIAL: &[(&str, Word)] = &[
    ("taste", Word("orange", "Orange", "오렌지")),
    ("taste", Word("plain", "pur", "플레인")),
    ("roast", Word("light", "hell", "라이트")),
    ("roast", Word("dark", "dunkel", "다크")),
    ("roast", Word("medium", "mittel", "미디엄")),
    ("skin_type", Word("dry", "trocken", "건성")),
    ("skin_type", Word("all", "alle", "모든 피부")),
    ("skin_type", Word("oily", "fettig", "지성")),
    ("hair_type", Word("dry", "trocken", "건조한 모발")),
    ("hair_type", Word("fine", "fein", "가는 모발")),
    ("hair_type", Word("normal", "normal", "보통 모발")),
    ("rise", Word("mid", "mittel", "미드라이즈")),
    ("rise", Word("high", "hoch", "하이라이즈")),
    ("rise", Word("low", "niedrig", "로라이즈")),
    ("storage_advice", Word("dark", "dunkel", "어두운 곳")),
    ("wheels", Word("two", "zwei", "2개")),
    ("wheels", Word("four", "vier", "4개")),
    ("slots", Word("two", "zwei", "2구")),
    ("slots", Word("four", "vier", "4구")),
    ("batteries", Word("one", "einer", "1개")),
    ("batteries", Word("two", "zwei", "2개")),
    ("batteries", Word("none", "ohne", "없음")),
    ("filling", Word("down", "Daunen", "다운")),
    ("use", Word("indoors", "innen", "실내용")),
    ("use", Word("outdoors", "außen", "실외용")),
    ("motif", Word("building", "Gebäude", "건물")),
    ("system", Word("filter", "Filter", "필터")),
    ("connection", Word("radio", "Funk", "무선(RF)")),
    ("handle", Word("ash", "Esche", "물푸레나무")),
    ("level", Word("match", "Wettkampf", "경기용")),
    ("level", Word("training", "Training", "훈련용")),
    ("surface", Word("track", "Bahn", "트랙")),
];

#[rustfmt::skip]
pub static VALUES: &[Word] = &[
    // Audiences, countries, tags.
    Word("women", "Damen", "여성"), Word("men", "Herren", "남성"), Word("kids", "Kinder", "아동"),
    Word("germany", "Deutschland", "독일"), Word("italy", "Italien", "이탈리아"), Word("portugal", "Portugal", "포르투갈"), Word("poland", "Polen", "폴란드"),
    Word("south korea", "Südkorea", "대한민국"), Word("vietnam", "Vietnam", "베트남"), Word("turkey", "Türkei", "튀르키예"), Word("japan", "Japan", "일본"),
    Word("sweden", "Schweden", "스웨덴"), Word("france", "Frankreich", "프랑스"),
    Word("new", "neu", "신상품"), Word("bestseller", "Bestseller", "베스트셀러"), Word("eco", "öko", "친환경"), Word("limited", "limitiert", "한정판"),
    Word("gift idea", "Geschenkidee", "선물 추천"), Word("handmade", "handgemacht", "수제"), Word("online only", "nur online", "온라인 전용"), Word("award", "ausgezeichnet", "수상 제품"),
    Word("basics", "Basics", "베이직"), Word("last chance", "letzte Chance", "마지막 기회"),
    // Materials.
    Word("aluminium", "Aluminium", "알루미늄"), Word("ash", "Esche", "물푸레나무"), Word("bamboo", "Bambus", "대나무"), Word("beech", "Buche", "너도밤나무"), Word("beeswax", "Bienenwachs", "밀랍"),
    Word("bouclé", "Bouclé", "부클레"), Word("canvas", "Canvas", "캔버스"), Word("carbon", "Carbon", "카본"), Word("carbon steel", "Kohlenstoffstahl", "탄소강"), Word("cardboard", "Pappe", "판지"),
    Word("cashmere", "Kaschmir", "캐시미어"), Word("cast iron", "Gusseisen", "주철"), Word("ceramic", "Keramik", "세라믹"), Word("chrome vanadium steel", "Chrom-Vanadium-Stahl", "크롬바나듐강"),
    Word("copper", "Kupfer", "구리"), Word("cork", "Kork", "코르크"), Word("cotton", "Baumwolle", "면"), Word("cotton blend", "Baumwollmischung", "면 혼방"), Word("damascus steel", "Damaszenerstahl", "다마스쿠스강"),
    Word("denim", "Denim", "데님"), Word("down", "Daunen", "다운"), Word("enamel", "Emaille", "법랑"), Word("engineered wood", "Holzwerkstoff", "가공 목재"), Word("fibreglass", "Fiberglas", "유리섬유"),
    Word("fleece", "Fleece", "플리스"), Word("foam", "Schaumstoff", "폼"), Word("glass", "Glas", "유리"), Word("knitted textile", "Strickgewebe", "니트"), Word("larch", "Lärche", "낙엽송"),
    Word("leather", "Leder", "가죽"), Word("linen", "Leinen", "리넨"), Word("lyocell", "Lyocell", "리오셀"), Word("maple", "Ahorn", "단풍나무"), Word("memory foam", "Memoryschaum", "메모리폼"),
    Word("merino wool", "Merinowolle", "메리노 울"), Word("mesh", "Mesh", "메시"), Word("metal", "Metall", "금속"), Word("natural rubber", "Naturkautschuk", "천연고무"), Word("pakkawood", "Pakkaholz", "파카우드"),
    Word("paper", "Papier", "종이"), Word("pine", "Kiefer", "소나무"), Word("plastic", "Kunststoff", "플라스틱"), Word("plush", "Plüsch", "플러시"), Word("polyamide", "Polyamid", "폴리아미드"),
    Word("polycarbonate", "Polycarbonat", "폴리카보네이트"), Word("polyester", "Polyester", "폴리에스터"), Word("porcelain", "Porzellan", "도자기"), Word("rapeseed", "Raps", "유채"), Word("rattan", "Rattan", "라탄"),
    Word("recycled plastic", "Recyclingkunststoff", "재활용 플라스틱"), Word("recycled polyester", "Recyclingpolyester", "재활용 폴리에스터"), Word("rubber", "Gummi", "고무"), Word("satin", "Satin", "새틴"),
    Word("silk", "Seide", "실크"), Word("soy", "Soja", "소이"), Word("stainless steel", "Edelstahl", "스테인리스강"), Word("steel", "Stahl", "강철"), Word("stoneware", "Steinzeug", "스톤웨어"),
    Word("stretch denim", "Stretch-Denim", "스트레치 데님"), Word("suede", "Wildleder", "스웨이드"), Word("synthetic leather", "Kunstleder", "인조 가죽"), Word("teak", "Teak", "티크"),
    Word("tempered steel", "gehärteter Stahl", "강화 강철"), Word("terracotta", "Terrakotta", "테라코타"), Word("textile", "Textil", "직물"), Word("velvet", "Samt", "벨벳"), Word("vinyl", "Vinyl", "비닐"),
    Word("viscose", "Viskose", "비스코스"), Word("wood", "Holz", "목재"), Word("wool", "Wolle", "울"), Word("wool blend", "Wollmischung", "울 혼방"), Word("zinc", "Zink", "아연"),
    // Clothes, shoes, bags.
    Word("a-line", "A-Linie", "A라인"), Word("band collar", "Stehkragen", "밴드 칼라"), Word("boat neck", "U-Boot-Ausschnitt", "보트넥"), Word("buckle", "Schnalle", "버클"), Word("button-down", "Button-down", "버튼다운"),
    Word("checked", "kariert", "체크"), Word("classic", "klassisch", "클래식"), Word("crew neck", "Rundhals", "크루넥"), Word("dotted", "gepunktet", "도트"), Word("dry cleaning", "chemische Reinigung", "드라이클리닝"),
    Word("hand wash", "Handwäsche", "손세탁"), Word("herringbone", "Fischgrat", "헤링본"), Word("hook and loop", "Klettverschluss", "벨크로"), Word("laces", "Schnürung", "끈"),
    Word("long", "lang", "긴팔"), Word("loose", "weit", "루즈"), Word("machine wash 30 °C", "Maschinenwäsche 30 °C", "30 °C 기계세탁"), Word("machine wash 40 °C", "Maschinenwäsche 40 °C", "40 °C 기계세탁"),
    Word("machine wash 60 °C", "Maschinenwäsche 60 °C", "60 °C 기계세탁"), Word("magnet", "Magnet", "자석"), Word("maxi", "Maxi", "맥시"), Word("midi", "Midi", "미디"), Word("mini", "Mini", "미니"),
    Word("oversized", "oversized", "오버사이즈"), Word("pencil", "Bleistiftschnitt", "펜슬"), Word("plain", "uni", "무지"), Word("pleated", "plissiert", "플리츠"), Word("pointed", "spitz", "뾰족한 형"),
    Word("printed", "bedruckt", "프린트"), Word("regular", "normal", "레귤러"), Word("roll neck", "Rollkragen", "터틀넥"), Word("round", "rund", "둥근 형"), Word("short", "kurz", "반팔"),
    Word("sleeveless", "ärmellos", "민소매"), Word("slim", "schmal", "슬림"), Word("slip-on", "zum Hineinschlüpfen", "슬립온"), Word("square", "eckig", "각진 형"), Word("striped", "gestreift", "줄무늬"),
    Word("three-quarter", "dreiviertellang", "7부"), Word("unlined", "ungefüttert", "안감 없음"), Word("v-neck", "V-Ausschnitt", "브이넥"), Word("wrap", "Wickelschnitt", "랩"), Word("zip", "Reißverschluss", "지퍼"),
    // Seasons, places, people.
    Word("all year", "ganzjährig", "사계절"), Word("autumn", "Herbst", "가을"), Word("spring", "Frühling", "봄"), Word("summer", "Sommer", "여름"), Word("winter", "Winter", "겨울"), Word("three seasons", "drei Jahreszeiten", "3계절"),
    Word("bedroom", "Schlafzimmer", "침실"), Word("dining room", "Esszimmer", "식당"), Word("hall", "Flur", "현관"), Word("living room", "Wohnzimmer", "거실"), Word("nursery", "Kinderzimmer", "아이방"), Word("study", "Arbeitszimmer", "서재"),
    Word("asphalt", "Asphalt", "아스팔트"), Word("grass", "Rasen", "잔디"), Word("indoors", "Halle", "실내"), Word("outdoors", "draußen", "실외"), Word("indoors and outdoors", "innen und außen", "실내외 겸용"),
    Word("road", "Straße", "도로"), Word("sand", "Sand", "모래"), Word("track", "Bahn", "트랙"), Word("trail", "Gelände", "트레일"),
    Word("city", "Stadt", "도시"), Word("coast", "Küste", "바닷가"), Word("mountains", "Berge", "산"), Word("village", "Dorf", "마을"),
    Word("africa", "Afrika", "아프리카"), Word("america", "Amerika", "아메리카"), Word("asia", "Asien", "아시아"), Word("europe", "Europa", "유럽"),
    Word("advanced", "fortgeschritten", "중급"), Word("beginner", "Einsteiger", "초급"), Word("professional", "Profi", "전문가용"), Word("leisure", "Freizeit", "레저용"), Word("match", "Wettkampf", "경기용"), Word("training", "Training", "훈련용"),
    Word("both", "beide", "양손"), Word("left", "links", "왼손"), Word("right", "rechts", "오른손"),
    // Home and kitchen.
    Word("all hobs", "alle Herdarten", "모든 열원"), Word("gas and electric", "Gas und Elektro", "가스·전기"), Word("induction", "Induktion", "인덕션"), Word("bean to cup", "Vollautomat", "전자동"), Word("capsules", "Kapseln", "캡슐"),
    Word("espresso", "Espresso", "에스프레소"), Word("filter", "Filter", "필터"), Word("glossy", "glänzend", "유광"), Word("matt", "matt", "무광"), Word("silk matt", "seidenmatt", "반무광"), Word("speckled", "gesprenkelt", "점무늬"),
    Word("hollow", "Hohlschliff", "홀로"), Word("serrated", "Wellenschliff", "톱니날"), Word("smooth", "glatt", "민날"), Word("non-stick", "Antihaft", "논스틱"), Word("uncoated", "unbeschichtet", "코팅 없음"), Word("coated", "gestrichen", "코팅지"),
    Word("country house", "Landhaus", "컨트리"), Word("industrial", "Industrie", "인더스트리얼"), Word("modern", "modern", "모던"), Word("scandinavian", "skandinavisch", "스칸디나비안"),
    Word("blackout", "verdunkelnd", "암막"), Word("sheer", "transparent", "시어"), Word("translucent", "halbtransparent", "반투명"), Word("eyelets", "Ösen", "아일렛"), Word("pencil pleat", "Kräuselband", "주름 밴드"), Word("tab top", "Schlaufen", "고리형"),
    Word("floral", "floral", "플로럴"), Word("geometric", "geometrisch", "기하학"),
    Word("built-in", "Einbau", "빌트인"), Word("freestanding", "freistehend", "프리스탠딩"), Word("catalytic", "Katalyse", "촉매식"), Word("pyrolytic", "Pyrolyse", "열분해식"), Word("steam", "Dampf", "스팀"),
    Word("condenser", "Kondensation", "응축식"), Word("heat pump", "Wärmepumpe", "히트펌프"), Word("vented", "Abluft", "배기식"), Word("standard", "Standard", "표준"), Word("washable", "waschbar", "세척 가능"),
    Word("mineral", "mineralisch", "광물성"), Word("solvent-based", "lösemittelhaltig", "유성"), Word("water-based", "wasserbasiert", "수성"),
    Word("battery", "Akku", "배터리"), Word("mains", "Netzstrom", "전원 연결"), Word("petrol", "Benzin", "휘발유"), Word("none", "keine", "없음"), Word("one", "eins", "하나"), Word("two", "zwei", "둘"), Word("four", "vier", "넷"),
    // Electronics and bicycles.
    Word("Bluetooth", "Bluetooth", "블루투스"), Word("cable", "Kabel", "유선"), Word("radio", "Funk", "무선"), Word("linear", "linear", "리니어"), Word("membrane", "Membran", "멤브레인"), Word("tactile", "taktil", "택타일"), Word("Mini LED", "Mini-LED", "미니 LED"),
    Word("24 inch", "24 Zoll", "24인치"), Word("26 inch", "26 Zoll", "26인치"), Word("27 inch", "27 Zoll", "27인치"), Word("28 inch", "28 Zoll", "28인치"), Word("29 inch", "29 Zoll", "29인치"), Word("32 inch", "32 Zoll", "32인치"),
    Word("34 inch", "34 Zoll", "34인치"), Word("43 inch", "43 Zoll", "43인치"), Word("50 inch", "50 Zoll", "50인치"), Word("55 inch", "55 Zoll", "55인치"), Word("65 inch", "65 Zoll", "65인치"), Word("75 inch", "75 Zoll", "75인치"),
    Word("disc", "Scheibe", "디스크"), Word("rim", "Felge", "림"), Word("app", "App", "앱"), Word("chain", "Kette", "체인"), Word("code", "Zahlencode", "번호"), Word("folding lock", "Faltschloss", "접이식"), Word("key", "Schlüssel", "열쇠"), Word("u-lock", "Bügelschloss", "U자형"),
    Word("mummy", "Mumie", "머미형"), Word("rectangular", "rechteckig", "사각형"), Word("high", "hoch", "하이컷"), Word("low", "niedrig", "로우컷"), Word("mid", "mittelhoch", "미드컷"),
    // Toys, games, books.
    Word("creativity", "Kreativität", "창의력"), Word("logic", "Logik", "논리력"), Word("luck", "Glück", "운"), Word("memory", "Gedächtnis", "기억력"), Word("motor skills", "Motorik", "소근육 발달"), Word("role play", "Rollenspiel", "역할 놀이"),
    Word("strategy", "Strategie", "전략"), Word("teamwork", "Zusammenarbeit", "협동"), Word("animals", "Tiere", "동물"), Word("art", "Kunst", "예술"), Word("building", "Gebäude", "건물"), Word("globe", "Globus", "지구본"), Word("landscape", "Landschaft", "풍경"), Word("vehicle", "Fahrzeug", "탈것"),
    Word("english", "Englisch", "영어"), Word("german", "Deutsch", "독일어"), Word("korean", "Koreanisch", "한국어"), Word("hardcover", "gebunden", "양장본"), Word("paperback", "Taschenbuch", "페이퍼백"),
    Word("adventure", "Abenteuer", "모험"), Word("family saga", "Familiensaga", "가족 이야기"), Word("history", "Geschichte", "역사"), Word("love", "Liebe", "사랑"), Word("recycled", "recycelt", "재생지"),
    Word("baking", "Backen", "베이킹"), Word("italian", "italienisch", "이탈리아"), Word("vegetarian", "vegetarisch", "채식"),
    // Groceries and care.
    Word("acacia", "Akazie", "아카시아"), Word("blossom", "Blüte", "꽃"), Word("forest", "Wald", "숲"), Word("creamy", "cremig", "크림형"), Word("liquid", "flüssig", "액상"), Word("apple", "Apfel", "사과"), Word("grape", "Traube", "포도"), Word("pear", "Birne", "배"),
    Word("elderflower", "Holunderblüte", "엘더플라워"), Word("lemon", "Zitrone", "레몬"), Word("raspberry", "Himbeere", "라즈베리"), Word("chocolatey", "schokoladig", "초콜릿 풍미"), Word("fruity", "fruchtig", "과일 풍미"), Word("nutty", "nussig", "고소함"), Word("mild", "mild", "순함"), Word("peppery", "pfeffrig", "알싸함"),
    Word("black tea", "Schwarztee", "홍차"), Word("green tea", "Grüntee", "녹차"), Word("camomile", "Kamille", "캐모마일"), Word("peppermint", "Pfefferminze", "페퍼민트"), Word("rooibos", "Rooibos", "루이보스"), Word("farfalle", "Farfalle", "파르팔레"), Word("fusilli", "Fusilli", "푸실리"), Word("penne", "Penne", "펜네"), Word("spaghetti", "Spaghetti", "스파게티"),
    Word("cool and dry", "kühl und trocken", "서늘하고 건조한 곳"), Word("dark", "dunkel", "어두운"), Word("room temperature", "Raumtemperatur", "실온"), Word("light", "leicht", "은은함"), Word("medium", "mittel", "보통"), Word("strong", "stark", "진함"),
    Word("all", "alle", "전체"), Word("dry", "trocken", "건조"), Word("oily", "fettig", "지성"), Word("sensitive", "empfindlich", "민감성"), Word("curly", "lockig", "곱슬"), Word("fine", "fein", "가는"), Word("normal", "normal", "보통"),
    Word("citrus", "Zitrus", "시트러스"), Word("fresh", "frisch", "상쾌한 향"), Word("lavender", "Lavendel", "라벤더"), Word("rose", "Rose", "장미"), Word("sandalwood", "Sandelholz", "샌달우드"), Word("spicy", "würzig", "스파이시"), Word("unscented", "parfümfrei", "무향"), Word("woody", "holzig", "우디"),
];

/// Colours, with the one that a picture is tinted with.
#[rustfmt::skip]
pub static COLORS: &[(Word, &str)] = &[
    (Word("beige", "beige", "베이지"), "#cdb894"), (Word("black", "schwarz", "검정"), "#3a3d42"), (Word("blue", "blau", "파랑"), "#2f6fc4"), (Word("brown", "braun", "갈색"), "#7d5236"),
    (Word("dark green", "dunkelgrün", "진녹색"), "#2f6144"), (Word("green", "grün", "초록"), "#4c9a52"), (Word("grey", "grau", "회색"), "#8d949b"), (Word("light blue", "hellblau", "하늘색"), "#84b6e0"),
    (Word("mustard", "senfgelb", "머스터드"), "#c99a2e"), (Word("navy", "marineblau", "남색"), "#2b3f6b"), (Word("oak", "Eiche", "오크"), "#bf935c"), (Word("orange", "orange", "주황"), "#e5833a"),
    (Word("pink", "rosa", "분홍"), "#e08fab"), (Word("purple", "lila", "보라"), "#8460b5"), (Word("red", "rot", "빨강"), "#c8423f"), (Word("rust", "rostrot", "적갈색"), "#b0593a"),
    (Word("silver", "silber", "은색"), "#aeb6bd"), (Word("turquoise", "türkis", "청록"), "#35a7a3"), (Word("walnut", "Nussbaum", "월넛"), "#6f4b33"), (Word("white", "weiß", "흰색"), "#e9e7e1"),
    (Word("wine red", "weinrot", "와인색"), "#7c2b40"), (Word("yellow", "gelb", "노랑"), "#e8c33f"),
];
