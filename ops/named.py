"""What pages and docstrings name has to be there: files, functions, headings of other pages."""

import ast
import importlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "include" / "mandegar"
FILE = re.compile(r"(?<![\w./<{*-])((?:[\w-]+/)*[\w-]+\.(?:py|md))(?![\w/])")
ROOMS = sorted(path.name for path in LIBRARY.iterdir() if (path / "__init__.py").is_file())
DOTTED = re.compile(rf"(?<![\w./:-])(?:mandegar\.)?((?:{'|'.join(ROOMS)})(?:\.[A-Za-z_]\w*)+)")
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
OF_THE_READER = ("acme_",)  # what a how-to lets its reader write


def dead_names() -> list[str]:
    """One line for every name that leads nowhere: where it stands, and what it is."""
    there = _ends()
    found = []
    for path in [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            wrong = [*_files(line, there), *_dotted(line), *_links(path, line)]
            found += [f"{path.relative_to(ROOT)}, line {number}: {name}" for name in wrong]
    for path in sorted(LIBRARY.rglob("*.py")):
        for number, text in _docstrings(path):
            found += [f"{path.relative_to(ROOT)}, docstring of line {number}: {name}" for name in (*_files(text, there), *_dotted(text))]
    return found


def _ends() -> set[str]:
    """Every file of the project by all the ways to say where it lies: a.py, room/a.py, include/room/a.py."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return {"/".join(parts[start:]) for parts in (name.split("/") for name in listed) for start in range(len(parts))}


def _files(text: str, there: set[str]) -> Iterator[str]:
    for name in FILE.findall(text):
        if name not in there and not name.startswith(OF_THE_READER):
            yield f"there is no {name}"


def _dotted(text: str) -> Iterator[str]:
    for name in DOTTED.findall(text):
        if name.endswith((".py", ".md", ".yaml")) or _known(name):
            continue
        yield f"there is no {name}"


def _known(name: str) -> bool:
    """Whether a dotted name is a module of the library, or something in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(["mandegar", *parts[:length]]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            if not hasattr(found, part) and part not in getattr(found, "__annotations__", {}):
                return False
            found = getattr(found, part, None)
        return True
    return False


def _links(page: Path, line: str) -> Iterator[str]:
    for target, heading in LINK.findall(line):
        if "://" in target:
            continue
        path = page if not target else (page.parent / target).resolve()
        if not path.exists():
            yield f"the link to {target} leads nowhere"
        elif heading and heading not in _headings(path):
            yield f"{path.name} has no heading #{heading}"


def _headings(path: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    lines = [line.lstrip("#").strip().lower() for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", line).replace(" ", "-") for line in lines}


def _docstrings(path: Path) -> Iterator[tuple[int, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and (text := ast.get_docstring(node)):
            yield getattr(node, "lineno", 1), text
