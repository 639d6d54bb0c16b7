"""The last resort for what nobody foresaw: one line that says where it happened, the whole of it in a log."""

import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

UNEXPLAINED = "something happened that Mandegar does not know how to explain"
MARK = "stage of the night: "


@contextmanager
def at(stage: str) -> Iterator[None]:
    """Marks what goes wrong within as of that stage (with its table), for the message about it."""
    try:
        yield
    except Exception as problem:
        problem.add_note(MARK + stage)
        raise


def told(problem: BaseException, home: Path, stage: str | None = None) -> str:
    """Writes a problem that nobody foresaw to a log below the home; gives the line that a person is told."""
    noted = next((note.removeprefix(MARK) for note in getattr(problem, "__notes__", []) if note.startswith(MARK)), None)
    where = stage or noted
    log = _written(problem, home)
    said = " ".join(str(problem).split())[:200]
    return (
        f"{f'{where}: ' if where else ''}{UNEXPLAINED} ({type(problem).__name__}: {said}). "
        f"Everything about it is in {log}. Run it again; if it stays, report it with that file."
    )


def _written(problem: BaseException, home: Path) -> Path:
    text = "".join(traceback.format_exception(problem))
    name = f"{datetime.now():%Y-%m-%d-%H%M%S-%f}.log"
    for folder in (home / "logs", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8", errors="replace")
        except OSError:
            continue
        return folder / name
    return Path("(no log could be written)")
