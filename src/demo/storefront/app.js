// The shell: addresses, the live loop, the header's controls and the developer panel.

import { Problem, onExchange, recall, tally } from './api.js';
import { flash, h, morph } from './dom.js';
import * as f from './format.js';
import { Product } from './product.js';
import { around, setLanguage, t } from './text.js';
import { Home, Listing, navigation } from './views.js';

const POLL_MS = 2000;
const SLOWEST_MS = 15000;
// Asked for just after the boundary, never just before it.
const PAST_BOUNDARY_MS = 20;
const $ = (id) => document.getElementById(id);

// ---- where we are: the shop's choices in the query, the view in the hash, so that every view has a link of its own

function readShop() {
  const q = new URLSearchParams(location.search);
  return { market: q.get('market') || 'default', group: q.get('group') || '', locale: q.get('locale') || 'en', at: q.get('at') || '' };
}

function readRoute() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [kind, raw = ''] = path.split(/\/(.*)/s);
  let id = raw;
  try {
    id = decodeURIComponent(raw);
  } catch {
    // Typed by hand with a bare %: it is meant as it stands.
  }
  return { kind: kind || 'home', id, query: new URLSearchParams(query) };
}

const VIEWS = { home: Home, all: Listing, category: Listing, brand: Listing, product: Product };

let shop = readShop();
let route = readRoute();
let view = null;
let problem = null;
let painted = null;
let shownHref = null;
let controller = new AbortController();
let shows = 0;

// Views left behind keep what they had loaded, so that going back is instant and in place.
const visited = new Map();
const scrolls = new Map();

function show({ restore = false } = {}) {
  if (location.href === shownHref) return;
  if (shownHref) scrolls.set(shownHref, scrollY);
  shownHref = location.href;
  shows += 1;
  shop = readShop();
  route = readRoute();
  f.setLocale(shop.locale);
  document.documentElement.lang = setLanguage(shop.locale);
  controller.abort();
  controller = new AbortController();
  problem = null;
  const kept = visited.get(location.href);
  const View = VIEWS[route.kind];
  const mine = kept ?? (View ? new View(shop, route, () => mine === view && paint()) : null);
  view = mine;
  if (view) {
    visited.delete(location.href);
    visited.set(location.href, view);
    if (visited.size > 20) visited.delete(visited.keys().next().value);
    // A page that was here before is shown as it was while it is being asked for again (a listing also needs
    // its pages put together, and starts anew).
    if (View !== Listing) view.page ??= recall(view.url()) ?? null;
  } else {
    problem = new Problem({ status: 404, code: 'no_such_page', title: t('not_found'), detail: location.hash });
  }
  const sameView = painted && painted.kind === route.kind && painted.id === route.id;
  painted = { kind: route.kind, id: route.id };
  controls();
  paint({ keepOld: sameView });
  if (!sameView) {
    scrollTo(0, restore ? scrolls.get(location.href) ?? 0 : 0);
    if (shows > 1) $('view').querySelector('h1')?.focus({ preventScroll: true });
  }
  tick();
}

function go(search, hash, replace = false) {
  const text = search.toString();
  history[replace ? 'replaceState' : 'pushState'](null, '', `${location.pathname}${text ? `?${text}` : ''}${hash}`);
  show();
}

function change(name, value) {
  const search = new URLSearchParams(location.search);
  if (value) search.set(name, value);
  else search.delete(name);
  // Price limits are in the old market's money.
  let { hash } = location;
  if (name === 'market') {
    const [path, query = ''] = hash.split('?');
    const q = new URLSearchParams(query);
    q.delete('min_price');
    q.delete('max_price');
    hash = path + (q.size ? `?${q}` : '');
  }
  go(search, hash);
}

// ---- drawing

function paint({ live = false, keepOld = false } = {}) {
  const main = $('view');
  const loading = !problem && view && !view.page;
  main.setAttribute('aria-busy', String(Boolean(loading)));
  // Another market or filter of the same view: the old page stays, dimmed, until the new one is there.
  if (!(loading && keepOld)) {
    const content = contents(loading);
    const next = h('main', { class: 'wrap', id: 'view', tabindex: '-1', 'aria-busy': String(Boolean(loading)) }, content);
    morph(main, next, live ? flash : null);
    watchEnd();
  }
  const nav = h('nav', { class: 'nav wrap', 'aria-label': t('shop'), id: 'nav' }, navigation(shop, route));
  morph($('nav'), nav);
  const title = problem && !problem.passing ? problem.title : view?.title;
  document.title = `${title ? `${title} · ` : ''}${t('demo')}`;
  notice();
  countdowns();
}

function contents(loading) {
  try {
    if (!problem || problem.passing) return loading ? view.pending() : view.render();
  } catch (error) {
    console.error(error);
    problem = new Problem({ status: 400, code: 'page_error', title: t('not_drawn'), detail: error.message });
  }
  return failure(problem);
}

function failure(p) {
  const hidden = p.status === 404 && route.kind === 'product';
  return h('section', { class: 'failure', role: 'alert' },
    h('p', { class: 'failure-code' }, p.status || t('offline')),
    h('h1', { tabindex: '-1' }, hidden ? t(shop.at ? 'not_then' : 'not_in_shop') : p.title || t('wrong')),
    p.detail && p.detail !== p.title && h('p', {}, p.detail),
    h('p', { class: 'quiet' }, `${t('code')} `, h('code', {}, p.code), p.parameter && [`, ${t('parameter')} `, h('code', {}, p.parameter)]),
    h('p', { class: 'row-buttons' },
      h('a', { class: 'button primary', href: '#/' }, t('to_home')),
      h('button', { type: 'button', 'data-action': 'retry' }, t('retry')),
      shop.market !== 'default' && h('button', { type: 'button', 'data-action': 'default-market' }, t('default_market')),
      shop.at && h('button', { type: 'button', 'data-action': 'now' }, t('back_to_now'))));
}

function notice() {
  const box = $('notice');
  box.hidden = !problem?.passing;
  if (!box.hidden) {
    const text = `${problem.title || t('problem')}${view?.page ? t('outdated') : ''}. `;
    morph(box, h('div', { class: 'notice', id: 'notice', role: 'alert' }, text, h('code', {}, problem.code), ' ', h('button', { type: 'button', 'data-action': 'retry' }, t('retry'))));
  }
}

const serverNow = () => Date.now() + skew;
let skew = 0;

function countdowns() {
  for (const el of document.querySelectorAll('[data-countdown]')) {
    const text = f.countdown(Date.parse(el.dataset.countdown) - serverNow());
    if (el.textContent !== text) el.textContent = text;
  }
}

// Loads the next page of a listing when its end comes near.
const end = new IntersectionObserver((entries) => {
  if (entries.some((e) => e.isIntersecting)) view?.reached?.();
}, { rootMargin: '400px' });

function watchEnd() {
  end.disconnect();
  const mark = document.querySelector('[data-end]');
  if (mark) end.observe(mark);
}

// ---- the live loop: one question at a time, while someone is looking

let timer = 0;
let running = null;
let failures = 0;
const boundary = { at: null, tries: 0 };

async function tick() {
  clearTimeout(timer);
  if (document.hidden || !view) return;
  const mine = view;
  const { signal } = controller;
  if (running === signal) return;
  running = signal;
  try {
    const { changed, info } = await mine.refresh(signal);
    if (mine !== view) return;
    const recovered = problem !== null;
    problem = null;
    failures = 0;
    // Whole seconds only, and late by the way here: not worth following unless clocks really differ.
    const apart = info.date - Date.now();
    skew = Number.isFinite(apart) && Math.abs(apart) > 3000 ? apart : 0;
    if (changed || recovered || $('view').getAttribute('aria-busy') === 'true') {
      const first = mine.drawn !== true;
      mine.drawn = true;
      paint({ live: !first });
      announce(mine, first);
      // The reader followed a link and what it was on is gone: go on reading at the heading.
      if (first && shows > 1 && document.activeElement === document.body) $('view').querySelector('h1')?.focus({ preventScroll: true });
    }
  } catch (error) {
    if (error.name === 'AbortError' || mine !== view) return;
    failures += 1;
    problem = error instanceof Problem ? error : new Problem({ code: 'page_error', status: 400, title: t('not_drawn'), detail: error.message });
    if (!(error instanceof Problem)) console.error(error);
    paint();
  } finally {
    if (running === signal) running = null;
  }
  timer = setTimeout(tick, pause(mine));
}

function pause(mine) {
  if (problem) return Math.max(problem.retryAfter, Math.min(SLOWEST_MS, POLL_MS * 2 ** (failures - 1)));
  const next = shop.at ? NaN : Date.parse(mine.nextChange);
  const left = next - serverNow();
  if (!(left < POLL_MS)) return POLL_MS;
  if (left > 0) return left + PAST_BOUNDARY_MS;
  // Past the boundary and not told of a later one yet: the clocks differ a little. Ask again soon, not for ever.
  if (boundary.at !== next) Object.assign(boundary, { at: next, tries: 0 });
  boundary.tries += 1;
  return boundary.tries <= 6 ? 250 : POLL_MS;
}

function announce(mine, first) {
  const text = mine.summary?.() ?? '';
  if (!first && text !== mine.said) $('announce').textContent = t('now_is', text);
  mine.said = text;
}

// ---- the header

function controls() {
  // What stands in the page itself is in English.
  for (const el of document.querySelectorAll('[data-text]')) el.textContent = t(el.dataset.text);
  for (const el of document.querySelectorAll('[data-label]')) el.setAttribute('aria-label', t(el.dataset.label));
  developer();
  theme(storedTheme());
  for (const name of ['market', 'group', 'locale']) {
    const select = $(name);
    // A choice from a link that the list does not have is still what is shown.
    if (![...select.options].some((o) => o.value === shop[name])) select.append(new Option(shop[name], shop[name]));
    select.value = shop[name];
  }
  $('when').textContent = shop.at ? f.dateTime(shop.at) : t('now');
  $('when').classList.toggle('active', Boolean(shop.at));
  const bar = $('travel');
  bar.hidden = !shop.at;
  const step = (text, ms) => h('button', { type: 'button', 'data-action': 'step', 'data-ms': ms }, text);
  bar.replaceChildren(...(shop.at ? [h('div', { class: 'wrap' },
    h('span', {}, around('seen_as_of', h('b', {}, f.dateTime(shop.at)))),
    h('span', { class: 'row-buttons' }, step(t('one_day', '−'), -86400000), step(t('one_hour', '−'), -3600000), step(t('one_hour', '+'), 3600000), step(t('one_day', '+'), 86400000),
      h('button', { type: 'button', class: 'primary', 'data-action': 'now' }, t('back_to_now'))))] : []));
}

function panel(open) {
  $('when-panel').hidden = !open;
  $('when').setAttribute('aria-expanded', String(open));
  if (!open) return;
  const when = shop.at ? new Date(shop.at) : new Date();
  // The field speaks local time.
  $('at').value = new Date(when.getTime() - when.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
  $('at').focus();
}

const THEMES = ['automatic', 'light', 'dark'];

function theme(name) {
  if (name === 'automatic') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  $('theme').textContent = { automatic: '◐', light: '☀', dark: '☾' }[name];
  $('theme').title = t('colours', t(name));
  $('theme').setAttribute('aria-label', $('theme').title);
}

function storedTheme(next) {
  try {
    if (next) localStorage.setItem('vitrine-theme', next);
    return localStorage.getItem('vitrine-theme') ?? 'automatic';
  } catch {
    // Storage is closed in some private windows; the choice then lasts as long as the page.
    return next ?? 'automatic';
  }
}

// ---- the developer panel

function curlLine() {
  if (!view) return '';
  const quoted = (location.origin + view.url()).replaceAll("'", "'\\''");
  return `curl -i '${quoted}'`;
}

let exchanged = null;

function exchange(info) {
  if (info.quiet) return;
  exchanged = info;
  developer();
}

function developer() {
  if (!exchanged) return;
  const info = exchanged;
  const ok = info.status >= 200 && info.status < 400;
  $('dev-dot').className = `dot ${ok ? (info.cache === 'stale' ? 'warn' : 'ok') : 'bad'}`;
  $('dev-line').textContent = `GET ${info.url}`;
  const fact = (text) => h('span', {}, text);
  $('dev-facts').replaceChildren(...[fact(String(info.status || t('failed'))), fact(`${info.ms.toFixed(1)} ms`), info.cache && fact(info.cache)].filter(Boolean));
  const rows = [
    [t('request'), `GET ${info.url}${info.conditional ? ' (If-None-Match)' : ''}`],
    [t('status'), info.status || t('no_answer')],
    [t('took'), `${info.ms.toFixed(1)} ms`],
    ['Vitrine-Cache', info.cache || '–'],
    ['Vitrine-Generation', info.generation || '–'],
    ['ETag', info.etag || '–'],
    ['Age', info.age || '–'],
    [t('so_far'), t('tally', f.number(tally.requests), f.number(tally.notModified))],
  ];
  morph($('dev-list'), h('dl', { id: 'dev-list' }, rows.map(([k, v]) => h('div', {}, h('dt', {}, k), h('dd', {}, String(v))))));
  $('curl').textContent = curlLine();
}

async function copy(button) {
  const text = curlLine();
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = t('copied');
  } catch {
    // Not allowed outside a secure context: select it, so that the keyboard can.
    getSelection().selectAllChildren($('curl'));
    button.textContent = t('selected');
  }
  setTimeout(() => { button.textContent = t('copy'); }, 1500);
}

// ---- what people do

const ACTIONS = {
  skip: () => $('view').focus(),
  now: () => { panel(false); change('at', ''); },
  travel: (el) => change('at', el.dataset.at),
  step: (el) => change('at', new Date(Date.parse(shop.at) + Number(el.dataset.ms)).toISOString()),
  retry: () => { failures = 0; tick(); },
  'default-market': () => change('market', ''),
  copy,
};

document.addEventListener('click', (event) => {
  const el = event.target.closest('[data-action]');
  if (el) {
    event.preventDefault();
    if (el.getAttribute('aria-disabled') === 'true') return;
    const name = el.dataset.action;
    const result = (ACTIONS[name] ?? view?.actions?.[name])?.(el);
    if (result?.replace) go(new URLSearchParams(location.search), result.replace, true);
    return;
  }
  if (!event.target.closest('.when')) panel(false);
});

document.addEventListener('change', (event) => {
  const el = event.target;
  if (el.dataset.change) view?.actions?.[el.dataset.change]?.(el);
  const form = el.closest?.('[data-form=filters]');
  if (form && view?.filtered) go(new URLSearchParams(location.search), view.filtered(form), true);
});

document.addEventListener('submit', (event) => {
  event.preventDefault();
  if (event.target.id === 'when-panel') {
    const when = new Date($('at').value);
    panel(false);
    if (!Number.isNaN(when.getTime())) change('at', when.toISOString());
  }
});

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !$('when-panel').hidden) {
    panel(false);
    $('when').focus();
  }
});

$('when').addEventListener('click', () => panel($('when-panel').hidden));
for (const name of ['market', 'group', 'locale']) {
  $(name).addEventListener('change', (event) => change(name, event.target.value === (name === 'market' ? 'default' : '') ? '' : event.target.value));
}
$('theme').addEventListener('click', () => {
  const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? 'automatic') + 1) % THEMES.length];
  theme(storedTheme(next));
});

// A click on a link starts at the top; going back and forward returns to where one was.
let clicked = false;
document.addEventListener('click', (event) => { clicked = Boolean(event.target.closest('a[href]')); }, true);
const moved = () => {
  const restore = !clicked;
  clicked = false;
  show({ restore });
};
addEventListener('popstate', moved);
addEventListener('hashchange', moved);
document.addEventListener('visibilitychange', () => { if (!document.hidden) tick(); });
addEventListener('online', () => tick());
setInterval(() => { if (!document.hidden) countdowns(); }, 250);

history.scrollRestoration = 'manual';
theme(storedTheme());
onExchange(exchange);
show();
