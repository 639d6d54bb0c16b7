"""What was measured, as results.json keeps it and as a page of Markdown tells it."""

import json
from itertools import pairwise
from pathlib import Path

from nights import STAGES

WAYS = {"mandegar": "Mandegar", "duckdb_sql": "DuckDB SQL by hand", "pandas": "pandas"}
LEFT = "---"
RIGHT = "---:"


def remember(out: Path, machine: dict, key: str, found: dict) -> None:
    """Adds what was measured of a size to results.json; other sizes stay as they are."""
    path = out / "results.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"sizes": {}}
    known["machine"] = machine
    if key == "history":
        known["history"] = found
    else:
        known["sizes"][key] = found
    path.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")


def page(known: dict) -> str:
    """All that results.json holds, as Markdown."""
    sizes = [known["sizes"][key] for key in sorted(known["sizes"], key=int)]
    machine = known["machine"]
    parts = [
        f"Machine: {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}, "
        f"Python {machine['python']}. "
        "Seconds on the wall, in brackets what the threads computed; peak memory of the hungriest process.",
        _nights("A first night: everything comes in, everything is computed", "first_night", sizes),
        _nights("A usual night, the day after: only what moved", "usual_night", sizes),
        _growth(sizes),
        _ways("The core tables from nothing, three approaches", "full_rebuild", sizes),
        _usual(sizes),
    ]
    if "history" in known:
        parts.append(_history(known["history"]))
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(title: str, head: list[str], rows: list[list[str]]) -> str:
    """A table of Markdown; the first column is text, the others are figures."""
    lines = [f"### {title}", "", _line(head), _line([LEFT, *[RIGHT] * (len(head) - 1)]), *map(_line, rows)]
    return "\n".join(lines)


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cost(cost: dict) -> list[str]:
    return [f"{cost['seconds']:,.1f} ({cost['processor']:,.1f})", f"{cost['peak_mb']:,.0f}"]


def _nights(title: str, kind: str, sizes: list[dict]) -> str:
    head = ["stage", *(cell for size in sizes for cell in (f"{size['customers']:,}: s", "MB"))]
    rows = [[stage, *(cell for size in sizes for cell in _cost(size[kind][stage]))] for stage in (*STAGES, "night")]
    loads = ["load of the machine", *(cell for size in sizes for cell in (f"{size[kind]['night']['load']:.1f}", ""))]
    return _table(title, head, [*rows, loads])


def _growth(sizes: list[dict]) -> str:
    """How much dearer a night is for a company so many times as large."""
    pairs = list(pairwise(sizes))
    if not pairs:
        return ""
    head = ["stage", *(f"{small['customers']:,} to {large['customers']:,}" for small, large in pairs)]
    rows = [["customers", *(f"x {large['customers'] / small['customers']:.1f}" for small, large in pairs)]]
    for kind in ("first_night", "usual_night"):
        for stage in (*STAGES, "night"):
            grown = [f"x {large[kind][stage]['seconds'] / small[kind][stage]['seconds']:.1f}" for small, large in pairs]
            rows.append([f"{kind.replace('_', ' ')}: {stage}" if stage != "night" else f"**{kind.replace('_', ' ')}**", *grown])
    return _table("Growth from size to size (no worse than linear is the aim)", head, rows)


def _ways(title: str, kind: str, sizes: list[dict]) -> str:
    head = ["way", *(cell for size in sizes for cell in (f"{size['customers']:,}: s", "MB"))]
    rows = [[words, *(cell for size in sizes for cell in _cost(size[kind][way]))] for way, words in WAYS.items()]
    to_sql, to_pandas, memory = (
        ["Mandegar / SQL (aim: at most 1.2)"],
        ["pandas / Mandegar (aim: 3)"],
        ["memory: Mandegar / pandas (aim: 0.5)"],
    )
    for size in sizes:
        own, sql, pandas = (size[kind][way] for way in WAYS)
        to_sql += [f"{own['seconds'] / sql['seconds']:.2f}", ""]
        to_pandas += [f"{pandas['seconds'] / own['seconds']:.2f}", ""]
        memory += ["", f"{own['peak_mb'] / pandas['peak_mb']:.2f}"]
    counted = ["rows, equal by all three approaches", *(cell for size in sizes for cell in (f"{sum(size[kind]['rows'].values()):,}", ""))]
    return _table(title, head, [*rows, to_sql, to_pandas, memory, counted])


def _usual(sizes: list[dict]) -> str:
    """The same after a usual night: Mandegar stands on the night before, an analyst's script computes everything."""
    kind = "after_a_usual_night"
    head = ["way", *(cell for size in sizes for cell in (f"{size['customers']:,}: s", "MB"))]
    rows = [[words, *(cell for size in sizes for cell in _cost(size[kind][way]))] for way, words in WAYS.items()]
    ratios = ["pandas / Mandegar (aim: 20)"]
    for size in sizes:
        ratios += [f"{size[kind]['pandas']['seconds'] / size[kind]['mandegar']['seconds']:.2f}", ""]
    return _table("The core tables on a usual night: Mandegar on the night before, the others from nothing", head, [*rows, ratios])


def _history(compared: dict) -> str:
    shorter, longer = compared
    one, other = (compared[length]["usual_night"] for length in (shorter, longer))
    rows = [
        [stage, *_cost(one[stage])[:1], *_cost(other[stage])[:1], f"x {other[stage]['seconds'] / one[stage]['seconds']:.2f}"]
        for stage in (*STAGES, "night")
    ]
    title = f"A usual night of {compared[longer]['customers']:,} customers as history doubles (aim: at most x 1.2)"
    return _table(title, ["stage", f"{shorter} months: s", f"{longer} months: s", "grown"], rows)
