"""The grain of figures: of which period a row speaks, of which part of the company, and under which convention."""

PERIOD = ("calendar", "period_kind", "period_start")
PART = ("dimension", "dimension_value")
CELL = (*PERIOD, *PART)
DEFAULT = "default"  # the company's own convention
FIGURE = "decimal(38, 4)"  # what a numerator or a denominator is held in
