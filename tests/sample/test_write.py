"""The folder as a whole: the same bytes every time, nothing foreign overwritten, nothing half done left."""

import hashlib
from datetime import date
from pathlib import Path

import pytest
import yaml

from mandegar.config.company import load
from mandegar.config.entities import ENTITIES
from mandegar.sample import SampleRefused, write_sample
from mandegar.sample.manifest import SOURCES

FILES = 14


def fingerprints(folder: Path) -> dict[str, str]:
    """A hash of every file by its name."""
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


def small(out: Path, **changes: object) -> Path:
    """A company of 150 customers and six months."""
    return write_sample(out, **{"customers": 150, "months": 6, "seed": 3} | changes).out


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = fingerprints(small(tmp_path / "a")), fingerprints(small(tmp_path / "b"))
    assert len(first) == FILES
    assert first == second


def test_another_seed_gives_another_company(tmp_path: Path) -> None:
    assert fingerprints(small(tmp_path / "a"))["billing.db"] != fingerprints(small(tmp_path / "b", seed=4))["billing.db"]


def test_an_earlier_sample_is_replaced(tmp_path: Path) -> None:
    small(tmp_path / "a", seed=4)
    replaced = fingerprints(small(tmp_path / "a"))
    assert replaced == fingerprints(small(tmp_path / "b"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]


def test_a_foreign_folder_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SampleRefused, match="not an earlier sample"):
        small(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(ValueError, match="Name another folder"):
        small(tmp_path / "a")


@pytest.mark.parametrize("wrong", [{"customers": 0}, {"months": 0}, {"locale": "de"}, {"until": date(2100, 1, 31)}])
def test_an_argument_without_sense_is_refused(tmp_path: Path, wrong: dict) -> None:
    with pytest.raises(SampleRefused):
        small(tmp_path / "a", **wrong)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("customers", [1, 2, 3])
def test_the_smallest_companies_can_be_written(tmp_path: Path, customers: int) -> None:
    assert len(fingerprints(small(tmp_path / "a", customers=customers, months=1))) == FILES


def test_history_begins_on_the_first_of_its_first_month(tmp_path: Path) -> None:
    company = yaml.safe_load((small(tmp_path / "a", months=24, until=date(2026, 10, 31)) / "company.yaml").read_text("utf-8"))
    assert company["data_from"] == date(2024, 11, 1)


def test_the_company_file_is_one_the_product_loads(tmp_path: Path) -> None:
    company = load(small(tmp_path / "a", locale="fa"))
    assert (company.name, company.currency, company.calendar, company.locale) == ("نیم‌روز", "IRR", "jalali", "fa")
    assert [table.entity for table in company.tables()] == [
        "customer",
        "subscription",
        "invoice",
        "payment",
        "ticket",
        "survey",
        "usage",
        "interaction",
    ]


def test_every_mapped_column_is_a_column_of_its_entity() -> None:
    mapped = [(entity, column) for _, _, tables in SOURCES for entity, (_, columns) in tables.items() for column in columns]
    assert len(mapped) == 47
    assert [(entity, column) for entity, column in mapped if column not in ENTITIES[entity].names] == []
