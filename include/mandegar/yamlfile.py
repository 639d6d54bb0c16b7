"""Reading YAML into typed objects, with errors that name file, line, key, what was found and what to write instead."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from mandegar.errors import MandegarError

Model = TypeVar("Model", bound=BaseModel)


def read(path: Path, model: type[Model], error: type[MandegarError], shown: str | None = None) -> Model:
    """The file as an object of `model`. Errors: `error`, one line for each thing that is wrong, with the mend."""
    shown = shown or path.name
    if not path.is_file():
        raise error(f"{path}: there is no such file. Write one; docs/company.md shows the shortest that works.")
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = yaml.safe_load(text)
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError as problem:
        raise error(f"{shown}: is not UTF-8 ({problem.reason} at byte {problem.start}). Save it as UTF-8.") from problem
    except yaml.YAMLError as problem:
        raise error(f"{shown}: not readable as YAML: {_one_line(problem)}. Mend the line it names.") from problem
    if not isinstance(content, dict):
        raise error(f"{shown}: holds {type(content).__name__}, not keys and values. Begin with a line such as `name: Acme`.")
    if twice := _written_twice(tree):
        raise error(f"{shown}, line {twice.start_mark.line + 1}: {twice.value}: is written a second time. Remove one of the two.")
    try:
        return model.model_validate(content)
    except ValidationError as problem:
        lines = [_explain(shown, tree, model, item) for item in problem.errors()]
        raise error("\n".join(lines)) from problem


def place(path: Path, location: Sequence[str | int], shown: str | None = None) -> str:
    """How an error names a key of a file that could be read: file, line and key."""
    tree = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
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
    location = [part for part in item["loc"] if not (isinstance(part, str) and part.startswith(("function-", "tagged-")))]
    key = ".".join(str(part) for part in location) or "(the whole file)"
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
            return f"{where}: found {found!r}. Write {item['ctx']['expected'].replace(' or ', ', ')}."
        case "value_error":
            return f"{where}: {item['ctx']['error']}"
        case _:
            return f"{where}: found {found!r}. {item['msg']}."


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
