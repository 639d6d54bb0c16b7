"""Texts that are written whole: a reader finds what the file held before, or all that it holds now."""

import tempfile
from pathlib import Path


def write_whole(file: Path, text: str) -> None:
    """Puts a text into a file, whose folder is made where it is missing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".") as beside:
        written = Path(beside) / file.name
        written.write_text(text, encoding="utf-8")
        written.replace(file)
