"""Experiments that others ran: a file in the usual columns, each arm against the control group."""

from pathlib import Path

import pytest

from mandegar.campaigns.results.experiment_file import analyse
from mandegar.errors import CampaignError


def written(tmp_path: Path, arms: dict[str, tuple[int, int, float]], header: str = "customer,arm,visit,conversion,spend") -> Path:
    """arms: people, how many of them bought, and what each spent."""
    lines = [header]
    for arm, (people, bought, spend) in arms.items():
        lines += [f"{arm}{n},{arm},1,{int(n < bought)},{spend if n < bought else 0}" for n in range(people)]
    file = tmp_path / "mail.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_every_arm_is_held_against_the_control_group(tmp_path: Path):
    found = {arm.name: arm for arm in analyse(written(tmp_path, {"No E-Mail": (40, 10, 10), "Mens": (40, 20, 10), "Womens": (40, 10, 20)}))}
    assert set(found) == {"Mens", "Womens"}
    assert found["Mens"].effects["conversion"].effect == 0.25
    assert (found["Mens"].effects["spend"].effect, found["Womens"].effects["spend"].effect) == (2.5, 2.5)
    assert found["Womens"].effects["conversion"].effect == 0.0
    assert found["Mens"].sample_ratio_p == 1.0


def test_another_control_group_can_be_named(tmp_path: Path):
    [arm] = analyse(written(tmp_path, {"a": (30, 3, 1), "b": (30, 6, 1)}), control="a")
    assert (arm.name, arm.control, round(arm.effects["conversion"].effect, 9)) == ("b", "a", 0.1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("who,what\n1,2\n", "mail.csv: found the columns who, what. Write one called arm, and at least one of visit, conversion, spend."),
        ("arm,visit\na,1\nb,0\n", "which arm is the control group? Found 'a', 'b'; name it by --control."),
        ("arm,visit\ncontrol,1\nb,yes\n", "mail.csv, line 3, visit: found 'yes'. Write a number in Latin digits."),
        ("", "found the columns nothing."),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, content: str, said: str):
    file = tmp_path / "mail.csv"
    file.write_text(content)
    with pytest.raises(CampaignError) as problem:
        analyse(file)
    assert said in str(problem.value)
