"""Commands in processes of their own that can be killed: forked from a server that has everything imported already."""

import contextlib
import os
import signal
import time
from datetime import date
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.forked import FORKS, say_into


def start_night(company: Path, home: Path, as_of: date, told: Path) -> BaseProcess:
    """`mandegar night`, telling its progress into a file."""
    return start(told, None, "night", "--company", str(company), "--home", str(home), "--as-of", as_of.isoformat())


def start_stage(company: Path, home: Path, as_of: date, told: Path, line: str) -> BaseProcess:
    """One stage of a night alone, as a scheduler runs it; it says the line that the night says before it."""
    process = FORKS.Process(target=_stage, args=(told, company, home, as_of, line))
    process.start()
    return process


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
    with contextlib.suppress(ProcessLookupError):  # it is over already
        os.kill(process.pid or 0, signal.SIGKILL)
    process.join()


def _stage(told: Path, company: Path, home: Path, as_of: date, line: str) -> None:
    from mandegar.config import company as companies
    from mandegar.pipeline import stages
    from mandegar.pipeline.nightly import take_in
    from mandegar.storage.home import Home

    say_into(told)
    night = stages.Night(companies.load(company), Home(home), as_of)
    of_night = {
        "taking in": lambda: take_in(night, lambda _: None, 1),
        "conforming": lambda: stages.conform_stage(night),
        "measuring": lambda: stages.measure_stage(night),
        "scoring": lambda: stages.score_stage(night),
        "publishing and auditing": lambda: stages.publish_stage(night),
        "judging campaigns": lambda: stages.results_stage(night),
        "alerting": lambda: stages.alert_stage(night),
    }
    of_one = {"extracting": stages.extract_stage, "validating": stages.validate_stage, "campaign": stages.campaign_stage}
    print(line, flush=True)
    if line in of_night:
        of_night[line]()
    else:
        verb, name = line.split()
        of_one[verb](night, name)


def _command(told: Path, warehouse: str | None, words: tuple[str, ...]) -> None:
    from mandegar.cli.main import main

    say_into(told)
    os.environ.pop("MANDEGAR_WAREHOUSE", None)
    if warehouse:
        os.environ["MANDEGAR_WAREHOUSE"] = warehouse
    main(list(words))
