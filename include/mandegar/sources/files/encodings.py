"""Which encoding a text file seems to have, for the message about one that cannot be read."""

import codecs
from pathlib import Path

LOOK_BYTES = 64 << 10
# What exports of this part of the world, and of Excel, are written in; others would be guessed from a few letters.
LIKELY = ["cp1256", "cp1252", "cp1251", "utf_16_le", "utf_16_be"]
SPELT = {"cp1256": "windows-1256", "cp1252": "windows-1252", "cp1251": "windows-1251", "utf_16_le": "utf-16-le", "utf_16_be": "utf-16-be"}
MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def marked(path: Path) -> str | None:
    """The encoding that a file says at its very beginning, where it is not UTF-8; also told by half its bytes being NUL."""
    with path.open("rb") as stream:
        first = stream.read(LOOK_BYTES)
    for mark, name in MARKS:
        if first.startswith(mark):
            return name
    if len(first) >= 4 and first.count(0) * 3 > len(first):
        return "utf-16-le" if first[1::2].count(0) > first[::2].count(0) else "utf-16-be"
    return None


def guessed(path: Path) -> tuple[str | None, int]:
    """The likely encoding of a file that is not UTF-8, None if nothing fits; and the line of the first letter that is not."""
    from charset_normalizer import from_bytes

    part, line = _first_foreign(path)
    best = from_bytes(part, cp_isolation=LIKELY).best() if part else None
    return (SPELT.get(best.encoding, best.encoding) if best else None), line


def _first_foreign(path: Path) -> tuple[bytes, int]:
    """The bytes around the first that is not UTF-8, and its line."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines = 1
    with path.open("rb") as stream:
        while block := stream.read(LOOK_BYTES):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as problem:
                line = lines + problem.object[: problem.start].count(b"\n")
                start = max(block.rfind(b"\n", 0, problem.start) + 1, 0)
                return block[start:] + stream.read(LOOK_BYTES), line
            lines += block.count(b"\n")
    return b"", lines
