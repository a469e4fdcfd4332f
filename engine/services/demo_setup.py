"""Set up the demo in an empty deployment: flows, calendars, the town, and the past weeks of its people."""

from datetime import datetime, timedelta
from pathlib import Path

from engine.core.scope import SYSTEM
from engine.core.workflow.catalogue import read_catalogue
from engine.errors import Broken
from engine.services.advance import Door
from engine.services.calendars import calendar_sources
from engine.services.demo_life import FLOW, Played, Player
from engine.services.demo_places import demo_buildings, demo_venues
from engine.services.demo_town import DUTY_WEEKS_BACK, demo_town
from engine.services.library import CALENDARS, CATALOGUES, LIMITS_SUFFIX, SUFFIX, read_source, without_folder
from engine.services.organise import save_organisation
from engine.services.places import save_places
from engine.services.publish import publish, store_calendar
from engine.store.unit_of_work import UnitOfWork

FLOWS = ("task", "topic", FLOW)
CALENDAR = "cn_office"
CATALOGUE = "categories"


def set_up_demo(uow: UnitOfWork, *, services: Door, folder: Path, now: datetime) -> Played:
    """
    Fill an empty deployment with the demo and play it up to *now*.

    Args:
        folder: where the shipped flows, catalogues and calendars lie.
    Raises:
        BadWorkflow, CalendarFaults: a shipped file has faults.
    """
    began = now - timedelta(weeks=DUTY_WEEKS_BACK)
    base, tables = calendar_sources(folder / CALENDARS / f"{CALENDAR}{SUFFIX}")
    calendar = store_calendar(uow, base, tables, by=SYSTEM, now=began)
    _publish_flows(uow, folder, now=began)
    source = read_source(folder / CATALOGUES / f"{CATALOGUE}{SUFFIX}")
    catalogue, faults = read_catalogue(source.data, source.file)
    if catalogue is None:
        raise Broken(what="类别目录读不懂", where=str(faults[:1]))
    town = demo_town(now, catalogue=catalogue)
    save_organisation(uow, town, by=SYSTEM, now=began)
    with uow.write() as tx:
        save_places(tx, venues=tuple(demo_venues()), buildings=tuple(demo_buildings()), by=SYSTEM, now=began)
    return Player(uow, services=services, organisation=town, calendar=calendar, now=now).play()


def _publish_flows(uow: UnitOfWork, folder: Path, *, now: datetime) -> None:
    catalogues = [without_folder(read_source(folder / CATALOGUES / f"{CATALOGUE}{SUFFIX}"))]
    flows = {flow: without_folder(read_source(folder / f"{flow}{SUFFIX}")) for flow in FLOWS}
    for flow, source in flows.items():
        limits = folder / f"{flow}{LIMITS_SUFFIX}"
        publish(
            uow, source, limits=without_folder(read_source(limits)) if limits.exists() else None,
            catalogues=catalogues, flows=[other for name, other in flows.items() if name != flow], by=SYSTEM, now=now,
        )  # fmt: skip
