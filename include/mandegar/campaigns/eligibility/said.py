"""What rules say, as it stands in tables and in the decision log."""

FINE = "ok"
SAID = "said_"  # the column of a rule's answer begins so
LATER = ("same_person", "budget", "holdout", "offer")  # asked of those only whom no rule of RULES holds back
