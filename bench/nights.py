"""A whole night, stage by stage, each stage in a process of its own."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from measured import Measured, alone, together

STAGES = ("extract", "validate", "conform", "measure", "score", "publish", "audit")
BY_TABLE = ("extract", "validate")


def night(company: Path, home: Path, as_of: date, say: Callable[[str], None]) -> dict[str, Measured]:
    """What every stage of a night took, and `night`: all of them one after the other, the peak of the hungriest."""
    costs: dict[str, Measured] = {}
    for stage in STAGES:
        costs[stage] = alone(run_stage, company, home, as_of, stage)
        cost = costs[stage]
        say(f"{stage:10} {cost.seconds:8.1f} s  {cost.peak_mb:7,.0f} MB  {cost.result:,} rows")
    return costs | {"night": together(list(costs.values()))}


def run_stage(company: Path, home: Path, as_of: date, stage: str) -> int:
    """Runs a stage; gives the rows it handled."""
    from mandegar import company as companies
    from mandegar import stages
    from mandegar.home import Home

    this = stages.Night(companies.load(company), Home(home), as_of)
    work = getattr(stages, f"{stage}_stage")
    if stage in BY_TABLE:
        tables = [str(table) for table in this.company.tables()]
        return sum(work(this, table)[table] for table in tables)
    return sum(work(this).values())
