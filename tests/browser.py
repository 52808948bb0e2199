"""A page as a headless Chromium shows it, asked by its DevTools protocol over a pipe."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OPTIONS = [
    *["--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu"],
    # a container has little shared memory, and root no sandbox; the pages are our own
    *["--disable-dev-shm-usage", "--no-sandbox"],
]


def look_at(
    page: Path, width: int, scheme: str, expression: str, profile: Path
) -> tuple[Any, list[dict]]:
    """Open ``page`` in a window ``width`` pixels wide, in a colour ``scheme``: light or dark.

    Returns:
        The value of ``expression``, JavaScript that may be a promise, and all that the browser
        told meanwhile: requests, messages of the console, errors.
    """
    events: list[dict] = []
    (read_commands, commands), (answers, write_answers) = os.pipe(), os.pipe()
    # Chromium reads commands from 3 and answers on 4
    command = f'exec "$@" 3<&{read_commands} 4>&{write_answers}'
    process = subprocess.Popen(
        ["bash", "-c", command, "bash", str(CHROMIUM), *OPTIONS, f"--user-data-dir={profile}"],
        pass_fds=(read_commands, write_answers),
        stderr=subprocess.DEVNULL,
    )
    os.close(read_commands)
    os.close(write_answers)
    limit = Timer(60, process.kill)
    limit.start()
    told = _messages(answers)

    def ask(method: str, session: str | None = None, **params: Any) -> dict:
        message = {"id": 1, "method": method, "params": params}
        message |= {} if session is None else {"sessionId": session}
        os.write(commands, json.dumps(message).encode() + b"\0")
        for answer in told:
            if "id" in answer:
                assert "error" not in answer, answer
                return answer["result"]
            events.append(answer)
        raise AssertionError("Chromium ended, or took longer than a minute")

    try:
        target = ask("Target.createTarget", url="about:blank")["targetId"]
        tab = ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Network", "Runtime", "Log"):
            ask(f"{domain}.enable", tab)
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        ask("Emulation.setDeviceMetricsOverride", tab, **size)
        wanted = [{"name": "prefers-color-scheme", "value": scheme}]
        ask("Emulation.setEmulatedMedia", tab, features=wanted)
        ask("Page.navigate", tab, url=page.resolve().as_uri())
        found = ask(
            "Runtime.evaluate", tab, expression=expression, awaitPromise=True, returnByValue=True
        )
        return found["result"].get("value"), events
    finally:
        limit.cancel()
        process.kill()
        process.wait()
        os.close(commands)
        os.close(answers)


def _messages(pipe: int) -> Iterator[dict]:
    """Messages of JSON, each of which a zero ends."""
    rest = b""
    while chunk := os.read(pipe, 1 << 16):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from map(json.loads, whole)


def faults(events: list[dict]) -> list[str]:
    """Errors and warnings of the console, and requests for anything but the page and its data."""
    found = []
    for event in events:
        params = event.get("params", {})
        match event["method"]:
            case "Runtime.exceptionThrown":
                found.append(params["exceptionDetails"]["exception"]["description"])
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                found.append(str(params["args"]))
            case "Log.entryAdded" if params["entry"]["level"] in ("error", "warning"):
                found.append(params["entry"]["text"])
            case "Network.requestWillBeSent":
                url = params["request"]["url"]
                if not url.startswith(("data:", "file:")):
                    found.append(f"a request to {url}")
    return found
