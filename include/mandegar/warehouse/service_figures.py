"""The tables of support and feedback."""

import sqlalchemy as sa

from mandegar.warehouse.columns import MONEY, cell_key, given, maybe, metadata, night, period_ends

COUNT = sa.BigInteger
MINUTES = sa.Double
WAITS = {
    "first_response": "the first public reply of an agent",
    "first_resolution": "the first time it was solved",
    "resolution": "the last time it was solved",
}

support_period = sa.Table(
    "support_period",
    metadata,
    *cell_key(),
    *period_ends(),
    given("tickets_opened", COUNT, "tickets opened in the period"),
    given("tickets_answered", COUNT, "of them, answered"),
    given("tickets_resolved", COUNT, "of them, solved at least once"),
    given("answered_in_15_minutes", COUNT, "of them, answered within 15 minutes by the calendar"),
    given("answered_or_older", COUNT, "of them, answered, or older than 15 minutes when the night closed"),
    given("solved_in_4_hours", COUNT, "of them, first solved within 4 hours by the calendar"),
    given("solved_or_older", COUNT, "of them, solved, or older than 4 hours when the night closed"),
    given("reopened", COUNT, "of them, opened again after they were solved"),
    given("reopened_of", COUNT, "of them, solved, and known whether opened again"),
    given("replies", COUNT, "public replies of agents to them"),
    given("replies_of", COUNT, "of them, with a known number of replies"),
    given("tickets_solved", COUNT, "solved for the last time in the period, whenever opened"),
    given("tickets_open", COUNT, "open at the end of the period"),
    *(
        maybe(f"{wait}{clock}_minutes_{which}", MINUTES, f"{says} minutes{timed} to {words}; empty: not reached")
        for wait, words in WAITS.items()
        for clock, timed in (("", ""), ("_business", " of working time"))
        for which, says in (("median", "half wait at most so many"), ("p90", "nine of ten wait at most so many"))
    ),
    maybe("share_answered_in_15_minutes", sa.Double, "answered_in_15_minutes / answered_or_older"),
    maybe("share_solved_in_4_hours", sa.Double, "solved_in_4_hours / solved_or_older"),
    maybe("reopened_rate", sa.Double, "reopened / reopened_of"),
    maybe("replies_per_ticket", sa.Double, "replies / replies_of"),
    night(),
    comment="Support: how long tickets waited and what became of them, by period, dimension, channel, priority and topic",
)

feedback_period = sa.Table(
    "feedback_period",
    metadata,
    *cell_key(),
    *period_ends(),
    given("nps_answers", COUNT, "respondents asked how likely they recommend; the last answer of each in the period"),
    given("nps_promoters", COUNT, "answered 9 or 10"),
    given("nps_passives", COUNT, "answered 7 or 8"),
    given("nps_detractors", COUNT, "answered 0 to 6"),
    given("nps_points", COUNT, "100 x (promoters - detractors)"),
    given("csat_answers", COUNT, "what CSAT is divided by"),
    given("csat_good", COUNT, "answers of 4 and 5"),
    given("csat_of_tickets", COUNT, "of csat_answers, ratings of tickets"),
    given("ces_answers", COUNT, "answers to how much effort it took"),
    given("ces_sum", MONEY, "their sum"),
    given("detractor_answers", COUNT, "answers of 0 to 6, all of them"),
    given("reacted", COUNT, "of them, followed by a person's contact"),
    given("reacted_in_24_hours", COUNT, "of them, within 24 hours"),
    given("reacted_or_older_24", COUNT, "of them, contacted, or older than 24 hours when the night closed"),
    given("reacted_in_48_hours", COUNT, "of them, within 48 hours"),
    given("reacted_or_older_48", COUNT, "of them, contacted, or older than 48 hours when the night closed"),
    maybe("time_to_react_hours_median", sa.Double, "half wait at most so many hours; empty: not reached"),
    maybe("time_to_react_hours_p90", sa.Double, "nine of ten wait at most so many hours; empty: not reached"),
    maybe("nps", sa.Double, "net promoter score, points from -100 to 100"),
    maybe("csat", sa.Double, "share of good answers"),
    maybe("ces", sa.Double, "mean effort, 1 to 7"),
    *(
        maybe(f"{score}_{end}", sa.Double, f"{words} end of its 95 % interval")
        for score in ("nps", "csat", "ces")
        for end, words in (("low", "lower"), ("high", "upper"))
    ),
    maybe("share_reacted_in_24_hours", sa.Double, "reacted_in_24_hours / reacted_or_older_24"),
    maybe("share_reacted_in_48_hours", sa.Double, "reacted_in_48_hours / reacted_or_older_48"),
    night(),
    comment="Feedback: NPS, CSAT and CES with their intervals, and how soon somebody called a detractor back",
)
