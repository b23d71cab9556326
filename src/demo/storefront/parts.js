// The pieces that several views are made of: pictures, prices, stock, stars, cards.

import { h, svg } from './dom.js';
import * as f from './format.js';

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

// What stands on the plinth: [outline parts, x and y of the initials].
const THINGS = [
  [[['path', { d: 'M87 42h26v20c0 9 19 16 19 37v57a10 10 0 0 1-10 10H78a10 10 0 0 1-10-10V99c0-21 19-28 19-37z' }], ['rect', { x: 84, y: 30, width: 32, height: 16, rx: 4, class: 'a2' }], ['path', { d: 'M76 100c0-10 6-14 10-19v77h-4a6 6 0 0 1-6-6z', class: 'shine' }]], 102, 130],
  [[['rect', { x: 60, y: 72, width: 80, height: 94, rx: 16 }], ['rect', { x: 56, y: 54, width: 88, height: 22, rx: 7, class: 'a2' }], ['rect', { x: 68, y: 84, width: 8, height: 70, rx: 4, class: 'shine' }]], 104, 124],
  [[['path', { d: 'M54 72h90v94H54z' }], ['path', { d: 'M54 72l20-18h90l-20 18z', class: 'a2' }], ['path', { d: 'M144 72l20-18v90l-20 22z', class: 'shade' }], ['path', { d: 'M90 72l20-18h14l-20 18v22H90z', class: 'shine' }]], 99, 126],
  [[['path', { d: 'M74 82c0-54 52-54 52 0', class: 'line' }], ['path', { d: 'M56 80h88l9 78a8 8 0 0 1-8 8H55a8 8 0 0 1-8-8z' }], ['path', { d: 'M64 88h9l-5 70h-11z', class: 'shine' }]], 102, 128],
  [[['rect', { x: 72, y: 152, width: 56, height: 14, rx: 5, class: 'a2' }], ['circle', { cx: 100, cy: 100, r: 56 }], ['path', { d: 'M58 96a42 42 0 0 1 34-38', class: 'gleam' }]], 100, 102],
  [[['path', { d: 'M58 50a8 8 0 0 1 8-8h76v124H66a8 8 0 0 1-8-8z' }], ['path', { d: 'M58 50a8 8 0 0 1 8-8h8v124h-8a8 8 0 0 1-8-8z', class: 'shade' }], ['rect', { x: 86, y: 132, width: 44, height: 5, rx: 2.5, class: 'shine' }], ['rect', { x: 86, y: 142, width: 28, height: 5, rx: 2.5, class: 'shine' }]], 108, 96],
  [[['path', { d: 'M130 96c38-6 38 52 0 46', class: 'line' }], ['path', { d: 'M54 76h80v74a16 16 0 0 1-16 16H70a16 16 0 0 1-16-16z' }], ['rect', { x: 63, y: 88, width: 8, height: 62, rx: 4, class: 'shine' }]], 96, 124],
  [[['path', { d: 'M70 48l18-6c5 12 19 12 24 0l18 6 32 28-20 22-10-9v69a8 8 0 0 1-8 8H76a8 8 0 0 1-8-8V89l-10 9-20-22z' }], ['path', { d: 'M84 44c6 18 26 18 32 0', class: 'line thin' }], ['path', { d: 'M75 92h7v66h-7z', class: 'shine' }]], 101, 114],
];

// A picture drawn from the id, since the sample data's addresses lead nowhere. `view` turns it for a gallery.
export function art(id, name, { view = 0, alt = '' } = {}) {
  const n = hash(id);
  const [parts, x, y] = THINGS[(n >>> 9) % THINGS.length];
  const letters = f.initials(name);
  const zoom = [1, 1.25, 0.82, 1.5][view % 4];
  const tilt = [0, -7, 5, 9][view % 4];
  const shapes = parts.map(([tag, props]) => svg(tag, { class: 'a1', ...props }));
  const picture = svg('svg', {
    viewBox: '0 0 200 200', preserveAspectRatio: 'xMidYMid slice',
    role: alt ? 'img' : null, 'aria-label': alt || null, 'aria-hidden': alt ? null : 'true',
  },
    svg('circle', { cx: 40 + (n % 120), cy: 30 + (n % 50), r: 46 + (n % 40), class: 'sun' }),
    svg('path', { d: 'M0 160h200v40H0z', class: 'floor' }),
    svg('ellipse', { cx: 100, cy: 167, rx: 62 * zoom, ry: 7, class: 'shadow' }),
    svg('g', { transform: `translate(100 166) rotate(${tilt}) scale(${0.92 * zoom}) translate(-100 -166)` },
      shapes,
      svg('text', { x, y, class: 'letters', 'text-anchor': 'middle', 'dominant-baseline': 'middle' }, letters)));
  const hue = n % 360;
  return h('div', {
    class: 'art', 'data-art': `${id}|${letters}|${view}|${alt}`,
    style: { '--h1': hue, '--h2': (hue + 28 + ((n >>> 17) % 150) + view * 40) % 360 },
  }, picture);
}

export function stars(reviews, { link = false } = {}) {
  const { count = 0, average = null } = reviews ?? {};
  if (!count) return h('span', { class: 'stars none' }, 'No reviews yet');
  const text = `${f.rating(average)} of 5 stars, ${f.number(count)} reviews`;
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
  if (!p) return h('p', { class: `price none${big ? ' big' : ''}` }, 'No price here');
  const reduced = p.final < p.regular;
  return h('p', { class: `price${reduced ? ' reduced' : ''}${big ? ' big' : ''}` },
    p.varies && h('span', { class: 'from' }, 'from '),
    h('span', { class: 'final', 'data-live': p.final, 'data-trend': 'price' }, f.money(p.final, p.currency)),
    reduced && [' ', h('s', {}, h('span', { class: 'visually-hidden' }, 'instead of '), f.money(p.regular, p.currency))]);
}

export const off = (p) => {
  const text = p && p.final < p.regular ? f.percentOff(p.discount_bp ?? 0) : '';
  return text ? h('span', { class: 'badge sale' }, text) : null;
};

const STATES = {
  in_stock: () => 'In stock',
  low_stock: (n) => (n === null ? 'Few left' : `Only ${f.number(n)} left`),
  out_of_stock: () => 'Sold out',
};

export function stock(s, { count = false } = {}) {
  const state = STATES[s?.state] ? s.state : 'unknown';
  const available = s?.available ?? null;
  const text = state === 'unknown' ? 'Stock unknown' : STATES[state](available);
  const exact = count && state === 'in_stock' && available !== null;
  return h('span', { class: `stock ${state}`, 'data-live': `${state}:${available ?? ''}` },
    exact ? `${f.number(available)} in stock` : text);
}

export const tags = (list, max = 99) => list?.length
  ? h('ul', { class: 'tags', 'aria-label': 'Tags' }, list.slice(0, max).map((t) => h('li', {}, t)))
  : null;

export function card(c, scope, level = 3) {
  const gone = c.stock?.state === 'out_of_stock';
  return h('article', { class: `card${gone ? ' gone' : ''}`, 'data-key': `${scope}/${c.id}` },
    h('div', { class: 'picture' },
      art(c.id, c.name, { alt: c.image?.alt }),
      h('div', { class: 'badges' }, off(c.price), gone && h('span', { class: 'badge dark' }, 'Sold out'))),
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
export function change(next, shop, what = 'Next scheduled change') {
  if (!next) return null;
  if (shop.at) {
    return h('p', { class: 'change' }, `${what} after this: ${f.dateTime(next)} `,
      h('button', { type: 'button', class: 'link', 'data-action': 'travel', 'data-at': next }, 'Go there'));
  }
  return h('p', { class: 'change' }, h('span', { class: 'pulse', 'aria-hidden': 'true' }), `${what} in `,
    h('time', { datetime: next, 'data-countdown': next, title: f.dateTime(next) }, '…'));
}

export const crumbs = (steps) => h('nav', { class: 'crumbs', 'aria-label': 'Breadcrumb' },
  h('ol', {}, steps.map(([text, href]) => h('li', {}, href ? h('a', { href }, text) : h('span', { 'aria-current': 'page' }, text)))));

export const chips = (label, list) => list.length
  ? h('ul', { class: 'chips', 'aria-label': label }, list.map(({ href, text, current }) =>
    h('li', {}, h('a', { href, 'aria-current': current ? 'page' : null }, text))))
  : null;

export const button = (text, action, props = {}) => h('button', { type: 'button', 'data-action': action, ...props }, text);
