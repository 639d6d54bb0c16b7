"""One spelling: Persian as it is typed in many ways, English, and what must not become a feature."""

import pytest

from mandegar.risk.sentiment.normalise import language_of, normalised

SAME = {
    "Arabic yeh and kaf": ("كيفيت", "کیفیت"),
    "alef maksura": ("حتى", "حتی"),
    "teh marbuta": ("دائرة المعارف", "دایره المعارف"),
    "heh with hamza, in one character and in two": ("همۀ ما و همهٔ شما", "همه ما و همه شما"),
    "hamza on its seats": ("مسئله، مسأله، مؤثر، إعلام، آب", "مسیله، مساله، موثر، اعلام، اب"),
    "hamza alone": ("جزء", "جز"),
    "vowel signs and tatweel": ("مُحَمَّد خـــوب", "محمد خوب"),
    "presentation forms": ("ﻛﻼم", "کلام"),
    "an isolated vowel sign within a word": ("کتابﹰا", "کتابا"),
    "a half-space, a space and nothing": ("می‌خواهم می خواهم میخواهم", "میخواهم میخواهم میخواهم"),
    "the negated prefix": ("نمی شود", "نمیشود"),
    "the plural and the comparative": ("گزارش ها، کتاب‌های بزرگ تر", "گزارشها، کتابهای بزرگتر"),
    "the half-space of old keyboards": ("می¬رود", "میرود"),
    "marks of direction": ("\u202bسلام\u202c\u200f", "سلام"),
    "Latin case, accents, ligatures": ("CAFÉ ﬁne Straße", "cafe fine strasse"),
    "quotes": ("don’t don´t", "don't don't"),
    "a letter lengthened": ("sooooo goooood عالییییی", "soo good عالیی"),
    "white space": ("  a\n\tb\u00a0c ", "a b c"),
    "a web address": ("see https://acme.example/users/sara?x=1 now", "see ↗ now"),
    "a web address without a scheme": ("به acme.ir/sara و www.acme.test", "به ↗ و ↗"),
    "a mail address": ("write to Sara.Ahmadi+x@acme.co.uk, please", "write to @, please"),
    "a name behind an at sign": ("@sara_ahmadi سلام", "@ سلام"),
    "Persian, Arabic and Latin digits": ("۱۲۳ ٤٥٦ 789", "#"),
    "a telephone number": ("call +98 (21) 123-45.67 today", "call # today"),
    "an amount": ("مبلغ ۱٬۲۳۴٫۵۰ ریال", "مبلغ # ریال"),
    "a code": ("ticket T-00012 and IR06AB12", "ticket t-# and #"),
    "a date": ("on 2026-03-10 10:30", "on #"),
    "a share": ("about 80 percent, ۵٪", "about # percent, #"),
}


@pytest.mark.parametrize("what", SAME)
def test_a_text_has_one_spelling(what: str) -> None:
    written, expected = SAME[what]
    assert normalised(written) == expected


@pytest.mark.parametrize("what", SAME)
def test_what_is_normalised_stays_so(what: str) -> None:
    once = normalised(SAME[what][0])
    assert normalised(once) == once


LANGUAGES = {
    "سلام، گزارش export کار نمی‌کند": "fa",
    "the word سلام is not found": "en",
    "Крутой сервис": None,
    "۱۲۳ 👍": None,
    "": None,
}


@pytest.mark.parametrize("text", LANGUAGES)
def test_the_language_is_that_of_most_letters(text: str) -> None:
    assert language_of(normalised(text)) == LANGUAGES[text]
