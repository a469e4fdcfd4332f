"""Look up what surrounds a decision: parsed workflows, calendars and the organisation, cached by their content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.history import framed
from engine.core.matter import Frozen
from engine.core.scope import World
from engine.core.workflow.catalogue import FlowOutline, Library, Source, read_catalogue
from engine.core.workflow.declaration import Workflow
from engine.core.workflow.loader import read_flow
from engine.errors import Broken, NotFound
from engine.services.calendars import Source as CalendarSource
from engine.services.calendars import parse_calendar
from engine.services.organise import VERSION_FACT
from engine.services.record import DIGESTED_FACT, LOG_FACT
from engine.store.remembered import forget_all
from engine.store.unit_of_work import Transaction
from engine.store.workflows import CalendarVersion, WorkflowVersion

CALENDARS_FACT = "calendars"
DEFAULT_CALENDAR_FACT = "default_calendar"
# How often something was erased for good: whoever reads another number than before forgets what it keeps in memory.
ERASURES_FACT = "erasures"


class Text(Frozen, frozen=True):
    """A file kept with what was read from it."""

    file: str
    text: str


class Outline(Frozen, frozen=True):
    """What a flow was told of another: its ways in and its outcomes."""

    starts: tuple[str, ...]
    outcomes: tuple[str, ...]


class Beside(Frozen, frozen=True):
    """What a flow was read with, kept so that it can be read again exactly so."""

    file: str
    limits_file: str | None = None
    catalogues: tuple[Text, ...] = ()
    flows: dict[str, Outline] = msgspec.field(default_factory=dict)
    calendars: tuple[str, ...] = ()


class CalendarTexts(Frozen, frozen=True):
    """The files of a calendar."""

    base: Text
    tables: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """
    What holds for all decisions of one transaction: the log, the world, and the hash of its calendars.

    `digested` is the end of the last day that has a digest: a clock set back writes nothing into such a day.
    """

    log: str
    world: World
    calendars: str
    digested: datetime | None = None


class Shelf:
    """
    Parsed workflows by content hash and the world by its versions.

    Reading the facts of the deployment is all it costs when nothing has changed. Safe to share between threads:
    whoever finds something missing reads it, and two who do so get equal values.
    """

    def __init__(self) -> None:
        self._workflows: dict[str, Workflow] = {}
        self._worlds: dict[tuple[str, ...], World] = {}
        self._erasures: dict[str, str] = {}

    def workflow(self, tx: Transaction, digest: str) -> Workflow:
        """
        Return the workflow with that content hash.

        Raises:
            NotFound: no such version was published here.
        """
        known = self._workflows.get(digest)
        if known is None:
            version = tx.workflows.get(digest)
            if version is None:
                raise NotFound(what="流程版本", found=digest[:12])
            known = self._workflows[digest] = read_stored(version)
        return known

    def current(self, tx: Transaction, workflow: str) -> Workflow:
        """
        Return the current version of a flow.

        Raises:
            NotFound: the flow was not published.
        """
        digest = tx.workflows.current_digests().get(workflow)
        if digest is None:
            raise NotFound(what="流程", found=workflow)
        return self.workflow(tx, digest)

    def held(self, tx: Transaction, workflow: str) -> Workflow:
        """Do the same, and let it stay the current one until the writing transaction *tx* ends."""
        tx.workflows.hold()
        return self.current(tx, workflow)

    def surroundings(self, tx: Transaction) -> Surroundings:
        """
        Return log and world as they now stand.

        Raises:
            Broken: the deployment has no log or no calendar yet.
        """
        return self._surroundings(tx, tx.facts.all())

    def _surroundings(self, tx: Transaction, facts: Mapping[str, str]) -> Surroundings:
        self._forget_erased(tx.district, facts.get(ERASURES_FACT, ""))
        log, default, calendars = facts.get(LOG_FACT), facts.get(DEFAULT_CALENDAR_FACT), facts.get(CALENDARS_FACT)
        if log is None or default is None or calendars is None:
            raise Broken(what="数据库还没有开户，或还没有日历", where="deployment")
        key = (tx.district, log, facts.get(VERSION_FACT, "0"), calendars, default)
        world = self._worlds.get(key)
        if world is None:
            world = World(organisation=tx.organisation.load(), calendars=load_calendars(tx), default_calendar=default)
            self._worlds = {key: world}
        until = facts.get(DIGESTED_FACT)
        digested = datetime.fromisoformat(until) if until is not None else None
        return Surroundings(log=log, world=world, calendars=calendars, digested=digested)

    def _forget_erased(self, district: str, erasures: str) -> None:
        """What was erased since the last look, by whatever process, is to stay in no memory of this one."""
        if self._erasures.setdefault(district, erasures) != erasures:
            self._erasures[district] = erasures
            forget_all()

    def world(self, tx: Transaction) -> World:
        """Return the world as it now stands."""
        return self.surroundings(tx).world

    def world_or_empty(self, tx: Transaction) -> World:
        """Return the world; one without calendars where the deployment has none yet, for people come first."""
        facts = tx.remembered("facts", make=tx.facts.all)
        if facts.get(CALENDARS_FACT) is None:
            return World(organisation=tx.organisation.load(), calendars={}, default_calendar="")
        return self._surroundings(tx, facts).world


def read_stored(version: WorkflowVersion) -> Workflow:
    """
    Read a published version again.

    Raises:
        Broken: the stored texts no longer read as the flow that was published.
    """
    beside = msgspec.json.decode(version.beside, type=Beside)
    limits = {}
    if version.limits_text is not None:
        limits[version.id] = Source(beside.limits_file or "", version.limits_text)
    catalogues = (read_catalogue(kept.text, kept.file)[0] for kept in beside.catalogues)
    flows = {
        name: FlowOutline(name, frozenset(outline.starts), frozenset(outline.outcomes))
        for name, outline in beside.flows.items()
    }
    library = Library(
        limits=limits,
        catalogues={catalogue.id: catalogue for catalogue in catalogues if catalogue is not None},
        flows=flows,
        calendars=frozenset(beside.calendars),
    )
    workflow, findings = read_flow(version.flow_text, file=beside.file, library=library)
    if workflow is None or workflow.digest != version.digest:
        raise Broken(what="库里的流程读不出发布时的样子", where=f"{version.id} {findings[:1]}")
    return workflow


def read_stored_calendar(version: CalendarVersion) -> WorkingCalendar:
    """Read a stored calendar again."""
    texts = msgspec.json.decode(version.texts, type=CalendarTexts)
    return parse_calendar(
        CalendarSource(texts.base.file, texts.base.text),
        [CalendarSource(table.file, table.text) for table in texts.tables],
    )


def load_calendars(tx: Transaction) -> Mapping[str, WorkingCalendar]:
    """Return the current calendars by id."""
    return {version.id: read_stored_calendar(version) for version in tx.workflows.current_calendars()}


def digest_of_calendars(digests: Mapping[str, str]) -> str:
    """Return one hash over a set of calendars, given as id → content hash: what events name."""
    parts = (part.encode() for calendar, digest in sorted(digests.items()) for part in (calendar, digest))
    return hashlib.sha256(framed(*parts)).hexdigest()
