"""The control group: a fixed share of people, the same in every run."""

import pyarrow as pa
import pytest

from mandegar.campaigns.eligibility.control import is_held_out

PEOPLE = [f"p{number}" for number in range(10_000)]


@pytest.fixture
def held_out(duckdb):
    """Whom of ten thousand people a campaign's control group holds."""
    people = duckdb.table(pa.table({"person": PEOPLE}))

    def run(campaign) -> set[str]:
        control = campaign.control
        drawn = people.filter(is_held_out(campaign.id, control.salt, control.share, people.person, duckdb))
        return set(duckdb.arrow(drawn)["person"].to_pylist())

    return run


def test_a_tenth_holds_out_whose_hash_lies_in_the_first_tenth(held_out, a_campaign):
    """The first tenth of all 64-bit numbers ends at 1999999999999999 (hexadecimal).

    `printf 'renewal||p4' | sha256sum` begins 034bcd593be821f5, of p8 0c1a7c4e94248eee; p1 d1df…, p2 81b4…, p3 6a70…,
    p5 2ccd…, p6 3bb9…, p7 f87c…, p9 c3e4….
    """
    campaign = a_campaign(control={"share": 0.1})
    assert [number for number in range(1, 10) if f"p{number}" in held_out(campaign)] == [4, 8]


def test_another_salt_draws_another_group(held_out, a_campaign):
    """`printf 'renewal|2026|p2' | sha256sum` begins 04e4…, p3 1446…, p9 06ed…; p4 8c14… and p8 874f… are free now."""
    campaign = a_campaign(control={"share": 0.1, "salt": "2026"})
    assert [number for number in range(1, 10) if f"p{number}" in held_out(campaign)] == [2, 3, 9]


@pytest.mark.parametrize(("share", "low", "high"), [(0.1, 900, 1100), (0.5, 4800, 5200), (0.9, 8900, 9100)])
def test_the_share_of_ten_thousand_is_about_right(held_out, a_campaign, share, low, high):
    """Three standard deviations of 10,000 draws are 90, 150 and 90."""
    assert low <= len(held_out(a_campaign(control={"share": share}))) <= high


def test_a_share_of_nothing_holds_nobody_out(held_out, a_campaign):
    assert held_out(a_campaign(control={"share": 0})) == set()


def test_a_smaller_share_is_part_of_a_larger_one(held_out, a_campaign):
    """Whoever is held out stays so when the share grows."""
    small, large = (held_out(a_campaign(control={"share": share})) for share in (0.05, 0.2))
    assert small
    assert small < large


def test_two_campaigns_hold_out_different_people(held_out, a_campaign):
    """Of 1,000 and 1,000 of 10,000 about 100 are in both."""
    first, second = (held_out(a_campaign(id=name, control={"share": 0.1})) for name in ("renewal", "win_back"))
    assert 50 < len(first & second) < 150


def test_nothing_but_campaign_salt_and_person_moves_it(held_out, a_campaign):
    plain = a_campaign(control={"share": 0.1})
    other = a_campaign(
        control={"share": 0.1},
        channel="sms",
        priority=1,
        offer={"code": "X", "days": 3},
        trigger={"before": "renewal", "days": {"d9": [0, 9]}},
    )
    assert held_out(plain) == held_out(other)
