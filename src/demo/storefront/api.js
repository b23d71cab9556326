// Talking to the read API: addresses, conditional requests, and errors as RFC 9457 describes them.

import { t } from './text.js';

const KEPT = 80;
const kept = new Map();
const watchers = new Set();

export const tally = { requests: 0, notModified: 0 };

// Tells the developer panel about every exchange.
export const onExchange = (fn) => watchers.add(fn);

export class Problem extends Error {
  constructor({ status = 0, code, title, detail, parameter, retryAfter = 0 }) {
    super(detail || title || code);
    Object.assign(this, { status, code, title, detail, parameter, retryAfter });
  }

  // What is shown may stay on the page: it was right a moment ago, and asking again can help.
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

const encode = (text) => encodeURIComponent(text).replaceAll('%2C', ',').replaceAll('%3A', ':');

// The default market is left out, so that the page also works where it goes by another name.
export function address(path, shop, extra = []) {
  const query = [
    ['market', shop.market === 'default' ? '' : shop.market],
    ['group', shop.group],
    ['locale', shop.locale],
    ['at', shop.at],
    ...extra,
  ].filter(([, value]) => value !== '' && value !== null && value !== undefined);
  const text = query.map(([name, value]) => `${name}=${encode(String(value))}`).join('&');
  return `/api/v1${path}${text ? `?${text}` : ''}`;
}

export const idsQuery = (ids) =>
  ids.some((id) => id.includes(',')) ? ids.map((id) => ['id', id]) : [['ids', ids.join(',')]];

function remember(url, entry) {
  kept.delete(url);
  kept.set(url, entry);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value);
}

// The last known answer for an address, to show at once while it is being asked for again.
export const recall = (url) => kept.get(url)?.data;

// → { data, info }. The same answer as before is the very same object, which is how a view sees that nothing
// has changed.
// `quiet` keeps what the page asks on the side out of the developer panel.
export async function get(url, signal, quiet = false) {
  const known = kept.get(url);
  const headers = { accept: 'application/json' };
  if (known?.etag) headers['if-none-match'] = known.etag;
  const started = performance.now();
  let response;
  let text;
  try {
    // The browser's own cache would hide the 304s that this page wants to show.
    response = await fetch(url, { headers, signal, cache: 'no-store' });
    text = response.status === 304 ? '' : await response.text();
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    tell({ url, status: 0, ms: performance.now() - started });
    throw new Problem({ code: 'unreachable', title: t('unreachable'), detail: t('still_running') });
  }
  const header = (name) => response.headers.get(name) ?? '';
  const info = {
    url,
    status: response.status,
    ms: performance.now() - started,
    etag: header('etag') || known?.etag || '',
    cache: header('vitrine-cache'),
    generation: header('vitrine-generation'),
    age: header('age'),
    quiet,
    conditional: 'if-none-match' in headers,
    date: Date.parse(header('date')),
  };
  tell(info);
  if (response.status === 304 && known) {
    remember(url, known);
    return { data: known.data, info };
  }
  if (!response.ok) throw problemOf(response, text);
  if (known && known.text === text) {
    remember(url, { ...known, etag: header('etag') });
    return { data: known.data, info };
  }
  let data;
  try {
    data = JSON.parse(text);
  } catch {
    throw new Problem({ status: response.status, code: 'unreadable', title: t('not_json'), detail: text.slice(0, 200) });
  }
  remember(url, { etag: header('etag'), text, data });
  return { data, info };
}

function problemOf(response, text) {
  let body = {};
  try {
    const parsed = JSON.parse(text);
    if (parsed && typeof parsed === 'object') body = parsed;
  } catch {
    // Something before the service answered (a proxy, say): its words are better than none.
    body = { detail: text.slice(0, 300) };
  }
  return new Problem({
    status: response.status,
    code: body.code ?? `http_${response.status}`,
    title: body.title ?? response.statusText,
    detail: body.detail ?? '',
    parameter: body.parameter,
    retryAfter: (Number(response.headers.get('retry-after')) || 0) * 1000,
  });
}

function tell(info) {
  tally.requests += 1;
  if (info.status === 304) tally.notModified += 1;
  for (const fn of watchers) fn(info);
}

// There is no endpoint that lists categories and brands: what the shop's navigation knows, it has picked
// up from whole product pages. Names differ by language, so each language has a stock of its own.
const stocks = new Map();

export function known(shop) {
  if (!stocks.has(shop.locale)) {
    stocks.set(shop.locale, { categories: new Map(), brands: new Map(), seen: new Set(), asked: new Set() });
  }
  return stocks.get(shop.locale);
}

export function learn(shop, product) {
  const stock = known(shop);
  if (!product?.id || stock.seen.has(product.id)) return;
  stock.seen.add(product.id);
  const count = (map, id, entry) => map.set(id, { ...(map.get(id) ?? {}), ...entry, n: (map.get(id)?.n ?? 0) + 1 });
  for (const category of product.categories ?? []) {
    const path = category.path?.length ? category.path : [category.id];
    count(stock.categories, category.id, { name: category.name, path });
    // Ancestors are listings too, even where no product carries them itself.
    path.slice(0, -1).forEach((id, i) => count(stock.categories, id, { path: path.slice(0, i + 1) }));
  }
  if (product.brand?.id) count(stock.brands, product.brand.id, { name: product.brand.name });
}

// Most products name their own category only. A listing tells what its category is called, whoever named it.
const NAMES_AT_ONCE = 24;

async function learnNames(shop, signal) {
  const stock = known(shop);
  const nameless = [...stock.categories].filter(([id, c]) => !c.name && !stock.asked.has(`name ${id}`));
  // What is nearest to the root is shown first.
  nameless.sort((a, b) => a[1].path.length - b[1].path.length || b[1].n - a[1].n);
  const asking = nameless.slice(0, NAMES_AT_ONCE);
  await Promise.all(asking.map(async ([id, category]) => {
    stock.asked.add(`name ${id}`);
    try {
      const url = address(`/categories/${encodeURIComponent(id)}/products`, shop, [['limit', 1]]);
      const { data } = await get(url, signal, true);
      if (data.listing?.name) stock.categories.set(id, { ...category, ...stock.categories.get(id), name: data.listing.name });
    } catch {
      stock.asked.delete(`name ${id}`);
    }
  }));
  return asking.length > 0;
}

// True when it has learnt something. Failing to is no error: the shop only shows fewer links.
export async function learnFrom(shop, ids, signal) {
  const stock = known(shop);
  const fresh = [...new Set(ids)].filter((id) => !stock.asked.has(id) && !stock.seen.has(id)).slice(0, 100);
  fresh.forEach((id) => stock.asked.add(id));
  try {
    if (fresh.length === 0) return await learnNames(shop, signal);
    const { data } = await get(address('/products', shop, [...idsQuery(fresh), ['view', 'page']]), signal, true);
    for (const item of data.items ?? []) learn(shop, item.product ?? item);
    await learnNames(shop, signal);
    return true;
  } catch {
    fresh.forEach((id) => stock.asked.delete(id));
    return false;
  }
}
