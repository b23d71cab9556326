// The pieces that several views are made of: pictures, prices, stock, stars, cards.

import { h, svg } from './dom.js';
import * as f from './format.js';
import { PICTURES } from './pictures.js';
import { around, attributeValue, t } from './text.js';
import { colors } from './words.js';

// Ids may hold anything, slashes, percent signs and Hangul included.
export const productHref = (id) => `#/product/${encodeURIComponent(id)}`;
export const listingHref = (kind, id, query = '') =>
  (kind === 'all' ? '#/all' : `#/${kind}/${encodeURIComponent(id)}`) + (query ? `?${query}` : '');

function hash(text) {
  let n = 2166136261;
  for (const c of text) n = Math.imul(n ^ c.codePointAt(0), 16777619);
  // The last characters alone must change everything: sample ids differ in little else.
  n = Math.imul(n ^ (n >>> 15), 2246822507);
  n = Math.imul(n ^ (n >>> 13), 3266489909);
  return (n ^ (n >>> 16)) >>> 0;
}

// A parcel: for pictures of which nothing tells what is on them.
const PARCEL = [
  ['path', { d: 'M54 72h90v94H54z', class: 'a1' }],
  ['path', { d: 'M54 72l20-18h90l-20 18z', class: 'a2' }],
  ['path', { d: 'M144 72l20-18v90l-20 22z', class: 'a2' }],
  ['path', { d: 'M90 72l20-18h14l-20 18v22H90z', class: 'paper' }],
];
const PLAIN = '#7f9c94';

// The sample data's pictures are to be drawn: their addresses say what is on them, and in which colour.
function subject(url) {
  const [kind, color] = /^https:\/\/img\.example\/([^/]+)\/([^/]+)\//.exec(url ?? '')?.slice(1) ?? [];
  return {
    shapes: Object.hasOwn(PICTURES, kind ?? '') ? PICTURES[kind] : PARCEL,
    tint: Object.hasOwn(colors, color ?? '') ? colors[color] : PLAIN,
  };
}

// `view` turns a picture for a gallery.
export function art(id, url, { view = 0, alt = '' } = {}) {
  const n = hash(id);
  const { shapes, tint } = subject(url);
  const zoom = [1, 1.2, 0.8, 1.4][view % 4];
  const tilt = [0, -7, 5, 9][view % 4];
  const picture = svg('svg', {
    viewBox: '0 0 200 200', preserveAspectRatio: 'xMidYMid slice',
    role: alt ? 'img' : null, 'aria-label': alt || null, 'aria-hidden': alt ? null : 'true',
  },
    svg('circle', { cx: 40 + (n % 120), cy: 30 + (n % 50), r: 46 + (n % 40), class: 'sun' }),
    svg('path', { d: 'M0 160h200v40H0z', class: 'floor' }),
    svg('ellipse', { cx: 100, cy: 167, rx: 62 * zoom, ry: 7, class: 'shadow' }),
    svg('g', { transform: `translate(100 166) rotate(${tilt}) scale(${0.92 * zoom}) translate(-100 -166)` },
      shapes.map(([tag, props]) => svg(tag, props))));
  const hue = n % 360;
  return h('div', {
    class: 'art', 'data-art': `${id}|${url ?? ''}|${view}|${alt}`,
    style: { '--tint': tint, '--h1': hue, '--h2': (hue + 28 + ((n >>> 17) % 150) + view * 40) % 360 },
  }, picture);
}

export function stars(reviews, { link = false } = {}) {
  const { count = 0, average = null } = reviews ?? {};
  if (!count) return h('span', { class: 'stars none' }, t('no_reviews'));
  const text = t('stars', f.rating(average), f.number(count));
  const body = [
    h('span', { class: 'star-bar', 'aria-hidden': 'true', style: { '--fill': `${(average / 5) * 100}%` } }),
    h('span', { class: 'visually-hidden' }, text),
    h('span', { 'aria-hidden': 'true', 'data-live': `${average}/${count}` }, `${f.rating(average)} (${f.number(count)})`),
  ];
  return link
    ? h('a', { class: 'stars', href: '#reviews', 'data-action': 'to-reviews' }, body)
    : h('span', { class: 'stars' }, body);
}

export function price(p, { big = false } = {}) {
  if (!p) return h('p', { class: `price none${big ? ' big' : ''}` }, t('no_price'));
  const reduced = p.final < p.regular;
  const final = h('span', { class: 'final', 'data-live': p.final, 'data-trend': 'price' }, f.money(p.final, p.currency));
  return h('p', { class: `price${reduced ? ' reduced' : ''}${big ? ' big' : ''}` },
    p.varies ? around('from', final).map((part) => (typeof part === 'string' && part ? h('span', { class: 'from' }, part) : part)) : final,
    reduced && [' ', h('s', {}, h('span', { class: 'visually-hidden' }, t('instead_of')), f.money(p.regular, p.currency))]);
}

export const off = (p) => {
  const text = p && p.final < p.regular ? f.percentOff(p.discount_bp ?? 0) : '';
  return text ? h('span', { class: 'badge sale' }, text) : null;
};

const STATES = {
  in_stock: () => t('in_stock'),
  low_stock: (n) => (n === null ? t('few_left') : t('low_stock', f.number(n))),
  out_of_stock: () => t('out_of_stock'),
};

export const stockText = (state, available) => (STATES[state] ? STATES[state](available) : t('unknown'));

export function stock(s, { count = false } = {}) {
  const state = STATES[s?.state] ? s.state : 'unknown';
  const available = s?.available ?? null;
  const exact = count && state === 'in_stock' && available !== null;
  return h('span', { class: `stock ${state}`, 'data-live': `${state}:${available ?? ''}` },
    exact ? t('count_in_stock', f.number(available)) : stockText(state, available));
}

export const tags = (list, max = 99) => list?.length
  ? h('ul', { class: 'tags', 'aria-label': t('tags') }, list.slice(0, max).map((tag) => h('li', {}, attributeValue('tag', tag))))
  : null;

export function card(c, scope, level = 3) {
  const gone = c.stock?.state === 'out_of_stock';
  return h('article', { class: `card${gone ? ' gone' : ''}`, 'data-key': `${scope}/${c.id}` },
    h('div', { class: 'picture' },
      art(c.id, c.image?.url, { alt: c.image?.alt }),
      h('div', { class: 'badges' }, off(c.price), gone && h('span', { class: 'badge dark' }, t('out_of_stock')))),
    h('div', { class: 'card-body' },
      c.brand ? h('a', { class: 'brand', href: listingHref('brand', c.brand.id) }, c.brand.name) : h('span', { class: 'brand' }),
      h(`h${level}`, {}, h('a', { class: 'cover', href: productHref(c.id) }, c.name)),
      stars(c.reviews),
      price(c.price),
      stock(c.stock),
      // Held open, so that prices stand in one line along a row.
      tags(c.tags, 3) ?? h('div', { class: 'no-tags' })));
}

export const skeletons = (n) => h('div', { class: 'grid', 'aria-hidden': 'true' },
  Array.from({ length: n }, () => h('div', { class: 'card skeleton' }, h('div', { class: 'picture' }), h('div', { class: 'card-body' }, h('i'), h('i'), h('i')))));

// Ticks by itself (see app.js): only the moment is in the markup.
export function change(next, shop, what = 'next_change') {
  if (!next) return null;
  if (shop.at) {
    return h('p', { class: 'change' }, t(`${what}_then`, f.dateTime(next)), ' ',
      h('button', { type: 'button', class: 'link', 'data-action': 'travel', 'data-at': next }, t('go_there')));
  }
  return h('p', { class: 'change' }, h('span', { class: 'pulse', 'aria-hidden': 'true' }), `${t(what)} `,
    h('time', { datetime: next, 'data-countdown': next, title: f.dateTime(next) }, '…'));
}

export const crumbs = (steps) => h('nav', { class: 'crumbs', 'aria-label': t('breadcrumb') },
  h('ol', {}, steps.map(([text, href]) => h('li', {}, href ? h('a', { href }, text) : h('span', { 'aria-current': 'page' }, text)))));

export const chips = (label, list) => list.length
  ? h('ul', { class: 'chips', 'aria-label': label }, list.map(({ href, text, current }) =>
    h('li', {}, h('a', { href, 'aria-current': current ? 'page' : null }, text))))
  : null;

export const button = (text, action, props = {}) => h('button', { type: 'button', 'data-action': action, ...props }, text);
