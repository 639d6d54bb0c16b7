"""The summary's tables of targets, of churn to expect and of restated figures, from rows written by hand, in both languages."""

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console

from mandegar.config import company as companies
from mandegar.reporting.summary import show
from mandegar.storage.home import Home
from mandegar.warehouse import tables
from mandegar.warehouse.connect import warehouse, writing

NIGHT, MARCH, APRIL, MAY = date(2026, 4, 20), date(2026, 3, 21), date(2026, 4, 21), date(2026, 5, 22)
WHOLE = {"dimension": "all", "dimension_value": "all"}
SHARE = {
    "period_kind": "month",
    "period_end": MAY,
    "horizon": 1,
    "method": "state space",
    "periods_used": 24,
    "backtests": 12,
    "as_of": NIGHT,
}

RESULT = {"as_of": NIGHT, "stage": "all", "segment": "all", "measure": "goal", "sample_ratio_p": 0.6}
RESULTS = [
    {"campaign_id": "win_back", "treated": 900, "control": 100, "effect": 0.123, "low_any": 0.04, "high_any": 0.206},
    {"campaign_id": "nowruz", "treated": 500, "control": 50, "effect": -0.05, "low_any": -0.09, "high_any": -0.01},
    {"campaign_id": "referral", "treated": 90, "control": 10, "effect": 0.02, "low_any": None, "high_any": None},
    {"campaign_id": "silence", "treated": 80, "control": 9, "effect": 0.3, "low_any": 0.2, "high_any": 0.4, "sample_ratio_p": 0.0001},
    {"campaign_id": "welcome", "treated": 5, "control": 5, "effect": 0.0, "low_any": None, "high_any": None},
]

RUN = {"as_of": NIGHT, "mode": "dry_run", "list_version": "1", "considered": 3, "holdout": 0, "suppressed": 3, "control_salt": "s"}
RUNS = [RUN | {"campaign_id": "win_back", "send": 0}, RUN | {"campaign_id": "renewal_reminder", "send": 1}]
MEMBER = {"campaign_id": "win_back", "as_of": NIGHT, "person_key": "p", "decision": "suppressed", "rules": "{}", "dedupe_key": "d"}
MEMBERS = [
    MEMBER | {"customer_id": "c1", "deciding_rule": "opt_out"},
    MEMBER | {"customer_id": "c2", "deciding_rule": "unreachable"},
    MEMBER | {"customer_id": "c3", "deciding_rule": "unreachable"},
]


@pytest.fixture
def shown(make_company: Callable[..., Path], tmp_path: Path) -> Callable[..., list[str]]:
    """The lines of the summary of a night of which the warehouse holds a target, a forecast and a restated figure."""

    def make(locale: str, calendar: str) -> list[str]:
        folder = make_company({"subscription.csv": "subscription_id\n"}, locale=locale, calendar=calendar)
        home = Home(tmp_path / "home")
        with warehouse(home.warehouse_url) as target, writing(target).begin() as connection:
            connection.execute(
                tables.retention_target.insert(),
                {
                    "target_name": "keep",
                    "period_start": MARCH,
                    "period_end": APRIL,
                    "metric": "logo_churn_rate",
                    "figure": "value",
                    **WHOLE,
                    "calendar": calendar,
                    "period_kind": "month",
                    "is_complete": False,
                    "goal": "at_most",
                    "target": 0.03,
                    "actual": 0.0215,
                    "projected": 0.0342,
                    "on_track": False,
                    "as_of": NIGHT,
                },
            )
            both = [
                SHARE | {"metric": "customers_churned", "forecast": 41.2, "low_80": 33.0, "high_80": 50.0},
                SHARE | {"metric": "logo_churn_rate", "forecast": 0.0312, "low_80": 0.025, "high_80": 0.038},
            ]
            connection.execute(tables.forecast.insert(), [row | {"calendar": calendar, "period_start": APRIL, **WHOLE} for row in both])
            connection.execute(
                tables.restatement.insert(),
                {
                    "as_of": NIGHT,
                    "convention": "default",
                    "calendar": calendar,
                    "period_kind": "month",
                    "period_start": MARCH,
                    **WHOLE,
                    "metric": "mrr_end",
                    "value_before": 1200.0,
                    "value_after": 1150.0,
                    "because": "1 subscription: s7",
                },
            )
            connection.execute(tables.campaign_result.insert(), [RESULT | one for one in RESULTS])
            connection.execute(tables.campaign_run.insert(), RUNS)
            connection.execute(tables.campaign_member.insert(), MEMBERS)
        with warehouse(home.warehouse_url) as target:
            paper = io.StringIO()
            show(companies.load(folder), home, target, NIGHT, Console(file=paper, width=120))
        return [" ".join(line.replace("│", " ").split()) for line in paper.getvalue().splitlines()]

    return make


@pytest.mark.parametrize(
    ("locale", "calendar", "lines"),
    [
        (
            "en",
            "gregorian",
            (
                "keep: 3.00 % logo churn 2.15 % 3.42 % ✗",
                "2026-04 41 (33 – 50) 3.12 % (2.50 % – 3.80 %)",
                "Restated, of closed periods: 1",
                "MRR, month 2026-03 1,200 1,150 1 subscription: s7",
                "Win-back 900 100 +12.3 (+4.0 … +20.6) helps",
                "Nowruz 500 50 -5.0 (-9.0 … -1.0) harms",
                "Recommend us 90 10 +2.0 too few yet",
                "Fallen silent 80 9 +30.0 (+20.0 … +40.0) not divided by chance; do not trust it",
                "1 more",
                "Win-back (dry run) can be sent to nobody; 2 are kept back by the rule unreachable.",
            ),
        ),
        (
            "fa",
            "jalali",
            (
                "keep: ۳٫۰۰ ٪ ریزش مشتری ۲٫۱۵ ٪ ۳٫۴۲ ٪ ✗",
                "اردیبهشت ۱۴۰۵ ۴۱ (۳۳ – ۵۰) ۳٫۱۲ ٪ (۲٫۵۰ ٪ – ۳٫۸۰ ٪)",
                "شاخص‌های دوره‌های بسته که تغییر کردند: ۱",
                "درآمد ماهانهٔ تکرارشونده، ماه فروردین ۱۴۰۵ ۱٬۲۰۰ ۱٬۱۵۰ 1 subscription: s7",
                "معرفی به دوستان ۹۰ ۱۰ +۲٫۰ هنوز کم‌تعداد",
                "بازگشت مشتری (آزمایشی) برای هیچ‌کس فرستادنی نیست؛ قاعدهٔ \u2066unreachable\u2069 جلوی ۲ مشتری را گرفته است.",
            ),
        ),
    ],
)
def test_targets_what_to_expect_and_what_was_restated(
    shown: Callable[..., list[str]], locale: str, calendar: str, lines: tuple[str, ...]
) -> None:
    found = shown(locale, calendar)
    assert [line for line in lines if line not in found] == []
    assert sum("nobody" in line or "هیچ‌کس" in line for line in found) == 1
