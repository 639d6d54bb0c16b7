"""Features as numbers."""

import math

import numpy as np
import pandas as pd
import pytest

from mandegar.risk.model.encoding import OTHER, Column, Encoding, learn_encoding


def rows(**columns: list) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    return pd.DataFrame({"customer_id": [f"c{n}" for n in range(count)], **columns})


def test_what_is_a_number_a_category_or_nothing() -> None:
    found = learn_encoding(
        rows(
            usage=[1.0, 2.0] * 60,
            tier=["gold", "iron"] * 60,
            size=["10", "20"] * 60,
            empty=[None] * 120,
            same=[5.0] * 120,
            own_name=[f"n{n}" for n in range(120)],
        ),
        without=("customer_id",),
    )
    assert found.columns == (Column("usage"), Column("tier", ("gold", "iron")), Column("size"))


def test_rare_categories_are_one() -> None:
    table = rows(plan=["a"] * 60 + ["b"] * 55 + ["c"] * 3)
    found = learn_encoding(table, without=("customer_id",))
    assert found.columns == (Column("plan", ("a", "b")),)
    assert found.matrix(rows(plan=["b", "c", "never seen", None]))[:, 0].tolist()[:3] == [1, 2, 2]
    assert OTHER not in found.columns[0].levels


def test_a_feature_that_the_rows_lack_is_known_of_nobody() -> None:
    found = Encoding((Column("usage"), Column("tickets"))).matrix(rows(tickets=[3.0]))
    assert math.isnan(found[0, 0])
    assert found[0, 1] == 3


def test_an_encoding_survives_json() -> None:
    encoding = Encoding((Column("usage"), Column("plan", ("a", "پایه"))))
    assert Encoding.of(encoding.told()) == encoding


@pytest.mark.parametrize("value", ["7", 7, 7.0])
def test_numbers_written_as_text_are_numbers(value: object) -> None:
    assert Encoding((Column("size"),)).matrix(rows(size=[value]))[0, 0] == np.float32(7)
