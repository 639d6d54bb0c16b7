"""What a template says to whom: its words, and its placeholders, each with the facts that have to be there for them to be read."""

from collections.abc import Iterator
from dataclasses import dataclass

import jinja2
from jinja2 import nodes

from mandegar.campaigns.messages.template import environment

OFFER = frozenset(["offer_code", "offer_expires_on"])


@dataclass(frozen=True)
class Span:
    """A piece of a template. text: its words, "" of a placeholder; fact: of a placeholder; given: facts that are there where it is read."""

    text: str
    fact: str
    given: frozenset[str]

    @property
    def offered(self) -> bool:
        """Whether only who gets an offer reads it."""
        return bool(self.given & OFFER)


def spans(template: str) -> list[Span]:
    """The pieces of a template of plain placeholders and conditions; none of one that is no template."""
    try:
        return list(_of(environment().parse(template).body, frozenset()))
    except jinja2.TemplateSyntaxError:
        return []


def words(found: list[Span], offered: bool) -> str:
    """What is said to whom an offer is made, or else to everyone; what stands under another condition begins a line of its own."""
    said, before = [], None
    for span in found:
        if span.offered == offered:
            said.append(("\n" if before is not None and before != span.given else "") + (span.text or " "))
        else:
            said.append("\n")
        before = span.given
    return "".join(said)


def _of(body: list[nodes.Node], given: frozenset[str]) -> Iterator[Span]:
    for node in body:
        if isinstance(node, nodes.Output):
            for one in node.nodes:
                yield Span(one.data, "", given) if isinstance(one, nodes.TemplateData) else Span("", _name(one), given)
        elif isinstance(node, nodes.If):
            fact, there = _asked(node.test)
            yield from _of(node.body, given | {fact} if there else given)
            yield from _of(node.else_, given if there else given | {fact})


def _asked(test: nodes.Node) -> tuple[str, bool]:
    """Which fact a condition asks for, and whether it has to be there or away."""
    if isinstance(test, nodes.Not):
        fact, there = _asked(test.node)
        return fact, not there
    return _name(test.node if isinstance(test, nodes.Test) else test), True


def _name(node: nodes.Node) -> str:
    if isinstance(node, nodes.Getattr):
        return f"{_name(node.node)}.{node.attr}"
    return node.name if isinstance(node, nodes.Name) else ""
