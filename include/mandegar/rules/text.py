"""Texts in tables as they are compared (language.folding)."""

import ibis.expr.types as ir

from mandegar.language.folding import ALIKE, SPELT, UNSEEN

AROUND = "^[ \t\n\r]+|[ \t\n\r]+$"  # Ibis' own strip() takes a v from the ends of texts on Spark, which reads the escape for a vertical tab as that letter


def folded_column(text: ir.StringValue) -> ir.StringValue:
    """What `language.folding.folded` makes of each text; an empty text is none."""
    return text.translate(SPELT + UNSEEN, ALIKE).re_replace(AROUND, "").lower().nullif("")
