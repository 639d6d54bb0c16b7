"""A push killed at every step is taken up again after half an hour: everybody is there once, with the campaign's tag."""

import json
import os
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp

import pytest
from killed_pusher import push
from tests import forked
from tests.campaigns.delivery.let_go import LISTS, NIGHT, NOW, PEOPLE, House

pytestmark = pytest.mark.slow

STEPS = 16  # claim; find the tag, make it; two lots, each added and tagged; end: all before and after
FEW = (6, 9, 12)
CHOSEN = range(1, STEPS + 1) if os.environ.get("MANDEGAR_CHAOS") == "all" else FEW
OF_FILES = range(1, 25) if os.environ.get("MANDEGAR_CHAOS") == "all" else (8, 21)  # ten files; the last two steps end it
EVERYBODY = {f"{one}@example.com" for one in PEOPLE}


def pusher(house: House, kill_at: int = 0, minutes: int = 0, file: dict = LISTS) -> int | None:
    """Runs a push to its end; gives its steps, or None if it was killed."""
    given = (str(house.company.folder), str(house.home.root), json.dumps(file), kill_at, minutes)
    code, said = forked.run(Path(mkdtemp(dir=house.home.root.parent)), push, *given)
    assert code in (0, -9), said
    return int(said) if code == 0 else None


@pytest.mark.parametrize("kill_at", CHOSEN)
def test_everybody_is_there_once_however_it_was_killed(approved, kill_at):
    assert pusher(approved, kill_at) is None
    if kill_at > 1:
        assert approved.push(NOW + timedelta(minutes=29)) == {}
    assert pusher(approved, minutes=30) is not None
    assert (set(approved.fake.people), approved.fake.tags) == (EVERYBODY, {"renewal": EVERYBODY})
    assert [row[:3] for row in approved.state()] == [("mailchimp", "done", 3)]


@pytest.mark.parametrize("kill_at", OF_FILES)
def test_files_are_all_there_before_their_manifest_however_it_was_killed(approved, tmp_path, kill_at):
    file = {"files": {"to": f"file://{tmp_path}/there"}}
    here, there = approved.home.lists("renewal", NIGHT), tmp_path / "there" / "renewal" / "2025-03-31"
    named = [*json.loads((here / "manifest.json").read_text(encoding="utf-8"))["files"], "manifest.json"]
    assert pusher(approved, kill_at, file=file) is None
    before = {path.name: path.read_bytes() for path in there.glob("*")}
    assert "manifest.json" not in before or set(named) <= set(before)
    assert pusher(approved, minutes=30, file=file) is not None
    assert {path.name: path.read_bytes() for path in there.glob("*")} == {name: (here / name).read_bytes() for name in named}
    assert [row[:2] for row in approved.state()] == [("files", "done")]


def test_a_whole_push_has_as_many_steps_as_are_tried(approved):
    assert pusher(approved) == STEPS
    assert approved.fake.lots == [2, 1]


def test_one_that_is_always_killed_is_dead_after_its_attempts(approved):
    for attempt in range(2):
        assert pusher(approved, kill_at=6, minutes=30 * attempt) is None
    assert approved.push(NOW + timedelta(minutes=60)) == {}
    assert approved.told() == [("dead", 2, "broke off in the middle, the last of 2 attempts")]
