"""What installed packages bring of their own, by the entry points of a group."""

from importlib.metadata import entry_points
from typing import TypeVar

from mandegar.errors import MandegarError

Brought = TypeVar("Brought")


def brought(group: str, kind: type[Brought], said: str) -> dict[str, tuple[Brought, str]]:
    """The objects of a group by the names of their entry points, each with the place it comes from.

    said: what an object of the group is, for messages. Errors: MandegarError when one cannot be imported, is something else, or has a
    name that another package took.
    """
    found: dict[str, tuple[Brought, str]] = {}
    for point in sorted(entry_points(group=group), key=lambda point: (point.name, point.value)):
        try:
            one = point.load()
        except Exception as problem:  # whatever the package does when it is imported
            said = " ".join(str(problem).split())[:300] or type(problem).__name__
            raise MandegarError(
                f"The entry point {point.name!r} of {group} ({point.value}) cannot be imported ({said}). Mend its package, or uninstall it."
            ) from problem
        if not isinstance(one, kind):
            raise MandegarError(f"The entry point {point.name!r} of {group} ({point.value}) is no {said}.")
        if point.name in found:
            both = f"{found[point.name][1]} and {point.value}"
            raise MandegarError(f"Two packages bring {point.name!r} by {group}: {both}. Uninstall one, or name it otherwise.")
        found[point.name] = (one, point.value)
    return found
