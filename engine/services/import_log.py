"""
Take in an event log: every recorded step goes through the door, with its own instant, person and line.

The log is read twice. The first reading finds every fault of the file before anything is written, and who and which
teams it names; the second imports, some incidents a transaction. How far it is stands in the same transaction, so an
import that was stopped anywhere goes on with the same command, and one that is done does nothing.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from engine.core.command import Act, File
from engine.core.decision import Refusal
from engine.core.matter import Actor
from engine.core.scope import SYSTEM, Post, Unit
from engine.core.terms import UnitKind
from engine.errors import BadFile, Conflict, NotFound
from engine.services.advance import Door, Entry, Outcome, advance_in, in_one_transaction
from engine.services.calendars import calendar_sources
from engine.services.import_plan import Plan, Roll
from engine.services.library import CALENDARS, SUFFIX, read_source, without_folder
from engine.services.organise import grant_posts, save_units
from engine.services.publish import publish, store_calendar
from engine.services.xes import Step, Trace, read_traces
from engine.store.jobs import Job
from engine.store.unit_of_work import Transaction, UnitOfWork

BATCH_STEPS = 500
POSTS_AT_ONCE = 500
CALENDAR = "cn_office"
KIND, REFUSED_KIND = "import_xes", "import_xes_refused"
RUNNING, DONE = "running", "done"
ALREADY_HERE = "这个编号已经在库里，没有再导一次。"
TWICE = "这个编号在记录里出现了两次，只导第一次的。"
SOMEBODY_ELSE = "另一个程序正在导入同一份记录。"
NO_ACTION = "流程里没有「{pair}」在第 {line} 线的动作。"


class RefusedStep(msgspec.Struct, frozen=True):
    """A recorded step that was not taken: its line in the log, its incident, and why."""

    line: int
    incident: str
    reason: str


class _Progress(msgspec.Struct, frozen=True):
    """How far an import is: incidents read, steps taken, steps refused."""

    incidents: int = 0
    taken: int = 0
    refused: int = 0

    def after(self, batch: Sequence[Trace], *, refused: int) -> "_Progress":
        """Return how far it is after one more batch."""
        steps = sum(len(trace.steps) for trace in batch)
        return _Progress(self.incidents + len(batch), self.taken + steps - refused, self.refused + refused)


class _Args(msgspec.Struct, frozen=True):
    """What is being imported; the name of the file is not kept, it may name people."""

    sha256: str
    workflow: str
    incidents: int
    steps: int


@dataclass(frozen=True, slots=True)
class Survey:
    """What the first reading found; `repeated` are the lines of incidents that came before in the log."""

    sha256: str
    incidents: int
    steps: int
    repeated: frozenset[int]
    roll: Roll


@dataclass(frozen=True, slots=True)
class ImportReport:
    """
    What became of a log: every step is either taken or listed in `refused` in order of the log.

    `incidents` and `steps` are those of the log, `resumed_at` how many incidents an earlier run had finished.
    """

    incidents: int
    steps: int
    taken: int
    refused: tuple[RefusedStep, ...]
    resumed_at: int


Tell = Callable[[int, int], None]


def import_log(
    uow: UnitOfWork,
    log: Path,
    *,
    workflow: str,
    services: Door,
    clock: Callable[[], datetime],
    tell: Tell,
    batch_steps: int = BATCH_STEPS,
) -> ImportReport:
    """
    Import the event log *log* into the published flow *workflow*.

    Args:
        clock: gives the instant at which a batch is recorded, aware UTC.
        tell: called with the steps done and their total.
        batch_steps: a transaction ends with the incident that reaches so many steps.
    Raises:
        BadFile: the log cannot be read; nothing was written.
        NotFound: the flow was not published.
        BadInput: the flow was not declared for a log.
        Conflict: somebody else imports the same log.
        Unavailable: the store cannot take it now; what was imported so far stays.
    """
    with _opened(log) as stream:
        found = survey(stream, log.name)
        with uow.read() as tx:
            plan = Plan(services.shelf.current(tx, workflow), district=uow.district)
        _enrol(uow, plan, found.roll, now=clock())
        run = _Run(uow, plan, found, services=services, clock=clock)
        resumed_at, done = run.progress.incidents, run.progress.taken + run.progress.refused
        tell(done, found.steps)
        stream.seek(0)
        for batch in _batches(read_traces(stream, log.name), skip=resumed_at, enough=batch_steps):
            run.take(batch)
            done += sum(len(trace.steps) for trace in batch)
            tell(done, found.steps)
        return run.finish(resumed_at)


def publish_shipped(uow: UnitOfWork, workflow: str, *, folder: Path, now: datetime) -> bool:
    """
    Publish *workflow* from *folder* unless the deployment has it, with a calendar if it has none; whether it did.

    Raises:
        NotFound: there is no such flow in the folder either.
    """
    with uow.read() as tx:
        flows, calendars = tx.workflows.current_digests(), tx.workflows.current_calendar_digests()
    if workflow in flows:
        return False
    if Path(workflow).name != workflow or not (folder / f"{workflow}{SUFFIX}").is_file():
        raise NotFound(what="流程", found=workflow)
    if not calendars:
        base, tables = calendar_sources(folder / CALENDARS / f"{CALENDAR}{SUFFIX}")
        store_calendar(uow, base, tables, by=SYSTEM, now=now)
    publish(uow, without_folder(read_source(folder / f"{workflow}{SUFFIX}")), by=SYSTEM, now=now)
    return True


def _opened(log: Path) -> BinaryIO:
    try:
        return log.open("rb")
    except OSError as error:
        raise BadFile(where=str(log), found=error.strerror or "读不了", expected="一个可以读的文件") from error


class _Digesting:
    """A stream that hashes what is read through it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.hash = hashlib.sha256()

    def read(self, size: int) -> bytes:
        """Read on."""
        data = self._stream.read(size)
        self.hash.update(data)
        return data


def survey(stream: BinaryIO, name: str) -> Survey:
    """
    Read the whole log once.

    Raises:
        BadFile: it cannot be read as an event log.
    """
    digesting, roll = _Digesting(stream), Roll()
    seen: set[str] = set()
    repeated: set[int] = set()
    incidents = steps = 0
    for trace in read_traces(digesting, name):
        if trace.id in seen:
            repeated.add(trace.source_line)
        seen.add(trace.id)
        incidents += 1
        steps += len(trace.steps)
        for step in trace.steps:
            roll.note(step)
    sha256 = digesting.hash.hexdigest()
    roll.prefix = f"log.{sha256[:12]}"
    return Survey(sha256, incidents, steps, frozenset(repeated), roll)


def _batches(traces: Iterator[Trace], *, skip: int, enough: int) -> Iterator[list[Trace]]:
    batch: list[Trace] = []
    steps = 0
    for n, trace in enumerate(traces):
        if n < skip:
            continue
        batch.append(trace)
        steps += len(trace.steps)
        if steps >= enough:
            yield batch
            batch, steps = [], 0
    if batch:
        yield batch


def _enrol(uow: UnitOfWork, plan: Plan, roll: Roll, *, now: datetime) -> None:
    """Save the units and posts the log needs and the deployment does not have yet."""
    with uow.read() as tx:
        known = tx.organisation.load()
    units = [unit for unit in _units(plan, roll) if known.units.get(unit.id) != unit]
    if units:
        save_units(uow, units, by=SYSTEM, now=now)
    posts = [post for post in _posts(plan, roll) if known.posts.get(post.id) != post]
    for start in range(0, len(posts), POSTS_AT_ONCE):
        grant_posts(uow, posts[start : start + POSTS_AT_ONCE], by=SYSTEM, now=now)


def _units(plan: Plan, roll: Roll) -> Iterator[Unit]:
    for n, line in sorted(plan.lines.items(), reverse=True):
        above = plan.lines.get(n + 1)
        label = plan.workflow.levels[line.level].label.zh
        yield Unit(id=line.unit, kind=line.unit_kind.value, name=label, parent=above.unit if above else None)
    for team, n in roll.teams.items():
        if n in plan.lines:
            parent = plan.lines[n].unit
            yield Unit(id=plan.team_unit(team), kind=UnitKind.DEPARTMENT.value, name=team, parent=parent)


def _posts(plan: Plan, roll: Roll) -> Iterator[Post]:
    for member in roll.members():
        line = plan.lines.get(member.line)
        if line is not None and roll.since is not None:
            yield Post(
                id=member.post,
                role=line.role.id,
                unit=line.unit,
                person=member.person,
                name=member.name,
                since=roll.since,
            )


class _Run:
    """One import under way; its progress is what the store has."""

    def __init__(
        self, uow: UnitOfWork, plan: Plan, found: Survey, *, services: Door, clock: Callable[[], datetime]
    ) -> None:
        self.uow = uow
        self.plan = plan
        self.survey = found
        self.services = services
        self.clock = clock
        self.id = f"{KIND}/{plan.workflow.id}/{found.sha256[:16]}"
        with uow.read() as tx:
            self.progress = self._stored(tx)

    def take(self, batch: Sequence[Trace]) -> None:
        """Import some incidents and note how far it is, in one transaction."""
        self.progress = in_one_transaction(self.uow, lambda tx: self._take(tx, batch))

    def finish(self, resumed_at: int) -> ImportReport:
        """Note that the import is done and return what became of the log."""
        with self.uow.write() as tx:
            if self._stored(tx) != self.progress:
                raise Conflict(what=SOMEBODY_ELSE)
            tx.jobs.put(self._job(self.progress, DONE, self.clock()))
            refused = self._refused_so_far(tx)
        return ImportReport(self.survey.incidents, self.survey.steps, self.progress.taken, refused, resumed_at)

    def _take(self, tx: Transaction, batch: Sequence[Trace]) -> _Progress:
        if self._stored(tx) != self.progress:
            raise Conflict(what=SOMEBODY_ELSE)
        now = self.clock()
        here = tx.matters.read_many([self.plan.matter_id(trace) for trace in batch if trace.steps])
        sent: list[_Sent] = []
        for trace in batch:
            sent.extend(self._sent(trace, is_here=bool(trace.steps) and self.plan.matter_id(trace) in here))
        entries = [Entry(command) for one in sent if (command := one.command) is not None]
        outcomes = advance_in(tx, entries, now=now, services=self.services)
        refused = list(_not_taken(sent, iter(outcomes)))
        after = self.progress.after(batch, refused=len(refused))
        if refused:
            tx.jobs.put(self._refusals(refused, now))
        tx.jobs.put(self._job(after, RUNNING, now))
        return after

    def _sent(self, trace: Trace, *, is_here: bool) -> Iterator["_Sent"]:
        """Yield what goes through the door for an incident: its filing, then each step."""
        why = TWICE if trace.source_line in self.survey.repeated else ALREADY_HERE if is_here else None
        if why is None and trace.steps:
            actor = self._actor(trace.steps[0])
            yield _Sent(command=self.plan.filing(trace, actor) if actor is not None else None)
        for place, step in enumerate(trace.steps):
            actor = self._actor(step)
            command = self.plan.act(trace, place, actor) if actor is not None and why is None else None
            no_action = NO_ACTION.format(pair=f"{step.status}/{step.substatus}", line=step.line)
            yield _Sent(command, RefusedStep(step.source_line, trace.id, why or no_action))

    def _actor(self, step: Step) -> Actor | None:
        line = self.plan.lines.get(step.line)
        return self.survey.roll.actor(step, line) if line is not None else None

    def _stored(self, tx: Transaction) -> _Progress:
        job = tx.jobs.get(self.id)
        return msgspec.json.decode(job.progress, type=_Progress) if job is not None else _Progress()

    def _job(self, progress: _Progress, state: str, now: datetime) -> Job:
        args = _Args(self.survey.sha256, self.plan.workflow.id, self.survey.incidents, self.survey.steps)
        encoded = msgspec.json.encode(args), msgspec.json.encode(progress)
        return Job(id=self.id, kind=KIND, args=encoded[0], progress=encoded[1], state=state, at=now)

    def _refusals(self, refused: Sequence[RefusedStep], now: datetime) -> Job:
        """A row for the refusals of one batch: the list never has to be written again."""
        kept = msgspec.json.encode(refused)
        id_ = f"{self.id}/{self.progress.incidents}"
        return Job(id=id_, kind=f"{REFUSED_KIND}/{self.id}", args=b"{}", progress=kept, state=DONE, at=now)

    def _refused_so_far(self, tx: Transaction) -> tuple[RefusedStep, ...]:
        jobs = tx.jobs.of_kind(f"{REFUSED_KIND}/{self.id}")
        steps = (step for job in jobs for step in msgspec.json.decode(job.progress, type=list[RefusedStep]))
        return tuple(sorted(steps, key=lambda step: step.line))


@dataclass(frozen=True, slots=True)
class _Sent:
    """A command for the door, and the step it stands for (None: the filing) as it would be listed if not taken."""

    command: File | Act | None
    step: RefusedStep | None = None


def _not_taken(sent: Sequence[_Sent], outcomes: Iterator[Outcome]) -> Iterator[RefusedStep]:
    """Yield the steps that were not taken; where already the filing was refused, with the reason of that."""
    unfiled = ""
    for one in sent:
        outcome = next(outcomes) if one.command is not None else None
        if one.step is None:
            unfiled = outcome.text if isinstance(outcome, Refusal) else ""
        elif outcome is None:
            yield one.step
        elif isinstance(outcome, Refusal):
            yield msgspec.structs.replace(one.step, reason=unfiled or outcome.text)
