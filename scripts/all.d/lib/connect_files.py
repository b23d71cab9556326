"""Writes what scripts/all.d/connect needs: files of events, connectors that read them, configurations of services.

usage: connect_files.py FOLDER BROKER REST_PORT

FOLDER has events.ndjson. In FOLDER/shapes is a folder for each shape in which a Connect worker writes the events, in
FOLDER/references one for each service that is compared with; `reference` in a shape's folder says which.
"""

import json
import os
import sys

TRANSFORMS = "org.apache.kafka.connect.transforms"
STRING = "org.apache.kafka.connect.storage.StringConverter"
JSON = "org.apache.kafka.connect.json.JsonConverter"
# Connect's headers are the same for all lines of a file, and so is an outbox event's time here.
OUTBOX_TIME = "2026-01-01T00:00:00Z"
# Products that are removed by tombstones once the pages are compared.
TOMBSTONES = 5

MARKETS = """
[[market]]
id = "default"
currency = "USD"
locale = "en"
[[market]]
id = "eu"
currency = "EUR"
locale = "de"
[[home.section]]
id = "new"
title = "New"
listing = "all"
"""


def plain_type(event: dict) -> str:
    """Without its prefix: `price.set.v1`."""
    return ".".join(event["type"].split(".")[-3:])


def kind(event: dict) -> str:
    return plain_type(event).split(".")[0]


def compact(value) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Folder:
    def __init__(self, path: str, broker: str, port: str):
        self.path, self.broker, self.port = path, broker, port
        with open(os.path.join(path, "events.ndjson"), encoding="utf-8") as file:
            self.events = [json.loads(line) for line in file]
        self.kinds = sorted({kind(event) for event in self.events})
        self.types = sorted({plain_type(event) for event in self.events})

    def write(self, name: str, text: str):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def lines(self, name: str, values: list):
        self.write(name, "".join(f"{compact(value)}\n" for value in values))

    def properties(self, name: str, settings: dict):
        self.write(name, "".join(f"{key}={value}\n" for key, value in settings.items()))

    def connector(self, shape: str, topic: str, file: str, settings: dict):
        name = f"{shape}.{os.path.basename(file)}"
        base = {
            "name": name,
            "connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector",
            "tasks.max": 1,
            "file": os.path.join(self.path, file),
            "topic": f"{shape}.{topic}",
        }
        self.properties(f"connectors/{name}.properties", base | settings)

    def worker(self):
        settings = {
            "bootstrap.servers": self.broker,
            "listeners": f"http://127.0.0.1:{self.port}",
            "key.converter": STRING,
            "value.converter": STRING,
            "offset.storage.file.filename": os.path.join(self.path, "connect.offsets"),
            "offset.flush.interval.ms": 1000,
            # Each connector has a producer.
            "producer.buffer.memory": 4194304,
        }
        self.properties("worker.properties", settings)

    def shape(self, name: str, reference: str):
        folder = f"shapes/{name}"
        topics = "".join(f'{kind} = "{name}.{kind}"\n' for kind in self.kinds)
        log = f'[log]\nurl = "kafka://{self.broker}"\ngroup = "{name}"\n[log.topics]\n{topics}'
        self.write(f"{folder}/vitrine.toml", self.data_dir(folder) + log + MARKETS)
        self.write(f"{folder}/reference", reference)

    def reference(self, name: str, events: list):
        folder = f"references/{name}"
        self.write(f"{folder}/vitrine.toml", self.data_dir(folder) + MARKETS)
        self.lines(f"{folder}/events.ndjson", events)

    def data_dir(self, folder: str) -> str:
        return f'data_dir = "{os.path.join(self.path, folder, "data")}"\n'


def converters(converter: str, schemas: bool, parts=("key", "value", "header")) -> dict:
    settings = {}
    for part in parts:
        settings[f"{part}.converter"] = converter
        if converter == JSON:
            settings[f"{part}.converter.schemas.enable"] = str(schemas).lower()
    return settings


def transforms(*steps: tuple) -> dict:
    """Each step is a class and its settings."""
    settings = {"transforms": ",".join(f"t{number}" for number in range(len(steps)))}
    for number, (name, details) in enumerate(steps):
        settings[f"transforms.t{number}.type"] = f"{TRANSFORMS}.{name}"
        settings |= {f"transforms.t{number}.{key}": value for key, value in details.items()}
    return settings


def header(name: str, value: str) -> tuple:
    return "InsertHeader", {"header": name, "value.literal": value}


# The line as the message's key, so that the converter for keys has something to convert.
KEYED = [
    ("HoistField$Value", {"field": "line"}),
    ("ValueToKey", {"fields": "line"}),
    ("ExtractField$Key", {"field": "line"}),
]
WITH_KEYS = [*KEYED, ("ExtractField$Value", {"field": "line"})]
# A partition is not known yet: the field is null, and then so is the value.
TOMBSTONE = [
    *KEYED,
    ("InsertField$Value", {"partition.field": "none"}),
    ("ExtractField$Value", {"field": "none"}),
]


def write_events(folder: Folder):
    for name in folder.kinds:
        folder.lines(f"lines/{name}", [e for e in folder.events if kind(e) == name])
    structured = header("content-type", "application/cloudevents+json")
    shapes = {
        "string": converters(STRING, False) | transforms(structured),
        "json": converters(JSON, False) | transforms(*WITH_KEYS),
        "json-schemas": converters(JSON, True) | transforms(*WITH_KEYS),
    }
    for shape, settings in shapes.items():
        folder.shape(shape, "events")
        for name in folder.kinds:
            folder.connector(shape, name, f"lines/{name}", settings)
    folder.reference("events", folder.events)


def write_outbox(folder: Folder):
    for name in folder.types:
        payloads = [e["data"] for e in folder.events if plain_type(e) == name]
        folder.lines(f"lines/{name}", payloads)
    for shape, converter in {"outbox": STRING, "outbox-json": JSON}.items():
        folder.shape(shape, "same-time")
        for name in folder.types:
            headers = [header("eventType", name), header("id", "1"), header("time", OUTBOX_TIME)]
            settings = converters(converter, True) | transforms(*WITH_KEYS, *headers)
            folder.connector(shape, name.split(".", maxsplit=1)[0], f"lines/{name}", settings)
    folder.reference("same-time", [e | {"time": OUTBOX_TIME} for e in folder.events])


def write_tombstones(folder: Folder):
    """The connector is there from the start; the lines of its file come later."""
    ids = sorted({e["data"]["product_id"] for e in folder.events if kind(e) == "product"})
    folder.write("tombstones", "".join(f"{id}\n" for id in ids[:TOMBSTONES]))
    folder.write("lines/tombstones", "")
    settings = converters(STRING, False) | transforms(*TOMBSTONE)
    folder.connector("string", "product", "lines/tombstones", settings)


def main():
    folder = Folder(*sys.argv[1:])
    folder.worker()
    write_events(folder)
    write_outbox(folder)
    write_tombstones(folder)


main()
