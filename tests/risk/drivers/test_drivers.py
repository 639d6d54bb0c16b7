"""Drivers: odds by hand, a published paradox, and no driver where there is none."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mandegar.risk.drivers.drivers import SCHEMA, benjamini_hochberg, drivers


def table(groups: list[tuple[dict[str, Any], int, int]]) -> pd.DataFrame:
    """Snapshots of one day: for each group its signals, how many customers left, and how many there were."""
    rows = [signals | {"left": number < left} for signals, left, count in groups for number in range(count)]
    return pd.DataFrame([{"customer_id": f"c{number}", "as_of": "2026-03-31"} | row for number, row in enumerate(rows)])


def band(snapshots: pd.DataFrame | pa.Table, feature: str, name: str) -> dict[str, Any]:
    """The row of a band."""
    [row] = [row for row in drivers(snapshots).rows.to_pylist() if (row["feature"], row["band"]) == (feature, name)]
    return row


FOURFOLD = table([({"asked": True}, 2000, 5000), ({"asked": False}, 500, 5000)])


def test_the_odds_ratio_of_a_fourfold_table() -> None:
    """2000 x 4500 / (500 x 3000) = 6; by Woolf sqrt(1/2000 + 1/3000 + 1/500 + 1/4500) = .055277, e^(1.96 x .055277) = 1.11443."""
    row = band(FOURFOLD, "asked", "yes")
    assert (row["customers"], row["churned"], row["churn_rate"], row["lift"]) == (5000, 2000, 0.4, 1.6)
    assert row["adjusted_odds_ratio"] == pytest.approx(6, rel=0.01)
    assert row["adjusted_low"] == pytest.approx(6 / 1.11443, rel=0.01)
    assert row["adjusted_high"] == pytest.approx(6 * 1.11443, rel=0.01)
    assert (row["is_notable"], row["kind"], row["band_order"]) == (True, "association", 2)


def test_of_two_bands_the_one_is_the_others_inverse() -> None:
    no, yes = band(FOURFOLD, "asked", "no"), band(FOURFOLD, "asked", "yes")
    assert no["adjusted_odds_ratio"] == pytest.approx(1 / yes["adjusted_odds_ratio"])
    assert no["adjusted_low"] == pytest.approx(1 / yes["adjusted_high"])
    assert no["p_adjusted"] == pytest.approx(yes["p_adjusted"])


def test_a_customers_second_equal_snapshot_makes_nothing_more_certain() -> None:
    twice = pd.concat([FOURFOLD, FOURFOLD.assign(as_of="2026-04-30")])
    once, again = band(FOURFOLD, "asked", "yes"), band(twice, "asked", "yes")
    assert again["customers"] == 10_000
    for name in ("churn_rate_low", "lift_low", "adjusted_low", "adjusted_high"):
        assert again[name] == pytest.approx(once[name], rel=0.005)


def test_simpsons_paradox_is_resolved() -> None:
    """Charig and others 1986, kidney stones: 77 of 350 operations failed, 61 of 350 by the newer way; and yet in small and in large
    stones alike fewer operations failed. Mantel and Haenszel's odds ratio, by hand: (6 x 234 / 357 + 71 x 55 / 343) / (81 x 36 / 357 +
    192 x 25 / 343) = 15.318 / 22.162 = .691.
    """
    stones = table(
        [
            ({"open": True, "large": False}, 6, 87),
            ({"open": True, "large": True}, 71, 263),
            ({"open": False, "large": False}, 36, 270),
            ({"open": False, "large": True}, 25, 80),
        ]
    )
    row = band(stones, "open", "yes")
    assert row["lift"] == pytest.approx((77 / 350) / (138 / 700))
    assert row["lift"] > 1.1
    assert row["adjusted_odds_ratio"] == pytest.approx(0.691, rel=0.05)
    assert band(stones, "large", "yes")["is_notable"] and not row["is_notable"]


def test_benjamini_and_hochberg() -> None:
    """The fifteen p values of their paper (1995, section 3.2), of which four stand at 5 %; corrected by hand p x 15 / place."""
    published = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    found = benjamini_hochberg(published)
    assert found[:5] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625, 0.0603])
    assert sum(p < 0.05 for p in found) == 4
    assert benjamini_hochberg([]) == []


def test_nonsense_is_not_notable_and_the_one_that_counts_is() -> None:
    """1,000 customers at six snapshots; twenty signals of chance, some the customer's own for ever; one that doubles the odds."""
    chance = np.random.default_rng(7)
    customer = np.repeat(np.arange(1000), 6)
    signals: dict[str, Any] = {
        f"nonsense {number:02}": chance.normal(size=1000)[customer] if number % 2 else chance.normal(size=6000) for number in range(20)
    }
    signals["counts"] = chance.random(6000) < 0.5
    left = chance.random(6000) < np.where(signals["counts"], 0.2, 0.1)
    snapshots = {"customer_id": customer.astype(str), "as_of": np.tile(np.arange(6), 1000), "left": left}
    found = drivers(pd.DataFrame(snapshots | signals)).rows.to_pylist()
    assert len(found) == 20 * 6 + 2
    assert {(row["feature"], row["band"]) for row in found if row["is_notable"]} == {("counts", "no"), ("counts", "yes")}


def test_a_band_that_nobody_of_a_few_left_has_figures_and_is_not_notable() -> None:
    row = band(table([({"plan": "new"}, 0, 25), ({"plan": "old"}, 100, 1000)]), "plan", "new")
    assert (row["churned"], row["lift_low"], row["is_notable"]) == (0, 0.0, False)
    assert 0 < row["adjusted_low"] < row["adjusted_odds_ratio"] < 1 < row["adjusted_high"]


def test_where_nobody_left_there_is_no_driver() -> None:
    found = drivers(table([({"asked": True}, 0, 500), ({"asked": False}, 0, 500)]))
    assert found.rows == SCHEMA.empty_table()
    assert str(found.why_none) == "customers who left: 0; it takes 50"


def test_where_everybody_left_there_is_no_driver() -> None:
    found = drivers(table([({"asked": True}, 60, 60), ({"asked": False}, 60, 70)]))
    assert str(found.why_none) == "customers who stayed: 10; it takes 50"


def test_a_signal_that_is_the_same_everywhere_or_nowhere_known_is_none() -> None:
    snapshots = table([({"same": 3.0, "unknown": None}, 60, 200)])
    assert drivers(snapshots).rows.num_rows == 0


def test_what_is_not_known_is_compared_with_what_is_and_not_the_other_way() -> None:
    """Of who asks nothing neither signal is known, and they leave most; the odds of the known bands are those of the known rows alone."""
    asked = [({"late": True, "angry": False}, 60, 300), ({"late": True, "angry": True}, 60, 300)]
    asked += [({"late": False, "angry": False}, 30, 300), ({"late": False, "angry": True}, 30, 300)]
    silent = ({"late": None, "angry": None}, 200, 400)
    alone, both = (band(table(groups), "late", "yes") for groups in (asked, [*asked, silent]))
    for name in ("adjusted_odds_ratio", "adjusted_low", "adjusted_high"):
        assert both[name] == pytest.approx(alone[name], rel=0.02)
    assert alone["adjusted_odds_ratio"] == pytest.approx(120 * 540 / (60 * 480), rel=0.03)
    unknown = band(table([*asked, silent]), "late", "none known")
    assert unknown["lift_low"] > 1 > unknown["adjusted_low"]  # for all that is known it may be the other signal's doing


def test_small_bands_are_not_told_of() -> None:
    snapshots = table([({"asked": True}, 60, 200), ({"asked": False}, 60, 200), ({"asked": None}, 5, 19)])
    assert [row["band"] for row in drivers(snapshots).rows.to_pylist()] == ["no", "yes"]


def test_how_long_an_answer_takes_has_bands_of_its_own() -> None:
    """Whoever waits longer leaves more often; a question not answered is worse than any answer."""
    hours = {"within 15 minutes": (0.2, 0), "within an hour": (0.9, 0), "within 4 hours": (3.0, 0), "within a day": (20.0, 0)}
    told: dict[str, tuple[float | None, int]] = {
        **hours,
        "after more than a day": (50.0, 0),
        "unanswered": (2.0, 1),
        "no ticket": (None, 0),
    }
    groups = [
        ({"response_hours": waited, "response_unanswered": open_}, 20 + 20 * place, 400)
        for place, (waited, open_) in enumerate(list(told.values())[:6])
    ]
    found = drivers(table([*groups, ({"response_hours": None, "response_unanswered": None}, 20, 400)])).rows.to_pylist()
    assert {row["feature"] for row in found} == {"response_hours"}
    assert [(row["band_order"], row["band"], row["churned"]) for row in found] == [
        (place + 1, name, count) for place, (name, count) in enumerate(zip(told, [20, 40, 60, 80, 100, 120, 20], strict=True))
    ]
    odds = [row["adjusted_odds_ratio"] for row in found[:6]]
    assert odds == sorted(odds)


def test_rows_in_another_order_and_as_arrow_are_the_same() -> None:
    snapshots = FOURFOLD.assign(amount=np.arange(len(FOURFOLD)) % 977)
    other = pa.Table.from_pandas(snapshots.sample(frac=1, random_state=1), preserve_index=False)
    assert drivers(snapshots).rows == drivers(other).rows
