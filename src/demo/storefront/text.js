// What the page itself says, in the languages of the catalogue; and the names of attributes and their values, which
// come from the tables that the catalogue is made of.

import { names, values } from './words.js';

const TEXTS = {
  // The shell.
  market: ['Market', 'Markt', '마켓'],
  group: ['Shopping as', 'Einkaufen als', '고객 그룹'],
  everyone: ['Everyone', 'Alle', '전체'],
  members: ['Members', 'Mitglieder', '회원'],
  vip: ['VIP', 'VIP', 'VIP'],
  trade: ['Trade', 'Gewerbe', '사업자'],
  language: ['Language', 'Sprache', '언어'],
  time: ['Time', 'Zeit', '시각'],
  now: ['Now', 'Jetzt', '지금'],
  as_of: ['Show the shop as of', 'Den Laden zeigen am', '이 시각의 상점 보기'],
  as_of_hint: ['Prices, discounts and releases are answered for that instant, past or to come.', 'Preise, Rabatte und Neuheiten gelten für diesen Zeitpunkt, ob vergangen oder künftig.', '과거나 미래의 그 시각에 맞는 가격, 할인, 출시 상태를 보여 줍니다.'],
  show: ['Show', 'Anzeigen', '보기'],
  back_to_now: ['Back to now', 'Zurück zu jetzt', '지금으로 돌아가기'],
  seen_as_of: ['You see the shop as of {0}', 'Der Laden am {0}', '{0}의 상점을 보고 있습니다'],
  skip: ['Skip to the content', 'Zum Inhalt springen', '본문으로 건너뛰기'],
  developer: ['Developer', 'Entwickler', '개발자'],
  shop: ['Shop', 'Laden', '상점'],
  demo: ['Vitrine demo', 'Vitrine-Demo', 'Vitrine 데모'],
  home: ['Home', 'Start', '홈'],
  all_products: ['All products', 'Alle Produkte', '전체 상품'],
  to_home: ['To the home page', 'Zur Startseite', '홈으로 가기'],
  retry: ['Try again', 'Noch einmal', '다시 시도'],
  default_market: ['Default market', 'Standardmarkt', '기본 마켓'],
  not_found: ['There is no such page in this shop', 'Diese Seite gibt es hier nicht', '이 상점에 없는 페이지입니다'],
  not_in_shop: ['This product is not in the shop', 'Dieses Produkt gibt es hier nicht', '이 상점에 없는 상품입니다'],
  not_then: ['Not in the shop at that time', 'Zu dieser Zeit nicht im Laden', '그 시각에는 없는 상품입니다'],
  wrong: ['Something went wrong', 'Etwas ist schiefgegangen', '문제가 생겼습니다'],
  outdated: [': this is the last page known, it may be out of date', ': Dies ist die letzte bekannte Seite, sie kann veraltet sein', ': 마지막으로 받은 페이지라 최신이 아닐 수 있습니다'],
  problem: ['The service has a problem', 'Der Dienst hat ein Problem', '서비스에 문제가 있습니다'],
  not_drawn: ['This page could not be drawn', 'Diese Seite konnte nicht dargestellt werden', '이 페이지를 표시하지 못했습니다'],
  unreachable: ['The service cannot be reached', 'Der Dienst ist nicht erreichbar', '서비스에 연결할 수 없습니다'],
  still_running: ['Is it still running? This page keeps trying.', 'Läuft er noch? Diese Seite versucht es weiter.', '서비스가 실행 중인가요? 이 페이지는 계속 다시 시도합니다.'],
  not_json: ['The answer is not JSON', 'Die Antwort ist kein JSON', '응답이 JSON이 아닙니다'],
  offline: ['offline', 'offline', '오프라인'],
  code: ['Code', 'Code', '코드'],
  parameter: ['parameter', 'Parameter', '매개변수'],
  one_day: ['{0}1 d', '{0}1 T', '{0}1일'],
  one_hour: ['{0}1 h', '{0}1 Std.', '{0}1시간'],
  // The developer panel.
  waiting: ['waiting for the first answer', 'wartet auf die erste Antwort', '첫 응답을 기다리는 중'],
  request: ['Request', 'Anfrage', '요청'],
  status: ['Status', 'Status', '상태'],
  took: ['Time', 'Dauer', '소요 시간'],
  no_answer: ['no answer', 'keine Antwort', '응답 없음'],
  failed: ['failed', 'fehlgeschlagen', '실패'],
  so_far: ['So far', 'Bisher', '지금까지'],
  tally: ['{0} requests, {1} answered 304', '{0} Anfragen, davon {1} mit 304 beantwortet', '요청 {0}건, 그중 304 응답 {1}건'],
  copy: ['Copy', 'Kopieren', '복사'],
  copy_curl: ['Copy the curl line', 'curl-Zeile kopieren', 'curl 명령 복사'],
  copied: ['Copied', 'Kopiert', '복사됨'],
  selected: ['Selected', 'Markiert', '선택됨'],
  now_is: ['Now {0}', 'Jetzt {0}', '현재 {0}'],
  days_and_hours: ['{0} d {1} h', '{0} T {1} Std.', '{0}일 {1}시간'],
  colours: ['Colours: {0}', 'Farben: {0}', '화면 색: {0}'],
  automatic: ['automatic', 'automatisch', '자동'],
  light: ['light', 'hell', '밝게'],
  dark: ['dark', 'dunkel', '어둡게'],
  // The home page.
  eyebrow: ['One look-up a page', 'Ein Zugriff pro Seite', '페이지마다 조회 한 번'],
  headline: ['Always the right price, to the second.', 'Immer der richtige Preis, auf die Sekunde.', '언제나 정확한 가격, 초 단위까지.'],
  lead: [
    'Product, price, stock, discount and review events, served as whole pages. Keep this window open: prices and stock change while you watch, and sales open on time without anyone saying so.',
    'Ereignisse zu Produkten, Preisen, Beständen, Rabatten und Bewertungen, ausgeliefert als ganze Seiten. Lassen Sie dieses Fenster offen: Preise und Bestände ändern sich vor Ihren Augen, und Aktionen beginnen pünktlich von selbst.',
    '상품, 가격, 재고, 할인, 리뷰 이벤트를 완성된 페이지로 보여 줍니다. 이 창을 열어 두세요. 가격과 재고가 눈앞에서 바뀌고, 세일은 제시간에 저절로 시작합니다.',
  ],
  categories: ['Categories', 'Kategorien', '카테고리'],
  category: ['Category', 'Kategorie', '카테고리'],
  brands: ['Brands', 'Marken', '브랜드'],
  brand: ['Brand', 'Marke', '브랜드'],
  no_sections: ['No sections are configured for this page.', 'Für diese Seite sind keine Abschnitte eingerichtet.', '이 페이지에 설정된 섹션이 없습니다.'],
  see_all: ['See all products', 'Alle Produkte ansehen', '전체 상품 보기'],
  scroll_back: ['Scroll back', 'Zurückblättern', '이전으로'],
  scroll_on: ['Scroll on', 'Weiterblättern', '다음으로'],
  nothing_here: ['Nothing here at the moment.', 'Hier ist gerade nichts.', '지금은 아무것도 없습니다.'],
  // Listings.
  sort_by: ['Sort by', 'Sortieren nach', '정렬'],
  sort_newest: ['Newest', 'Neueste', '최신순'],
  sort_price_asc: ['Price: low to high', 'Preis aufsteigend', '낮은 가격순'],
  sort_price_desc: ['Price: high to low', 'Preis absteigend', '높은 가격순'],
  sort_discount: ['Biggest discount', 'Größter Rabatt', '할인율순'],
  sort_rating: ['Best rated', 'Beste Bewertung', '평점순'],
  sort_reviews: ['Most reviewed', 'Meiste Bewertungen', '리뷰 많은순'],
  rating: ['Rating', 'Bewertung', '평점'],
  any: ['Any', 'Alle', '전체'],
  and_up: ['{0} and up', 'ab {0}', '{0} 이상'],
  from_price: ['From ({0})', 'Von ({0})', '최저({0})'],
  to_price: ['To ({0})', 'Bis ({0})', '최고({0})'],
  any_amount: ['any', 'beliebig', '제한 없음'],
  in_stock: ['In stock', 'Auf Lager', '재고 있음'],
  on_sale: ['On sale', 'Reduziert', '할인 중'],
  clear: ['Clear filters', 'Filter löschen', '필터 지우기'],
  sort_and_filter: ['Sort and filter', 'Sortieren und filtern', '정렬과 필터'],
  product_one: ['{0} product', '{0} Produkt', '상품 {0}개'],
  product_many: ['{0} products', '{0} Produkte', '상품 {0}개'],
  within: ['Within this category', 'In dieser Kategorie', '하위 카테고리'],
  no_match: ['No products match.', 'Keine passenden Produkte.', '맞는 상품이 없습니다.'],
  loading: ['Loading…', 'Wird geladen …', '불러오는 중…'],
  more: ['Load more', 'Mehr laden', '더 보기'],
  shown: ['{0} shown', '{0} angezeigt', '{0}개 표시'],
  // Products.
  no_price: ['No price here', 'Hier ohne Preis', '가격 없음'],
  from: ['from {0}', 'ab {0}', '{0}부터'],
  instead_of: ['instead of ', 'statt ', '정가 '],
  low_stock: ['Only {0} left', 'Nur noch {0}', '{0}개 남음'],
  few_left: ['Few left', 'Nur noch wenige', '얼마 남지 않음'],
  out_of_stock: ['Sold out', 'Ausverkauft', '품절'],
  unknown: ['Stock unknown', 'Bestand unbekannt', '재고 미확인'],
  count_in_stock: ['{0} in stock', '{0} auf Lager', '재고 {0}개'],
  tags: ['Tags', 'Schlagwörter', '태그'],
  no_reviews: ['No reviews yet', 'Noch keine Bewertungen', '아직 리뷰 없음'],
  stars: ['{0} of 5 stars, {1} reviews', '{0} von 5 Sternen, {1} Bewertungen', '별점 5점 중 {0}점, 리뷰 {1}개'],
  stars_one: ['{0} of 5 stars', '{0} von 5 Sternen', '별점 5점 중 {0}점'],
  next_change: ['Next scheduled change in', 'Nächste geplante Änderung in', '다음 예정 변경까지'],
  next_change_then: ['Next scheduled change after this: {0}', 'Nächste geplante Änderung danach: {0}', '이후 다음 예정 변경: {0}'],
  price_change: ['Price changes in', 'Preis ändert sich in', '가격 변경까지'],
  price_change_then: ['Price changes after this: {0}', 'Preis ändert sich danach: {0}', '이후 가격 변경: {0}'],
  go_there: ['Go there', 'Dorthin', '그 시각으로'],
  breadcrumb: ['Breadcrumb', 'Pfad', '현재 위치'],
  discounts: ['Discounts in this price', 'Rabatte in diesem Preis', '적용된 할인'],
  since: ['In the shop since {0}', 'Im Laden seit {0}', '{0}부터 판매'],
  price_as_of: ['Price as of', 'Preis Stand', '가격 기준'],
  stock_as_of: ['stock as of', 'Bestand Stand', '재고 기준'],
  discount_as_of: ['discount as of', 'Rabatt Stand', '할인 기준'],
  review_as_of: ['review as of', 'Bewertung Stand', '리뷰 기준'],
  product_as_of: ['product as of', 'Produkt Stand', '상품 기준'],
  picture: ['Picture {0}: {1}', 'Bild {0}: {1}', '사진 {0}: {1}'],
  variant: ['Variant', 'Variante', '옵션'],
  variants: ['{0} variants', '{0} Varianten', '옵션 {0}개'],
  more_variants: ['Show all {0}', 'Alle {0} anzeigen', '{0}개 모두 보기'],
  sku: ['SKU', 'Art.-Nr.', '상품 번호'],
  price: ['Price', 'Preis', '가격'],
  stock: ['Stock', 'Bestand', '재고'],
  description: ['Description', 'Beschreibung', '상품 설명'],
  details: ['Details', 'Details', '상세 정보'],
  yes: ['Yes', 'Ja', '예'],
  no: ['No', 'Nein', '아니요'],
  reviews: ['Reviews', 'Bewertungen', '리뷰'],
  review_newest: ['Newest', 'Neueste', '최신순'],
  review_helpful: ['Most helpful', 'Hilfreichste', '도움순'],
  review_highest: ['Highest rating', 'Beste zuerst', '높은 평점순'],
  review_lowest: ['Lowest rating', 'Schlechteste zuerst', '낮은 평점순'],
  more_reviews: ['More reviews', 'Mehr Bewertungen', '리뷰 더 보기'],
  anonymous: ['Anonymous', 'Anonym', '익명'],
  helpful: ['{0} found this helpful', '{0} fanden das hilfreich', '{0}명에게 도움이 됨'],
};

const LANGUAGES = ['en', 'de', 'ko'];
let language = 'en';

export function setLanguage(locale) {
  const asked = String(locale).split('-')[0];
  language = LANGUAGES.includes(asked) ? asked : 'en';
  return language;
}

// A text of the page, with what belongs into {0}, {1}.
export function t(key, ...parts) {
  const texts = TEXTS[key] ?? [key];
  const text = texts[LANGUAGES.indexOf(language)] ?? texts[0];
  return parts.reduce((done, part, i) => done.replace(`{${i}}`, part), text);
}

// The same for a text with one element in it: what stands before it, the element, what stands after it.
export function around(key, node) {
  const [before, after = ''] = t(key).split('{0}');
  return [before, node, after];
}

const pick = (word) => word[language] ?? word.en;

// Attributes and values that the tables do not know are shown as they come.
export const attributeName = (name, pretty) => (Object.hasOwn(names, name) ? pick(names[name]) : pretty(name));
export function attributeValue(name, value) {
  const key = [`${name}=${value}`, value].find((k) => Object.hasOwn(values, k));
  return key === undefined ? String(value) : pick(values[key]);
}
