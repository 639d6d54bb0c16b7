"""Who the customers are: names, places, telephone numbers, consents."""

from dataclasses import dataclass

import numpy as np

from mandegar.sample import names_en, names_fa, world
from mandegar.sample.instants import DAY, NONE, awake, dates, numbered, stamps
from mandegar.sample.world import World

Table = dict[str, np.ndarray]
DOMAINS = np.array(["@example.com", "@example.org", "@example.net"], dtype=object)
ROLES = ("high_value", "high_volume", "benchmark", "inspiration", "door_opener")


@dataclass
class People:
    """The customers of one chunk, one element of each array per customer."""

    number: np.ndarray
    persian: np.ndarray
    company: np.ndarray
    place: np.ndarray
    created: np.ndarray
    old: np.ndarray
    card: np.ndarray
    size: np.ndarray  # 0 small, 1 medium, 2 large: also the plan they begin with
    mail_ok: np.ndarray
    unsubscribed: np.ndarray

    def __len__(self) -> int:
        return len(self.number)

    @property
    def ids(self) -> np.ndarray:
        """The customers' ids."""
        return numbered("C-", self.number, 7)


def draw_people(world_: World, first: int, count: int, chance: np.random.Generator) -> People:
    """So many customers, the first of whom has the number `first`."""
    created, old = _signups(world_, count, chance)
    persian = chance.random(count) < world.PERSIAN_SHARE
    fa_place = _weighted(chance, [place[2] for place in names_fa.PLACES], count)
    en_place = _weighted(chance, [place[7] for place in names_en.PLACES], count)
    left_list = chance.random(count) < 0.10
    span = np.maximum(world_.cutoff - created, DAY)
    unsubscribed = awake(created + (chance.uniform(0.05, 0.95, count) * span).astype(np.int64))
    return People(
        number=np.arange(first, first + count),
        persian=persian,
        company=chance.random(count) < world.COMPANY_SHARE,
        place=np.where(persian, fa_place, en_place),
        created=created,
        old=old,
        card=chance.random(count) < world.CARD_SHARE,
        size=_weighted(chance, [45, 38, 17], count),
        mail_ok=(chance.random(count) < 0.78) & ~left_list,
        unsubscribed=np.where(left_list, unsubscribed, NONE),
    )


def _weighted(chance: np.random.Generator, weights: list[float], count: int) -> np.ndarray:
    edges = np.cumsum(weights) / np.sum(weights)
    return np.searchsorted(edges[:-1], chance.random(count), side="right")


def _signups(world_: World, count: int, chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """When they signed up, and who did so before history began."""
    old = chance.random(count) < world.OLD_SHARE
    before = world_.first_day - 4 - np.minimum(chance.exponential(420, count), 1450).astype(np.int64)
    length = world_.last_day - world_.first_day
    during = world_.first_day + (chance.random(count) ** (1 / 1.5) * length).astype(np.int64)
    second = chance.integers(7 * 3600, 20 * 3600, count)
    return np.where(old, before, during) * DAY + second, old


def _pick(chance: np.random.Generator, pool: tuple, count: int, column: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    index = chance.integers(0, len(pool), count)
    values = np.array([entry if column is None else entry[column] for entry in pool], dtype=object)
    return values[index], index


def accounts(world_: World, people: People, left: np.ndarray, chance: np.random.Generator) -> Table:
    """The rows of the CRM's table `accounts`, in its own column names; `left` is when each customer left, or NONE."""
    count = len(people)
    name, latin = _names(people, chance)
    country, region, city, zone = _places(people)
    opted = [np.where(chance.random(count) < share, 1, 0).astype(object) for share in (0.6, 0.35)]
    for flags in opted:
        flags[chance.random(count) < 0.12] = None
    asked = people.mail_ok | (opted[0] == 1) | (opted[1] == 1)
    removed, blocked = _removals(world_, people, left, chance)
    ever = np.maximum(world_.cutoff - people.created - DAY, 3600)
    touched = awake(people.created + (chance.random(count) ** 2 * ever).astype(np.int64))
    consent = np.where(asked, np.minimum(people.created + chance.integers(60, 3000, count), world_.cutoff - 600), NONE)
    changed = np.maximum.reduce([people.created, touched, removed, consent, people.unsubscribed])
    owners = np.array(names_fa.OWNERS if world_.persian else names_en.OWNERS, dtype=object)
    role = np.array([None, *ROLES], dtype=object)[_weighted(chance, [94, 2, 1.5, 1, 0.8, 0.7], count)]
    channel = np.array(["email", "sms", "call", None], dtype=object)[_weighted(chance, [45, 25, 10, 20], count)]
    hour = chance.integers(8, 21, count).astype(object)
    hour[chance.random(count) < 0.35] = None
    born = np.where(people.company, NONE, chance.integers(-7300, 12700, count))
    born[chance.random(count) < 0.12] = NONE
    industry = _pick(chance, world.INDUSTRIES, count)[0]
    industry[chance.random(count) < 0.05] = None
    return {
        "account_no": people.ids,
        "full_name": name,
        "type": np.where(people.company, "company", "person").astype(object),
        "mail": latin + people.number.astype(str).astype(object) + DOMAINS[people.number % 3],
        "mobile": _phones(people),
        "country": country,
        "province": region,
        "city": city,
        "lang": np.where(people.persian, "fa", "en").astype(object),
        "tz": zone,
        "tier": np.array(world.TIERS, dtype=object)[people.size],
        "industry": industry,
        "source": np.array(world.SOURCES, dtype=object)[_weighted(chance, [30, 22, 14, 9, 15, 10], count)],
        "created": stamps(people.created),
        "birthday": dates(born),
        "account_manager": np.where(people.size == 0, None, owners[people.number % len(owners)]),
        "mail_ok": people.mail_ok.astype(np.int64),
        "sms_ok": opted[0],
        "call_ok": opted[1],
        "consent_date": stamps(consent),
        "blocked": blocked.astype(np.int64),
        "removed_at": stamps(removed),
        "role": role,
        "pref_channel": channel,
        "pref_hour": hour,
        "changed": stamps(changed),
    }


def _names(people: People, chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Names as their bearers write them, and a Latin spelling for the mail address."""
    count = len(people)
    first, first_at = _pick(chance, names_fa.FIRST, count, 0)
    last, last_at = _pick(chance, names_fa.LAST, count, 0)
    kind, _ = _pick(chance, names_fa.COMPANY_KIND, count, 0)
    word, word_at = _pick(chance, names_fa.COMPANY_WORD, count, 0)
    tail, tail_at = _pick(chance, names_fa.COMPANY_TAIL, count, 0)
    fa_person, fa_company = first + " " + last, kind + " " + word + " " + tail
    latin = {pool: np.array([entry[1] for entry in pool], dtype=object) for pool in (names_fa.FIRST, names_fa.LAST)}
    word_latin = np.array([entry[1] for entry in names_fa.COMPANY_WORD], dtype=object)[word_at]
    tail_latin = np.array([entry[1] for entry in names_fa.COMPANY_TAIL], dtype=object)[tail_at]
    fa_latin = np.where(
        people.company, word_latin + tail_latin + ".", latin[names_fa.FIRST][first_at] + "." + latin[names_fa.LAST][last_at] + "."
    )
    first, last = _pick(chance, names_en.FIRST, count)[0], _pick(chance, names_en.LAST, count)[0]
    word, tail, form = (_pick(chance, pool, count)[0] for pool in (names_en.COMPANY_WORD, names_en.COMPANY_TAIL, names_en.COMPANY_FORM))
    lower = {value: value.lower() for pool in (names_en.FIRST, names_en.LAST, names_en.COMPANY_WORD) for value in pool}
    spelled = np.where(people.company, word, first + "." + last)
    en_latin = np.array([lower.get(value) or value.lower() for value in spelled], dtype=object) + "."
    en_name = np.where(people.company, word + " " + tail + " " + form, first + " " + last)
    fa_name = np.where(people.company, fa_company, fa_person)
    return np.where(people.persian, fa_name, en_name), np.where(people.persian, fa_latin, en_latin)


def _places(people: People) -> list[np.ndarray]:
    inside = [("IR", place[0], place[1], "Asia/Tehran") for place in names_fa.PLACES]
    outside = [place[:4] for place in names_en.PLACES]
    index = np.where(people.persian, people.place, people.place + len(inside))
    return [np.array([place[part] for place in inside + outside], dtype=object)[index] for part in range(4)]


def _phones(people: People) -> np.ndarray:
    """A mobile number of each customer's country, different for each of them."""
    scattered = (people.number * 7_368_787 + 1_234_567) % 10_000_000
    iranian = np.array(["+98912", "+98913", "+98935", "+98919", "+98937"], dtype=object)[people.number % 5]
    phones = iranian + numbered("", scattered, 7)
    for at, place in enumerate(names_en.PLACES):
        code, prefixes, digits = place[4], place[5], place[6]
        mask = ~people.persian & (people.place == at)
        stems = np.array([code + prefix for prefix in prefixes], dtype=object)[people.number[mask] % len(prefixes)]
        phones[mask] = stems + numbered(
            "", 2_000_000 + scattered[mask] * 7 % 7_999_993 if digits == 7 else scattered[mask] % 10**digits, digits
        )
    phones[people.number % 61 == 7] = None
    return phones


def _removals(world_: World, people: People, left: np.ndarray, chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """When some of those who had left were deleted, and who wants no contact."""
    removed = awake(left + chance.integers(20, 90, len(people)) * DAY)
    gone = (left != NONE) & (chance.random(len(people)) < 0.05) & (removed < world_.cutoff)
    return np.where(gone, removed, NONE), gone | (chance.random(len(people)) < 0.012)
