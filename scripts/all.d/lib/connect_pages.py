"""Waits until services have all that a Connect worker writes, and compares their pages. scripts/all.d/connect runs it.

usage: connect_pages.py FOLDER PROGRAM WORKER_URL
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import quote

WAIT_SECONDS = 180
# Far enough in the middle of the generated catalogue that prices, discounts and releases are under way.
AT = "2026-01-15T12:00:00Z"
AUDIENCES = [("default", "en"), ("eu", "de")]
SORTS = ["newest", "price_asc", "price_desc", "discount", "rating", "reviews"]
SHOWN_PROBLEMS = 20


def read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def count_lines(path: str) -> int:
    with open(path, "rb") as file:
        return sum(1 for _ in file)


def fetch(url: str) -> tuple:
    """Status, `ETag` and body."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.headers["ETag"], answer.read()
    except urllib.error.HTTPError as error:
        return error.code, None, error.read()


class Check:
    def __init__(self, folder: str, program: str, worker: str):
        self.folder, self.program, self.worker = folder, program, worker
        self.shapes = sorted(os.listdir(self.path("shapes")))
        self.pages = self.problems = 0

    def path(self, *parts: str) -> str:
        return os.path.join(self.folder, *parts)

    def problem(self, what: str):
        self.problems += 1
        if self.problems <= SHOWN_PROBLEMS:
            print(what)

    def wait_for_worker(self):
        """Until every connector's task runs; one that has failed says why."""
        names = [name.removesuffix(".properties") for name in os.listdir(self.path("connectors"))]
        deadline = time.monotonic() + WAIT_SECONDS
        waiting = set(names)
        while waiting:
            for name in sorted(waiting):
                try:
                    with urllib.request.urlopen(f"{self.worker}/connectors/{name}/status", timeout=10) as answer:
                        tasks = json.load(answer)["tasks"]
                except OSError:
                    break
                failed = [task for task in tasks if task["state"] == "FAILED"]
                if failed:
                    sys.exit(f"the connector {name} has failed: {failed[0]['trace']}")
                if tasks and all(task["state"] == "RUNNING" for task in tasks):
                    waiting.discard(name)
            if time.monotonic() > deadline:
                sys.exit(f"not all connectors run after {WAIT_SECONDS} s: {', '.join(sorted(waiting))}")
            time.sleep(0.5)
        print(f"{len(names)} connectors run")

    def status(self, shape: str) -> dict:
        command = [self.program, "--config", self.path("shapes", shape, "vitrine.toml"), "status", "--json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)

    def wait_for_messages(self, shape: str, messages: int) -> dict:
        """Until its topics have so many messages, and all of them are on the pages."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            status = self.status(shape)
            written = sum(position["head"] for position in status["positions"])
            left = status["lag_events"]
            if written >= messages and left == 0:
                break
            if time.monotonic() > deadline:
                sys.exit(f"{shape}: {written} of {messages} messages, {left} left to do after {WAIT_SECONDS} s: {status}")
            time.sleep(0.5)
        if written != messages:
            self.problem(f"{shape}: {written} messages, and not {messages}")
        return status

    def paths(self) -> list:
        """Product pages, reviews, and listings in every order; more of a listing comes by its cursor."""
        with open(self.path("events.ndjson"), encoding="utf-8") as file:
            data = [json.loads(line)["data"] for line in file]
        products = sorted({d["product_id"] for d in data if "name" in d and "product_id" in d})
        named = [d for d in data if "name" in d and "product_id" in d]
        categories = sorted({c["id"] for d in named for c in d.get("categories") or []})
        brands = sorted({d["brand"]["id"] for d in named if d.get("brand")})
        paths = ["home"]
        for product in products:
            paths += [f"products/{quote(product, '')}", f"products/{quote(product, '')}/reviews"]
        listings = ["listings/all"]
        listings += [f"categories/{quote(id, '')}/products" for id in categories]
        listings += [f"brands/{quote(id, '')}/products" for id in brands]
        return paths + [f"{listing}?sort={sort}" for listing in listings for sort in SORTS]

    def compare(self, shape: str, paths: list):
        ours = read(self.path("shapes", shape, "url"))
        theirs = read(self.path("references", read(self.path("shapes", shape, "reference")), "url"))
        for path in paths:
            for market, locale in AUDIENCES:
                separator = "&" if "?" in path else "?"
                query = f"/api/v1/{path}{separator}market={market}&locale={locale}&at={AT}"
                self.pages += 1
                got, wanted = fetch(ours + query), fetch(theirs + query)
                if got != wanted:
                    self.problem(f"{shape}: {query}\n  is     {got}\n  not    {wanted}")

    def check_shape(self, shape: str, paths: list):
        messages = count_lines(self.path("events.ndjson"))
        status = self.wait_for_messages(shape, messages)
        dead = status["dead_letters_open"] + status["outcomes"].get("dead_letter", 0)
        if dead:
            command = [self.program, "--config", self.path("shapes", shape, "vitrine.toml"), "dead-letters", "list"]
            listed = subprocess.run(command, capture_output=True, timeout=60, text=True, check=False).stdout
            self.problem(f"{shape}: {dead} dead letters\n{listed[:2000]}")
        before = self.pages, self.problems
        self.compare(shape, paths)
        print(f"{shape}: {messages} messages, {self.pages - before[0]} pages compared, {self.problems - before[1]} differ")

    def check_tombstones(self) -> int:
        """Lines of ids become messages with a key and no value: the products are gone."""
        ids = read(self.path("tombstones")).split("\n")
        service = read(self.path("shapes", "string", "url"))
        pages = [f"{service}/api/v1/products/{quote(id, '')}?at={AT}" for id in ids]
        if not any(fetch(page)[0] == 200 for page in pages):
            self.problem("string: none of the products to be removed has a page")
        with open(self.path("lines", "tombstones"), "a", encoding="utf-8") as file:
            file.write("".join(f"{id}\n" for id in ids))
        status = self.wait_for_messages("string", count_lines(self.path("events.ndjson")) + len(ids))
        if status["dead_letters_open"]:
            self.problem(f"string: {status['dead_letters_open']} tombstones are dead letters")
        for page in pages:
            if fetch(page)[0] != 404:
                self.problem(f"string: {page} is still there after its tombstone")
        return len(ids)


def main() -> int:
    check = Check(*sys.argv[1:])
    paths = check.paths()
    check.wait_for_worker()
    for shape in check.shapes:
        check.check_shape(shape, paths)
    tombstones = check.check_tombstones()
    print(
        f"scripts/all.d/connect: {count_lines(check.path('events.ndjson'))} events in {len(check.shapes)} shapes "
        f"({', '.join(check.shapes)}), {check.pages} pages compared, {tombstones} tombstones: {check.problems} problems"
    )
    return 1 if check.problems else 0


if __name__ == "__main__":
    sys.exit(main())
