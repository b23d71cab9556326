// The home page and listings. A view asks (`refresh`), draws (`render`) and acts (`actions`); app.js decides when.

import { address, get, idsQuery, known, learnFrom } from './api.js';
import { h } from './dom.js';
import * as f from './format.js';
import { t } from './text.js';
import { button, card, change, chips, crumbs, listingHref, skeletons } from './parts.js';

const byCount = (a, b) => b[1].n - a[1].n || (a[0] < b[0] ? -1 : 1);
export const categoryName = (shop, id) => known(shop).categories.get(id)?.name || f.pretty(id);

export function navigation(shop, route) {
  const roots = [...known(shop).categories].filter(([, c]) => c.path?.length === 1).sort(byCount).slice(0, 7);
  const here = (kind, id) => route.kind === kind && (id === undefined || route.id === id);
  const link = (href, text, current) => h('a', { href, 'aria-current': current ? 'page' : null }, text);
  return [
    link('#/', t('home'), route.kind === 'home'),
    link('#/all', t('all_products'), here('all')),
    ...roots.map(([id]) => link(listingHref('category', id), categoryName(shop, id), here('category', id))),
  ];
}

export class Home {
  constructor(shop, route, touch) {
    Object.assign(this, { shop, route, touch, page: null });
  }

  url() { return address('/home', this.shop); }
  get title() { return t('home'); }
  get nextChange() { return this.page?.meta?.next_change_at ?? null; }

  async refresh(signal) {
    const { data, info } = await get(this.url(), signal);
    const changed = data !== this.page;
    this.page = data;
    if (changed) this.learn(signal);
    return { changed, info };
  }

  async learn(signal) {
    const ids = (this.page.sections ?? []).flatMap((s) => s.items ?? []).map((c) => c.id);
    if (await learnFrom(this.shop, ids, signal)) this.touch();
  }

  pending() {
    return [this.hero(), skeletons(8)];
  }

  hero() {
    const stock = known(this.shop);
    const leaves = [...stock.categories].filter(([, c]) => c.name || c.path?.length === 1).sort(byCount).slice(0, 14);
    const brands = [...stock.brands].sort(byCount).slice(0, 12);
    return h('section', { class: 'hero', 'data-key': 'hero' },
      h('p', { class: 'eyebrow' }, t('eyebrow')),
      h('h1', { tabindex: '-1' }, t('headline')),
      h('p', { class: 'lead' }, t('lead')),
      change(this.nextChange, this.shop),
      leaves.length || brands.length ? h('div', { class: 'chip-groups' },
        chips(t('categories'), leaves.map(([id]) => ({ href: listingHref('category', id), text: categoryName(this.shop, id) }))),
        chips(t('brands'), brands.map(([id, b]) => ({ href: listingHref('brand', id), text: b.name || f.pretty(id) })))) : null);
  }

  render() {
    const sections = this.page.sections ?? [];
    return [
      this.hero(),
      sections.length === 0 && h('p', { class: 'empty', 'data-key': 'empty' }, t('no_sections'), ' ', h('a', { href: '#/all' }, t('see_all'))),
      sections.map((section) => h('section', { class: 'row-section', 'data-key': `section/${section.id}`, 'aria-labelledby': `s-${section.id}` },
        h('div', { class: 'section-head' },
          h('h2', { id: `s-${section.id}` }, section.title || f.pretty(section.id)),
          section.items?.length > 1 && h('div', { class: 'arrows' },
            button('‹', 'scroll', { 'data-by': '-1', 'aria-label': t('scroll_back') }),
            button('›', 'scroll', { 'data-by': '1', 'aria-label': t('scroll_on') }))),
        section.items?.length
          ? h('div', { class: 'row', tabindex: '0', role: 'group', 'aria-labelledby': `s-${section.id}` }, section.items.map((c) => card(c, section.id)))
          : h('p', { class: 'empty' }, t('nothing_here')))),
    ];
  }

  actions = {
    scroll(el) {
      const row = el.closest('section').querySelector('.row');
      row.scrollBy({ left: Number(el.dataset.by) * row.clientWidth * 0.85, behavior: 'smooth' });
    },
  };
}

const SORTS = ['newest', 'price_asc', 'price_desc', 'discount', 'rating', 'reviews'];
const FILTERS = ['in_stock', 'on_sale', 'min_price', 'max_price', 'min_rating'];
const PAGE = 24;
const MOST = 100;
// Pages that load by themselves on the way down, before a click is asked for again.
const EAGER = 3;

// The last currency seen in a market: an empty listing tells none, and its filter still needs one.
const currencies = { default: 'USD', eu: 'EUR' };

export class Listing {
  constructor(shop, route, touch) {
    Object.assign(this, {
      shop, route, touch, page: null, items: [], cursor: null, want: PAGE, eager: EAGER, loading: false, error: null, stale: new Set(),
    });
  }

  get path() {
    return this.route.kind === 'all' ? '/listings/all'
      : `/${this.route.kind === 'brand' ? 'brands' : 'categories'}/${encodeURIComponent(this.route.id)}/products`;
  }

  query() {
    const given = this.route.query;
    const list = FILTERS.filter((name) => given.get(name)).map((name) => [name, given.get(name)]);
    if (given.get('sort')) list.unshift(['sort', given.get('sort')]);
    return list;
  }

  // However many pages were loaded, they are asked for again as one: pages of different instants must not mix.
  url() {
    const limit = Math.min(this.want, MOST);
    return address(this.path, this.shop, [...this.query(), ...(limit > PAGE ? [['limit', limit]] : [])]);
  }

  get nextChange() { return this.page?.meta?.next_change_at ?? null; }

  get title() {
    const { kind, id } = this.route;
    if (kind === 'all') return t('all_products');
    if (this.page?.listing?.name) return this.page.listing.name;
    return kind === 'brand' ? known(this.shop).brands.get(id)?.name || f.pretty(id) : categoryName(this.shop, id);
  }

  async refresh(signal) {
    const asked = this.want;
    const { data, info } = await get(this.url(), signal);
    // More was loaded meanwhile: this answer is too short, the next one will not be.
    if (this.want !== asked) return { changed: false, info };
    const before = this.items;
    let changed = data !== this.page;
    this.page = data;
    const head = data.items ?? [];
    if (this.want <= MOST) {
      this.items = head;
      this.cursor = data.next_cursor ?? null;
    } else {
      const first = new Set(head.map((c) => c.id));
      const tail = await this.refreshTail(before.filter((c) => !first.has(c.id)), signal);
      if (this.want !== asked) return { changed: true, info };
      changed ||= tail.changed;
      this.items = [...head, ...tail.items];
    }
    if (changed) learnFrom(this.shop, this.items.map((c) => c.id), signal).then((more) => more && this.touch());
    return { changed, info };
  }

  // A listing answers 100 at most: what was loaded beyond is kept fresh by id, in the order it had.
  async refreshTail(cards, signal) {
    const answers = [];
    for (let i = 0; i < cards.length; i += MOST) {
      const ids = cards.slice(i, i + MOST).map((c) => c.id);
      answers.push(get(address('/products', this.shop, idsQuery(ids)), signal));
    }
    const pages = (await Promise.all(answers)).map(({ data }) => data);
    const changed = pages.some((p) => !this.stale.has(p));
    this.stale = new Set(pages);
    return { changed, items: pages.flatMap((p) => p.items ?? []) };
  }

  async more() {
    if (this.loading || !this.cursor) return;
    this.loading = true;
    this.error = null;
    this.touch();
    try {
      const { data } = await get(address(this.path, this.shop, [...this.query(), ['cursor', this.cursor]]));
      const have = new Set(this.items.map((c) => c.id));
      this.items = [...this.items, ...(data.items ?? []).filter((c) => !have.has(c.id))];
      this.cursor = data.next_cursor ?? null;
      this.want = Math.max(this.want + PAGE, Math.ceil(this.items.length / PAGE) * PAGE);
      learnFrom(this.shop, this.items.slice(-MOST).map((c) => c.id)).then((fresh) => fresh && this.touch());
    } catch (problem) {
      this.error = problem;
    } finally {
      this.loading = false;
      this.touch();
    }
  }

  // Called when the end of the list comes into view.
  reached() {
    if (this.eager > 0 && !this.error && this.cursor && !this.loading) {
      this.eager -= 1;
      this.more();
    }
  }

  currency() {
    const seen = this.items.find((c) => c.price)?.price.currency;
    if (seen) currencies[this.shop.market] = seen;
    return currencies[this.shop.market] ?? 'USD';
  }

  pending() {
    return [this.head(), h('div', { 'data-key': 'grid' }, skeletons(12))];
  }

  head() {
    const { kind, id } = this.route;
    const mine = kind === 'category' ? known(this.shop).categories.get(id)?.path ?? [id] : [];
    const steps = [[t('home'), '#/'], ...mine.slice(0, -1).map((c) => [categoryName(this.shop, c), listingHref('category', c)]), [this.title]];
    const children = kind === 'category'
      ? [...known(this.shop).categories].filter(([, c]) => c.path?.length > 1 && c.path.at(-2) === id).sort(byCount).slice(0, 16) : [];
    const total = this.page && t(this.page.total === 1 ? 'product_one' : 'product_many', `${f.number(this.page.total ?? this.items.length)}`);
    return h('header', { class: 'listing-head', 'data-key': 'head' },
      crumbs(steps),
      h('div', { class: 'title-line' },
        h('h1', { tabindex: '-1' }, kind === 'brand' && h('span', { class: 'eyebrow' }, t('brand')), this.title),
        total && h('p', { class: 'total', role: 'status' }, total)),
      change(this.nextChange, this.shop),
      chips(t('within'), children.map(([c]) => ({ href: listingHref('category', c), text: categoryName(this.shop, c) }))));
  }

  tools() {
    const q = this.route.query;
    const currency = this.currency();
    const option = (value, text, chosen) => h('option', { value, selected: value === chosen }, text);
    const check = (name, text) => h('label', { class: 'toggle' }, h('input', { type: 'checkbox', name, checked: q.get(name) === 'true' }), h('span', {}, text));
    const amount = (name, text) => h('label', {}, text, h('input', {
      type: 'number', name, min: 0, step: 'any', inputmode: 'decimal', placeholder: t('any_amount'), value: q.get(name) ? f.toMajor(q.get(name), currency) : '',
    }));
    const chosen = q.get('min_rating') ?? '';
    const ratings = ['', '4.5', '4', '3', '2'];
    if (!ratings.includes(chosen)) ratings.push(chosen);
    return h('form', { class: 'tools', 'data-key': 'tools', 'data-form': 'filters', 'aria-label': t('sort_and_filter') },
      h('label', {}, t('sort_by'), h('select', { name: 'sort' }, SORTS.map((v) => option(v, t(`sort_${v}`), q.get('sort') || 'newest')))),
      h('label', {}, t('rating'), h('select', { name: 'min_rating' }, ratings.map((v) => option(v, v ? t('and_up', f.decimal(v)) : t('any'), chosen)))),
      amount('min_price', t('from_price', currency)),
      amount('max_price', t('to_price', currency)),
      h('div', { class: 'toggles' }, check('in_stock', t('in_stock')), check('on_sale', t('on_sale')),
        FILTERS.some((name) => q.get(name)) && button(t('clear'), 'clear', { class: 'link' })));
  }

  render() {
    return [
      this.head(),
      this.tools(),
      this.items.length === 0
        ? h('p', { class: 'empty', 'data-key': 'empty' }, t('no_match'))
        : h('div', { class: 'grid', 'data-key': 'grid' }, this.items.map((c) => card(c, 'list', 2))),
      h('div', { class: 'more', 'data-key': 'more' },
        this.error && h('p', { class: 'inline-error' }, `${this.error.message} (${this.error.code})`),
        this.cursor && button(this.loading ? t('loading') : t('more'), 'more', { class: 'primary', 'aria-disabled': this.loading ? 'true' : null, 'data-end': true }),
        this.items.length > 0 && h('p', { class: 'shown' }, t('shown', f.number(this.items.length)))),
    ];
  }

  // → the hash of this listing with the form's sort and filters.
  filtered(form) {
    const values = new FormData(form);
    const query = new URLSearchParams();
    const put = (name, value) => value && query.set(name, value);
    put('sort', values.get('sort') === 'newest' ? '' : values.get('sort'));
    put('min_rating', values.get('min_rating'));
    for (const name of ['min_price', 'max_price']) put(name, f.toMinor(values.get(name), this.currency()));
    for (const name of ['in_stock', 'on_sale']) put(name, values.get(name) ? 'true' : '');
    return listingHref(this.route.kind, this.route.id, query.toString());
  }

  actions = {
    more: () => {
      this.eager = EAGER;
      this.more();
    },
    clear: () => {
      const sort = this.route.query.get('sort');
      return { replace: listingHref(this.route.kind, this.route.id, sort ? `sort=${sort}` : '') };
    },
  };
}
