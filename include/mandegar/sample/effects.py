"""What each campaign truly does to the people of the made-up company: by so much it raises the share who come to its goal.

No night reads it. Whoever tries the results of campaigns lets people act by it (truth/campaign_effect.csv).
"""

import csv
from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("campaign_id", "people_a_night", "rate", "effect", "spend")


@dataclass(frozen=True)
class TrueEffect:
    """people_a_night: who it is about, of ten thousand customers. rate: the share of them who come to its goal by themselves. effect: added
    to that by being sent to. spend: what those who come to the goal spend on average, in units of the company's usual month."""

    people_a_night: float
    rate: float
    effect: float
    spend: float = 1.0


EFFECTS: dict[str, TrueEffect] = {
    "renewal_reminder": TrueEffect(60, 0.86, 0.03, 12.0),
    "win_back": TrueEffect(15, 0.04, 0.03),
    "win_back_call": TrueEffect(5, 0.08, 0.10),
    "payment_recovery": TrueEffect(20, 0.55, 0.12),
    "card_expiry": TrueEffect(12, 0.80, 0.06),
    "welcome": TrueEffect(20, 0.05, 0.02),
    "onboarding_help": TrueEffect(12, 0.25, 0.08),
    "silence": TrueEffect(15, 0.30, 0.05),
    "up_sell": TrueEffect(10, 0.03, 0.02, 4.0),
    "cross_sell": TrueEffect(10, 0.06, 0.04, 2.0),
    "referral": TrueEffect(10, 0.01, 0.015),
    "vip_early_access": TrueEffect(5, 0.97, 0.0),
    "loyalty_points": TrueEffect(15, 0.35, 0.05),
    "birthday": TrueEffect(25, 0.93, 0.0),
    "anniversary": TrueEffect(25, 0.93, 0.01),
    "nowruz": TrueEffect(40, 0.94, -0.02),  # one that does harm
    "yalda": TrueEffect(40, 0.94, 0.0),
    "detractor_alert": TrueEffect(4, 0.80, 0.06),
    "ticket_survey": TrueEffect(30, 0.10, 0.15),
}


def write_effects(file: Path) -> None:
    """Writes the effects, one line per campaign."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        lines = csv.writer(stream, lineterminator="\n")
        lines.writerow(COLUMNS)
        for campaign, true in EFFECTS.items():
            lines.writerow((campaign, true.people_a_night, true.rate, true.effect, true.spend))
