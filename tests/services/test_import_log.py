"""Taking in an event log: every step once, at its own instant, by its own person, or listed with its reason."""

import gzip
import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine.core.history import Event, read_event
from engine.errors import BadFile, NotFound
from engine.services.audit import GOOD, verify
from engine.services.import_log import ImportReport, import_log, publish_shipped
from engine.services.reports import LevelFigures, report_levels
from engine.services.xes import read_traces
from engine.settings import Settings
from engine.wiring import Sanlian, wire
from tests.support.support_lines import NOW, ROOT, SAMPLE, FixedWall, import_deployment

EVERY_INCIDENT = 1


def take_in(app: Sanlian, log: Path, *, batch_steps: int = 500, stop_after: int | None = None) -> ImportReport:
    """Import *log*; with *stop_after* somebody presses Ctrl-C once so many steps are done."""

    def tell(done: int, _total: int) -> None:
        if stop_after is not None and done >= stop_after:
            raise KeyboardInterrupt

    return import_log(
        app.uow,
        log,
        workflow="support_lines",
        services=app.door,
        clock=app.clock.now,
        tell=tell,
        batch_steps=batch_steps,
    )


def figures(app: Sanlian) -> LevelFigures:
    return report_levels(app.uow, workflow="support_lines", field="impact", services=app.door)


def bodies(app: Sanlian) -> list[bytes]:
    """Every event that is no change of the system, as stored."""
    with app.uow.read() as tx:
        return [event.body for event in tx.events.all() if not event.chain.startswith("system/")]


def lives(app: Sanlian) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in map(read_event, bodies(app)):
        found.setdefault(event.matter, []).append(event)
    return found


@pytest.fixture
def sqlite_app(tmp_path: Path) -> Iterator[Sanlian]:
    app = import_deployment(f"sqlite:///{tmp_path / 'sanlian.db'}")
    yield app
    app.close()


def changed_sample(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """Write the sample with the first place of each old text replaced."""
    text = SAMPLE.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    log = tmp_path / "changed.xes"
    log.write_text(text, encoding="utf-8")
    return log


def line_of(log: Path, text: str) -> int:
    """Line of the `<event>` that holds the first place of *text*."""
    lines = log.read_text(encoding="utf-8").splitlines()
    place = next(n for n, line in enumerate(lines) if text in line)
    return max(n for n in range(place) if "<event>" in lines[n]) + 1


def test_sample_is_taken_in_whole_on_both_databases(database_url: str) -> None:
    """Every step is an event at its own instant, by the person's post on that line, and everything can be proved."""
    app = import_deployment(database_url)
    try:
        report = take_in(app, SAMPLE)
        stored = lives(app)
        checked = verify(app.uow, app.door.shelf, now=NOW)
    finally:
        app.close()
    with SAMPLE.open("rb") as stream:
        traces = {trace.steps[0].at: trace for trace in read_traces(stream, "sample")}

    assert (report.incidents, report.steps, report.taken, report.refused) == (8, 43, 43, ())
    assert len(stored) == 8
    for events in stored.values():
        trace = traces[events[0].at]
        assert [event.type for event in events] == ["filed"] + ["acted"] * len(trace.steps)
        assert [event.at for event in events[1:]] == [step.at for step in trace.steps]
        assert [event.actor.role for event in events[1:]] == [f"line{step.line}" for step in trace.steps]
        assert {event.recorded_at for event in events} == {NOW}
    assert checked.exit_code == GOOD, checked.findings


def test_report_agrees_with_the_sample(sqlite_app: Sanlian) -> None:
    """The figures of the store are those one counts in the sample by hand."""
    take_in(sqlite_app, SAMPLE)

    found = figures(sqlite_app)

    assert (found.matters, found.acts) == (8, 43)
    assert found.acts_on == {"line1": 22, "line2": 12, "line3": 9}
    assert found.first_level == {"line1": 5, "line2": 2, "line3": 1}
    assert found.highest_level == {"line1": 3, "line2": 2, "line3": 3}
    assert (found.moves_up, found.moves_down, found.never_up) == (4, 4, 5)
    assert found.by_field == {"Medium": 21, "Low": 10, "High": 8, "Major": 4}
    assert found.by_action["Completed/Closed"] == 6
    assert found.by_action["Completed/In Call"] == 2
    assert found.life is not None
    assert found.life.longest == timedelta(days=17, hours=17, minutes=10, seconds=1)


def test_names_stay_out_of_the_history(sqlite_app: Sanlian) -> None:
    """People, incident numbers and products are in no event; people are found through their posts."""
    take_in(sqlite_app, SAMPLE)

    with sqlite_app.uow.read() as tx:
        everything = b"".join(event.body for event in tx.events.all())
        posts = tx.organisation.load().posts

    assert not any(word.encode() in everything for word in ("Tova", "Åsmund", "Rurik", "9-0001", "PROD7"))
    assert {post.name for post in posts.values()} == {"Tova", "Rurik", "Åsmund", "Siv", "Liv"}


def test_nothing_fires_and_what_goes_on_stays_open(sqlite_app: Sanlian) -> None:
    """No rule acts during an import; only what the log never touches again has ended."""
    take_in(sqlite_app, SAMPLE)

    ends = sorted(events[-1].to for events in lives(sqlite_app).values())

    assert {event.type for events in lives(sqlite_app).values() for event in events} == {"filed", "acted"}
    assert ends == [
        "l1_answered",
        "l1_ended",
        "l1_ended",
        "l1_ended",
        "l1_wait_implementation",
        "l2_ended",
        "l2_resolved",
        "l3_cancelled",
    ]


def test_import_goes_on_where_it_stopped(sqlite_app: Sanlian, tmp_path: Path) -> None:
    """Stopped anywhere and begun again, an import takes every step exactly once."""
    stops = (0, 9, 10, 24, 43)
    for steps in stops:
        with pytest.raises(KeyboardInterrupt):
            take_in(sqlite_app, SAMPLE, batch_steps=EVERY_INCIDENT, stop_after=steps)
    report = take_in(sqlite_app, SAMPLE)
    whole = import_deployment(f"sqlite:///{tmp_path / 'whole.db'}")
    take_in(whole, SAMPLE)

    assert (report.taken, report.refused, report.resumed_at) == (43, (), 8)
    assert figures(sqlite_app) == figures(whole)
    assert {m: len(e) for m, e in lives(sqlite_app).items()} == {m: len(e) for m, e in lives(whole).items()}
    whole.close()


def test_import_does_nothing_when_it_was_done(sqlite_app: Sanlian) -> None:
    """The same log a second time changes no event and gives the same report."""
    first = take_in(sqlite_app, SAMPLE)
    before = bodies(sqlite_app)

    again = take_in(sqlite_app, SAMPLE)

    assert bodies(sqlite_app) == before
    assert (again.taken, again.refused, again.resumed_at) == (first.taken, (), 8)


def test_every_step_not_taken_is_listed(sqlite_app: Sanlian, tmp_path: Path) -> None:
    """What the flow or the engine does not take is listed with its line and reason; all else is taken."""
    in_call_of_9_0006 = '"In Call"/>\n\t\t\t<date key="time:timestamp" value="2021-04-03'
    log = changed_sample(
        tmp_path,
        ('"2021-03-05T10:00:00+01:00"', '"2021-03-04T09:00:00+01:00"'),
        ('"Wait - Customer"', '"Wait - Stars"'),
        ('"Cancelled"', '"Resolved"'),
        (in_call_of_9_0006, in_call_of_9_0006.replace("In Call", "Cancelled")),
        ('"9-0008"', '"9-0001"'),
    )  # fmt: skip

    report = take_in(sqlite_app, log)
    kept = take_in(sqlite_app, log)

    listed = {(step.line, step.reason.split("，")[0][:13]) for step in report.refused}
    assert kept.refused == report.refused
    assert [step.line for step in report.refused] == sorted(step.line for step in report.refused)
    assert listed == {
        (line_of(log, "2021-03-04T09:00"), "导入的时刻 2021-03"),
        (line_of(log, "Wait - Stars"), "流程里没有「Accepte"),
        (line_of(log, "2021-04-03T22:30"), "这件事已经结束"),
        (line_of(log, "2021-04-03T22:40"), "这件事已经结束"),
        (line_of(log, "2021-04-08T09:00"), "这个编号在记录里出现了两次"),
        (line_of(log, "2021-04-08T09:00") + 10, "这个编号在记录里出现了两次"),
    }
    assert report.taken == 43 - 6 == figures(sqlite_app).acts


def test_incident_is_listed_when_its_filing_is_refused(sqlite_app: Sanlian, tmp_path: Path) -> None:
    """An incident that cannot be filed takes none of its steps, each with the reason of the filing."""
    log = changed_sample(tmp_path, ('"Major"/>', '"Colossal"/>'))

    report = take_in(sqlite_app, log)

    assert [step.incident for step in report.refused] == ["9-0006"] * 4
    assert {step.reason for step in report.refused} == {"「影响」里没有「Colossal」这一项，请重新选。"}
    assert report.taken == 39 == figures(sqlite_app).acts


def test_incident_is_not_taken_twice_when_another_log_has_it(sqlite_app: Sanlian, tmp_path: Path) -> None:
    """A second log with the same incidents adds only those that are new."""
    take_in(sqlite_app, SAMPLE)

    report = take_in(sqlite_app, changed_sample(tmp_path, ('"9-0004"', '"9-0044"')))

    assert report.taken == 2
    assert len(report.refused) == 41
    assert {step.reason for step in report.refused} == {"这个编号已经在库里，没有再导一次。"}
    assert figures(sqlite_app).acts == 45


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</log>", "</trace>"),
        ('value="2021-04-08T09:00:00+02:00"', 'value="2021-04-08T09:00:00"'),
        ('value="9-0008"', 'value=""'),
    ],
    ids=["malformed-at-the-end", "naive-instant", "no-number"],
)
def test_nothing_is_written_when_the_log_is_bad(sqlite_app: Sanlian, tmp_path: Path, old: str, new: str) -> None:
    """A fault at the very end of a log keeps its first step out too, and its people and teams."""
    log = changed_sample(tmp_path, (old, new))

    with pytest.raises(BadFile) as caught:
        take_in(sqlite_app, log, batch_steps=EVERY_INCIDENT)

    with sqlite_app.uow.read() as tx:
        organisation = tx.organisation.load()
        events = [event.chain for event in tx.events.all()]
    lines = log.read_text(encoding="utf-8").splitlines()
    place = max(n for n, line in enumerate(lines, start=1) if new in line)
    assert f"changed.xes:{place}:" in str(caught.value)
    assert (dict(organisation.units), dict(organisation.posts)) == ({}, {})
    assert all(chain.startswith("system/") for chain in events)


def test_log_is_refused_when_it_cannot_be_opened(sqlite_app: Sanlian, tmp_path: Path) -> None:
    """A missing file, a folder and a cut-off archive are named."""
    cut = tmp_path / "cut.xes.gz"
    cut.write_bytes(gzip.compress(SAMPLE.read_bytes())[:700])

    for log in (tmp_path / "none.xes", tmp_path, cut):
        with pytest.raises(BadFile, match=log.name):
            take_in(sqlite_app, log)


def test_flow_is_published_once_from_its_folder(tmp_path: Path) -> None:
    """A fresh deployment gets flow and calendar from the folder, and keeps them; no other path is followed."""
    app = wire(Settings(database_url=f"sqlite:///{tmp_path / 'sanlian.db'}", district="d"), clock=FixedWall())
    app.prepare()
    folder = ROOT / "workflows"

    published = [publish_shipped(app.uow, "support_lines", folder=folder, now=NOW) for _ in range(2)]

    assert published == [True, False]
    assert take_in(app, SAMPLE).taken == 43
    for name in ("nothing", "../workflows/task"):
        with pytest.raises(NotFound):
            publish_shipped(app.uow, name, folder=folder, now=NOW)
    app.close()


REAL_LOG = Path(os.environ.get("SANLIAN_LOG") or ROOT.parent / "shared" / "data" / "bpic2013_incidents.xes.gz")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_public_log_is_taken_in_whole_and_its_figures_agree(tmp_path: Path) -> None:
    """The public log of 65,533 steps: none is refused, and the report says what is known of it."""
    if not REAL_LOG.is_file():
        assert "SANLIAN_LOG" not in os.environ, f"SANLIAN_LOG names {REAL_LOG}, which is not there"
        sys.stderr.write(f"the public event log is not there ({REAL_LOG}); set SANLIAN_LOG to test with it\n")
        return
    app = import_deployment(f"sqlite:///{tmp_path / 'sanlian.db'}")

    report = take_in(app, REAL_LOG)
    found = figures(app)
    app.close()

    assert (report.incidents, report.steps, report.taken, report.refused) == (7554, 65533, 65533, ())
    assert (found.matters, found.acts) == (7554, 65533)
    assert found.first_at is not None
    assert found.last_at is not None
    assert found.life is not None
    assert f"{found.first_at.astimezone(found.zone):%F} {found.last_at.astimezone(found.zone):%F}" == (
        "2010-03-31 2012-05-23"
    )
    assert list(found.acts_on.values()) == [46042, 16541, 2950]
    assert list(found.first_level.values()) == [6702, 704, 148]
    assert list(found.highest_level.values()) == [4546, 2464, 544]
    assert (found.moves_up, found.moves_down, found.never_up) == (3245, 1755, 5255)
    day = timedelta(days=1)
    assert [round(span / day, 2) for span in (found.life.median, found.life.nine_of_ten)] == [7.55, 22.56]
    assert round(found.life.longest / day) == 771
    assert found.by_field == {"Medium": 34905, "Low": 27877, "High": 2707, "Major": 44}
    assert found.by_action == {
        "Accepted/In Progress": 30239,
        "Queued/Awaiting Assignment": 11544,
        "Completed/Resolved": 6115,
        "Completed/Closed": 5716,
        "Accepted/Wait - User": 4217,
        "Accepted/Assigned": 3221,
        "Completed/In Call": 2035,
        "Accepted/Wait": 1533,
        "Accepted/Wait - Implementation": 493,
        "Accepted/Wait - Vendor": 313,
        "Accepted/Wait - Customer": 101,
        "Unmatched/Unmatched": 5,
        "Completed/Cancelled": 1,
    }
