"""Writes ids that events on standard input name into dictionaries for Schemathesis: one quoted id a line.

usage: ids.py FOLDER <EVENTS
"""

import json
import os
import sys

# Some of each are enough, and keep what is generated from them small.
MOST = 40


def main():
    found = {"products": {}, "categories": {}, "brands": {}, "groups": {}}
    for line in sys.stdin:
        data = json.loads(line)["data"]
        if "name" in data and "product_id" in data:
            found["products"][data["product_id"]] = None
            found["brands"].update({(data.get("brand") or {}).get("id"): None})
            for category in data.get("categories", []):
                found["categories"][category["id"]] = None
        if data.get("group"):
            found["groups"][data["group"]] = None
    for name, ids in found.items():
        kept = [id for id in ids if id][:MOST]
        with open(os.path.join(sys.argv[1], f"{name}.txt"), "w", encoding="utf-8") as file:
            file.write("".join(f"{json.dumps(id, ensure_ascii=False)}\n" for id in kept))


main()
