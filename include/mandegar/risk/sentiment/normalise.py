"""A text made comparable: one spelling for what people write in several ways, and nothing that names a person or counts something."""

import re
import unicodedata

PERSIAN, ENGLISH = "fa", "en"
LANGUAGES = (PERSIAN, ENGLISH)
URL, MAIL, NUMBER = "↗", "@", "#"

ZWNJ = "\u200c"
# Compatibility decomposition would make a space of these, in the middle of a word
BEFORE = str.maketrans({"´": "'", "’": "'", "‘": "'", "`": "'", "¬": ZWNJ, **{chr(code): None for code in range(0xFE70, 0xFE80)}})
# Hamza and madda, taken off their letters by the decomposition, are marks as vowels are: مسئله and مسأله are both typed without
MARKS = [(0x0300, 0x036F), (0x0610, 0x061A), (0x064B, 0x065F), (0x06D6, 0x06DC), (0x06DF, 0x06E8), (0x06EA, 0x06ED)]
SPELLINGS: dict[int, str | None] = {
    **{code: None for first, last in MARKS for code in range(first, last + 1)},
    **{ord(letter): "ی" for letter in "يىې"},
    **{ord(letter): "ک" for letter in "كڪ"},
    **{ord(letter): "ه" for letter in "ةەہھ"},
    **{ord(letter): None for letter in "ء\u0670\u0640"},  # a hamza alone, the small alef, the tatweel
}
UNSEEN = re.compile("[\u00ad\u061c\u180e\u200b\u200d-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")

DOMAIN = r"(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|info|biz|ir|io|co|ai|me|app|dev|de|uk|fr|eu|us|tr|ae)\b"
URLS = re.compile(rf"(?:[a-z][a-z0-9+.-]*://|www\.)\S+|\b{DOMAIN}(?::\d+)?(?:/\S*)?")
MAILS = re.compile(r"[^\s<>()\[\]{}\"',;،؛]*@[^\s<>()\[\]{}\"',;،؛]*")
NUMBERS = re.compile(r"\+?\w*\d\w*(?:[\s.,:/()٫٬_-]*\w*\d\w*)*[%٪]?")

PREFIXES = re.compile(r"\b(ن?می) (?=[^\W\d])")
SUFFIXES = re.compile(r"(?<=[^\W\d]) (ها|های|هایی|تر|ترین)\b")
LENGTHENED = re.compile(r"(.)\1{2,}")
ARABIC, LATIN, LETTER = re.compile("[\u0600-\u06ff]"), re.compile("[a-z]"), re.compile(r"[^\W\d_]")


def normalised(text: str) -> str:
    """The text in one spelling.

    Unicode: compatibility forms are those they stand for (ﻻ, ﬁ); vowel signs, accents, tatweel and unseen marks are gone; Latin case is
    folded. Persian: ي ى are ی, ك is ک, ة and ۀ are ه; آ أ إ, ئ, ؤ lose what they carry; a half-space is nothing, and می, نمی, ها, های, تر,
    ترین written apart are joined. Personal data: addresses of the web (↗) and of mail (@), and whatever has a digit in it (#), are masked
    whole. A letter lengthened is there twice.
    """
    plain = unicodedata.normalize("NFKD", text.translate(BEFORE)).translate(SPELLINGS)
    plain = UNSEEN.sub("", plain).casefold()
    for pattern, mask in ((URLS, URL), (MAILS, MAIL), (NUMBERS, NUMBER)):
        plain = pattern.sub(mask, plain)
    plain = " ".join(plain.replace(ZWNJ, "").split())
    joined = SUFFIXES.sub(r"\1", PREFIXES.sub(r"\1", plain))
    return unicodedata.normalize("NFC", LENGTHENED.sub(r"\1\1", joined))


def language_of(text: str) -> str | None:
    """The language of a normalised text by the script of most of its letters: fa, en; None where another has most, or there is none.

    By script alone Arabic counts as Persian, and German as English.
    """
    arabic, latin, letters = (len(script.findall(text)) for script in (ARABIC, LATIN, LETTER))
    if 2 * arabic > letters:
        return PERSIAN
    return ENGLISH if 2 * latin > letters else None
