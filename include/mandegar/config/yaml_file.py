"""Reading YAML into typed objects, with errors that name file, line, key, what was found and what to write instead."""

import copy
import difflib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from mandegar.errors import MandegarError

Model = TypeVar("Model", bound=BaseModel)


MOST_BYTES = 1 << 20  # of a file
DEEPEST = 50  # levels within one another
MOST_NODES = 50_000  # keys and values, with what is repeated by an anchor counted wherever it stands
MOST_DIGITS = 15  # of a whole number
SHOWN = 200  # letters of what was found
KEPT = 128  # files, parsed
LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader  # the first is ten times as fast


def read(path: Path, model: type[Model], error: type[MandegarError], shown: str | None = None) -> Model:
    """The file as an object of `model`. Errors: `error`, one line for each thing that is wrong, with the mend."""
    shown = shown or path.name
    if not path.is_file():
        raise error(f"{path}: there is no such file. Write one; docs/company.md shows the shortest that works.")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise error(f"{shown}: has more than {MOST_BYTES >> 20} MB. It describes a company, and holds no data; take these out.")
        wrong, content, tree, twice = _parsed(path.read_text(encoding="utf-8-sig"))
        if wrong:
            raise error(f"{shown}{wrong}")
    except UnicodeDecodeError as problem:
        raise error(f"{shown}: is not UTF-8 ({problem.reason} at byte {problem.start}). Save it as UTF-8.") from problem
    except OSError as problem:
        raise error(f"{path}: cannot be read ({problem.strerror}). Mend that, and try again.") from problem
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        raise error(f"{shown}: not readable as YAML: {_one_line(problem)}. Mend the line it names.") from problem
    if not isinstance(content, dict):
        raise error(f"{shown}: holds {type(content).__name__}, not keys and values. Begin with a line such as `name: Acme`.")
    if twice:
        raise error(f"{shown}, line {twice.start_mark.line + 1}: {twice.value}: is written a second time. Remove one of the two.")
    try:
        return model.model_validate(copy.deepcopy(content))
    except ValidationError as problem:
        lines = [_explain(shown, tree, model, item) for item in problem.errors()]
        raise error("\n".join(lines)) from problem


@lru_cache(maxsize=KEPT)
def _parsed(text: str) -> tuple[str | None, Any, yaml.Node | None, yaml.ScalarNode | None]:
    """What is unsound in a text; else its content, which nobody may change, its tree, and a key that stands twice.

    Kept, because a night reads the same files many times over. Errors: yaml.YAMLError if it is no YAML.
    """
    wrong, tree = _composed(text)
    if wrong:
        return wrong, None, None, None
    twice = _written_twice(tree)  # before merge keys (<<) are spread out, which changes the tree
    return None, None if tree is None else yaml.constructor.SafeConstructor().construct_document(tree), tree, twice


def _composed(text: str) -> tuple[str | None, yaml.Node | None]:
    """What would hang a reader or break what is made of the file, with its line, and the tree of a file that has nothing of the kind.

    Errors: yaml.YAMLError if it is no YAML.
    """
    depth = 0
    for events, event in enumerate(yaml.parse(text, Loader=LOADER)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            line = event.start_mark.line + 1 if event.start_mark else 1
            return f", line {line}: more than {DEEPEST} levels within one another. Write it flatter.", None
        if events > 3 * MOST_NODES:
            return f": has more than {MOST_NODES:,} keys and values. It describes a company, and holds no data; take these out.", None
    tree = yaml.compose(text, Loader=LOADER)
    return None if tree is None else _size(tree, {}), tree


def _size(node: yaml.Node, sizes: dict[int, tuple[int, int]]) -> str | None:
    """Counts the keys and values of a node and of all below it, and their levels; gives what is wrong with one of them."""
    line = f", line {node.start_mark.line + 1}: "
    if id(node) in sizes:
        return None if sizes[id(node)][0] else f"{line}an anchor that holds itself. Write what is meant."
    sizes[id(node)] = (0, 0)
    below = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else []
    below = node.value if isinstance(node, yaml.SequenceNode) else below
    if isinstance(node, yaml.ScalarNode) and (wrong := _scalar(node)):
        return line + wrong
    for one in below:
        if wrong := _size(one, sizes):
            return wrong
    size = 1 + sum(sizes[id(one)][0] for one in below)
    level = 1 + max((sizes[id(one)][1] for one in below), default=0)
    if size > MOST_NODES or level > DEEPEST:
        return f"{line}anchors repeat so much that it comes to {size:,} keys and values, {level:,} levels deep. Write what is meant once."
    sizes[id(node)] = (size, level)
    return None


def _scalar(node: yaml.ScalarNode) -> str | None:
    """What is wrong with a single value."""
    kind = node.tag.rsplit(":", 1)[-1]
    if any("\ud800" <= letter <= "\udfff" or letter == "\0" for letter in node.value):
        return "a text with half a letter, or with NUL. Write it without."
    if kind == "int" and len(node.value.replace("_", "")) > MOST_DIGITS:
        return f"found {node.value[:40]}, a number of more than {MOST_DIGITS} digits. Write a smaller one; ids stand in quotes."
    if kind in ("int", "float", "timestamp"):
        try:
            yaml.constructor.SafeConstructor().construct_object(node)
        except ValueError as problem:
            what = "day, such as 2025-03-21" if kind == "timestamp" else "number"
            return f"found {node.value[:40]!r} ({_one_line(problem)}). Write a {what}, or put it in quotes if it is a text."
    return None


def place(path: Path, location: Sequence[str | int], shown: str | None = None) -> str:
    """How an error names a key of a file that could be read: file, line and key."""
    tree = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=LOADER)
    return f"{shown or path.name}, line {_line_of(tree, list(location))}: {'.'.join(map(str, location))}"


def _written_twice(node: yaml.Node | None) -> yaml.ScalarNode | None:
    """The first key that stands twice in one mapping; YAML itself would quietly take the last."""
    below: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                return key
            seen.add(str(key.value))
            below.append(value)
    elif isinstance(node, yaml.SequenceNode):
        below = node.value
    return next((found for one in below if (found := _written_twice(one))), None)


def _explain(shown: str, tree: yaml.Node | None, model: type[BaseModel], item: Any) -> str:
    """One pydantic error as a line: file, line number, key, what was found, what to write."""
    location = [part for part in item["loc"] if not (isinstance(part, str) and part.startswith(("function-", "tagged-", "[key]")))]
    key = ".".join(_printable(part) for part in location) or "(the whole file)"
    where = f"{shown}, line {_line_of(tree, location)}: {key}"
    found = item.get("input")
    match item["type"]:
        case "missing":
            return f"{where}: is missing. Add it."
        case "extra_forbidden":
            known = _keys_at(model, location[:-1])
            close = difflib.get_close_matches(str(location[-1]), known, n=1)
            hint = f"Did you mean `{close[0]}`?" if close else f"Known here: {', '.join(sorted(known))}."
            return f"{where}: there is no such key. {hint}"
        case "literal_error":
            return f"{where}: found {_short(found)}. Write {item['ctx']['expected'].replace(' or ', ', ')}."
        case "value_error":
            return f"{where}: {' '.join(str(item['ctx']['error']).split())}"
        case _:
            return f"{where}: found {_short(found)}. {item['msg']}."


def _printable(part: object) -> str:
    """A key as a message can show it."""
    text = str(part)
    return _short(text) if not text.isprintable() or len(text) > SHOWN else text


def _short(found: object) -> str:
    """What was found, as far as a message holds it."""
    told = repr(found)
    return told if len(told) <= SHOWN else f"{told[:SHOWN]} …"


def _line_of(tree: yaml.Node | None, location: list[Any]) -> int:
    """The line of a key, or of the nearest key above it that stands in the file."""
    node, line = tree, 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _keys_at(model: type[BaseModel], location: list[Any]) -> list[str]:
    """The keys that the model knows at that place."""
    for part in location:
        field = model.model_fields.get(str(part))
        inner = _model_within(field.annotation) if field else None
        if inner is None:
            # a name chosen by the user (a source, a table): the model stays that of the mapping's values
            continue
        model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_within(annotation: Any) -> type[BaseModel] | None:
    """The model inside `Model`, `Model | None`, `dict[str, Model]` or `list[Model]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in reversed(getattr(annotation, "__args__", ())):
        if found := _model_within(inner):
            return found
    return None


def _one_line(problem: Exception) -> str:
    return " ".join(str(problem).split())
