"""Which code computed something: what stands in the lake is made again when that changes, whatever version it calls itself."""

import hashlib
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

ROOT = Path(__file__).parents[1]


@cache
def fingerprint(*parts: str) -> str:
    """A hash of the source of modules and packages of the library, each by its name below `mandegar`."""
    found = hashlib.sha256()
    for part in sorted(parts):
        for file in _files(part):
            found.update(f"{file.relative_to(ROOT).as_posix()}\n".encode())
            found.update(file.read_bytes())
    return found.hexdigest()[:16]


def installed(group: str) -> list[str]:
    """The packages that bring something by an entry point of a group, each with its version."""
    points = [f"{point.value} {point.dist.name} {point.dist.version}" for point in entry_points(group=group) if point.dist]
    return sorted(points)


def _files(part: str) -> list[Path]:
    """The source files of a module or a package."""
    place = ROOT / part.replace(".", "/")
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    assert files, f"mandegar.{part} is no module"
    return files
