//! Sentences for descriptions, by what they are about.

use super::super::words::Word;

/// The sentences for a leaf of the tree: those under the longest beginning of its id.
pub fn of_leaf(id: &str) -> &'static [Word] {
    let fitting = COPY.iter().filter(|(beginning, _)| {
        let rest = id.strip_prefix(beginning);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    });
    fitting.max_by_key(|(beginning, _)| beginning.len()).map_or(&[], |(_, words)| words)
}

/// Beginnings of the ids of leaves, and what may be said of the products there.
#[rustfmt::skip]
static COPY: &[(&str, &[Word])] = &[
    ("clothing", &[
        Word("Soft on the skin and cut for freedom of movement.", "Weich auf der Haut und mit viel Bewegungsfreiheit geschnitten.", "피부에 부드럽고 움직이기 편한 재단입니다."),
        Word("Keeps its shape and colour for years.", "Bleibt über Jahre in Form und Farbe.", "오래 입어도 모양과 색이 그대로입니다."),
        Word("Goes with everything in your wardrobe.", "Passt zu allem, was im Kleiderschrank hängt.", "옷장 속 어떤 옷과도 잘 어울립니다."),
        Word("Now with an improved fit.", "Jetzt mit besserer Passform.", "핏이 한층 좋아졌습니다."),
        Word("Sewn in small batches in a family workshop.", "In kleinen Serien im Familienbetrieb genäht.", "가족이 운영하는 공방에서 소량으로 봉제합니다."),
    ]),
    ("clothing-kids", &[
        Word("Made for climbing, running and getting dirty.", "Gemacht zum Klettern, Rennen und Schmutzigmachen.", "마음껏 뛰어놀 수 있게 만들었습니다."),
        Word("Soft on sensitive skin.", "Weich für empfindliche Haut.", "민감한 피부에도 부드럽습니다."),
        Word("Cut with room to grow.", "Mit Platz zum Hineinwachsen geschnitten.", "자라는 아이를 위해 여유 있게 재단했습니다."),
        Word("Seams that hold in the playground too.", "Nähte, die auch auf dem Spielplatz halten.", "놀이터에서도 끄떡없는 튼튼한 봉제입니다."),
    ]),
    ("kitchen-cooking-knives", &[
        Word("Balanced, so that it lies well in the hand.", "Ausgewogen, damit es gut in der Hand liegt.", "균형이 좋아 손에 편하게 잡힙니다."),
        Word("Stays sharp for a long time and is easy to sharpen.", "Bleibt lange scharf und lässt sich leicht nachschärfen.", "오래 날카롭고 쉽게 갈 수 있습니다."),
        Word("Developed together with professional cooks.", "Gemeinsam mit Profiköchen entwickelt.", "전문 요리사와 함께 개발했습니다."),
        Word("Ground and finished by hand.", "Von Hand geschliffen und vollendet.", "손으로 갈아 마무리했습니다."),
    ]),
    ("kitchen-cooking-pans", &[
        Word("Heats evenly, right to the edge.", "Wird gleichmäßig heiß, bis zum Rand.", "가장자리까지 고르게 달궈집니다."),
        Word("Clean again in seconds.", "Im Nu wieder sauber.", "금방 깨끗해집니다."),
        Word("The handle stays cool on the hob.", "Der Griff bleibt auf dem Herd kühl.", "조리 중에도 손잡이가 뜨거워지지 않습니다."),
        Word("For everyday meals as well as for guests.", "Für jeden Tag und für Gäste.", "평소 식사에도, 손님상에도 잘 어울립니다."),
    ]),
    ("kitchen-table", &[
        Word("For everyday meals as well as for guests.", "Für jeden Tag und für Gäste.", "평소 식사에도, 손님상에도 잘 어울립니다."),
        Word("Each piece is a little different.", "Jedes Stück ist ein wenig anders.", "하나하나 조금씩 다릅니다."),
        Word("Can be combined with the other pieces of the series.", "Lässt sich mit den anderen Stücken der Serie kombinieren.", "같은 시리즈의 다른 제품과 함께 쓸 수 있습니다."),
        Word("Fired twice, so that the edges do not chip.", "Zweimal gebrannt, damit die Kanten nicht abplatzen.", "두 번 구워 가장자리가 잘 깨지지 않습니다."),
    ]),
    ("kitchen-machines", &[
        Word("Ready in a moment.", "Im Handumdrehen bereit.", "금세 준비됩니다."),
        Word("The parts come off and are quickly rinsed.", "Die Teile lassen sich abnehmen und schnell abspülen.", "부품을 분리해 쉽게 헹굴 수 있습니다."),
        Word("Takes up little space on the worktop.", "Braucht wenig Platz auf der Arbeitsplatte.", "조리대에서 자리를 적게 차지합니다."),
        Word("Replacement parts are available for ten years.", "Ersatzteile sind zehn Jahre lang lieferbar.", "교체 부품을 10년 동안 구할 수 있습니다."),
    ]),
    ("kitchen-machines-preparing-toasters", &[
        Word("Browns evenly on both sides.", "Bräunt gleichmäßig auf beiden Seiten.", "양면을 고르게 구워 줍니다."),
        Word("The crumb tray comes out in one movement.", "Die Krümelschublade ist mit einem Griff herausgenommen.", "부스러기 받침을 한 번에 뺄 수 있습니다."),
        Word("Takes up little space on the worktop.", "Braucht wenig Platz auf der Arbeitsplatte.", "조리대에서 자리를 적게 차지합니다."),
    ]),
    ("home-furniture", &[
        Word("Clear lines that suit small rooms too.", "Klare Linien, die auch in kleine Räume passen.", "작은 공간에도 어울리는 깔끔한 라인입니다."),
        Word("Brings calm into any room.", "Bringt Ruhe in jeden Raum.", "어떤 공간에도 차분함을 더합니다."),
        Word("Made from responsibly sourced materials.", "Aus verantwortungsvoll gewonnenen Materialien.", "책임감 있게 조달한 소재로 만들었습니다."),
        Word("Matches the other pieces of the series.", "Passt zu den anderen Stücken der Serie.", "같은 시리즈의 다른 제품과 잘 어울립니다."),
        Word("Carried up to your flat on request.", "Auf Wunsch bis in die Wohnung getragen.", "원하시면 집 안까지 옮겨 드립니다."),
    ]),
    ("home-lighting", &[
        Word("Gives a warm light that does not dazzle.", "Gibt warmes Licht, das nicht blendet.", "눈부심 없는 따뜻한 빛을 냅니다."),
        Word("Looks good switched off too.", "Macht auch ausgeschaltet eine gute Figur.", "꺼져 있을 때도 보기 좋습니다."),
        Word("The bulb can be changed without tools.", "Das Leuchtmittel lässt sich ohne Werkzeug wechseln.", "공구 없이 전구를 교체할 수 있습니다."),
    ]),
    ("home-textiles", &[
        Word("Soft, and it stays so.", "Weich, und das bleibt so.", "처음 그대로 부드럽습니다."),
        Word("Matches the other colours of the series.", "Passt zu den anderen Farben der Serie.", "같은 시리즈의 다른 색과 잘 어울립니다."),
        Word("Tested for harmful substances.", "Auf Schadstoffe geprüft.", "유해 물질 검사를 마쳤습니다."),
        Word("Neatly hemmed on all sides.", "Rundum sauber gesäumt.", "사방을 깔끔하게 마감했습니다."),
    ]),
    ("home-textiles-windows", &[
        Word("Falls in even folds.", "Fällt in gleichmäßigen Falten.", "주름이 고르게 떨어집니다."),
        Word("Hung up in a few minutes.", "In wenigen Minuten aufgehängt.", "몇 분이면 달 수 있습니다."),
        Word("Keeps its colour in the sun.", "Behält auch in der Sonne seine Farbe.", "햇빛에도 색이 바래지 않습니다."),
        Word("Makes any room cosier.", "Macht jeden Raum wohnlicher.", "어떤 공간이든 아늑해집니다."),
    ]),
    ("electronics", &[
        Word("Set up in a minute.", "In einer Minute eingerichtet.", "1분이면 설정이 끝납니다."),
        Word("Built so that it can be repaired.", "So gebaut, dass man es reparieren kann.", "수리할 수 있도록 만들었습니다."),
        Word("Easy on power.", "Sparsam im Verbrauch.", "전력 소모가 적습니다."),
        Word("Ships with everything you need to get started.", "Mit allem, was man für den Anfang braucht.", "바로 쓸 수 있는 구성으로 배송됩니다."),
    ]),
    ("electronics-mobile", &[
        Word("Fast, with updates for years.", "Schnell, mit Updates für Jahre.", "빠르고, 몇 년 동안 업데이트됩니다."),
        Word("The battery lasts through a long day.", "Der Akku hält einen langen Tag durch.", "배터리가 온종일 갑니다."),
        Word("A display that can be read in the sun.", "Ein Display, das auch in der Sonne lesbar ist.", "햇빛 아래에서도 잘 보이는 화면입니다."),
        Word("Your data moves over in a few minutes.", "Die Daten sind in wenigen Minuten umgezogen.", "데이터를 몇 분 만에 옮길 수 있습니다."),
    ]),
    ("electronics-audio", &[
        Word("Clear voices and full bass.", "Klare Stimmen und voller Bass.", "또렷한 목소리와 풍부한 저음을 들려줍니다."),
        Word("Connects by itself once it has been paired.", "Verbindet sich nach dem ersten Mal von selbst.", "한 번 연결하면 다음부터 자동으로 연결됩니다."),
        Word("Tuned by sound engineers.", "Von Toningenieuren abgestimmt.", "음향 엔지니어가 튜닝했습니다."),
        Word("Built so that it can be repaired.", "So gebaut, dass man es reparieren kann.", "수리할 수 있도록 만들었습니다."),
    ]),
    ("electronics-home-cinema", &[
        Word("Makes an evening at home an evening at the cinema.", "Macht den Abend zu Hause zum Kinoabend.", "집에서 보내는 저녁이 영화관이 됩니다."),
        Word("Set up in a few minutes.", "In wenigen Minuten eingerichtet.", "몇 분이면 설정이 끝납니다."),
        Word("Rich colours, even in a bright room.", "Satte Farben, auch im hellen Raum.", "밝은 방에서도 색이 선명합니다."),
    ]),
    ("shoes-footwear", &[
        Word("Comfortable all day long.", "Den ganzen Tag lang bequem.", "하루 종일 편안합니다."),
        Word("A sole that grips on wet ground too.", "Eine Sohle, die auch auf nassem Boden greift.", "젖은 바닥에서도 미끄럽지 않은 밑창입니다."),
        Word("The insole can be taken out.", "Die Einlegesohle ist herausnehmbar.", "깔창을 뺄 수 있습니다."),
        Word("Seams that hold for many kilometres.", "Nähte, die viele Kilometer halten.", "오래 걸어도 튼튼한 봉제입니다."),
    ]),
    ("shoes-footwear-everyday-sandals", &[
        Word("Comfortable all day long.", "Den ganzen Tag lang bequem.", "하루 종일 편안합니다."),
        Word("Light enough to take on any holiday.", "Leicht genug für jede Reise.", "여행에 가져가기 좋게 가볍습니다."),
        Word("The straps can be adjusted.", "Die Riemen sind verstellbar.", "스트랩을 조절할 수 있습니다."),
    ]),
    ("shoes-bags", &[
        Word("Hard-wearing seams and fittings that last.", "Strapazierfähige Nähte und Beschläge, die halten.", "튼튼한 봉제와 오래가는 부자재를 사용했습니다."),
        Word("More room inside than one would think.", "Innen mehr Platz, als man denkt.", "보기보다 넉넉하게 들어갑니다."),
        Word("Easy to clean with a damp cloth.", "Leicht mit einem feuchten Tuch zu reinigen.", "젖은 천으로 쉽게 닦을 수 있습니다."),
        Word("Pockets where one looks for them.", "Fächer dort, wo man sie sucht.", "필요한 곳에 수납칸이 있습니다."),
    ]),
    ("sports-cycling", &[
        Word("For the way to work and for the weekend.", "Für den Weg zur Arbeit und fürs Wochenende.", "출퇴근에도 주말에도 좋습니다."),
        Word("Tested by cycling clubs for a year.", "Ein Jahr lang von Radsportvereinen getestet.", "자전거 동호회에서 1년 동안 시험했습니다."),
        Word("Made for rain and bad roads too.", "Auch für Regen und schlechte Straßen gemacht.", "비 오는 날과 거친 길에도 문제없습니다."),
    ]),
    ("sports-outdoor", &[
        Word("Packed up small in two minutes.", "In zwei Minuten klein verpackt.", "2분이면 작게 접힙니다."),
        Word("Keeps warm and dry through the night.", "Hält die Nacht über warm und trocken.", "밤새 따뜻하고 뽀송합니다."),
        Word("Tested in the mountains.", "In den Bergen getestet.", "산에서 직접 시험했습니다."),
        Word("Comes with its own bag.", "Mit eigenem Packsack.", "전용 가방이 들어 있습니다."),
    ]),
    ("sports-training-balls", &[
        Word("Keeps its pressure for weeks.", "Hält wochenlang die Luft.", "몇 주 동안 공기압이 유지됩니다."),
        Word("A good grip in wet weather too.", "Griffig auch bei Nässe.", "젖어도 잘 잡힙니다."),
        Word("Tested by sports clubs for a year.", "Ein Jahr lang von Sportvereinen getestet.", "스포츠 클럽에서 1년 동안 시험했습니다."),
        Word("For the garden as well as for the club.", "Für den Garten ebenso wie für den Verein.", "마당에서도 클럽에서도 쓰기 좋습니다."),
    ]),
    ("sports-training-fitness", &[
        Word("For beginners and for those who train daily.", "Für den Einstieg und für alle, die täglich trainieren.", "초보자에게도, 매일 운동하는 분에게도 좋습니다."),
        Word("Tested in gyms for a year.", "Ein Jahr lang in Fitnessstudios getestet.", "헬스장에서 1년 동안 시험했습니다."),
        Word("Easy to look after.", "Leicht zu pflegen.", "관리하기 쉽습니다."),
        Word("For training at home.", "Für das Training zu Hause.", "집에서 운동하기 좋습니다."),
    ]),
    ("appliances", &[
        Word("Saves power, year after year.", "Spart Jahr für Jahr Strom.", "해마다 전기를 아껴 줍니다."),
        Word("Delivered to your door, with the old appliance taken away.", "Lieferung bis zur Wohnungstür, Altgerät wird mitgenommen.", "집 앞까지 배송하고 쓰던 제품은 수거해 드립니다."),
        Word("Easy to repair, with spare parts for ten years.", "Leicht zu reparieren, mit Ersatzteilen für zehn Jahre.", "수리가 쉽고 부품을 10년 동안 보유합니다."),
        Word("All functions within easy reach.", "Alle Funktionen gut erreichbar.", "모든 기능을 손쉽게 조작합니다."),
    ]),
    ("appliances-cleaning", &[
        Word("Gets into every corner.", "Kommt in jede Ecke.", "구석구석 청소합니다."),
        Word("Emptied in one movement, without dust.", "Mit einem Griff und ohne Staub geleert.", "먼지 날림 없이 한 번에 비웁니다."),
        Word("Strong on carpets and gentle on wooden floors.", "Stark auf Teppich und schonend auf Holzböden.", "카펫에는 강력하고 마루에는 부드럽습니다."),
        Word("Easy to repair, with spare parts for ten years.", "Leicht zu reparieren, mit Ersatzteilen für zehn Jahre.", "수리가 쉽고 부품을 10년 동안 보유합니다."),
    ]),
    ("toys-play", &[
        Word("Made for small hands and big ideas.", "Für kleine Hände und große Ideen.", "작은 손과 큰 상상을 위해 만들었습니다."),
        Word("Free of harmful substances, tested independently.", "Frei von Schadstoffen, unabhängig geprüft.", "유해 물질이 없음을 외부 기관에서 확인했습니다."),
        Word("A gift that is played with for years.", "Ein Geschenk, mit dem jahrelang gespielt wird.", "오랫동안 가지고 놀 수 있는 선물입니다."),
        Word("Can be handed down to brothers and sisters.", "Lässt sich an Geschwister weitergeben.", "동생에게 물려줄 수 있습니다."),
    ]),
    ("toys-games", &[
        Word("Still fun after the hundredth time.", "Macht auch beim hundertsten Mal noch Spaß.", "백 번을 해도 재미있습니다."),
        Word("For rainy afternoons and long evenings.", "Für verregnete Nachmittage und lange Abende.", "비 오는 오후와 긴 저녁에 좋습니다."),
        Word("Lovingly illustrated.", "Liebevoll illustriert.", "정성스러운 그림이 담겨 있습니다."),
        Word("Brings young and old to one table.", "Bringt Jung und Alt an einen Tisch.", "온 가족이 함께 둘러앉아 즐깁니다."),
    ]),
    ("garden-growing", &[
        Word("For balconies as well as large gardens.", "Für den Balkon ebenso wie für große Gärten.", "발코니에도 넓은 정원에도 알맞습니다."),
        Word("Made for many seasons.", "Gemacht für viele Gartenjahre.", "여러 해 동안 쓸 수 있게 만들었습니다."),
        Word("Everything grows better with it.", "Damit wächst alles besser.", "모든 식물이 더 잘 자랍니다."),
    ]),
    ("garden-care", &[
        Word("Starts the first time, also after the winter.", "Springt beim ersten Mal an, auch nach dem Winter.", "겨울을 난 뒤에도 한 번에 시동이 걸립니다."),
        Word("Clean cuts without much effort.", "Saubere Schnitte ohne viel Kraft.", "힘들이지 않고 깔끔하게 자릅니다."),
        Word("Spare parts are available for ten years.", "Ersatzteile sind zehn Jahre lang lieferbar.", "부품을 10년 동안 구할 수 있습니다."),
    ]),
    ("garden-terrace", &[
        Word("For long evenings outdoors.", "Für lange Abende im Freien.", "야외에서 보내는 긴 저녁을 위해 만들었습니다."),
        Word("Takes up little room in winter.", "Braucht im Winter wenig Platz.", "겨울에도 자리를 적게 차지합니다."),
        Word("Made for many summers.", "Gemacht für viele Sommer.", "여러 해 여름을 함께할 수 있습니다."),
    ]),
    ("paint-colours", &[
        Word("Good results also for beginners.", "Gute Ergebnisse auch für Einsteiger.", "초보자도 좋은 결과를 얻을 수 있습니다."),
        Word("Hardly drips and smells of little.", "Tropft kaum und riecht wenig.", "잘 흐르지 않고 냄새가 적습니다."),
        Word("The can closes tightly again.", "Die Dose lässt sich wieder dicht verschließen.", "다시 단단히 닫을 수 있는 용기입니다."),
        Word("With clear instructions in three languages.", "Mit klarer Anleitung in drei Sprachen.", "3개 국어로 된 알기 쉬운 설명서가 들어 있습니다."),
    ]),
    ("paint-tools", &[
        Word("Tested by professionals on building sites.", "Von Profis auf Baustellen erprobt.", "현장 전문가들이 시험했습니다."),
        Word("Lies well in the hand.", "Liegt gut in der Hand.", "손에 편하게 잡힙니다."),
        Word("For the workshop as well as for the household.", "Für die Werkstatt ebenso wie für den Haushalt.", "작업실에서도 집에서도 쓰기 좋습니다."),
        Word("Made to last.", "Für ein langes Leben gemacht.", "오래 쓸 수 있게 만들었습니다."),
    ]),
    ("grocery", &[
        Word("Made by small producers we know in person.", "Von kleinen Betrieben, die wir persönlich kennen.", "우리가 직접 아는 소규모 생산자가 만들었습니다."),
        Word("Nothing in it that does not belong there.", "Nichts drin, was nicht hineingehört.", "불필요한 첨가물을 넣지 않았습니다."),
        Word("Packed fresh and sent within a day.", "Frisch verpackt und innerhalb eines Tages verschickt.", "신선하게 포장해 하루 안에 보냅니다."),
        Word("A small treat for every day.", "Ein kleiner Genuss für jeden Tag.", "매일 즐기는 작은 기쁨입니다."),
    ]),
    ("grocery-drinks-hot", &[
        Word("Full of flavour from the first sip.", "Aromatisch vom ersten Schluck an.", "첫 모금부터 향이 가득합니다."),
        Word("Packed so that the aroma stays in.", "So verpackt, dass das Aroma bleibt.", "향이 날아가지 않게 포장했습니다."),
        Word("From growers we know in person.", "Aus Anbau, den wir persönlich kennen.", "우리가 직접 아는 농가에서 왔습니다."),
    ]),
    ("books-fiction", &[
        Word("A story for long evenings.", "Eine Geschichte für lange Abende.", "긴 저녁에 어울리는 이야기입니다."),
        Word("Recommended by independent booksellers.", "Empfohlen von unabhängigen Buchhandlungen.", "독립 서점들이 추천했습니다."),
        Word("You will not want to stop.", "Man möchte gar nicht mehr aufhören.", "한번 시작하면 멈출 수 없습니다."),
        Word("Also a good gift for people who read little.", "Auch ein gutes Geschenk für Menschen, die wenig lesen.", "책을 잘 읽지 않는 분께도 좋은 선물입니다."),
    ]),
    ("books-fiction-digital", &[
        Word("A story for long evenings.", "Eine Geschichte für lange Abende.", "긴 저녁에 어울리는 이야기입니다."),
        Word("On all your devices at once.", "Auf allen Geräten zugleich.", "모든 기기에서 이용할 수 있습니다."),
        Word("You will not want to stop.", "Man möchte gar nicht mehr aufhören.", "한번 시작하면 멈출 수 없습니다."),
    ]),
    ("books-non-fiction", &[
        Word("Clearly written and full of ideas.", "Klar geschrieben und voller Ideen.", "알기 쉽고 아이디어가 가득합니다."),
        Word("Carefully printed and bound.", "Sorgfältig gedruckt und gebunden.", "정성껏 인쇄하고 제본했습니다."),
        Word("With many photographs.", "Mit vielen Fotos.", "사진이 많이 실려 있습니다."),
        Word("Recommended by independent booksellers.", "Empfohlen von unabhängigen Buchhandlungen.", "독립 서점들이 추천했습니다."),
    ]),
    ("beauty-body", &[
        Word("Gentle to skin and environment.", "Sanft zu Haut und Umwelt.", "피부와 환경에 순합니다."),
        Word("A little goes a long way.", "Sehr ergiebig: Eine kleine Menge genügt.", "조금만 써도 충분합니다."),
        Word("Free of harsh ingredients.", "Frei von aggressiven Inhaltsstoffen.", "자극적인 성분을 넣지 않았습니다."),
        Word("Made in small batches.", "In kleinen Chargen hergestellt.", "소량씩 정성껏 만듭니다."),
    ]),
    ("beauty-fragrance", &[
        Word("A scent that stays without being loud.", "Ein Duft, der bleibt, ohne aufdringlich zu sein.", "은은하게 오래 남는 향입니다."),
        Word("Made in small batches.", "In kleinen Chargen hergestellt.", "소량씩 정성껏 만듭니다."),
        Word("Comes in a box that makes a gift of it.", "Kommt in einer Schachtel zum Verschenken.", "선물하기 좋은 상자에 담겨 있습니다."),
    ]),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::super::tree::Tree;
    use super::*;

    #[test]
    fn every_leaf_has_several_sentences_and_every_sentence_a_leaf() {
        let tree = Tree::new(1_000_000, 0);
        let mut used = HashSet::new();
        for leaf in &tree.leaves {
            let copy = of_leaf(&leaf.ids[3]);
            assert!(copy.len() >= 3, "{}", leaf.ids[3]);
            used.insert(copy.as_ptr());
        }
        let unused: Vec<&str> =
            COPY.iter().filter(|(_, c)| !used.contains(&c.as_ptr())).map(|(id, _)| *id).collect();
        assert_eq!(unused, [""; 0]);
    }

    #[test]
    fn no_sentence_stands_twice_in_one_list() {
        for (of, copy) in COPY {
            let texts: HashSet<&str> = copy.iter().map(|words| words.0).collect();
            assert_eq!(texts.len(), copy.len(), "{of}");
        }
    }
}
