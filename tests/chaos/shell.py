"""Commands as a terminal starts them, one after another as `&&` does, that can be killed at any moment."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

SET_BY_A_PERSON = ("MANDEGAR_WAREHOUSE", "MANDEGAR_HOME", "AIRFLOW_CONN_MANDEGAR_WAREHOUSE")


class Shell:
    """`mandegar …` several times, onto a warehouse (that of its home where None); what they say goes into a file."""

    def __init__(self, commands: list[tuple[str, ...]], warehouse: str | None, told: Path) -> None:
        self._left = list(commands)
        self._process: subprocess.Popen | None = None
        self._sessions: list[int] = []
        self._told = told
        told.touch()
        self._environment = {name: value for name, value in os.environ.items() if name not in SET_BY_A_PERSON}
        if warehouse:
            self._environment["MANDEGAR_WAREHOUSE"] = warehouse

        self._next()

    def wait_for_a_word(self) -> None:
        """Waits for the first word: what comes before is Python's imports."""
        while not self._told.stat().st_size:
            assert self._process is not None and self._process.poll() is None, "it ended without a word"
            time.sleep(0.005)

    def go_on(self, seconds: float) -> int | None:
        """Runs on for so long. Gives the exit code: of the last command, or of the first that failed; None if not all is over."""
        end = time.monotonic() + seconds
        while self._process:
            try:
                code = self._process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                return None
            if code:
                return code
            self._next()
        return 0

    def kill(self, which: str, chance: random.Random) -> str:
        """SIGKILL to the command's process, its group, or one of its children; gives what was killed. Without a child: the process."""
        assert self._process is not None
        family = psutil.Process(self._process.pid).children(recursive=True)
        if which == "child" and family:
            child = chance.choice(family)
            try:
                name = f"child, of {len(family)}: {' '.join(child.cmdline())[-80:]}"
                child.kill()
            except psutil.NoSuchProcess:
                name = "child, which had just ended"
            return name
        if which == "group":
            os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait()
        return "process, as it had no child" if which == "child" else which

    def said(self) -> str:
        """What all of them said so far."""
        return self._told.read_text(encoding="utf-8", errors="replace")

    def wait_for_orphans(self, seconds: float) -> None:
        """Errors: AssertionError if something that was started here still runs after so long."""
        end = time.monotonic() + seconds
        while left := self.running():
            assert time.monotonic() < end, f"processes {left} outlive what started them by more than {seconds:.0f} s"
            time.sleep(0.1)

    def running(self) -> list[int]:
        """The processes of all that was started here which still run, also those whose parent was killed."""
        found = []
        for process in psutil.process_iter(["status"]):
            try:
                if os.getsid(process.pid) in self._sessions and process.info["status"] != psutil.STATUS_ZOMBIE:
                    found.append(process.pid)
            except ProcessLookupError:
                continue
        return found

    def end(self) -> None:
        """Kills whatever still runs."""
        for pid in self.running():
            os.kill(pid, signal.SIGKILL)
        if self._process:
            self._process.wait()

    def _next(self) -> None:
        self._process = None
        if self._left:
            with self._told.open("ab") as stream:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "mandegar.cli", *self._left.pop(0)],
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=stream,
                    start_new_session=True,
                )
            self._sessions.append(self._process.pid)
