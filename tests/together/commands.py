"""What the tests of two at once share: commands in processes of their own, forked from one that has imported everything."""

import os
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.forked import FORKS, say_into


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
    say_into(told)
    work(*arguments)
