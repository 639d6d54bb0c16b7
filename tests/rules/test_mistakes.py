"""What is wrong in a file of rules is told by file, line, key and mend."""

from pathlib import Path
from textwrap import dedent

import pytest
from tests.rules.book import FIELDS

from mandegar.config import yaml_file
from mandegar.config.settings import Strict
from mandegar.errors import CompanyError
from mandegar.rules.check import circles, problems, refuse
from mandegar.rules.words import Condition


class RuleFile(Strict):
    """A file of named rules."""

    rules: dict[str, Condition]


def read(path: Path) -> RuleFile:
    """A file of rules, read and checked."""
    file = yaml_file.read(path, RuleFile, CompanyError)
    wrong = [problem for name, rule in file.rules.items() for problem in problems(rule, ("rules", name), FIELDS, file.rules)]
    refuse(path, path.name, wrong, CompanyError)
    in_circles = [type(problem)(("rules", *problem.at), problem.says) for problem in circles(file.rules)]
    refuse(path, path.name, in_circles, CompanyError)
    return file


# the rules begin on line 2; how the error goes on after `rules.yaml, `
WRONG = {
    "an unknown word": (
        "  a: {field: mrr, atleast: 100}",
        "line 2: rules.a.atleast: there is no such key. Did you mean `at_least`?",
    ),
    "an unknown word within others": (
        "  a:\n    all:\n      - {field: mrr, at_least: 100}\n      - not:\n          usedd: export",
        "line 6: rules.a.all.1.not.usedd: there is no such key. Did you mean `used`?",
    ),
    "nothing it is about": ("  a: {at_least: 100}", "line 2: rules.a: does not say what it is about. Write one of all, any, not, field,"),
    "two things at once": (
        "  a:\n    any:\n      - {field: mrr, used: export}",
        "line 4: rules.a.any.0: is about `field` and `used` at once. Write two conditions under `all:` or `any:`.",
    ),
    "a rule that is a text": ("  a: mrr > 100", "line 2: rules.a: found 'mrr > 100'. A condition is written as {field: plan, is: team} or"),
    "a key without a value": ("  a: {field: plan, is: }", "line 2: rules.a: `is:` has no value. Write one, or remove the line."),
    "an empty list": ("  a: {any: []}", "line 2: rules.a.any: is an empty list. Write at least one line under it, or remove it."),
    "an unknown field": (
        "  a:\n    field: mr\n    at_least: 100",
        "line 3: rules.a.field: there is no field 'mr'. Did you mean `mrr`? Known: acquisition_channel, birth_date, call_opt_in, city,",
    ),
    "all attributes at once": (
        "  a: {field: attributes, known: true}",
        "line 2: rules.a.field: found 'attributes', which holds many. Write one of them, such as `attributes.tier`.",
    ),
    "a field held against nothing": (
        "  a: {field: mrr}",
        "line 2: rules.a: does not say what `mrr` shall be. Write `is: …`, `at_least: …`, `known: true` or the like.",
    ),
    "a number held against a text": (
        "  a:\n    field: mrr\n    is: much",
        "line 4: rules.a.is: found 'much'; `mrr` is a number. Write one in Latin digits without quotes, such as 100.",
    ),
    "a number in Persian digits": (
        "  a: {field: mrr, at_least: ۱۰۰}",
        "line 2: rules.a.at_least: found '۱۰۰'. Write a number in Latin digits without quotes, or a day such as 2026-03-21.",
    ),
    "a text held against a number": (
        "  a: {field: city, one_of: [Tehran, 5]}",
        "line 2: rules.a.one_of: found 5; `city` is a text. Write it in quotes, such as '5'.",
    ),
    "Norway": ("  a: {field: country, is: NO}", "line 2: rules.a.is: found false; `country` is a text. Write it in quotes, such as 'no'."),
    "an order of texts": (
        "  a: {field: city, at_least: 5}",
        "line 2: rules.a.at_least: `city` is a text, and `at_least` does not go with it. Write one of is, is_not, one_of, none_of and "
        "known, such as `is: team`.",
    ),
    "a flag held against a text": (
        "  a: {field: email_opt_in, is: ja}",
        "line 2: rules.a.is: found 'ja'; `email_opt_in` is yes or no. Write true or false.",
    ),
    "a time held against a number": (
        "  a: {field: signed_up_at, at_least: 30}",
        "line 2: rules.a.at_least: found 30; `signed_up_at` is a time. Write a day such as 2026-03-21.",
    ),
    "days of a number": (
        "  a: {field: mrr, in_days: 30}",
        "line 2: rules.a.in_days: `mrr` is a number, and `in_days` does not go with it.",
    ),
    "a Jalali day": (
        "  a: {field: signed_up_at, at_least: 1404-01-01}",
        "line 2: rules.a.at_least: found 1404-01-01, which lies before 1900. Write the day in the Gregorian calendar, such as 2025-03-21.",
    ),
    "a day with a time": (
        "  a: {field: signed_up_at, above: 2026-01-01 10:00:00}",
        "line 2: rules.a.above: found 2026-01-01 10:00:00. Write a day without a time, such as 2026-01-01.",
    ),
    "a value that the field never has": (
        "  a: {field: risk_band, is: hihg}",
        "line 2: rules.a.is: found 'hihg', which `risk_band` never is. Did you mean `high`?",
    ),
    "the larger one first": ("  a: {field: mrr, between: [5, 1]}", "line 2: rules.a.between: found [5, 1]. Write the smaller one first."),
    "one where two are asked for": (
        "  a: {field: mrr, between: [5]}",
        "line 2: rules.a.between: found [5]. Write the smallest and the largest, such as [100, 500].",
    ),
    "no list": (
        "  a: {field: city, one_of: Tehran}",
        "line 2: rules.a.one_of: found 'Tehran'. Write a list: each on a line of its own that begins with a dash, or [one, another].",
    ),
    "a condition where a list belongs": (
        "  a:\n    any: {used: export}",
        "line 3: rules.a.any: found {'used': 'export'}. Write a list: each on a line of its own that begins with a dash,",
    ),
    "a number that is none": ("  a: {field: mrr, at_least: .nan}", "line 2: rules.a.at_least: found nan. Write a number."),
    "bounds that exclude each other": (
        "  a: {used: export, at_least: 3, at_most: 2}",
        "line 2: rules.a: nothing is both `at_least: 3` and `at_most: 2`. Write the smaller one under `at_least:`.",
    ),
    "ahead and behind": (
        "  a: {field: signed_up_at, in_days: 3, next_days: 3}",
        "line 2: rules.a: no day lies ahead (`next_days`) and behind (`in_days`). Write two conditions under `any:`.",
    ),
    "an empty text": (
        '  a: {field: city, is: ""}',
        "line 2: rules.a.is: found an empty text. To ask whether something is known, write `known: true` or `known: false`.",
    ),
    "no days": ("  a: {used: export, in_days: 0}", "line 2: rules.a.in_days: found 0. Input should be greater than or equal to 1."),
    "an empty window": (
        "  a: {used: export, in_days: 30, days_before: 30}",
        "line 2: rules.a: no day lies in the last 30 and before the last 30. Write fewer days under `days_before:`.",
    ),
    "at least never": (
        "  a: {used: export, at_least: 0}",
        "line 2: rules.a: everybody did it at least 0 times. Write `at_least: 1` or more; for never write `at_most: 0`.",
    ),
    "a count that is none": ("  a: {used: export, above: 2026-01-01}", "line 2: rules.a: `above: 2026-01-01` is no count. Write a number."),
    "behaviour that is known": (
        "  a: {used: export, known: true}",
        "line 2: rules.a: `known` goes with a field; `used` is counted. Write `at_least:`, `at_most:` or `between:`.",
    ),
    "an amount of visits": (
        "  a: {visited: pricing, count: amount}",
        "line 2: rules.a: visited has no amount. Write `count: times` or `count: days`, or leave it out to count times.",
    ),
    "an unknown count": (
        "  a: {bought: hats, count: euros}",
        "line 2: rules.a: found `count: euros`. Write `count: times` or `count: days` or `count: amount`, or leave it out to count times.",
    ),
    "an unknown trait": (
        "  a: {ticket: {priorty: high}}",
        "line 2: rules.a.ticket: there is no `priorty` of ticket. Did you mean `priority`?",
    ),
    "an unknown direction": ("  a: {plan_changed: upp}", "line 2: rules.a.plan_changed: found 'upp' under `direction`. Did you mean `up`?"),
    "yes as a feature": (
        "  a: {used: yes}",
        "line 2: rules.a.used: found yes under `feature`, which YAML reads as true or false. Put it in quotes.",
    ),
    "an empty trait": ("  a: {used: [ ]}", "line 2: rules.a.used: `feature` is an empty list. Write at least one value."),
    "a comparison of a list": (
        "  a: {any: [{used: export}], at_least: 2}",
        "line 2: rules.a: `at_least` says nothing beside `any`. Write it within a condition on a field or on behaviour.",
    ),
    "since a field": (
        "  a: {field: mrr, at_least: 1, since: {used: export}}",
        "line 2: rules.a: `since` goes with behaviour, such as {used: export}, not with a field. Remove it.",
    ),
    "since no behaviour": (
        "  a: {used: export, since: {field: mrr, above: 1}}",
        "line 2: rules.a: `since` holds no behaviour. Write one such as `since: {visited: pricing, in_days: 30}`.",
    ),
    "a count since": (
        "  a: {used: export, at_least: 2, since: {visited: pricing}}",
        "line 2: rules.a: `at_least` does not go with `since`, which asks whether used came after. Remove one of the two.",
    ),
    "since a count": (
        "  a: {used: export, since: {visited: pricing, at_least: 2}}",
        "line 2: rules.a: what stands under `since` is taken from its first time on; write no count there, and no further `since`.",
    ),
    "an unknown segment": (
        "  power_users: {used: export}\n  b: {segment: power_user}",
        "line 3: rules.b.segment: there is no segment 'power_user'. Did you mean `power_users`?",
    ),
    "a circle of one": (
        "  a:\n    any:\n      - {segment: a}",
        "line 4: rules.a.any.0.segment: goes in a circle: a → a. Let one of them stand on fields and behaviour alone.",
    ),
    "a circle of three": (
        "  a: {segment: b}\n  b: {not: {segment: c}}\n  c:\n    all:\n    - {used: export}\n    - {segment: a}",
        "line 2: rules.a.segment: goes in a circle: a → b → c → a. Let one of them stand on fields and behaviour alone.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_mistake_is_told_with_line_and_mend(tmp_path: Path, what: str) -> None:
    written, told = WRONG[what]
    path = tmp_path / "rules.yaml"
    path.write_text(f"rules:\n{written}\n", encoding="utf-8")
    with pytest.raises(CompanyError) as refused:
        read(path)
    assert str(refused.value).startswith(f"rules.yaml, {told}")
    assert "\n" not in str(refused.value)


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(
        dedent("""\
        rules:
          a: {field: mr, is: 1}
          b: {any: [{field: city, is: 1}, {segment: z}]}
        """),
        encoding="utf-8",
    )
    with pytest.raises(CompanyError) as refused:
        read(path)
    lines = str(refused.value).splitlines()
    assert [line.split(":")[0] for line in lines] == ["rules.yaml, line 2", "rules.yaml, line 3", "rules.yaml, line 3"]


def test_two_rules_may_stand_on_one(tmp_path: Path) -> None:
    """A diamond is no circle."""
    path = tmp_path / "rules.yaml"
    path.write_text(
        "rules:\n  a: {any: [{segment: b}, {segment: c}]}\n  b: {segment: d}\n  c: {segment: d}\n  d: {used: x}\n", encoding="utf-8"
    )
    assert list(read(path).rules) == ["a", "b", "c", "d"]
