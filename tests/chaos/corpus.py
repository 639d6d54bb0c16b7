"""Bad inputs tried through the real command line: each case in a company and a home of its own, in a process of its own.

The process is forked from a server that has imported everything (killable.FORKS); in it `mandegar.cli.main` runs as in a terminal.
A case says what must happen: the exit code, words of the message, how many rows of a table went on and how many wait. Whatever
the case says, a traceback, a signal, a hang, or memory beyond MOST_MEMORY is a failure.
"""

import io
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from killable import FORKS

from mandegar.storage.lake import Lake

SECONDS = 300
MOST_MEMORY = 2_500  # MB
DAY = "2025-03-31"
SHORT = "name: Acme\ntime_zone: Asia/Tehran\ncurrency: USD\nlocale: en\nchurn: {kind: contract}\n"
HEAD = "subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at"
CUSTOMERS = "customer_id,name,signed_up_at\nc1,Sara,2025-01-15\nc2,Ali,2025-02-10\n"
SUBSCRIPTIONS = (
    f"{HEAD}\ns1,2025-01-15,c1,basic,1,10,USD,month,1,active,2025-01-15\ns2,2025-02-10,c2,basic,2,10,USD,month,1,active,2025-02-10\n"
)
Content = str | bytes | Callable[[], str | bytes] | None  # what is large is made when it is needed
Files = dict[str, Content]
FILES: Files = {"company.yaml": SHORT, "customer.csv": CUSTOMERS, "subscription.csv": SUBSCRIPTIONS}


@dataclass(frozen=True)
class Case:
    """One bad input and what must happen.

    files: put beside company.yaml, over FILES; None takes one away. command: `check` or `night`. exits: the exit code.
    says: words of what a person sees. went_on, waits: per source table the rows of its valid window, and those refused.
    """

    family: str
    name: str
    files: Files
    command: str = "night"
    exits: int = 0
    says: tuple[str, ...] = ()
    went_on: dict[str, int] = field(default_factory=dict)
    waits: dict[str, int] = field(default_factory=dict)
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.family}: {self.name}"


@dataclass(frozen=True)
class Outcome:
    """What a case did: its exit code (None where it hung), what it printed, its peak memory in MB, its home."""

    code: int | None
    printed: str
    memory: int
    home: Path


def run(case: Case, folder: Path) -> Outcome:
    """Runs a case in a folder of its own."""
    company, home = folder / "company", folder / "home"
    for name, content in (FILES | case.files).items():
        content = content() if callable(content) else content
        if content is not None:
            (company / name).parent.mkdir(parents=True, exist_ok=True)
            (company / name).write_bytes(content.encode() if isinstance(content, str) else content)
    arguments = [case.command, "--company", str(company), *case.options]
    if case.command == "night":
        arguments += ["--home", str(home), "--as-of", DAY]
        arguments += [] if any(name.startswith("campaigns/") for name in case.files) else ["--no-campaigns"]
    process = FORKS.Process(target=_command, args=(arguments, folder))
    process.start()
    process.join(SECONDS)
    hung = process.is_alive()
    if hung:
        process.kill()
        process.join()
    told, memory = folder / "told", folder / "memory"
    printed = told.read_text(encoding="utf-8", errors="replace") if told.exists() else ""
    ended = folder / "ended"  # what the command itself says; a process that dies of a signal says nothing
    code = None if hung else int(ended.read_text()) if ended.exists() else process.exitcode
    return Outcome(code, printed, int(memory.read_text()) if memory.exists() else 0, home)


def problems(case: Case, outcome: Outcome) -> list[str]:
    """What is wrong with what a case did; nothing where it did what it must."""
    found = []
    if outcome.code is None:
        found.append(f"hangs for {SECONDS} s")
    elif outcome.code < 0:
        found.append(f"died of signal {-outcome.code}")
    elif outcome.code != case.exits:
        found.append(f"exit {outcome.code}, not {case.exits}")
    printed = " ".join(outcome.printed.split())
    if "Traceback" in printed:
        found.append("shows a traceback")
    found += [f"does not say {words!r}" for words in case.says if " ".join(words.split()) not in printed]
    if outcome.memory > MOST_MEMORY:
        found.append(f"takes {outcome.memory:,} MB")
    lake = Lake(outcome.home / "lake")
    for table in case.went_on.keys() | case.waits.keys():
        receipts = lake.receipts("valid", table)
        rows, refused = (receipts[-1].rows, receipts[-1].refused) if receipts else (None, None)
        if table in case.went_on and rows != case.went_on[table]:
            found.append(f"of {table} {rows} rows went on, not {case.went_on[table]}")
        if table in case.waits and refused != case.waits[table]:
            found.append(f"of {table} {refused} rows wait, not {case.waits[table]}")
    return found


def _command(arguments: list[str], folder: Path) -> None:
    import resource

    from mandegar.cli.main import main

    stream = os.open(folder / "told", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    for name in ("MANDEGAR_WAREHOUSE", "MANDEGAR_HOME", "AIRFLOW_CONN_MANDEGAR_WAREHOUSE"):
        os.environ.pop(name, None)
    os.chdir(folder)
    try:
        main(arguments)
    except SystemExit as end:
        (folder / "ended").write_text(str(end.code or 0))
        raise
    finally:
        (folder / "memory").write_text(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024))


def zipped(**members: str) -> bytes:
    """A zip of files; two underscores stand for a folder."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name.replace("__", "/"), content)
    return packed.getvalue()
