//! The sentences that descriptions, reviews and promotions are made of.

use super::words::Word;

/// Sentences that fit any product's description, be it a sofa, a jar of honey or an e-book.
#[rustfmt::skip]
pub static SENTENCES: [Word; 10] = [
    Word("Our customers' favourite of the season.", "Der Liebling der Saison bei unserer Kundschaft.", "이번 시즌 고객이 가장 사랑한 제품입니다."),
    Word("A good choice at a fair price.", "Eine gute Wahl zum fairen Preis.", "합리적인 가격의 좋은 선택입니다."),
    Word("Picked by our team.", "Von unserem Team ausgewählt.", "저희 팀이 직접 골랐습니다."),
    Word("Often bought as a gift.", "Wird gern verschenkt.", "선물로 많이 찾으십니다."),
    Word("Many customers come back for it.", "Viele kommen dafür wieder.", "다시 찾는 고객이 많습니다."),
    Word("Any questions? Our team answers within a day.", "Fragen? Unser Team antwortet innerhalb eines Tages.", "궁금한 점은 하루 안에 답해 드립니다."),
    Word("The \"small things\" make the difference here.", "Hier machen die „kleinen Dinge“ den Unterschied.", "작은 차이가 큰 만족을 줍니다."),
    Word("A fixture of our range.", "Fester Bestandteil unseres Sortiments.", "저희 매장의 대표 상품입니다."),
    Word("Chosen with care, like everything in our shop.", "Mit Sorgfalt ausgewählt, wie alles in unserem Shop.", "저희 매장의 모든 상품처럼 신중하게 골랐습니다."),
    Word("On many wish lists.", "Steht auf vielen Wunschlisten.", "많은 분의 위시리스트에 담겨 있습니다."),
];

/// What a reviewer in one language writes.
pub struct Voice {
    /// Before what is added later.
    pub update: &'static str,
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
pub static VOICES: [Voice; 3] = [
    Voice {
        update: "Update: ",
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
        update: "Nachtrag: ",
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
        update: "추가: ",
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
    Word("Spring Sale", "Frühlingsangebot", "봄맞이 세일"),
    Word("Weekend Deal", "Wochenendangebot", "주말 특가"),
    Word("Brand Week", "Markenwoche", "브랜드 위크"),
    Word("Clearance", "Räumungsverkauf", "재고 정리"),
    Word("Good Value", "Preisvorteil", "알뜰 할인"),
    Word("Thank You", "Dankeschön", "감사 할인"),
    Word("New Year Offer", "Neujahrsangebot", "새해 할인"),
    Word("Season Opener", "Saisonstart", "시즌 오픈"),
    Word("Early Bird", "Frühstarterrabatt", "얼리버드 할인"),
    Word("Anniversary", "Jubiläumsangebot", "창립 기념 할인"),
];
/// Before the name of a flash sale.
pub static FLASH: Word = Word("Flash: ", "Blitzangebot: ", "반짝 세일: ");
/// The discount that members always have.
pub static MEMBER_DISCOUNT: Word = Word("Members' discount", "Mitgliederrabatt", "회원 할인");
