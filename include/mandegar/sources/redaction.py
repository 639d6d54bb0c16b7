"""Secrets, hidden in whatever is shown or kept, also where the other side sends them back in a spelling of its own."""

import html.entities
import logging
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from mandegar.sources.connections import Connection

HIDDEN = "***"
SHORTEST = 4  # shorter texts stand in messages by chance
SHORTEST_IN_ROWS = 8  # in rows longer ones do: a year, a plan
LONGEST_IN_EVERY_SPELLING = (
    128  # of longer ones, tokens most of all, only the signs are looked for in other spellings, not letters and digits
)
LONGEST_SPELLING = 16  # signs that stand for one letter, with those between it and the next
HINT = 6  # letters by which a column is searched first
LOOKED_AT = 10_000  # letters of a text of which a message shows the first
SHOWN = 300
SENSITIVE = re.compile(r"pass|secret|token|key|auth|credential|signature|sas|connection_string", re.IGNORECASE)
NO_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")  # what a terminal obeys, a database refuses or no file can hold
BLANK = r"(?i:\s|\+|%(?:25){0,2}(?:20|0a|0d|09)|\\{1,4}[nrt]|\\{1,4}u00(?:20|0a|0d|09)|&#x?[0-9a]{1,3};|&nbsp;)"
BETWEEN = r"(?i:\s|\\{1,4}[nrt]|%0[ad]){0,4}"  # where a line was broken
NAMED: dict[str, list[str]] = {}
for _name, _sign in html.entities.html5.items():
    if _name.endswith(";") and len(_sign) == 1:
        NAMED.setdefault(_sign, []).append(_name)


class Secrets:
    """What must never be shown, and the one place that hides it: in messages, in logs and in the rows of a source.

    A secret is found as it is; as Base64, alone or together with what stands beside it (`login:password`), plain or for URLs;
    percent-encoded; escaped as JSON, HTML and Python's repr do; and with a line broken within it. Texts of fewer than 4 letters are
    not hidden. From rows, whose values may be anything, only what is secret by its name, and has 8 letters or more, is taken out.
    """

    def __init__(self, values: Iterable[str | None] = ()) -> None:
        self._known: dict[str, bool] = {}  # and whether it is looked for in rows
        for value in values:
            self.add(value)

    @classmethod
    def of(cls, connection: Connection) -> "Secrets":
        """Those of an Airflow connection: its login, its password, and fields of its extra whose name says so."""
        found = cls()
        for name, value in connection.values.items():
            if name == "login" or SENSITIVE.search(name):
                found.add(value, in_rows=name != "login")
        return found

    @classmethod
    def of_url(cls, url: sa.URL) -> "Secrets":
        """Those of a database's URL: its password, and what its query names so."""
        secret = (value for name, value in url.normalized_query.items() if SENSITIVE.search(name))
        return cls([url.password, *(one for values in secret for one in values)])

    def add(self, value: str | None, in_rows: bool = True) -> None:
        """One more; in_rows: whether it is taken out of rows as well."""
        secret = (value or "").strip()
        if len(secret) >= SHORTEST and (secret not in self._known or (in_rows and not self._known[secret])):
            self._known[secret] = in_rows
            for pattern in ("_in_texts", "_in_rows", "_hint"):
                self.__dict__.pop(pattern, None)

    def hidden(self, text: str) -> str:
        """A text with *** for every secret."""
        return self._in_texts.sub(HIDDEN, text) if self._in_texts else text

    def told(self, text: object) -> str:
        """A text as a message may show it: on one line, short, without secrets, and without signs that a terminal or a database minds."""
        given = str(text)
        beyond = LONGEST_SPELLING * max(map(len, self._known), default=0)
        found = self.hidden(given[: LOOKED_AT + beyond])
        if len(given) > LOOKED_AT + beyond:  # the cut may go through a secret, whose beginning is not known as one
            found = found[:-beyond] if beyond else found
        return " ".join(NO_TEXT.sub(" ", found).split())[:SHOWN]

    def in_row(self, text: str) -> str:
        """A value of a row with *** for every secret."""
        return self._in_rows.sub(HIDDEN, text) if self._in_rows else text

    def in_column(self, texts: pa.Array) -> pa.Array:
        """The same of a whole column; where no secret even begins it takes no call for each value."""
        if not self._hint or not pc.any(pc.match_substring_regex(texts, pattern=self._hint)).as_py():
            return texts
        return pa.array([None if text is None else self.in_row(text) for text in texts.to_pylist()], pa.string())

    @contextmanager
    def kept_out_of(self, *loggers: str) -> Iterator[None]:
        """What a library logs meanwhile goes on without secrets, and without tracebacks, which may quote them."""
        found = [logging.getLogger(name) for name in loggers]
        for logger in found:
            logger.addFilter(self._without)
        try:
            yield
        finally:
            for logger in found:
                logger.removeFilter(self._without)

    def _without(self, record: logging.LogRecord) -> bool:
        record.msg, record.args, record.exc_info = self.hidden(record.getMessage()), (), None
        return True

    @cached_property
    def _in_texts(self) -> re.Pattern[str] | None:
        return _any(list(self._known))

    @cached_property
    def _in_rows(self) -> re.Pattern[str] | None:
        return _any(self._for_rows())

    @cached_property
    def _hint(self) -> str:
        """For RE2, which Arrow has and which takes no pattern of any length: how secrets begin."""
        return "|".join(spelling for secret in self._for_rows() for spelling in _spellings(secret, HINT))

    def _for_rows(self) -> list[str]:
        return [secret for secret, in_rows in self._known.items() if in_rows and len(secret) >= SHORTEST_IN_ROWS]


def _any(secrets: list[str]) -> re.Pattern[str] | None:
    """A pattern of all; the longest first, as one may be the beginning of another."""
    spellings = [spelling for secret in sorted(secrets, key=len, reverse=True) for spelling in _spellings(secret)]
    return re.compile("|".join(spellings)) if spellings else None


def _spellings(secret: str, first: int | None = None) -> Iterator[str]:
    """Patterns of all ways in which a secret is written, or only its first letters."""
    every = len(secret) <= LONGEST_IN_EVERY_SPELLING
    between = BETWEEN if len(secret) >= SHORTEST_IN_ROWS else ""
    yield between.join(_letter(letter, every) for letter in " ".join(secret.split())[:first])
    signs = {"+": f"(?:{_letter('+', every)}|-)", "/": f"(?:{_letter('/', every)}|_)"}
    for core in {core for encoding in ("utf-8", "latin-1") for core in _base64(secret, encoding)}:
        ends = "" if first else r"[\w+/-]{0,2}(?:=|%3[dD]){0,2}"
        yield between.join(signs.get(letter, letter) for letter in core[:first]) + ends


def _base64(secret: str, encoding: str) -> Iterator[str]:
    """The letters of Base64 that a secret alone decides, by how many bytes stand before it in their group of three."""
    try:
        plain = secret.encode(encoding)
    except UnicodeEncodeError:
        return
    for before, first in enumerate((0, 2, 3)):
        core = b64encode(b"\0" * before + plain).decode()[first : (before + len(plain)) * 8 // 6]
        if len(core) >= SHORTEST:
            yield core


def _letter(letter: str, every: bool) -> str:
    """A pattern of one letter: itself, percent-encoded, escaped as in JSON, HTML or Python's repr; also what was escaped twice."""
    if letter.isspace():
        return BLANK + "{1,4}"
    if letter.isascii() and letter.isalnum() and not every:
        return letter
    code, utf8, units = (
        ord(letter),
        letter.encode("utf-8", "surrogatepass"),
        letter.encode("utf-16-be", "surrogatepass").hex(" ", 2).split(),
    )
    escaped = [
        "".join(f"%(?:25){{0,2}}{byte:02x}" for byte in utf8),
        "".join(rf"\\{{1,4}}u{unit}" for unit in units),
        "".join(rf"\\{{1,4}}x{byte:02x}" for byte in utf8),
        rf"&(?:amp;){{0,2}}#0{{0,4}}{code};",
        rf"&(?:amp;){{0,2}}#x0{{0,4}}{code:x};",
        *(f"&(?:amp;){{0,2}}{name}" for name in NAMED.get(letter, [])),
    ]
    if 0x7F < code <= 0xFF:
        escaped.append(rf"\\{{1,4}}x{code:02x}")
    if letter in "\\\"'/":
        escaped.append(rf"\\{{1,4}}{re.escape(letter)}")
    return f"(?:(?i:{'|'.join(escaped)})|{re.escape(letter)})"
