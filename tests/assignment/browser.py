"""A headless Chromium, driven over the DevTools protocol with the websocket client that Jupyter brings along."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import IO, Any

from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import websocket_connect

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
SECONDS = 90  # for one step, JupyterLab's start on a busy machine included


@contextlib.contextmanager
def started(command: list[str], line: str, cwd: Path, **environment: str) -> Iterator[str]:
    """Start a program, give what `line` matches in its error output, and stop it in the end."""
    surroundings = {**os.environ, **environment}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, cwd=cwd, env=surroundings, **quiet)
    try:
        yield first_match(process.stderr, line)
    finally:
        process.terminate()
        process.communicate()


def first_match(lines: IO[str], pattern: str) -> str:
    seen = []
    for line in lines:
        seen.append(line)
        if match := re.search(pattern, line):
            return match[0]
    raise AssertionError(f"no {pattern} in:\n{''.join(seen)}")


@contextlib.contextmanager
def jupyter_lab(folder: Path) -> Iterator[str]:
    """JupyterLab on a folder; gives its address, token included."""
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--port=0"]
    options = ["--LabApp.expose_app_in_browser=True", "--ServerApp.open_browser=False", f"--notebook-dir={folder}"]
    line = r"http://127\.0\.0\.1:\d+/lab\?token=\w+"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as own:  # the settings of whoever runs the tests stay
        settings = dict.fromkeys(("JUPYTER_CONFIG_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"), own)
        with started([*command, *options], line, folder, **settings) as address:
            yield address


class Page:
    """One browser tab."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._number = 0

    async def command(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        await self._socket.write_message(json.dumps({"id": self._number, "method": method, "params": params}))
        return (await self._message("id", self._number))["result"]

    async def go_to(self, address: str) -> None:
        """Open an address and wait until the page has loaded."""
        await self.command("Page.enable")
        await self.command("Emulation.setFocusEmulationEnabled", enabled=True)  # JupyterLab acts on what has focus
        await self.command("Page.navigate", url=address)
        await self._message("method", "Page.loadEventFired")

    async def _message(self, key: str, value: object) -> dict[str, Any]:
        while True:
            message = json.loads(await asyncio.wait_for(self._socket.read_message(), SECONDS))
            if message.get(key) == value:
                return message

    async def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression, or of the promise that it gives."""
        answer = await self.command("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def until(self, condition: str) -> Any:
        """Wait in the page until a JavaScript expression is true, and give its value."""
        return await self.evaluate(
            "new Promise(done => { const look = () => {"
            f"let value = null; try {{ value = {condition}; }} catch (error) {{ value = null; }}"
            "if (value) done(value); else setTimeout(look, 50); }; look(); })"
        )


@contextlib.asynccontextmanager
async def opened(address: str) -> AsyncIterator[Page]:
    """A tab of a new browser at this address."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ["--remote-debugging-port=0", "--remote-allow-origins=*", f"--user-data-dir={profile}"]
        command = [CHROMIUM, *QUIET, *options, "--window-size=1250,1600", "about:blank"]
        with started(command, r"ws://127\.0\.0\.1:\d+/", Path(profile)) as browser:
            tabs = await AsyncHTTPClient().fetch(f"http://{browser.removeprefix('ws://')}json")
            tab = next(tab for tab in json.loads(tabs.body) if tab["type"] == "page")
            socket = await websocket_connect(tab["webSocketDebuggerUrl"], max_message_size=2**26)
            page = Page(socket)
            await page.go_to(address)
            yield page
            socket.close()
