"""The versions that were learnt, each a folder with its model and its card, and the record of which was live from which night on."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from mandegar.errors import BrokenModel
from mandegar.risk.model.version import ChurnModel, fingerprint, read_model
from mandegar.storage.text_file import write_whole

MODEL, CARD, LIVE = "model.json", "card.json", "live.json"
HEALTH_SCORE = "health score"  # what is live when no model is


@dataclass(frozen=True)
class Registry:
    """The folder `models/churn` of an installation."""

    folder: Path

    def keep(self, learnt_on: date, model: ChurnModel, card: dict) -> str:
        """Writes a version, and gives its name: the night it was learnt on, and the beginning of its hash. Twice the same is once."""
        text = model.text()
        sha256 = fingerprint(text)
        name = f"churn-{learnt_on.isoformat()}-{sha256[:8]}"
        place = self.folder / name
        write_whole(place / MODEL, text)
        write_whole(
            place / CARD, json.dumps({**card, "version": name, "sha256": sha256}, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        )
        return name

    def versions(self) -> list[str]:
        """The versions kept, oldest first; a folder without a card is none."""
        return sorted(place.parent.name for place in self.folder.glob(f"*/{CARD}"))

    def card(self, version: str) -> dict:
        """The card of a version. Errors: BrokenModel when there is none of that name, or its card cannot be read."""
        file = self.folder / version / CARD
        if not file.is_file():
            raise BrokenModel(f"There is no model {version!r}. Known: {', '.join(self.versions()) or 'none'}.")
        try:
            return json.loads(file.read_text(encoding="utf-8"))
        except ValueError as problem:
            raise BrokenModel(f"{file} is damaged ({problem}). Roll back by `mandegar model rollback`, or learn anew.") from problem

    def model(self, version: str) -> ChurnModel:
        """The model of a version. Errors: BrokenModel when it is damaged or gone."""
        file = self.folder / version / MODEL
        card = self.card(version)
        if not file.is_file():
            raise BrokenModel(f"{file} is gone. Roll back by `mandegar model rollback`, or learn anew.")
        return read_model(file.read_text(encoding="utf-8", errors="replace"), card["sha256"], str(file))

    def record(self) -> list[dict]:
        """Which version was live from which night on, and why, in the order in which it was decided."""
        file = self.folder / LIVE
        return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []

    def live_on(self, as_of: date) -> str | None:
        """The version that scores a night: the latest from that night on or before, of one day the last decided; None: the health score."""
        entries = sorted(self.record(), key=lambda one: one["from"])
        found = [one["version"] for one in entries if date.fromisoformat(one["from"]) <= as_of]
        return found[-1] if found and found[-1] != HEALTH_SCORE else None

    def go_live(self, version: str, decided_on: date, why: str, instead_of: str | None = None) -> None:
        """From the night after `decided_on`, a version scores; the nights before keep theirs. Decided twice alike, it stands once."""
        entry = {"version": version, "from": (decided_on + timedelta(days=1)).isoformat(), "why": why, "undoes": instead_of}
        record = self.record()
        if entry in record:
            return
        write_whole(self.folder / LIVE, json.dumps([*record, entry], indent=2, ensure_ascii=False) + "\n")

    def roll_back(self, decided_on: date) -> str:
        """The version before the live one scores from the next night on; the health score, if there is none. Gives what is live then."""
        record = self.record()
        if not record or record[-1]["version"] == HEALTH_SCORE:
            raise BrokenModel("No model is live, so that there is nothing to roll back.")
        live = record[-1]["version"]
        undone = {live, *(one["undoes"] for one in record)}
        earlier = [one["version"] for one in record if one["version"] not in undone]
        before = next((name for name in reversed(earlier) if self._sound(name)), HEALTH_SCORE)
        self.go_live(before, decided_on, f"rolled back from {live}", instead_of=live)
        return before

    def _sound(self, version: str) -> bool:
        """Whether a version can be used."""
        try:
            return version == HEALTH_SCORE or bool(self.model(version))
        except BrokenModel:
            return False
