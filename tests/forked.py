"""Functions in processes of their own, forked from one that has imported everything: a start costs a moment instead of seconds."""

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "mandegar.pipeline.stages",
        "mandegar.reporting.summary",
        "mandegar.cli.main",
        "mandegar.campaigns.delivery.pushes",
        "mandegar.quality.suites.gx",
    ]
)


def run(folder: Path, work: Callable[..., None], *arguments: object, seconds: float = 120) -> tuple[int | None, str]:
    """A function in a process of its own, in this one's environment: how it ended (None: it hung, and was ended), and what it said.

    folder: where what it says is put down.
    """
    told = folder / f"said by {work.__module__} {len(list(folder.iterdir()))}"
    process = FORKS.Process(target=_told, args=(told, dict(os.environ), work, arguments))
    process.start()
    process.join(seconds)
    code = process.exitcode
    if code is None:
        process.kill()
        process.join()
    return code, told.read_text(encoding="utf-8")


def say_into(told: Path) -> None:
    """What this process says from now on goes into a file."""
    stream = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(stream, 1)
    os.dup2(stream, 2)


def _told(told: Path, environment: dict[str, str], work: Callable[..., None], arguments: tuple[object, ...]) -> None:
    say_into(told)
    os.environ.clear()
    os.environ.update(environment)
    work(*arguments)
