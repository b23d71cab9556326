// Building and updating the document. Data only ever becomes text nodes and attributes, never markup.

const SVG = 'http://www.w3.org/2000/svg';

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    // The style attribute is closed by the page's content policy; the style object is not.
    if (name === 'style') for (const [k, v] of Object.entries(value)) node.style.setProperty(k, v);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false && c !== ''));
  return node;
}

export const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);
export const svg = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);

const keyOf = (node) => node.dataset?.key;

// A fresh answer is rendered whole and then worked into the live tree, so that focus, scroll positions,
// open menus and half-typed input survive a poll. Elements whose `data-live` changed are handed to `onLive`.
export function morph(live, next, onLive) {
  if (live.nodeType === Node.TEXT_NODE) {
    if (live.data !== next.data) live.data = next.data;
    return;
  }
  // Drawn from its key alone: the same key is the same picture.
  if (next.dataset?.art && live.dataset.art === next.dataset.art) return;
  const before = live.dataset?.live;
  const valueChanged = live.getAttribute('value') !== next.getAttribute('value');
  const checkedChanged = live.hasAttribute('checked') !== next.hasAttribute('checked');
  morphAttributes(live, next);
  morphChildren(live, next, onLive);
  // Only what the page itself changed is forced on a control; what is being typed stays.
  if (live.nodeName === 'INPUT') {
    if (valueChanged) live.value = next.getAttribute('value') ?? '';
    if (checkedChanged) live.checked = next.hasAttribute('checked');
  } else if (live.nodeName === 'SELECT' && live.value !== next.value) {
    live.value = next.value;
  }
  if (before !== undefined && before !== live.dataset.live) onLive?.(live, before, live.dataset.live);
}

function morphAttributes(live, next) {
  for (const { name } of [...live.attributes]) {
    // An opened <details> is the reader's, not the data's.
    if (!next.hasAttribute(name) && name !== 'open') live.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (name === 'style') {
      if (live.style.cssText !== next.style.cssText) live.style.cssText = next.style.cssText;
    } else if (live.getAttribute(name) !== value) {
      live.setAttribute(name, value);
    }
  }
}

function morphChildren(live, next, onLive) {
  const wanted = new Set([...next.children].map(keyOf).filter(Boolean));
  const keyed = new Map();
  for (const child of [...live.children]) {
    const key = keyOf(child);
    if (!key) continue;
    // Taken out first, so that the ones that stay need not be moved (moving drops the focus).
    if (wanted.has(key) && !keyed.has(key)) keyed.set(key, child);
    else child.remove();
  }
  let cursor = live.firstChild;
  for (const want of [...next.childNodes]) {
    const key = keyOf(want);
    let match = null;
    if (key) {
      match = keyed.get(key) ?? null;
      keyed.delete(key);
      if (match && match.nodeName !== want.nodeName) match = null;
    } else if (cursor && !keyOf(cursor) && cursor.nodeName === want.nodeName) {
      match = cursor;
    }
    if (!match) {
      live.insertBefore(want, cursor);
      continue;
    }
    if (match === cursor) cursor = cursor.nextSibling;
    else live.insertBefore(match, cursor);
    morph(match, want, onLive);
  }
  while (cursor) {
    const gone = cursor;
    cursor = cursor.nextSibling;
    gone.remove();
  }
}

// Highlights a value that changed while it was being looked at.
export function flash(node, before, after) {
  const [a, b] = [Number(before), Number(after)];
  let colour = 'var(--flash)';
  if (node.dataset.trend === 'price' && a > b) colour = 'var(--flash-good)';
  if (node.dataset.trend === 'price' && a < b) colour = 'var(--flash-bad)';
  node.animate(
    [
      { backgroundColor: colour, boxShadow: `0 0 0 6px ${colour}` },
      { backgroundColor: colour, boxShadow: `0 0 0 6px ${colour}`, offset: 0.45 },
      { backgroundColor: 'transparent', boxShadow: '0 0 0 6px transparent' },
    ],
    { duration: 2200, easing: 'ease-out' },
  );
}
