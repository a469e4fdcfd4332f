"""The flows and calendars that we ship, read once, with the town of the case files around them."""

from functools import cache
from pathlib import Path

from engine.core.scope import World
from engine.core.workflow.catalogue import Catalogue, Library, Source, read_catalogue
from engine.core.workflow.declaration import Workflow
from engine.core.workflow.loader import read_flow
from engine.services.calendars import load_calendars
from engine.services.case_town import CaseTown, build_town

FOLDER = Path(__file__).parents[2] / "workflows"
STARTS = ("three_tier", "task", "topic", "support_lines")


@cache
def shipped_catalogue() -> Catalogue:
    """The shipped catalogue of categories."""
    path = FOLDER / "catalogues" / "categories.yaml"
    catalogue, findings = read_catalogue(path.read_bytes(), path.name)
    assert catalogue is not None, findings
    return catalogue


@cache
def shipped_flows() -> dict[str, Workflow]:
    """The shipped flows by id."""
    limits = {path.name.split(".")[0]: Source(path.name, path.read_bytes()) for path in FOLDER.glob("*.limits.yaml")}
    library = Library(limits=limits, catalogues={"categories": shipped_catalogue()})
    flows: dict[str, Workflow] = {}
    for name in STARTS:
        path = FOLDER / f"{name}.yaml"
        flow, findings = read_flow(path.read_bytes(), file=path.name, library=library)
        assert flow is not None, "\n".join(map(str, findings))
        flows[name] = flow
    return flows


def shipped_town(people: dict[str, str] | None = None, *, vacant: frozenset[str] = frozenset()) -> CaseTown:
    """The town of the case files with *people* in it."""
    return build_town(people or {}, workflows=shipped_flows().values(), catalogue=shipped_catalogue(), vacant=vacant)


def shipped_world(town: CaseTown | None = None) -> World:
    """The world around a decision: the town and the shipped calendars."""
    return World(
        organisation=(town or shipped_town()).organisation,
        calendars=load_calendars(FOLDER / "calendars"),
        default_calendar="cn_office",
    )
