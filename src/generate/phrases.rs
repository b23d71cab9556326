//! The sentences that descriptions, reviews and promotions are made of.

use super::words::Word;

/// Sentences of descriptions.
#[rustfmt::skip]
pub static SENTENCES: [Word; 18] = [
    Word("Made to last and easy to repair.", "Langlebig und leicht zu reparieren.", "Conçu pour durer et facile à réparer.", "오래 쓰고 쉽게 고칠 수 있습니다."),
    Word("A quiet design that fits in anywhere.", "Ein ruhiges Design, das überall passt.", "Un design sobre qui s'adapte partout.", "어디에나 어울리는 차분한 디자인."),
    Word("Light in the hand, strong in use.", "Leicht in der Hand, stark im Einsatz.", "Léger en main, solide à l'usage.", "가볍지만 튼튼합니다."),
    Word("Tested for two years in daily use.", "Zwei Jahre im Alltag getestet.", "Testé deux ans au quotidien.", "2년간 일상에서 검증했습니다."),
    Word("Packed without any plastic.", "Ganz ohne Plastik verpackt.", "Emballé sans aucun plastique.", "플라스틱 없이 포장합니다."),
    Word("Our most loved piece of the season.", "Unser Lieblingsstück der Saison.", "Notre pièce préférée de la saison.", "이번 시즌 가장 사랑받은 제품."),
    Word("Ships with everything you need to get started.", "Mit allem, was man für den Anfang braucht.", "Livré avec tout le nécessaire.", "바로 쓸 수 있는 구성입니다."),
    Word("Designed together with people who use it every day.", "Entwickelt mit Menschen, die es täglich nutzen.", "Développé avec ceux qui l'utilisent chaque jour.", "매일 쓰는 사람들과 함께 만들었습니다."),
    Word("Easy to clean and quick to dry.", "Leicht zu reinigen und schnell trocken.", "Facile à nettoyer, sèche vite.", "세척이 쉽고 빨리 마릅니다."),
    Word("Five years of warranty, no questions asked.", "Fünf Jahre Garantie, ohne Wenn und Aber.", "Garantie cinq ans, sans discussion.", "5년 무상 보증."),
    Word("The \"small things\" make the difference here.", "Hier machen die „kleinen Dinge“ den Unterschied.", "Ici, les « petits détails » font la différence.", "작은 차이가 큰 만족을 줍니다."),
    Word("A classic that gets better with time.", "Ein Klassiker, der mit der Zeit schöner wird.", "Un classique qui se bonifie avec le temps.", "시간이 갈수록 좋아지는 클래식."),
    Word("Made in small batches in a family workshop.", "In kleinen Serien im Familienbetrieb gefertigt.", "Fabriqué en petites séries dans un atelier familial.", "가족 공방에서 소량 생산합니다."),
    Word("Works well with the rest of the series.", "Passt zum Rest der Serie.", "S'accorde avec le reste de la série.", "같은 시리즈와 잘 어울립니다."),
    Word("Take it along: it folds flat in seconds.", "Zum Mitnehmen: in Sekunden flach gefaltet.", "À emporter : se plie à plat en quelques secondes.", "몇 초 만에 접어 휴대할 수 있습니다."),
    Word("Soft edges, clear lines and honest materials.", "Weiche Kanten, klare Linien, ehrliche Materialien.", "Bords doux, lignes claires, matières honnêtes.", "부드러운 마감과 정직한 소재."),
    Word("Good value for first-time buyers.", "Ein guter Einstieg zum fairen Preis.", "Un bon choix pour un premier achat.", "처음 구매하는 분께 좋은 선택."),
    Word("Now with an improved fit.", "Jetzt mit besserer Passform.", "Désormais mieux ajusté.", "더 좋아진 착용감."),
];

/// What a reviewer in one language writes.
pub struct Voice {
    pub good: Mood,
    pub mixed: Mood,
    pub bad: Mood,
}

/// Titles and sentences of one opinion.
pub struct Mood {
    pub titles: [&'static str; 3],
    pub bodies: [&'static str; 5],
}

/// English first: most reviews are.
#[rustfmt::skip]
pub static VOICES: [Voice; 5] = [
    Voice {
        good: Mood { titles: ["Love it", "Great value", "Exactly as described"], bodies: [
            "Does what it promises and looks good doing it.", "Bought it twice already, the second one as a gift.",
            "Arrived in two days, well packed.", "After three months of daily use it still looks new.", "My kids call it \"the good one\" now."] },
        mixed: Mood { titles: ["It's okay", "Fine for the price", "Mixed feelings"], bodies: [
            "Does the job, nothing more.", "The colour is a little darker than in the pictures.", "Good idea, but the finish could be better.",
            "Delivery took a while.", "Would buy it again at a lower price."] },
        bad: Mood { titles: ["Disappointed", "Not for me", "Sent it back"], bodies: [
            "Broke after a week.", "Much smaller than I expected.", "Support did not answer for days.",
            "The parts do not fit together properly.", "Looks cheap.\nSent it back."] },
    },
    Voice {
        good: Mood { titles: ["Sehr zufrieden", "Top", "Klare Empfehlung"], bodies: [
            "Hält, was es verspricht.", "Schnell geliefert und gut verpackt.", "Benutze ich jeden Tag, bin begeistert.",
            "Auch als Geschenk gut angekommen.", "Preis und Leistung stimmen."] },
        mixed: Mood { titles: ["Ganz okay", "Geht so", "Mittelmäßig"], bodies: [
            "Erfüllt seinen Zweck.", "Die Farbe ist etwas dunkler als auf den Bildern.", "Für den Preis in Ordnung.",
            "Die Lieferung hat gedauert.", "Die Verarbeitung könnte besser sein."] },
        bad: Mood { titles: ["Enttäuscht", "Leider nein", "Zurückgeschickt"], bodies: [
            "Nach einer Woche kaputt.", "Fällt viel kleiner aus als gedacht.", "Der Kundendienst meldet sich nicht.",
            "Riecht unangenehm.", "Nicht zu empfehlen."] },
    },
    Voice {
        good: Mood { titles: ["Parfait", "Très satisfait", "Je recommande"], bodies: [
            "Conforme à la description.", "Livraison rapide et soignée.", "Je l'utilise tous les jours.",
            "Excellent rapport qualité-prix.", "Offert à ma sœur, elle adore."] },
        mixed: Mood { titles: ["Correct", "Moyen", "Peut mieux faire"], bodies: [
            "Fait le travail, sans plus.", "La couleur est un peu différente.", "Livraison un peu longue.",
            "Correct pour le prix.", "Les finitions sont à revoir."] },
        bad: Mood { titles: ["Déçu", "À éviter", "Retourné"], bodies: [
            "Cassé au bout d'une semaine.", "Bien plus petit que prévu.", "Aucune réponse du service client.",
            "Qualité médiocre.", "Je ne recommande pas."] },
    },
    Voice {
        good: Mood { titles: ["Me encanta", "Muy recomendable", "Perfecto"], bodies: [
            "Cumple lo que promete.", "Llegó en dos días.", "Lo uso a diario y sigue como nuevo.",
            "¡Muy buena relación calidad-precio!", "A mi hijo le encantó."] },
        mixed: Mood { titles: ["No está mal", "Regular", "Aceptable"], bodies: [
            "Hace su trabajo.", "El color es más oscuro que en la foto.", "Tardó un poco en llegar.",
            "Está bien por el precio.", "Esperaba algo más."] },
        bad: Mood { titles: ["Decepción", "No lo compren", "Devuelto"], bodies: [
            "Se rompió a la semana.", "Mucho más pequeño de lo esperado.", "Atención al cliente pésima.",
            "Mala calidad.", "No volvería a comprarlo."] },
    },
    Voice {
        good: Mood { titles: ["아주 만족해요", "추천합니다", "최고예요"], bodies: [
            "설명 그대로예요.", "배송이 빠르고 포장도 꼼꼼했어요.", "매일 쓰고 있는데 정말 좋아요.",
            "가격 대비 훌륭합니다.", "선물했더니 좋아하네요."] },
        mixed: Mood { titles: ["보통이에요", "그럭저럭", "괜찮아요"], bodies: [
            "쓸 만합니다.", "색이 사진보다 조금 어두워요.", "배송이 좀 늦었어요.",
            "가격을 생각하면 괜찮아요.", "마감이 아쉬워요."] },
        bad: Mood { titles: ["실망했어요", "비추천", "반품했어요"], bodies: [
            "일주일 만에 고장났어요.", "생각보다 훨씬 작아요.", "고객센터 답변이 없어요.",
            "품질이 별로예요.", "다시는 안 살 거예요."] },
    },
];

#[rustfmt::skip]
pub static AUTHORS: [&str; 32] = [
    "Anna", "Ben", "Carla", "David", "Elif", "Finn", "Grace", "Hugo", "Ines", "Jonas", "Kofi", "Lena", "Marco", "Nadia", "Oskar", "Paula",
    "Quentin", "Rosa", "Samir", "Tessa", "Ulrich", "Vera", "Wen", "Ximena", "Yusuf", "Zoé", "민준", "서연", "지우", "하은", "Åsa", "Jürgen",
];

#[rustfmt::skip]
pub static PROMOTIONS: [Word; 10] = [
    Word("Spring Sale", "Frühlingsangebot", "Soldes de printemps", "봄 세일"),
    Word("Weekend Deal", "Wochenendangebot", "Offre du week-end", "주말 특가"),
    Word("Brand Week", "Markenwoche", "Semaine de la marque", "브랜드 위크"),
    Word("Clearance", "Räumungsverkauf", "Déstockage", "재고정리"),
    Word("Bundle Saver", "Sparpaket", "Offre groupée", "묶음 할인"),
    Word("Thank You", "Dankeschön", "Merci", "감사 할인"),
    Word("New Year Offer", "Neujahrsangebot", "Offre du nouvel an", "새해 할인"),
    Word("Season Opener", "Saisonstart", "Début de saison", "시즌 오픈"),
    Word("Early Bird", "Frühbucher", "Offre matinale", "얼리버드"),
    Word("Member Days", "Mitgliedertage", "Journées membres", "회원의 날"),
];
