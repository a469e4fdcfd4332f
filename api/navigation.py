"""Where a post begins, and what its navigation leads to: one table of abilities and pages."""

from collections.abc import Collection
from dataclasses import dataclass

from engine.core.terms import Ability


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the navigation; `section` is what its pages call themselves."""

    path: str
    label: str
    section: str
    icon: str
    abilities: frozenset[Ability]


def _entry(path: str, label: str, section: str, icon: str, *abilities: Ability) -> Entry:
    return Entry(path=path, label=label, section=section, icon=icon, abilities=frozenset(abilities))


ENTRIES = (
    _entry("/work", "今天", "work", "mine", Ability.WORK),
    _entry("/dispatch", "受理派单", "dispatch", "inbox", Ability.DISPATCH),
    _entry("/board", "看板", "board", "board", Ability.BOARD),
    _entry("/sheet", "调度单", "sheet", "sheet", Ability.SHEET),
    _entry("/matters", "诉求", "all", "list", Ability.WORK, Ability.FILE),
    _entry("/messages", "消息", "messages", "bell", Ability.WORK),
    _entry("/matters/new", "报一件", "new", "plus", Ability.FILE),
    _entry("/orders", "工单", "orders", "orders", Ability.ORDERS),
    _entry("/limits", "时限", "limits", "clock", Ability.LIMITS, Ability.APPROVE),
    _entry("/audit", "审计", "audit", "search", Ability.AUDIT),
    _entry("/people", "人员", "people", "people", Ability.PEOPLE),
    _entry("/erasures", "删除", "erasures", "shield", Ability.ERASURES),
    _entry("/accounts", "账号", "accounts", "key", Ability.ACCOUNTS),
)
# Which page each post begins its day with: the first it may open; who looks after others begins with all of it.
_HOMES = (
    (Ability.DISPATCH, "/dispatch"),
    (Ability.BOARD, "/board"),
    (Ability.WORK, "/work"),
    (Ability.AUDIT, "/audit"),
    (Ability.PEOPLE, "/people"),
    (Ability.ACCOUNTS, "/accounts"),
)
_OVERSIGHT = (Ability.BOARD, "/board")
LIST = "/matters"
NEW = "/matters/new"
OWN = "/sessions"
_CONTENT = frozenset({Ability.WORK, Ability.FILE})
_TABS = 3


def entries(abilities: Collection[Ability], *, paths: Collection[str]) -> tuple[Entry, ...]:
    """Return the entries for *abilities* whose pages are there."""
    return tuple(one for one in ENTRIES if one.path in paths and not one.abilities.isdisjoint(abilities))


def tabs(shown: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Return what fits into the bar at the bottom of a phone: three pages, and filing in their middle."""
    pages = [one for one in shown if one.path != NEW][:_TABS]
    filing = [one for one in shown if one.path == NEW]
    middle = (len(pages) + 1) // 2
    return (*pages[:middle], *filing, *pages[middle:])


def home_of(abilities: Collection[Ability], *, paths: Collection[str], looks_after_others: bool = False) -> str:
    """Return the page that somebody with *abilities* begins with."""
    homes = (_OVERSIGHT, *_HOMES) if looks_after_others else _HOMES
    found = next((path for ability, path in homes if ability in abilities and path in paths), None)
    if found is not None:
        return found
    return LIST if not _CONTENT.isdisjoint(abilities) else OWN
