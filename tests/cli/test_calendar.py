"""`sanlian calendar` on the command line: one line, or one clear refusal."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.cli.calendar import app

ROOT = Path(__file__).parents[2]
OFFICE = str(ROOT / "workflows" / "calendars" / "cn_office.yaml")


def run(*arguments: str) -> Result:
    """Run the command with the shipped calendars in reach."""
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize(
    ("budget", "start", "pauses", "line"),
    [
        ("14wd", "2026-11-04T17:05:00+08:00", [], "2026-11-24T17:30:00+08:00"),
        ("3wd", "2026-11-20T11:00:00+08:00", [], "2026-11-25T17:30:00+08:00"),
        ("4wh", "2026-11-20T06:20:00Z", [], "2026-11-23T09:20:00+08:00"),
        ("3d roll", "2026-09-29T09:00:00+08:00", [], "2026-10-09T00:00:00+08:00"),
        ("4wh", "2026-11-20T14:20:00+08:00", ["20T15:00/23T15:00"], "2026-11-24T09:20:00+08:00"),
        ("3wd", "2026-11-20T11:00:00+08:00", ["24T08:30/25T08:30", "23T08:30/23T13:30"], "2026-11-27T12:00:00+08:00"),
    ],
)
def test_due_prints_one_line_when_asked(budget: str, start: str, pauses: list[str], line: str) -> None:
    """One RFC 3339 line in the calendar's local time, whatever the order of the pauses."""
    options = []
    for pause in pauses:
        since, until = (f"2026-11-{moment}:00+08:00" for moment in pause.split("/"))
        options += ["--pause", f"{since}/{until}"]

    done = run("due", OFFICE, "--from", start, "--budget", budget, *options)

    assert (done.exit_code, done.stdout) == (0, f"{line}\n"), done.output


def test_due_says_provisional_beside_the_line_when_a_table_is_missing() -> None:
    """Standard output stays one line; that it is provisional stands on standard error."""
    done = run("due", OFFICE, "--from", "2031-05-01T10:00:00+08:00", "--budget", "1wd")

    assert (done.exit_code, done.stdout) == (0, "2031-05-02T17:30:00+08:00\n")
    assert "暂定" in done.stderr


def test_due_finds_a_calendar_by_its_id_when_in_the_folder() -> None:
    """The id is enough where the folder is known."""
    folder = str(Path(OFFICE).parent)

    done = run("due", "cn_grid", "--folder", folder, "--from", "2026-10-01T17:00:00+08:00", "--budget", "2wh")

    assert done.stdout == "2026-10-01T20:00:00+08:00\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["due", OFFICE, "--from", "2026-11-20T11:00:00", "--budget", "3wd"], "没有时区"),
        (["due", OFFICE, "--from", "yesterday", "--budget", "3wd"], "不是时刻"),
        (["due", OFFICE, "--from", "2026-11-20T11:00:00Z", "--budget", "3 days"], "是不是「3d」"),
        (["due", OFFICE, "--from", "2026-11-20T11:00:00Z", "--budget", "0wd"], "不是时限"),
        (["due", OFFICE, "--from", "2026-11-20T11:00:00Z"], "--budget"),
        (["due", "nowhere", "--from", "2026-11-20T11:00:00Z", "--budget", "3d"], "nowhere"),
        (["due", "no/such.yaml", "--from", "2026-11-20T11:00:00Z", "--budget", "3d"], "no/such.yaml"),
        (["due", OFFICE, "--from", "2026-11-20T11:00:00Z", "--budget", "3d", "--pause", "soon"], "A/B"),
        (
            [
                "due",
                OFFICE,
                "--from",
                "2026-11-20T11:00Z",
                "--budget",
                "3d",
                "--pause",
                "2026-11-19T11:00Z/2026-11-19T12:00Z",
            ],
            "暂停",
        ),
        (["elapsed", OFFICE, "--from", "2026-11-20T11:00:00Z", "--to", "2026-11-19T11:00:00Z"], "--to"),
        (["elapsed", OFFICE, "--from", "2026-11-20T11:00Z", "--to", "2026-11-21T11:00Z", "--unit", "week"], "--unit"),
        (["explain", OFFICE, "--from", "2026-11-20T11:00:00", "--budget", "3wd"], "没有时区"),
        (["check", "no/such.yaml"], "no/such.yaml"),
    ],
)
def test_command_stops_with_two_when_it_is_used_wrongly(arguments: list[str], said: str) -> None:
    """Exit 2, nothing on standard output, and what was wrong on standard error."""
    done = run(*arguments)

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.parametrize(
    "pauses",
    [["23T10:00Z/20T12:00Z"], ["23T10:00Z/23T12:00Z", "23T11:00Z/23T13:00Z"]],
    ids=["backwards", "overlapping"],
)
def test_pauses_are_refused_when_they_contradict_each_other(pauses: list[str]) -> None:
    """Facts that cannot have happened are named."""
    given = [f"--pause=2026-11-{pause.replace('/', '/2026-11-')}" for pause in pauses]

    done = run("due", OFFICE, "--from", "2026-11-20T11:00Z", "--budget", "3wd", *given)

    assert (done.exit_code, done.stdout) == (2, "")
    assert "先后不重叠的一段" in done.stderr


def test_bad_pause_is_said_in_the_time_of_the_calendar_when_it_begins_too_early() -> None:
    """What people typed and what was expected stand on one clock: the calendar's own."""
    begun, pause = "2026-11-20T19:00:00+08:00", "2026-11-19T19:00:00+08:00/2026-11-19T20:00:00+08:00"

    done = run("due", OFFICE, "--from", begun, "--budget", "3d", "--pause", pause)

    assert done.exit_code == 2
    assert pause in done.stderr
    assert f"不早于 {begun}" in done.stderr


@pytest.mark.parametrize(("unit", "count"), [("wm", 810), ("wh", 13), ("wd", 1), ("d", 0), ("h", 32), ("m", 1950)])
def test_elapsed_prints_a_whole_number_when_asked(unit: str, count: int) -> None:
    """Friday 10:00 to Saturday 18:30, across a make-up Saturday."""
    start, end = "2026-10-09T10:00:00+08:00", "2026-10-10T18:30:00+08:00"

    done = run("elapsed", OFFICE, "--from", start, "--to", end, "--unit", unit)

    assert done.stdout == f"{count}\n"


def test_explain_prints_a_line_a_day_when_asked() -> None:
    """First the question, then each day, then the answer."""
    done = run("explain", OFFICE, "--from", "2026-09-30T16:00:00+08:00", "--budget", "3wd")

    lines = done.stdout.splitlines()
    assert len(lines) == 13
    assert "国庆节放假" in lines[2]
    assert lines[-1] == "到期：2026-10-10T17:30:00+08:00"


def test_check_prints_every_finding_when_a_file_has_faults(tmp_path: Path) -> None:
    """Exit 1 with findings, 0 without."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("zone: Nowhere\nweekly: { mon: 8-9 }\n")

    faulty, clean = run("check", OFFICE, str(bad)), run("check", OFFICE)
    used = run("due", str(bad), "--from", "2026-11-20T11:00:00Z", "--budget", "3d")

    assert faulty.exit_code == used.exit_code == 1
    assert [line.split(" ")[0] for line in faulty.stdout.splitlines()] == [f"{bad}:1:7:", f"{bad}:2:16:"]
    assert (clean.exit_code, clean.stdout) == (0, "")
