"""Find the unit that a place told in words belongs to: a building, a grid, a community, else the whole street."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.core.scope import Organisation
from engine.core.terms import UnitKind
from engine.store.places import Building

_LEAST = 3
_TAILS = ("社区", "居委会", "村委会", "村", "街道", "网格")
_KINDS = (UnitKind.GRID, UnitKind.ESTATE, UnitKind.COMMUNITY, UnitKind.VILLAGE)


@dataclass(frozen=True, slots=True)
class PlaceFound:
    """A unit; `is_sure` tells whether the words named it, or it is only where everything is that names nothing."""

    unit: str
    is_sure: bool


class PlaceFinder:
    """
    Finds units by the longest name in a text that belongs to one unit alone.

    Args:
        fallback: the unit taken where no name is found, or where the longest belongs to several.
    """

    def __init__(self, organisation: Organisation, buildings: Iterable[Building], *, fallback: str) -> None:
        self._fallback = fallback
        self._names: dict[str, set[str]] = {}
        for unit, name in (*_of_units(organisation), *_of_buildings(buildings)):
            plain = plain_text(name)
            if len(plain) >= _LEAST:
                self._names.setdefault(plain, set()).add(unit)
        self._longest_first = sorted(self._names, key=lambda name: (-len(name), name))

    def find(self, told: str) -> PlaceFound:
        """Return the unit that *told* names."""
        text = plain_text(told)
        for name in self._longest_first:
            if name in text and len(self._names[name]) == 1:
                return PlaceFound(next(iter(self._names[name])), is_sure=True)
        return PlaceFound(self._fallback, is_sure=False)


def plain_text(text: str) -> str:
    """Return *text* without width, case and blanks."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _of_units(organisation: Organisation) -> Iterator[tuple[str, str]]:
    for unit in organisation.units.values():
        if unit.kind not in _KINDS:
            continue
        yield unit.id, unit.name
        short = next((unit.name.removesuffix(tail) for tail in _TAILS if unit.name.endswith(tail)), unit.name)
        if unit.kind != UnitKind.GRID:
            yield unit.id, short


def _of_buildings(buildings: Iterable[Building]) -> Iterator[tuple[str, str]]:
    for building in buildings:
        yield building.unit, building.name
        if building.address:
            yield building.unit, building.address
