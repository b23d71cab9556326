// The product page.

import { address, get, learn, learnFrom } from './api.js';
import { h } from './dom.js';
import * as f from './format.js';
import { art, button, change, crumbs, listingHref, off, price, skeletons, stars, stock, stockText, tags } from './parts.js';
import { attributeName, attributeValue, t } from './text.js';
import { categoryName } from './views.js';

const REVIEW_SORTS = ['newest', 'helpful', 'highest', 'lowest'];
// A product with more variants shows these first.
const FEW_VARIANTS = 20;

// Years have no thousands.
const PLAIN_NUMBERS = new Set(['published']);

const freshReviews = (sort) => ({ sort, items: [], cursor: null, loaded: false, loading: false, error: null });

export class Product {
  constructor(shop, route, touch) {
    Object.assign(this, { shop, route, touch, page: null, image: 0, allVariants: false });
    this.reviews = freshReviews('newest');
  }

  get path() { return `/products/${encodeURIComponent(this.route.id)}`; }
  url() { return address(this.path, this.shop); }
  get nextChange() { return this.page?.meta?.next_change_at ?? null; }
  get title() { return this.page?.product?.name ?? this.route.id; }

  async refresh(signal) {
    const { data, info } = await get(this.url(), signal);
    const changed = data !== this.page;
    this.page = data;
    learn(this.shop, data.product);
    if (changed) learnFrom(this.shop, [], signal).then((more) => more && this.touch());
    return { changed, info };
  }

  // Said aloud when it differs from what was said before.
  summary() {
    const { price: p, stock: s } = this.page;
    return p ? `${f.money(p.final, p.currency)}, ${stockText(s?.state, s?.available ?? null)}` : t('no_price');
  }

  pending() { return skeletons(4); }

  render() {
    const { product, variants = [] } = this.page;
    return [
      h('div', { 'data-key': 'crumbs' }, this.crumbs(product)),
      h('div', { class: 'product', 'data-key': 'product' }, this.gallery(product), this.buy(product)),
      h('div', { class: 'columns', 'data-key': 'columns' },
        h('div', {}, this.variants(variants), this.description(product)),
        this.attributes(product)),
      this.reviewSection(),
    ];
  }

  crumbs(product) {
    const category = product.categories?.[0];
    const path = category ? (category.path?.length ? category.path : [category.id]) : [];
    return crumbs([[t('home'), '#/'], ...path.map((id) => [categoryName(this.shop, id), listingHref('category', id)]), [product.name]]);
  }

  gallery(product) {
    const images = product.images?.length ? product.images : [{ alt: '' }];
    const shown = Math.min(this.image, images.length - 1);
    const gone = this.page.stock?.state === 'out_of_stock';
    return h('div', { class: `gallery${gone ? ' gone' : ''}` },
      h('div', { class: 'picture' },
        art(product.id, images[shown].url, { view: shown, alt: images[shown].alt || product.name }),
        h('div', { class: 'badges' }, off(this.page.price), gone && h('span', { class: 'badge dark' }, t('out_of_stock')))),
      images.length > 1 && h('div', { class: 'thumbs' }, images.map((image, i) =>
        h('button', { type: 'button', 'data-action': 'image', 'data-index': i, 'aria-pressed': String(i === shown), 'aria-label': t('picture', i + 1, image.alt || product.name) },
          art(product.id, image.url, { view: i })))));
  }

  buy(product) {
    const { price: p, stock: s, meta = {}, reviews } = this.page;
    const applied = p?.applied ?? [];
    return h('div', { class: 'buy' },
      product.brand && h('a', { class: 'brand', href: listingHref('brand', product.brand.id) }, product.brand.name),
      h('h1', { tabindex: '-1' }, product.name),
      stars(reviews, { link: true }),
      h('div', { class: 'price-line' }, price(p, { big: true }), off(p)),
      applied.length > 0 && h('ul', { class: 'applied', 'aria-label': t('discounts') }, applied.map((d) =>
        h('li', { 'data-key': d.discount_id }, h('span', {}, d.name || d.discount_id), h('b', { 'data-live': d.off }, `−${f.money(d.off, p.currency)}`)))),
      change(meta.next_change_at, this.shop, 'price_change'),
      h('p', {}, stock(s, { count: true })),
      tags(product.tags),
      this.freshness(meta.as_of),
      product.released_at && h('p', { class: 'quiet' }, t('since', f.day(product.released_at))));
  }

  freshness(asOf) {
    const known = ['price', 'stock', 'discount', 'review', 'product'].filter((kind) => asOf?.[kind]);
    if (known.length === 0) return null;
    return h('p', { class: 'as-of' }, known.map((kind, i) => [
      i > 0 && ' · ',
      h('span', { class: 'nowrap', 'data-live': asOf[kind] }, `${t(`${kind}_as_of`)} `, h('time', { datetime: asOf[kind], title: f.dateTime(asOf[kind]) }, f.freshness(asOf[kind])))]));
  }

  variants(list) {
    if (list.length === 0) return null;
    const shown = this.allVariants ? list : list.slice(0, FEW_VARIANTS);
    const names = [...new Set(list.flatMap((v) => Object.keys(v.options ?? {})))];
    return h('section', { class: 'panel' },
      h('h2', {}, list.length === 1 ? t('variant') : t('variants', f.number(list.length))),
      h('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': t('variant') },
        h('table', {},
          h('thead', {}, h('tr', {}, [...names.map((n) => attributeName(n, f.pretty)), t('sku'), t('price'), t('stock')].map((text) => h('th', { scope: 'col' }, text)))),
          h('tbody', {}, shown.map((v) => h('tr', { 'data-key': v.sku, class: v.stock?.state === 'out_of_stock' ? 'gone' : null },
            names.map((n) => h('td', {}, v.options?.[n] === undefined ? '–' : attributeValue(n, v.options[n]))),
            h('td', {}, h('code', {}, v.sku)),
            h('td', {}, h('div', { class: 'price-line' }, price(v.price), off(v.price)),
              (v.price?.applied ?? []).map((d) => h('small', {}, `${d.name || d.discount_id} −${f.money(d.off, v.price.currency)}`))),
            h('td', {}, stock(v.stock, { count: true }))))))),
      shown.length < list.length && button(t('more_variants', f.number(list.length)), 'all-variants'));
  }

  description(product) {
    return product.description ? h('section', { class: 'panel' }, h('h2', {}, t('description')), h('p', { class: 'prose' }, product.description)) : null;
  }

  attributes(product) {
    const value = (k, v) => (typeof v === 'boolean' ? t(v ? 'yes' : 'no') : typeof v === 'number' ? (PLAIN_NUMBERS.has(k) ? String(v) : f.number(v)) : attributeValue(k, v));
    const rows = Object.entries(product.attributes ?? {});
    const categories = product.categories ?? [];
    if (rows.length + categories.length === 0) return null;
    return h('section', { class: 'panel' },
      h('h2', {}, t('details')),
      h('dl', { class: 'facts' }, rows.map(([k, v]) => h('div', {}, h('dt', {}, attributeName(k, f.pretty)), h('dd', {}, value(k, v)))),
        categories.length > 0 && h('div', {}, h('dt', {}, t(categories.length > 1 ? 'categories' : 'category')),
          h('dd', {}, categories.map((c, i) => [i > 0 && ', ', h('a', { href: listingHref('category', c.id) }, c.name || f.pretty(c.id))])))));
  }

  // Newest first comes with the page and stays live; what was loaded after it, and other orders, are as loaded.
  shownReviews() {
    const { sort, items } = this.reviews;
    if (sort !== 'newest') return items;
    const latest = this.page.reviews?.latest ?? [];
    const have = new Set(latest.map((r) => r.id));
    return [...latest, ...items.filter((r) => !have.has(r.id))];
  }

  reviewCursor() {
    const { sort, cursor, loaded } = this.reviews;
    return sort === 'newest' && !loaded ? this.page.reviews?.next_cursor ?? null : cursor;
  }

  reviewSection() {
    const r = this.page.reviews ?? {};
    const count = r.count ?? 0;
    const state = this.reviews;
    return h('section', { class: 'panel reviews', id: 'reviews', 'data-key': 'reviews', tabindex: '-1' },
      h('h2', {}, t('reviews')),
      count === 0 ? h('p', { class: 'empty' }, t('no_reviews')) : [
        h('div', { class: 'rating' },
          h('p', { class: 'average' }, h('b', { 'data-live': r.average }, f.rating(r.average ?? 0)), stars(r)),
          h('ul', { class: 'bars' }, [5, 4, 3, 2, 1].map((n) => {
            const k = r.histogram?.[n] ?? 0;
            return h('li', {}, h('span', {}, `${n} ★`),
              h('span', { class: 'meter', 'aria-hidden': 'true' }, h('i', { style: { width: `${(k / count) * 100}%` } })),
              h('span', { 'data-live': k }, f.number(k)));
          }))),
        h('div', {},
          h('label', { class: 'review-sort' }, t('sort_by'), h('select', { 'data-change': 'review-sort' },
            REVIEW_SORTS.map((v) => h('option', { value: v, selected: v === state.sort }, t(`review_${v}`))))),
          h('ul', { class: 'review-list' }, this.shownReviews().map((review) => this.review(review))),
          state.error && h('p', { class: 'inline-error' }, `${state.error.message} (${state.error.code})`),
          (this.reviewCursor() || state.loading) && button(state.loading ? t('loading') : t('more_reviews'), 'more-reviews', { 'aria-disabled': state.loading ? 'true' : null })),
      ]);
  }

  review(review) {
    return h('li', { 'data-key': review.id },
      h('p', { class: 'review-head' },
        h('span', { class: 'star-bar', role: 'img', 'aria-label': t('stars_one', review.rating), style: { '--fill': `${review.rating * 20}%` } }),
        review.title && h('b', {}, review.title)),
      review.body && h('p', { class: 'prose' }, review.body),
      h('p', { class: 'quiet' }, [review.author || t('anonymous'), review.created_at && f.day(review.created_at), review.helpful > 0 && t('helpful', f.number(review.helpful))].filter(Boolean).join(' · ')));
  }

  async loadReviews(start) {
    const state = this.reviews;
    const cursor = start ? null : this.reviewCursor();
    if (state.loading || (!start && !cursor)) return;
    Object.assign(state, { loading: true, error: null });
    this.touch();
    try {
      const extra = [...(state.sort === 'newest' ? [] : [['sort', state.sort]]), ...(cursor ? [['cursor', cursor]] : [])];
      const { data } = await get(address(`${this.path}/reviews`, this.shop, extra));
      const have = new Set(state.items.map((r) => r.id));
      state.items = [...state.items, ...(data.items ?? []).filter((r) => !have.has(r.id))];
      Object.assign(state, { cursor: data.next_cursor ?? null, loaded: true });
    } catch (problem) {
      state.error = problem;
    } finally {
      state.loading = false;
      this.touch();
    }
  }

  actions = {
    image: (el) => {
      this.image = Number(el.dataset.index);
      this.touch();
    },
    'all-variants': () => {
      this.allVariants = true;
      this.touch();
    },
    'more-reviews': () => { this.loadReviews(false); },
    'review-sort': (el) => {
      // A new object: an answer still under way for the old order lands in the old one.
      this.reviews = freshReviews(el.value);
      if (el.value === 'newest') this.touch();
      else this.loadReviews(true);
    },
    'to-reviews': () => {
      const section = document.getElementById('reviews');
      section?.scrollIntoView({ behavior: 'smooth' });
      section?.focus({ preventScroll: true });
    },
  };
}
