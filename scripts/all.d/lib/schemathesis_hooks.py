"""What a schema cannot say of requests and answers; scripts/all.d/schemathesis has Schemathesis load this."""

import base64
import json
import random
import re

import schemathesis
from schemathesis import GenerationMode

# After the catalogue is published, the pages reflect these.
POSITIONS = ["catalog.product:0:1", "catalog.product:0:1,catalog.price:0:2"]
# As the service writes them. A link between operations has these, and goes on where an answer ended.
CURSOR = re.compile(r"[A-Za-z0-9_-]{40,}")
LONGEST_WAIT_MS = 50
LARGEST_INTEGER = 2**53 - 1
PAYLOAD = b'{"price_id": "x", "product_id": "p", "version": 1}'
IN_BASE64 = {"type": "price.removed.v1", "data_base64": base64.b64encode(PAYLOAD).decode()}
LINE = {"specversion": "1.0", "id": "l-1", "source": "/st", "type": "price.removed.v1"}
LINE.update({"time": "2026-09-01T06:30:02Z", "data": json.loads(PAYLOAD)})


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def is_right(case) -> bool:
    """Whether its data are as the schemas say."""
    return case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE


@schemathesis.hook
def filter_case(context, case):
    """Whether to send it. Headers that nobody knows are no wrong data: proxies add some of their own."""
    return not any(name.lower().startswith("x-schemathesis") for name in case.headers or {})


def as_meant(value):
    """Right data, without what this service refuses and a schema lets pass: U+0000 anywhere, and 3.0 for an integer."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST_INTEGER:
        return int(value)
    if isinstance(value, list):
        return [as_meant(item) for item in value]
    if isinstance(value, dict):
        return {as_meant(key): as_meant(item) for key, item in value.items()}
    return value


def paths_that_end(event):
    """Has the path of each category end with its own id."""
    data = event.get("data") if isinstance(event, dict) else None
    categories = data.get("categories") if isinstance(data, dict) else None
    for category in categories if isinstance(categories, list) else []:
        path = category.get("path") if isinstance(category, dict) else None
        if isinstance(path, list) and path and "id" in category:
            path[-1] = category["id"]


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes right data what its schema cannot say: cursors come from answers, and positions from the log as it is."""
    if not is_right(case):
        return
    case.body = as_meant(case.body)
    # What lines hold is beyond a schema, too.
    if case.operation.label == "POST /api/v1/events" and isinstance(case.body, str):
        case.body = json.dumps(LINE)
    for event in case.body if isinstance(case.body, list) else [case.body]:
        # What Base64 holds is beyond a schema.
        if isinstance(event, dict) and "data_base64" in event:
            event.update(IN_BASE64)
        paths_that_end(event)
    if case.query is None:
        case.query = {}
    query, headers = case.query, case.headers or {}
    if "cursor" in query and not CURSOR.fullmatch(str(query["cursor"])):
        del query["cursor"]
    # One of the two is needed.
    if case.operation.label == "GET /api/v1/products" and not {"ids", "id"} & set(query):
        query["ids"] = "p-1"
    if case.operation.label == "GET /api/v1/variants" and not {"skus", "sku"} & set(query):
        query["skus"] = "p-1-1"
    if "Vitrine-Min-Position" in headers:
        headers["Vitrine-Min-Position"] = random.choice(POSITIONS)
    # The time of a run is for requests.
    if "Vitrine-Wait-Ms" in headers:
        headers["Vitrine-Wait-Ms"] = str(min(int(headers["Vitrine-Wait-Ms"]), LONGEST_WAIT_MS))


@schemathesis.check
def refused_events_are_told(ctx, response, case):
    """Of several events those that are taken are, so that wrong data is a 202; then it is told what was refused."""
    if case.operation.label != "POST /api/v1/events" or response.status_code != 202:
        return
    answer = response.json()
    if case.meta is not None and not is_right(case) and not answer["rejected"]:
        raise AssertionError(f"wrong data is taken: {answer}")
    if not answer["accepted"] and answer["position"] is not None:
        raise AssertionError(f"a position of nothing: {answer}")


@schemathesis.check
def wrong_rebuilds_are_refused(ctx, response, case):
    """A body that is left out is counted as wrong data, and is right: what is wrong is one that is there."""
    if case.operation.label != "POST /api/v1/rebuild" or response.status_code != 202 or case.meta is None:
        return
    if not is_right(case) and (response.request.body or case.query):
        raise AssertionError(f"wrong data is taken: {response.request.body!r}, {case.query}")
