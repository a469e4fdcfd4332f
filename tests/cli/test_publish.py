"""`sanlian publish`, `export workflows` and `calendar add` on the command line, on both databases."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree

import pytest
import typer
from typer.testing import CliRunner, Result

from engine.cli import calendar, publish
from engine.core.history import read_event
from engine.core.scope import SYSTEM
from engine.services.add_calendar import add_calendars
from engine.services.organise import save_organisation
from engine.services.publish_files import publish_files
from engine.settings import Settings
from engine.wiring import Sanlian, wire
from tests.support.pg import Prepare
from tests.support.town import MONDAY, SHIPPED, small_town

CALENDARS = ("calendars/cn_grid.yaml", "calendars/cn_office.yaml")
FLOWS = ("task.yaml", "topic.yaml", "three_tier.yaml")
VOTE = """\
    vote: { members: council, announce: 3d, window: 5d, rounds: 2, quorum: ['>= 1/2 of all'], pass: ['> 1/2 of voting'],
      passed: { to: follow_through }, rejected: { to: no_agreement }, no_quorum: { to: no_agreement } }
"""
Run = Callable[..., Result]


def settle_shipped_files(url: str) -> None:
    """Bring an empty database to a deployment with the shipped calendars and flows, and the small town."""
    sanlian = wire(Settings(database_url=url))
    sanlian.prepare()
    add_calendars(sanlian.uow, [SHIPPED / name for name in CALENDARS], by=SYSTEM, now=MONDAY)
    list(publish_files(sanlian.uow, [SHIPPED / name for name in FLOWS], by=SYSTEM, now=MONDAY))
    save_organisation(sanlian.uow, small_town(), by=SYSTEM, now=MONDAY)
    sanlian.close()


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold what is shipped."""
    return settle_shipped_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped folder, to change."""
    return Path(copytree(SHIPPED, tmp_path / "workflows"))


def run(*arguments: object) -> Result:
    """Run a command in the deployment that the environment names."""
    app = typer.Typer()
    publish.register(app)
    app.add_typer(calendar.app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def deployment(prepared_database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A deployment with the shipped calendars and flows; its URL."""
    monkeypatch.setenv("SANLIAN_DATABASE_URL", prepared_database_url)
    return prepared_database_url


@pytest.fixture
def fresh(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A deployment with nothing in it; its URL."""
    monkeypatch.setenv("SANLIAN_DATABASE_URL", database_url)
    return database_url


@contextmanager
def looking_into(url: str) -> Iterator[Sanlian]:
    """Open a deployment for a look."""
    sanlian = wire(Settings(database_url=url))
    yield sanlian
    sanlian.close()


def current(url: str) -> dict[str, str]:
    """The content hash of each flow that is current."""
    with looking_into(url) as sanlian, sanlian.uow.read() as tx:
        return tx.workflows.current_digests()


def recorded(url: str, topic: str) -> list[tuple[str, str]]:
    """The actions of a system chain, and who did them."""
    with looking_into(url) as sanlian, sanlian.uow.read() as tx:
        events = [read_event(record.body) for record in tx.events.of(f"system/{topic}")]
    return [(event.action, event.actor.post) for event in events]


def test_publish_says_what_to_do_first_when_something_it_names_is_not_stored(fresh: str) -> None:
    """The calendars lie beside the file but not in the deployment: the finding names the command that brings them."""
    done = run("publish", SHIPPED / "three_tier.yaml")

    assert done.exit_code == 1
    findings = [line for line in done.stderr.splitlines() if "E207" in line]
    assert any("cn_office" in line and "sanlian calendar add" in line for line in findings)
    assert any("「task」" in line and "sanlian publish" in line for line in findings)
    assert current(fresh) == {}


def test_flows_are_published_when_their_calendars_are_there(fresh: str) -> None:
    """On a new deployment two commands are enough; each flow is named with version and content hash."""
    added = run("calendar", "add", *(SHIPPED / name for name in CALENDARS))
    done = run("publish", *(SHIPPED / name for name in FLOWS))

    assert (added.exit_code, added.stdout.splitlines()[-1]) == (0, "在办的 0 件都看过：重算时限 0 件。"), added.output
    assert done.exit_code == 0, done.output
    digests = current(fresh)
    assert set(digests) == {"task", "topic", "three_tier"}
    for line, name in zip(done.stdout.splitlines(), ("task", "topic", "three_tier"), strict=True):
        assert line.startswith(f"{name} 第 ")
        assert line.endswith(digests[name])


def test_published_flow_names_no_folder_when_read_from_one(deployment: str, folder: Path) -> None:
    """Rules stand in the history by file and line; where the file lay is nobody's business."""
    limits = folder / "three_tier.limits.yaml"
    limits.write_bytes(limits.read_bytes() + b"# checked in spring\n")
    run("publish", folder / "three_tier.yaml")

    with looking_into(deployment) as sanlian, sanlian.uow.read() as tx:
        workflow = sanlian.door.shelf.current(tx, "three_tier")

    files = {rule.where.file for rule in workflow.rules_of_state("grid_doing", "small")}
    assert files == {"three_tier.limits.yaml"}


def test_publishing_changes_nothing_when_the_text_is_current(deployment: str, folder: Path) -> None:
    """The same text from another folder is a no-op that says so; no event is written."""
    before = recorded(deployment, "workflows")

    done = run("publish", *(folder / name for name in FLOWS))

    assert done.exit_code == 0, done.output
    assert all("已经在用，没有变" in line for line in done.stdout.splitlines())
    assert recorded(deployment, "workflows") == before


def test_new_limits_become_current_when_published_by_a_post(deployment: str, folder: Path) -> None:
    """A limits table can be named instead of its flow; the history says through which post."""
    limits = folder / "three_tier.limits.yaml"
    limits.write_bytes(limits.read_bytes() + b"# checked in spring\n")
    before = current(deployment)

    done = run("publish", limits, "--by", "supervisor@street")

    assert done.exit_code == 0, done.output
    assert "发布好了" in done.stdout
    assert current(deployment)["three_tier"] != before["three_tier"]
    assert recorded(deployment, "workflows")[-1] == ("published", "supervisor@street")


def test_publishing_lists_every_fault_when_files_have_some(deployment: str, folder: Path) -> None:
    """Faults of all files stand on standard error with their places, and nothing is published."""
    before = current(deployment)
    for name, old in (("task.yaml", "final: "), ("topic.yaml", "workflow: topic")):
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace(old, f"nonsense: 1\n{old}", 1), encoding="utf-8")
    (folder / "three_tier.yaml").write_bytes((folder / "three_tier.yaml").read_bytes() + b"# new\n")

    done = run("publish", *(folder / name for name in ("three_tier.yaml", "task.yaml", "topic.yaml")))

    assert done.exit_code == 1
    assert "task.yaml:" in done.stderr
    assert "topic.yaml:" in done.stderr
    assert current(deployment) == before


def test_publishing_says_so_when_a_flow_holds_a_vote(deployment: str, folder: Path) -> None:
    """A vote cannot be held yet."""
    text = (folder / "topic.yaml").read_text(encoding="utf-8")
    (folder / "topic.yaml").write_text(text.replace("    due: 20d\n", f"    due: 20d\n{VOTE}", 1), encoding="utf-8")
    before = current(deployment)

    done = run("publish", folder / "topic.yaml")

    assert done.exit_code == 1
    assert "投票还不能执行" in done.stderr
    assert current(deployment) == before


def test_publishing_is_refused_when_only_the_catalogue_changed(deployment: str, folder: Path) -> None:
    """The flow must then have a new version, and the message says what to do."""
    catalogue = folder / "catalogues" / "categories.yaml"
    catalogue.write_bytes(catalogue.read_bytes() + b"# another\n")

    done = run("publish", folder / "three_tier.yaml")

    assert (done.exit_code, "version 加一" in done.stderr) == (1, True), done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["publish", "nowhere.yaml"], "nowhere.yaml"),
        (["publish", SHIPPED / "task.yaml", "--by", "mayor@moon"], "没有找到在任的岗位「mayor@moon」"),
        (["calendar", "add", "nowhere.yaml"], "nowhere.yaml"),
    ],
    ids=["no such flow", "no such post", "no such calendar"],
)
def test_command_is_refused_when_something_is_not_there(deployment: str, arguments: list[object], said: str) -> None:
    """One line names it, and the exit code is that of a wrong call."""
    done = run(*arguments)

    assert done.exit_code == 2
    assert said in done.stderr


def test_export_writes_every_byte_as_it_was_published(deployment: str, tmp_path: Path) -> None:
    """The exported folder is the shipped one, and passes for it: publishing it again changes nothing."""
    target = tmp_path / "out"

    done = run("export", "workflows", "--to", target)

    assert done.exit_code == 0, done.output
    written = sorted(path.relative_to(target) for path in target.rglob("*") if path.is_file())
    assert len(written) == 10
    for path in written:
        assert (target / path).read_bytes() == (SHIPPED / path).read_bytes(), path
    assert "没有变" in run("publish", *(target / name for name in FLOWS)).stdout
    assert run("export", "workflows", "--to", target).stdout == f"写了 0 个文件，{len(written)} 个本来就一样。\n"


def test_export_overwrites_nothing_when_a_file_holds_something_else(deployment: str, folder: Path) -> None:
    """A draft in the folder is named and kept, and nothing else is written there."""
    (folder / "task.yaml").write_text("# a draft\n", encoding="utf-8")
    (folder / "topic.yaml").unlink()

    done = run("export", "workflows", "--to", folder)

    assert done.exit_code == 1
    assert "task.yaml" in done.stderr
    assert (folder / "task.yaml").read_text(encoding="utf-8") == "# a draft\n"
    assert not (folder / "topic.yaml").exists()


def test_calendar_add_says_what_it_stored_and_moved(deployment: str, folder: Path) -> None:
    """The years stand in the answer; the second time nothing has changed."""
    table = folder / "calendars" / "cn_office" / "2027.yaml"
    text = "sanlian: 1\ncalendar: cn_office\nyear: 2027\nholidays: { 2027-01-01..2027-01-03: 元旦 }\n"
    table.write_text(text, encoding="utf-8")

    first, second = run("calendar", "add", table, "--by", "supervisor@street"), run("calendar", "add", table)

    assert first.stdout.splitlines()[0] == "cn_office：存好了，有 2024、2025、2026、2027 年的安排。"
    assert second.stdout.splitlines()[0] == "cn_office：和库里的一样，没有变。"
    assert recorded(deployment, "calendars")[-1] == ("calendar_stored", "supervisor@street")
    assert len(recorded(deployment, "calendars")) == 3
