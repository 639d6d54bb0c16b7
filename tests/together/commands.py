"""What the tests of two at once share: commands in processes of their own, forked from one that has imported everything."""

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["mandegar.pipeline.stages", "mandegar.reporting.summary", "mandegar.cli.main", "great_expectations.expectations"]
)


def start(told: Path, work: Callable[..., None], *arguments: object) -> BaseProcess:
    """A function in a process of its own; what it says goes into a file."""
    process = FORKS.Process(target=_told, args=(told, work, arguments))
    process.start()
    return process


def command(warehouse: str | None, *words: str) -> None:
    """`mandegar …` onto a warehouse."""
    from mandegar.cli.main import main

    os.environ.pop("MANDEGAR_WAREHOUSE", None)
    if warehouse:
        os.environ["MANDEGAR_WAREHOUSE"] = warehouse
    main(list(words))


def ended(processes: list[tuple[BaseProcess, Path]]) -> list[tuple[int | None, str]]:
    """The exit codes of processes, and what each said, once all have ended. Those that hang are ended."""
    found = []
    for process, told in processes:
        process.join(300)
        if process.is_alive():
            process.kill()
            process.join()
        found.append((process.exitcode, told.read_text(encoding="utf-8")))
    return found


def _told(told: Path, work: Callable[..., None], arguments: tuple[object, ...]) -> None:
    stream = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    work(*arguments)
