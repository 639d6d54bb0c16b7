"""Texts as they are compared: one spelling of letters and digits, whatever keyboard wrote them."""

UNSEEN = "\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
SPELT, ALIKE = "يك۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩\u00a0\t\n\r", "یک01234567890123456789    "
FOLD = str.maketrans(SPELT, ALIKE, UNSEEN)


def folded(text: str) -> str:
    """A text as it is compared: Persian letters, Latin digits, small, no space around it, nothing that is not seen."""
    return text.translate(FOLD).strip().lower()
