"""Vendors' servers that others wrote, each a process of its own on this machine; those on Node.js are installed by `make fakes`."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.left_out import leave_out

FAKES = Path(__file__).parents[3] / "var" / "fakes"
PATIENCE = 20


@contextmanager
def running(command: list[str], port: int, folder: Path) -> Iterator[str]:
    """A server that listens on a port once it is up; gives its address. What it says goes to a file in the folder."""
    with (folder / "said.txt").open("wb") as said, subprocess.Popen(command, cwd=folder, stdout=said, stderr=said) as server:
        try:
            _answers(server, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def installed(part: str) -> Path:
    """A file of what `make fakes` installs; the test is skipped where it is not there."""
    found = FAKES / part
    if not found.exists():
        leave_out("the vendors' fakes are not in var/fakes", "make fakes (needs npm)")
    return found


def _answers(server: subprocess.Popen, port: int) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            assert server.poll() is None and time.monotonic() < until, "the server did not come up: see said.txt in its folder"
            time.sleep(0.05)
