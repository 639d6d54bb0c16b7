"""Texts in tables as they are compared (language.folding)."""

import ibis.expr.types as ir

from mandegar.language.folding import ALIKE, SPELT, UNSEEN

AROUND = "^[ \t\n\r]+|[ \t\n\r]+$"  # not Ibis' strip(): on Spark it takes the letter v from the ends of texts too


def folded_column(text: ir.StringValue) -> ir.StringValue:
    """What `language.folding.folded` makes of each text; an empty text is none."""
    return text.translate(SPELT + UNSEEN, ALIKE).re_replace(AROUND, "").lower().nullif("")
