"""A whole night: its source tables, one after another or several at a time, then stage after stage."""

import contextlib
import multiprocessing
import pickle
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from multiprocessing.connection import Connection

from mandegar.errors import MandegarError
from mandegar.pipeline import last_resort
from mandegar.pipeline.stages import Night, close_night, extract_stage, validate_stage

STAGES = ((extract_stage, "extracting"), (validate_stage, "validating"))


def run_night(night: Night, say: Callable[[str], None], jobs: int = 1) -> list[str]:
    """All stages of a night; gives what went wrong without stopping it.

    A source table that fails is named and the night goes on with what it has; what everything stands on has to be there.
    Errors: MandegarError of the first stage that cannot be done.
    """
    problems = take_in(night, say, jobs)
    return problems + close_night(night, say)


def take_in(night: Night, say: Callable[[str], None], jobs: int) -> list[str]:
    """Extracts and validates every source table; gives what went wrong, in the order of the company file.

    jobs: how many tables at a time, each in a process of its own. One at a time stays in this process.
    """
    tables = list(map(str, night.company.tables()))
    if jobs == 1:
        found = {table: _one(night, table, say) for table in tables}
    else:
        with ThreadPoolExecutor(jobs) as threads:
            started = {threads.submit(_apart, night, table, say): table for table in tables}
            found = {started[done]: done.result() for done in as_completed(started)}
    return [problem for table in tables if (problem := found[table]) is not None]


def _one(night: Night, table: str, say: Callable[[str], None]) -> str | None:
    """One table; gives what went wrong with it."""
    for stage, verb in STAGES:
        say(f"{verb} {table}")
        try:
            stage(night, table)
        except MandegarError as problem:
            say(f"  {problem}")
            return str(problem)
        except Exception as problem:  # it costs the table; what everything stands on stops the night when it conforms
            told = last_resort.told(problem, night.home.root)
            say(f"  {told}")
            return told
    return None


def _apart(night: Night, table: str, say: Callable[[str], None]) -> str | None:
    """One table in a process of its own, which ends with it: if this one is killed, nobody is left waiting."""
    here, there = _processes().Pipe(duplex=False)
    process = _processes().Process(target=_work, args=(night, table, there), daemon=True)
    with here:
        try:
            process.start()
        except (OSError, EOFError) as refused:  # the process that makes others has been killed
            return _lost(table, f"no process could be started for it ({type(refused).__name__})", say)
        finally:
            there.close()
        problem, ended = None, False
        for kind, told in _heard(here):
            if kind == "said":
                say(str(told))
            else:
                problem, ended = told, True
    process.join()
    return problem if ended else _lost(table, f"its process ended with {_ended(process.exitcode)} before the table was in", say)


def _lost(table: str, why: str, say: Callable[[str], None]) -> str:
    """What is said of a table that is not in because of its process."""
    problem = f"{table}: {last_resort.UNEXPLAINED}: {why}. Run the night again; if memory is short, with fewer --jobs."
    say(f"  {problem}")
    return problem


def _ended(code: int | None) -> str:
    """How a process ended, in words."""
    return f"signal {signal.Signals(-code).name}" if code and -code in set(signal.Signals) else f"exit code {code}"


def _work(night: Night, table: str, there: Connection) -> None:
    with contextlib.suppress(BrokenPipeError):  # the night was killed: what was begun is whole, and nobody waits for the rest
        there.send(("ended", _one(night, table, lambda text: there.send(("said", text)))))


def _heard(here: Connection) -> Iterator[tuple[str, str | None]]:
    """What a process tells until it ends."""
    while True:
        try:
            yield here.recv()
        except (EOFError, OSError, pickle.UnpicklingError):  # killed, perhaps in the middle of a word
            return


def _processes() -> multiprocessing.context.ForkServerContext:
    """Processes made from one that has imported what they need, and that has no threads yet."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mandegar.quality.suites.gx", __name__])
    return context
