"""What a reader of the warehouse and of the lists sees at one moment, and which parts of it are whole."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from mandegar.storage.home import Home
from mandegar.warehouse.tables import campaign_member, campaign_run, campaign_version, contact_event, metadata, person_account, pipeline_run

# written when a campaign decides, not by publish
BY_CAMPAIGN = (campaign_run.name, campaign_member.name, contact_event.name, campaign_version.name)
PERSONS = person_account.name  # of whom any campaign has thought
CLOCKED = pipeline_run.name
MANIFEST = "manifest.json"
Rows = list[dict[str, object]]


@dataclass(frozen=True)
class Seen:
    """Every table of the warehouse but the run log, and every file of the lists."""

    tables: dict[str, Rows]
    lists: dict[str, bytes]

    def parts(self) -> dict[str, object]:
        """What becomes visible at once: the published tables, each campaign's decisions, each list that its manifest says is whole; who is
        one person is known account by account."""
        found: dict[str, object] = {"the night": {name: rows for name, rows in self.tables.items() if name not in (*BY_CAMPAIGN, PERSONS)}}
        found |= {f"person {row}": row for row in self.tables[PERSONS]}
        for campaign in sorted({str(row["campaign_id"]) for name in BY_CAMPAIGN for row in self.tables[name]}):
            rows = {name: [row for row in self.tables[name] if row["campaign_id"] == campaign] for name in BY_CAMPAIGN}
            found[f"what {campaign} decided"] = rows
        for folder in sorted({str(Path(name).parent) for name in self.lists if Path(name).name == MANIFEST}):
            files = {name: content for name, content in self.lists.items() if str(Path(name).parent) == folder}
            found[folder] = {name: content for name, content in files.items() if not Path(name).name.startswith(".")}
        return found


def look(home: Path, url: str | None) -> Seen:
    """Reads everything, the tables in one transaction; nothing is made or mended by it."""
    tables: dict[str, Rows] = {table.name: [] for table in metadata.sorted_tables if table.name != CLOCKED}
    if url or (home / "warehouse.db").exists():
        level = {"isolation_level": "REPEATABLE READ"} if url else {}
        engine = sa.create_engine(Home(home, url).warehouse_url.replace("postgresql://", "postgresql+psycopg://"), **level)
        with engine.connect() as connection:
            there = set(sa.inspect(connection).get_table_names())
            for name in tables.keys() & there:
                rows = connection.execute(sa.select(metadata.tables[name])).mappings()
                tables[name] = sorted(map(dict, rows), key=str)
        engine.dispose()
    lists = {str(file.relative_to(home)): file.read_bytes() for file in sorted((home / "lists").rglob("*")) if file.is_file()}
    return Seen(tables, lists)


def halves(seen: Seen, whole: list[Seen]) -> list[str]:
    """The parts that are as at none of the moments when all was whole; one that is missing, too, if it was there at all of them."""
    parts, known = seen.parts(), [one.parts() for one in whole]
    names = sorted({name for one in [parts, *known] for name in one})
    return [name for name in names if parts.get(name) not in [one.get(name) for one in known]]


def differences(seen: Seen, wanted: Seen) -> list[str]:
    """Tables and files that are not the same, with the rows that one has and the other has not."""
    found = [name for name in sorted(seen.lists.keys() | wanted.lists.keys()) if seen.lists.get(name) != wanted.lists.get(name)]
    for name in sorted(wanted.tables):
        mine, theirs = Counter(map(str, seen.tables[name])), Counter(map(str, wanted.tables[name]))
        if mine != theirs:
            found.append(f"{name}: {list(mine - theirs)[:3]} instead of {list(theirs - mine)[:3]}")
    return found


def twice(seen: Seen) -> list[str]:
    """Who stands on one send list more than once, and what was sent to anybody more than once."""
    sent = [row for row in seen.tables[campaign_member.name] if row["decision"] == "send"]
    on_a_list = Counter((row["campaign_id"], row["as_of"], row["person_key"]) for row in sent)
    live = Counter(row["dedupe_key"] for row in seen.tables[contact_event.name] if row["mode"] == "live")
    return [f"{found}: {count} times" for found, count in [*on_a_list.items(), *live.items()] if count > 1]
