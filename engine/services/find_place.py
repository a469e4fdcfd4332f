"""Find the unit that a place told in words belongs to: a building, a grid, a community, else the whole street."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from engine.core.scope import Organisation, Unit
from engine.core.terms import UnitKind
from engine.store.places import Building

_LEAST = 3
_TAILS = ("社区", "居委会", "村委会", "村", "街道")
_COMMUNITIES = (UnitKind.COMMUNITY, UnitKind.VILLAGE)
_SMALL = (UnitKind.GRID, UnitKind.ESTATE)

Names = Mapping[str, set[str]]


@dataclass(frozen=True, slots=True)
class PlaceFound:
    """A unit; `is_sure` tells whether the words named it, or it is only where everything is that names nothing."""

    unit: str
    is_sure: bool


class PlaceFinder:
    """
    Finds units by the longest name in a text that belongs to one unit alone.

    Names that several communities have, like 「一网格」 and 「3号楼」, count within the community that the text names.

    Args:
        fallback: the unit taken where no name is found, or where the longest belongs to several.
    """

    def __init__(self, organisation: Organisation, buildings: Iterable[Building], *, fallback: str) -> None:
        self._fallback = fallback
        self._names: dict[str, set[str]] = {}
        self._within: dict[str, dict[str, set[str]]] = {}
        for unit in organisation.units.values():
            for name in _names_of(unit):
                _note(self._names, name, unit.id)
        for small, name in (*_small_units(organisation), *_of_buildings(buildings)):
            _note(self._names, name, small)
            community = organisation.unit_above(small, UnitKind.COMMUNITY.value)
            if community is not None:
                short = _short(organisation.units[community].name)
                _note(self._within.setdefault(community, {}), name.removeprefix(short), small)

    def find(self, told: str) -> PlaceFound:
        """Return the unit that *told* names."""
        text = plain_text(told)
        found = _longest(self._names, text)
        if found is None:
            return PlaceFound(self._fallback, is_sure=False)
        closer = _longest(self._within.get(found, {}), text)
        return PlaceFound(closer or found, is_sure=True)


def plain_text(text: str) -> str:
    """Return *text* without width, case and blanks."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _note(names: dict[str, set[str]], name: str, unit: str) -> None:
    plain = plain_text(name)
    if len(plain) >= _LEAST:
        names.setdefault(plain, set()).add(unit)


def _longest(names: Names, text: str) -> str | None:
    found = [name for name, units in names.items() if len(units) == 1 and name in text]
    return next(iter(names[max(found, key=len)])) if found else None


def _short(name: str) -> str:
    return next((name.removesuffix(tail) for tail in _TAILS if name.endswith(tail)), name)


def _names_of(unit: Unit) -> tuple[str, ...]:
    return (unit.name, _short(unit.name)) if unit.kind in _COMMUNITIES else ()


def _small_units(organisation: Organisation) -> Iterator[tuple[str, str]]:
    yield from ((unit.id, unit.name) for unit in organisation.units.values() if unit.kind in _SMALL)


def _of_buildings(buildings: Iterable[Building]) -> Iterator[tuple[str, str]]:
    for building in buildings:
        yield building.unit, building.name
        if building.address:
            yield building.unit, building.address
