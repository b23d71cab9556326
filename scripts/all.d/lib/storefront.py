"""Visits the demo's storefront as a reader would, and checks each page. scripts/all.d/chromium runs it.

usage: storefront.py URL DRIVER_URL PROFILE_FOLDER [SCREENSHOT_FOLDER]
"""

import os
import re
import sys
import time
from urllib.parse import parse_qs, urlsplit

from webdriver import Browser

WIDTHS = {"desktop": (1280, 900, False), "phone": (390, 844, True)}
LOAD_SECONDS = 20
# Requests that begin with the page are over by then; the page asks again every two seconds.
SETTLE_SECONDS = 0.4
LISTINGS = 2

READY = "return document.querySelector('main')?.getAttribute('aria-busy') === 'false'"
LANGUAGES = "return [...document.querySelectorAll('select#locale option')].map((o) => o.value)"
CHOOSE = """const select = document.querySelector('select#locale');
select.value = arguments[0];
select.dispatchEvent(new Event('change', { bubbles: true }));
return select.value"""
# Every link of the shop but to its home page, in order, each once.
NAVIGATION = """const links = [...document.querySelectorAll('nav a[href]'), ...document.querySelectorAll('main a[href]')];
const hashes = links.map((a) => new URL(a.href).hash).filter((h) => /^#\\/(category|all|brand)/.test(h));
return [...new Set(hashes)]"""
FIRST_PRODUCT = """const link = document.querySelector('main article h2 a[href], main article h3 a[href], main article h4 a[href]');
return link && new URL(link.href).hash"""
FOLLOW = """const link = [...document.querySelectorAll('a[href]')].find((a) => new URL(a.href).hash === arguments[0]);
link?.click();
return Boolean(link)"""
STATE = """const name = (e) => e.tagName.toLowerCase() + (e.id ? '#' + e.id : '') + [...e.classList].map((c) => '.' + c).join('');
const scrolls = (e) => { for (let p = e.parentElement; p; p = p.parentElement) if (getComputedStyle(p).overflowX !== 'visible') return true; };
const wide = [...document.body.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > arguments[0] + 1 && !scrolls(e));
const cards = [...document.querySelectorAll('main article')].map((a) => a.innerText);
const broken = [...document.querySelectorAll('a[href], [alt], [aria-label], [title]')].flatMap((e) =>
  ['href', 'alt', 'aria-label', 'title'].map((n) => e.getAttribute(n))).filter((v) => v && /\\b(undefined|NaN|null)\\b/.test(v));
return { scroll: document.scrollingElement.scrollWidth, wide: wide.slice(0, 5).map(name), cards, broken,
  text: document.body.innerText, heading: document.querySelector('main h1')?.innerText ?? '',
  price: document.querySelector('main .price')?.innerText ?? '', failure: document.querySelector('main .failure')?.innerText ?? '' }"""


class Visit:
    """One language at one width. What is wrong is printed, and counted."""

    def __init__(self, browser: Browser, url: str, folder: str | None, language: str, width: str):
        self.browser, self.url, self.folder = browser, url, folder
        self.language, self.width = language, width
        self.pages = self.requests = self.problems = self.products = 0
        # Of requests that are under way, by DevTools' number. The browser's own pages have some as well.
        self.addresses = {}

    def problem(self, page: str, what: str):
        self.problems += 1
        print(f"{self.language}, {self.width}, {page}: {what}")

    def page(self, page: str):
        """The page that is shown by now."""
        self.pages += 1
        ready = self.browser.until(READY, LOAD_SECONDS)
        time.sleep(SETTLE_SECONDS)
        # A phone zooms out until all fits: its own idea of the page's width is of no use.
        state = self.browser.run(STATE, WIDTHS[self.width][0])
        if not ready:
            self.problem(page, f"still loads after {LOAD_SECONDS} s")
        self.check_shown(page, state)
        self.check_log(page)
        self.check_requests(page)
        if self.folder:
            name = f"{self.language}-{self.width}-{self.pages}-{page}.png"
            self.browser.screenshot(os.path.join(self.folder, name))

    def check_shown(self, page: str, state: dict):
        if state["failure"]:
            self.problem(page, f"shows a failure: {state['failure']!r}")
        cards = state["cards"]
        if page == "product":
            if not state["heading"].strip() or not re.search(r"\d", state["price"]):
                self.problem(page, f"has heading {state['heading']!r} and price {state['price']!r}")
        elif not cards:
            self.problem(page, "shows no products")
        for card in cards:
            # A name, and a price in whatever currency.
            if not re.search(r"[^\W\d_]{2}", card) or not re.search(r"\d", card):
                self.problem(page, f"shows the card {card!r}")
        self.products += len(cards)
        found = re.search(r".{0,30}\b(undefined|NaN|null)\b.{0,30}", state["text"])
        if found:
            self.problem(page, f"shows {found.group()!r}")
        if state["broken"]:
            self.problem(page, f"has an attribute {state['broken'][0]!r}")
        width = WIDTHS[self.width][0]
        if state["scroll"] > width:
            self.problem(page, f"scrolls sideways, {state['scroll']} px of {width}: {', '.join(state['wide'])}")

    def check_log(self, page: str):
        for entry in self.browser.console():
            if entry["level"] == "SEVERE":
                self.problem(page, f"logged {entry['message']!r}")

    def check_requests(self, page: str, any_language: bool = False):
        for event in self.browser.network():
            details = event["params"]
            number = details.get("requestId")
            match event["method"]:
                case "Network.requestWillBeSent" if details["request"]["url"].startswith(self.url):
                    self.requests += 1
                    self.addresses[number] = details["request"]["url"]
                    if not any_language:
                        self.check_language(page, self.addresses[number])
                case "Network.responseReceived" if number in self.addresses:
                    status = details["response"]["status"]
                    if status >= 400:
                        self.problem(page, f"{self.addresses[number]} answered {status}")
                # The page cancels what it asked for itself when its reader goes on.
                case "Network.loadingFailed" if number in self.addresses and not details.get("canceled"):
                    self.problem(page, f"{self.addresses[number]} failed: {details['errorText']}")

    def check_language(self, page: str, address: str):
        parts = urlsplit(address)
        if parts.path.startswith("/api/"):
            asked = parse_qs(parts.query).get("locale")
            if asked != [self.language]:
                self.problem(page, f"{address} asks for the language {asked}")

    def follow(self, page: str, target: str | None):
        if not target or not self.browser.run(FOLLOW, target):
            self.problem(page, f"no link to {target}")
            return
        time.sleep(SETTLE_SECONDS)
        self.page(page)

    def walk(self):
        """Home, listings, a product; the language is chosen on the page."""
        # A page of nothing between, so that each visit loads everything anew.
        self.browser.open("about:blank")
        self.browser.resize(*WIDTHS[self.width])
        self.browser.open(self.url)
        self.browser.until(READY, LOAD_SECONDS)
        if self.browser.run(CHOOSE, self.language) != self.language:
            self.problem("home", "the language cannot be chosen")
        # What was asked for meanwhile may be in the language that the page began with.
        time.sleep(SETTLE_SECONDS)
        self.browser.until(READY, LOAD_SECONDS)
        self.check_requests("start", any_language=True)
        self.page("home")
        listings = self.browser.run(NAVIGATION)[:LISTINGS]
        if not listings:
            self.problem("home", "has no link to a listing")
        for listing in listings:
            self.follow("listing", listing)
        self.follow("product", self.browser.run(FIRST_PRODUCT))


def main() -> int:
    url, driver, profile, *folder = sys.argv[1:]
    with Browser(driver, profile) as browser:
        browser.open(url)
        browser.until(READY, LOAD_SECONDS)
        languages = browser.run(LANGUAGES)
        visits = []
        for language in languages:
            for width in WIDTHS:
                visit = Visit(browser, url, folder[0] if folder else None, language, width)
                visit.walk()
                visits.append(visit)
        version = browser.version
    if not visits:
        print("the page offers no languages")
    total = {name: sum(getattr(v, name) for v in visits) for name in ("pages", "products", "requests", "problems")}
    print(
        f"scripts/all.d/chromium: {total['pages']} pages in {len(languages)} languages ({', '.join(languages)}) "
        f"at {len(WIDTHS)} widths, {total['products']} cards, {total['requests']} requests, "
        f"Chromium {version}: {total['problems']} problems"
    )
    return 1 if total["problems"] or not visits else 0


if __name__ == "__main__":
    sys.exit(main())
