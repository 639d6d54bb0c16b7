"""Texts in tables as they are compared (language.folding)."""

import ibis
import ibis.expr.types as ir

from mandegar.language.folding import ALIKE, SPELT, UNSEEN


def folded_column(text: ir.StringValue) -> ir.StringValue:
    """What `language.folding.folded` makes of each text; an empty text is none."""
    return _trim(text.translate(SPELT + UNSEEN, ALIKE)).lower().nullif("")


@ibis.udf.scalar.builtin(name="trim")
def _trim(text: str) -> str:  # type: ignore[empty-body]  # of both engines: on Spark Ibis' strip() takes the letter v from the ends too
    """The text without spaces around it."""
