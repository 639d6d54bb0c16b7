"""Commands in processes of their own that can be killed: forked from a server that has everything imported already."""

import multiprocessing
import os
import signal
import time
from datetime import date
from multiprocessing.process import BaseProcess
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["mandegar.pipeline.stages", "mandegar.reporting.summary", "mandegar.cli.main", "great_expectations.expectations"]
)


def start_night(company: Path, home: Path, as_of: date, told: Path) -> BaseProcess:
    """`mandegar night`, telling its progress into a file."""
    return start(told, None, "night", "--company", str(company), "--home", str(home), "--as-of", as_of.isoformat())


def start(told: Path, warehouse: str | None, *words: str) -> BaseProcess:
    """`mandegar …` onto a warehouse (that of its home where None), telling its progress into a file."""
    process = FORKS.Process(target=_command, args=(told, warehouse, words))
    process.start()
    return process


def kill_at(process: BaseProcess, told: Path, line: str, after: float) -> None:
    """SIGKILL, a moment after the night said that line. Errors: AssertionError if it was never said."""
    while True:
        alive = process.is_alive()
        said = told.read_text() if told.exists() else ""
        if line in said:
            break
        assert alive, f"the night ended before it said {line!r}: {said}"
        time.sleep(0.002)
    time.sleep(after)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()


def _command(told: Path, warehouse: str | None, words: tuple[str, ...]) -> None:
    from mandegar.cli.main import main

    stream = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    os.environ.pop("MANDEGAR_WAREHOUSE", None)
    if warehouse:
        os.environ["MANDEGAR_WAREHOUSE"] = warehouse
    main(list(words))
