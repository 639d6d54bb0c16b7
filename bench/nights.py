"""A whole night, stage by stage, each stage in a process of its own."""

import os
import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

from measured import Measured, alone, together

INTAKE = "intake"  # extract and validate, as many tables at a time as there are cores
STAGES = (INTAKE, "conform", "measure", "score", "publish")


def night(company: Path, home: Path, as_of: date, say: Callable[[str], None]) -> dict[str, Measured]:
    """What every stage of a night took, and `night`: all of them one after the other, the peak of the hungriest."""
    costs: dict[str, Measured] = {}
    for stage in STAGES:
        costs[stage] = alone(run_stage, company, home, as_of, stage)
        cost = costs[stage]
        say(f"{stage:10} {cost.seconds:8.1f} s  {cost.peak_mb:7,.0f} MB  {cost.result:,} rows")
    return costs | {"night": together(list(costs.values()))}


def read_whole(company: Path) -> Path:
    """The same company, its files linked, whose tables have no cursor.

    A made-up company is as its last day left it. By a cursor, the night before would not see a version of a subscription that ends
    on the last day: the source has overwritten it since. Read whole, it is there, and conform empties what that night cannot know.
    """
    whole = company.with_name(f"{company.name}_whole")
    shutil.rmtree(whole, ignore_errors=True)
    whole.mkdir()
    for file in company.iterdir():
        if file.name != "company.yaml":
            (whole / file.name).symlink_to(file.resolve())
    text = (company / "company.yaml").read_text(encoding="utf-8")
    (whole / "company.yaml").write_text(re.sub(r"\n *cursor: \w+", "", text), encoding="utf-8")
    return whole


def run_stage(company: Path, home: Path, as_of: date, stage: str) -> int:
    """Runs a stage; gives the rows it handled. Errors: SystemExit when a table did not come in."""
    from mandegar.config import company as companies
    from mandegar.pipeline import stages
    from mandegar.pipeline.nightly import take_in
    from mandegar.storage.home import Home

    this = stages.Night(companies.load(company), Home(home), as_of)
    if stage == INTAKE:
        problems = take_in(this, lambda text: None, os.cpu_count() or 1)
        if problems:
            raise SystemExit("\n".join(problems))
        receipts = [this.lake.receipt("valid", str(table), as_of) for table in this.company.tables()]
        return sum(receipt.rows for receipt in receipts if receipt)
    return sum(getattr(stages, f"{stage}_stage")(this).values())
