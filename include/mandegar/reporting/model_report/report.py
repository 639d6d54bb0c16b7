"""The report of a version: pages in every language of the catalogue, from its card alone."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mandegar.config.company import Company
from mandegar.language.catalogue import LOCALES, digits, right_to_left
from mandegar.reporting.model_report.charts import Points, line_chart
from mandegar.reporting.model_report.words import WORDS
from mandegar.risk.features.names import called
from mandegar.storage.home import Home

TEMPLATES = Path(__file__).parent / "templates"
SHOWN_FEATURES = 20
FIGURES = (("auc", 3), ("pr_auc", 3), ("brier", 4), ("ece", 4), ("lift_10", 1))


class ReportWords:
    """How a report speaks in one language."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self.direction = "rtl" if right_to_left(locale) else "ltr"

    def __call__(self, key: str) -> str:
        """A word of the report; what it has no word for, such as the name of a version, is itself."""
        return WORDS[key].told(self.locale) if key in WORDS else key

    def with_numbers(self, key: str, *numbers: str, **names: str) -> str:
        """A sentence of the report with numbers and names in it."""
        return WORDS[key].of(*numbers, **names).told(self.locale)

    def feature(self, name: str) -> str:
        """What a feature is called."""
        return called(name, self.locale)

    def number(self, value: float | None, decimals: int = 0) -> str:
        """A number as the language writes it; a dash where there is none."""
        return "–" if value is None else digits(self.locale, f"{value:,.{decimals}f}")

    def signed(self, value: float, decimals: int) -> str:
        """A number with its sign."""
        return digits(self.locale, f"{value:+.{decimals}f}")

    def share(self, value: float | None) -> str:
        """A share in percent."""
        return "–" if value is None else digits(self.locale, f"{100 * value:.1f}%")


def write_report(company: Company, home: Home, card: dict[str, Any]) -> Path:
    """Writes a page per language into reports/models/<version>; gives that of the company's own. The same card gives the same pages."""
    folder = home.reports / "models" / card["version"]
    folder.mkdir(parents=True, exist_ok=True)
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.get_template("report.html.j2")
    for locale in LOCALES:
        words = ReportWords(locale)
        page = template.render(
            company=company,
            card=card,
            words=words,
            charts=_charts(card, words),
            figures=FIGURES,
            features=card["features"][:SHOWN_FEATURES],
            others=[other for other in LOCALES if other != locale],
        )
        (folder / f"{locale}.html").write_text(page, encoding="utf-8")
    return folder / f"{company.locale}.html"


def _charts(card: dict[str, Any], words: ReportWords) -> list[tuple[str, Markup]]:
    """The four charts, each with its title."""
    names = [card["kind"], "health score", *(name for name in card["figures"] if name not in (card["kind"], "health score"))]
    found = []
    for chart in ("roc", "precision", "gain"):
        series: dict[str, Points] = {name: card["curves"][name][chart] for name in names}
        svg = line_chart(series, words(f"{chart} x"), words(f"{chart} y"), words, diagonal=chart in ("roc", "gain"))
        found.append((words(chart), Markup(svg)))  # made of numbers and of our own words
    told = {name: [(foretold, came) for foretold, came, _ in card["reliability"][name]] for name in names[:2]}
    svg = line_chart(told, words("calibration x"), words("calibration y"), words, diagonal=True, points=True)
    return [*found, (words("calibration"), Markup(svg))]
