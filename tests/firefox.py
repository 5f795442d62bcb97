"""A headless Firefox by its own remote protocol, Marionette: no driver is needed beside it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_WAIT_S = 180  # a machine may have other things to do
_SETTINGS = """user_pref("marionette.port", 0);
user_pref("network.proxy.type", 1);
user_pref("network.proxy.http", "127.0.0.1");
user_pref("network.proxy.http_port", 9);
user_pref("network.proxy.ssl", "127.0.0.1");
user_pref("network.proxy.ssl_port", 9);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
"""


def find_firefox() -> str | None:
    """Return the path of Firefox ESR or Firefox, None where there is none."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


class Firefox:
    """One window of a running Firefox."""

    def __init__(self, connection: socket.socket):
        self._file = connection.makefile("rwb")
        self._number = 0
        self._message()  # what it says first
        self._ask("WebDriver:NewSession", {})

    def open(self, address: str) -> None:
        """Open an address and wait until it is loaded."""
        self._ask("WebDriver:Navigate", {"url": address})

    def run(self, script: str) -> object:
        """Return what a function of this text returns in the page."""
        told = self._ask("WebDriver:ExecuteScript", {"script": script, "args": []})
        return told["value"]

    def wait(self, script: str, seconds: float = _WAIT_S) -> None:
        """Wait until a function of this text returns what is true."""
        end = time.monotonic() + seconds
        while not self.run(script):
            if time.monotonic() > end:
                raise TimeoutError(f"Firefox: expected in {seconds} s: {script}")
            time.sleep(0.2)

    def _ask(self, command: str, arguments: dict) -> dict:
        self._number += 1
        text = json.dumps([0, self._number, command, arguments]).encode()
        self._file.write(b"%d:%s" % (len(text), text))
        self._file.flush()
        _, _, error, answer = self._message()
        if error:
            raise RuntimeError(f"Firefox: {command}: {error['message']}")
        return answer

    def _message(self):
        length = b""
        while not length.endswith(b":"):
            got = self._file.read(1)
            if not got:
                raise ConnectionError("Firefox ended")
            length += got
        return json.loads(self._file.read(int(length[:-1])))


@contextmanager
def firefox() -> Iterator[Firefox]:
    """Start a Firefox that reaches no other machine, and end it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        (Path(folder) / "user.js").write_text(_SETTINGS)
        command = [find_firefox(), "--headless", "--marionette", "--no-remote", "--profile", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            port = _port(Path(folder) / "MarionetteActivePort", process)
            with socket.create_connection(("127.0.0.1", port), timeout=_WAIT_S) as connection:
                yield Firefox(connection)
        finally:
            process.terminate()
            process.wait(30)


def _port(file: Path, process: subprocess.Popen) -> int:
    end = time.monotonic() + _WAIT_S
    while not (file.is_file() and file.read_text().strip()):
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"Firefox: expected it to listen in {_WAIT_S} s, it did not")
        time.sleep(0.1)
    return int(file.read_text())
