"""The charts of the report, as still pictures (SVG): the page runs no script."""

import json
from collections.abc import Callable
from typing import Any

WIDTH, HEIGHT = 330, 250
COLOURS = ("#1f5fa8", "#b3261e", "#8a94a0", "#1a7f4b")
FONT = 'Vazirmatn, "Noto Sans Arabic", system-ui, "Segoe UI", Tahoma, sans-serif'
Points = list[tuple[float, float]]


def line_chart(series: dict[str, Points], x: str, y: str, words: Callable[[str], str], diagonal: bool = False, points: bool = False) -> str:
    """Lines by name, over shares between 0 and 1. diagonal: with the line from corner to corner; points: with a mark at each point."""
    import altair as alt
    import vl_convert

    rows = [{"x": px, "y": py, "of": words(name)} for name, line in series.items() for px, py in line]
    most = 1.0 if not points else 1.05 * max(max(point) for line in series.values() for point in line)
    scale = alt.Scale(domain=[0, most], nice=False)
    axis = alt.Axis(format="%", tickCount=5)
    order = [words(name) for name in series]
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(point=points, strokeWidth=2)
        .encode(
            x=alt.X("x:Q", title=x, scale=scale, axis=axis),
            y=alt.Y("y:Q", title=y, scale=scale, axis=axis),
            color=alt.Color(
                "of:N", title=None, scale=alt.Scale(domain=order, range=list(COLOURS[: len(order)])), legend=alt.Legend(orient="bottom")
            ),
            order=alt.Order("x:Q"),
        )
    )
    if diagonal:
        corners = [{"x": 0, "y": 0}, {"x": most, "y": most}]
        chart = alt.layer(alt.Chart(alt.Data(values=corners)).mark_line(strokeDash=[4, 4], color="#8a94a0").encode(x="x:Q", y="y:Q"), chart)
    described: dict[str, Any] = json.loads(
        chart.properties(width=WIDTH, height=HEIGHT).configure(font=FONT, background="transparent").configure_view(stroke=None).to_json()
    )
    return vl_convert.vegalite_to_svg(described)
