"""A small client of WebDriver and, through it, of Chromium's DevTools."""

import base64
import json
import time
import urllib.error
import urllib.request

CALL_SECONDS = 60
# What is left out would be asked of the network, or is of no use without a screen.
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-proxy-server",
]


class Browser:
    """One browser; leaving the context ends it."""

    def __init__(self, driver: str, profile: str):
        self.driver = driver
        options = {"args": [*ARGUMENTS, f"--user-data-dir={profile}"]}
        logs = {"browser": "ALL", "performance": "ALL"}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": logs}
        self._wait_for_driver()
        session = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = f"/session/{session['sessionId']}"
        self.version = session["capabilities"]["browserVersion"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._call("DELETE", self.session)

    def _call(self, method: str, path: str, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.driver + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=CALL_SECONDS) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            said = json.load(error)["value"]
            raise RuntimeError(f"{method} {path}: {said['error']}: {said['message']}") from None

    def _wait_for_driver(self):
        deadline = time.monotonic() + CALL_SECONDS
        while True:
            try:
                if self._call("GET", "/status")["ready"]:
                    return
            except (OSError, RuntimeError):
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.1)

    def open(self, url: str):
        self._call("POST", f"{self.session}/url", {"url": url})

    def run(self, script: str, *arguments):
        """Runs the body of a function in the page, and answers what it returns."""
        body = {"script": script, "args": list(arguments)}
        return self._call("POST", f"{self.session}/execute/sync", body)

    def until(self, script: str, seconds: float):
        """Runs it until it returns something true; answers the last result."""
        deadline = time.monotonic() + seconds
        while True:
            result = self.run(script)
            if result or time.monotonic() > deadline:
                return result
            time.sleep(0.1)

    def devtools(self, command: str, **parameters):
        body = {"cmd": command, "params": parameters}
        return self._call("POST", f"{self.session}/goog/cdp/execute", body)

    def resize(self, width: int, height: int, phone: bool):
        """As DevTools' device mode: the page has this width, whatever the window has."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        self.devtools("Emulation.setDeviceMetricsOverride", **metrics)
        self.devtools("Emulation.setTouchEmulationEnabled", enabled=phone)

    def console(self) -> list:
        """What was logged since the last look."""
        return self._call("POST", f"{self.session}/se/log", {"type": "browser"})

    def network(self) -> list:
        """Events of the network since the last look, as DevTools tells them."""
        lines = self._call("POST", f"{self.session}/se/log", {"type": "performance"})
        events = (json.loads(line["message"])["message"] for line in lines)
        return [event for event in events if event["method"].startswith("Network.")]

    def screenshot(self, path: str):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self._call("GET", f"{self.session}/screenshot")))
