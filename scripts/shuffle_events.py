#!/usr/bin/env python3
"""Puts a stream of events (NDJSON CloudEvents) into another order that must lead to the same pages.

usage: shuffle_events.py [--seed N] [--triple] < EVENTS > SHUFFLED

--seed N   a random order, the same for the same N. Events of one entity that have the same version keep
           their order among themselves: where one version has two contents, the first wins.
--triple   each event three times: twice in a row, and once more after all the others.
"""
import argparse
import json
import random
import sys
from collections import defaultdict, deque


def entity_version(line):
    """What may not be reordered: the entity and version of an event; the line itself where it has none."""
    try:
        event = json.loads(line)
        data = event["data"]
        kind = event["type"].split(".")[-3]
        entity = [data["sku"], data.get("location") or "default"] if kind == "stock" else data[f"{kind}_id"]
        return json.dumps([kind, entity, data["version"]])
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return line


def shuffled(lines, seed):
    keys = [entity_version(line) for line in lines]
    waiting = defaultdict(deque)
    for key, line in zip(keys, lines):
        waiting[key].append(line)
    random.Random(seed).shuffle(keys)
    return [waiting[key].popleft() for key in keys]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--triple", action="store_true")
    options = parser.parse_args()
    lines = [line.rstrip(b"\r\n") for line in sys.stdin.buffer if line.strip()]
    if options.triple:
        lines = [line for line in lines for _ in range(2)] + lines
    if options.seed is not None:
        lines = shuffled(lines, options.seed)
    sys.stdout.buffer.writelines(line + b"\n" for line in lines)


main()
