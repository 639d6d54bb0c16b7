"""The grain of figures: of which period a row speaks, of which part of the company, and under which convention."""

PERIOD = ("period",)  # its number (calendar.period_table), within a night: joined and grouped by in half the time of its name
PERIOD_NAME = ("calendar", "period_kind", "period_start")  # what a mart calls it
PART = ("dimension", "dimension_value")
CELL = (*PERIOD, *PART)
DEFAULT = "default"  # the company's own convention
FIGURE = "decimal(38, 4)"  # what a numerator or a denominator is held in
