// Numbers, money, dates and names as text, in the locale that the visitor chose.

import { t } from './text.js';

let locale = 'en';
const cache = new Map();

export function setLocale(next) {
  if (next !== locale) cache.clear();
  locale = next;
}

function formatter(key, make) {
  if (!cache.has(key)) cache.set(key, make());
  return cache.get(key);
}

const currencyFormat = (currency) => formatter(`money:${currency}`, () => {
  try {
    return new Intl.NumberFormat(locale, { style: 'currency', currency });
  } catch {
    // A code that the browser does not take as one: show the number, with the code beside it.
    return null;
  }
});

// How many digits the minor unit has: 2 for dollars, 0 for won. Amounts are integers in that unit.
export const minorDigits = (currency) => currencyFormat(currency)?.resolvedOptions().maximumFractionDigits ?? 2;

export function money(amount, currency) {
  const format = currencyFormat(currency);
  const major = amount / 10 ** minorDigits(currency);
  return format ? format.format(major) : `${number(major)} ${currency}`;
}

export const toMajor = (minor, currency) => String(Number(minor) / 10 ** minorDigits(currency));

export function toMinor(text, currency) {
  const value = Number(String(text).replace(',', '.'));
  if (text === '' || !Number.isFinite(value) || value < 0) return '';
  return String(Math.round(value * 10 ** minorDigits(currency)));
}

export const number = (n) => formatter('number', () => new Intl.NumberFormat(locale)).format(n);

export const decimal = (text) => formatter('decimal', () =>
  new Intl.NumberFormat(locale, { maximumFractionDigits: 2 })).format(Number(text));

export const rating = (n) => formatter('rating', () =>
  new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 2 })).format(n);

// A tenth off is 999 basis points on many an amount, so this rounds; but only what is free is 100 % off.
export function percentOff(bp) {
  const rounded = bp >= 100 ? Math.round(bp / 100) : Math.round(bp / 10) / 10;
  const percent = bp < 10000 ? Math.min(rounded, 99) : 100;
  return percent > 0 ? `−${number(percent)} %` : '';
}

const date = (value, key, options) => {
  const when = new Date(value);
  if (Number.isNaN(when.getTime())) return String(value);
  return formatter(key, () => new Intl.DateTimeFormat(locale, options)).format(when);
};

export const dateTime = (value) => date(value, 'dt', { dateStyle: 'medium', timeStyle: 'medium' });
export const day = (value) => date(value, 'd', { dateStyle: 'medium' });
export const clock = (value) => date(value, 't', { timeStyle: 'medium' });

// The time alone where the day goes without saying.
export const freshness = (value) =>
  new Date(value).toDateString() === new Date().toDateString() ? clock(value) : dateTime(value);

export function countdown(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const two = (n) => String(n).padStart(2, '0');
  const [d, hh, mm, ss] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  if (d > 0) return t('days_and_hours', number(d), two(hh));
  return hh > 0 ? `${two(hh)}:${two(mm)}:${two(ss)}` : `${two(mm)}:${two(ss)}`;
}

// For ids that nothing has told a name of yet, and for attribute keys.
export function pretty(id) {
  const words = String(id).replace(/^(cat|category|brand)[-_:]/i, '').replace(/[-_]+/g, ' ').trim() || String(id);
  return words.charAt(0).toLocaleUpperCase(locale) + words.slice(1);
}
