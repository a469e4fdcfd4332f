"""What `verify` finds: every way of tampering, by the layer that must find it; and what only an outside copy finds."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.core.history import commitment
from engine.services.audit import Report, judge_part, note_run, verify
from engine.services.digest import OutsideCopy, digest_of_day, make_digests, read_copy, write_copy
from engine.services.erase import erase
from engine.services.grounds import gather
from engine.services.verify_one import compare_outside, note_verified, verify_one
from engine.store.log import Part
from tests.support.intruder import (
    LATE,
    LOG,
    SOLVED,
    TAMPERINGS,
    Intruder,
    change_workflow,
    delete_whole_matter,
    intrude,
    rebuild_with_edit,
    suppress_late,
)
from tests.support.logged import AFTER, DIGESTED, file, living, pass_time, settle_with_history, utc
from tests.support.town import MONDAY, Town, actor


@pytest.fixture
def prepare_database() -> Callable[[str], None]:
    """Every test here begins with a town that has a history."""
    return settle_with_history


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town, at the end of its history."""
    with living(prepared_database_url) as opened:
        yield opened


def check(town: Town, *copies: OutsideCopy, needs_outside: bool = False) -> Report:
    """Verify the town's log."""
    return verify(
        town.uow, town.door.shelf, now=town.now, copies=copies, needs_outside=needs_outside, processes=1
    )  # fmt: skip


def copy_of(town: Town, day: str = DIGESTED) -> OutsideCopy:
    """Return the digest of *day* as somebody outside has it."""
    digest, log = digest_of_day(town.uow, town.door.shelf, day=utc(day).date(), now=town.now)
    return read_copy(write_copy(digest, log=log), where="copy")


def test_verify_finds_nothing_in_an_honest_log(town: Town) -> None:
    """A log that the engine wrote is good, and without an outside copy the verdict says what it cannot prove."""
    report = check(town)

    assert report.findings == ()
    assert report.exit_code == 0
    assert report.events > 25
    assert report.digests >= 6
    assert report.verdict == "前后连得上；没有外部存样，只能证明前后相连"


@pytest.mark.parametrize(
    ("tamper", "expected"), TAMPERINGS, ids=[f"{tamper.__name__}-{found[0]}" for tamper, found in TAMPERINGS]
)
def test_verify_finds_tampering_by_its_layer(
    town: Town, tamper: Callable[[Intruder], None], expected: tuple[str, str, str, int]
) -> None:
    """Each kind is found by the layer that must find it, at its matter and seq."""
    intrude(town, tamper)

    report = check(town)

    assert expected in {finding[:4] for finding in report.findings}, report.findings
    assert report.exit_code == 1
    assert "对不上" in report.verdict


def change_beside(by: Intruder) -> None:
    """What stands beside the text of a flow, so that it no longer reads."""
    by.run("UPDATE workflow_version SET beside = :b WHERE district_id = :d AND id = 'three_tier'", b=b"{}")


@pytest.mark.parametrize("tamper", [change_workflow, change_beside])
def test_verify_finds_texts_changed_after_they_were_read(town: Town, tamper: Callable[[Intruder], None]) -> None:
    """What is kept of a flow from the look before stands for the very same bytes only."""
    assert check(town).findings == ()
    intrude(town, tamper)

    assert ("workflow", "text", "system/workflows", 0) in {finding[:4] for finding in check(town).findings}


@pytest.mark.parametrize("tamper", [None, suppress_late])
def test_verify_of_one_chain_asks_the_log_when_rules_acted(
    town: Town, tamper: Callable[[Intruder], None] | None
) -> None:
    """What a chain leaves out is found by itself too, where the instants are not listed beforehand."""
    if tamper is not None:
        intrude(town, tamper)

    with town.uow.read() as tx:
        found = {finding[:4] for finding in verify_one(tx, LATE).findings}

    assert (("legality", "late", LATE, 5) in found) == (tamper is not None)
    assert tamper is not None or found == set()


def test_newest_comparison_counts_however_many_looks_came_after_it(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a copy outside said last is looked for from the end, past everything else that auditors did since."""
    monkeypatch.setattr("engine.services.verify_one.STRIDE", 2)
    auditor, good = actor("auditor", "district"), copy_of(town)
    wrong = OutsideCopy(good.day, "0" * 64, good.log)
    for copies, agrees in (([good], True), ([wrong], False)):
        compare_outside(town.uow, town.door.shelf, copies, purpose="check", by=auditor, now=town.now)
        for _ in range(5):
            with town.uow.read() as tx:
                report = verify_one(tx, SOLVED)
            assert report.outside is not None
            assert report.outside.agrees is agrees
            note_verified(town.uow, SOLVED, report, purpose="check", by=auditor, now=town.now)


def test_verify_agrees_with_the_copy_outside(town: Town) -> None:
    """An untouched log still gives the digest that was sent out."""
    report = check(town, copy_of(town))

    assert report.exit_code == 0
    assert report.verdict == "前后连得上；与 03-05 存在外面的摘要一致"


@pytest.mark.parametrize("tamper", [rebuild_with_edit, delete_whole_matter])
def test_verify_finds_what_fits_in_itself_only_by_the_copy_outside(
    town: Town, tamper: Callable[[Intruder], None]
) -> None:
    """No layer inside can see it; the digest that was sent out does."""
    copy = copy_of(town)
    intrude(town, tamper)

    assert check(town).exit_code == 0
    report = check(town, copy)

    assert report.findings == ()
    assert report.exit_code == 1
    assert report.compared[0].agrees is False


@pytest.mark.parametrize(
    ("table", "column", "found"),
    [("event", "body", ("chain", "chain", SOLVED, 2)), ("vault", "value", ("vault", "value", SOLVED, 1))],
)
def test_verify_finds_a_cell_that_a_hand_has_left_as_text(
    prepared_sqlite_url: str, table: str, column: str, found: tuple[str, str, str, int]
) -> None:
    """What a statement by hand makes of bytes in SQLite is a finding with its place, never a crash."""
    seq = found[3]
    with living(prepared_sqlite_url) as town:
        change = f"UPDATE {table} SET {column} = {column} || ' ' WHERE district_id = :d AND matter_id = :m AND seq = :s"
        intrude(town, lambda by: by.run(change, m=SOLVED, s=seq))
        report = check(town)

    assert report.exit_code == 1
    assert found in {finding[:4] for finding in report.findings}


def test_verify_finds_an_old_state_put_back_only_by_the_copy_outside(prepared_sqlite_url: str, tmp_path: Any) -> None:
    """Yesterday's file is good in itself; a digest made after it is not what it gives."""
    path = prepared_sqlite_url.removeprefix("sqlite:///")
    with living(prepared_sqlite_url) as town:
        town.uow.database.close()
    before = Path(path).read_bytes()
    with living(prepared_sqlite_url) as town:
        file(town, "新的一件事", at=AFTER)
        town.now = AFTER + timedelta(days=2)
        copy = copy_of(town, "2026-03-11")
        assert check(town, copy).exit_code == 0
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"sanlian.db{suffix}").unlink(missing_ok=True)
    Path(path).write_bytes(before)

    with living(prepared_sqlite_url) as town:
        town.now = AFTER + timedelta(days=2)
        alone, compared = check(town), check(town, copy)

    assert alone.exit_code == 0
    assert compared.exit_code == 1


def test_verify_cannot_tell_when_the_copy_is_of_a_day_not_over(town: Town) -> None:
    """A copy from the future is no proof of anything, and is not called good."""
    future = OutsideCopy(town.now.date() + timedelta(days=3), "0" * 64, LOG)

    report = check(town, future)

    assert report.exit_code == 2
    assert report.verdict.startswith("说不准")
    assert "连得上" not in report.verdict


def test_verify_cannot_tell_when_the_copy_is_of_another_log(town: Town) -> None:
    """Another deployment's digest says nothing about this one."""
    copy = copy_of(town)

    report = check(town, OutsideCopy(copy.day, copy.hash, "another-log"))

    assert report.exit_code == 2


def test_copy_of_another_day_is_called_so_and_marks_no_chain(town: Town) -> None:
    """A digest noted here for another day, on a paper that names no log, proves nothing of the day written on it."""
    taken = copy_of(town)
    mistaken = OutsideCopy(taken.day - timedelta(days=1), taken.hash, None)

    report = check(town, mistaken)
    compare_outside(
        town.uow, town.door.shelf, [mistaken], purpose="check", by=actor("auditor", "district"), now=town.now
    )

    assert report.exit_code == 2
    assert f"{taken.day} 的，不是 {mistaken.day} 的" in report.verdict
    with town.uow.read() as tx:
        assert verify_one(tx, SOLVED).holds


def test_copy_that_nobody_here_noted_and_that_names_no_log_marks_no_chain(town: Town) -> None:
    """It may be of another system or miswritten: said so, neither good nor tampered."""
    stray = OutsideCopy(copy_of(town).day, "ab" * 32, None)

    report = check(town, stray)
    compare_outside(town.uow, town.door.shelf, [stray], purpose="check", by=actor("auditor", "district"), now=town.now)

    assert report.exit_code == 2
    assert "没有写是哪份日志" in report.verdict
    with town.uow.read() as tx:
        assert verify_one(tx, SOLVED).holds


def test_verify_finds_tampering_by_a_paper_that_names_no_log_when_its_digest_was_noted_here(town: Town) -> None:
    """What was printed here for that day is of this log, whatever is written beside it."""
    paper = OutsideCopy(copy_of(town).day, copy_of(town).hash, None)
    assert check(town, paper).exit_code == 0

    def change(by: Intruder) -> None:
        digests = by.all("SELECT * FROM digest WHERE district_id = :d")
        rebuild_with_edit(by)
        for row in digests:
            by.run("INSERT INTO digest VALUES (:d, :day, :hash, :count, :made_at)", **row._mapping)

    intrude(town, change)

    report = check(town, paper)

    assert report.exit_code == 1
    assert report.compared[0].agrees is False


def test_verify_cannot_tell_when_a_copy_is_required_and_none_is_given(town: Town) -> None:
    """Whoever asks for proof from outside does not get a good without it."""
    assert check(town, needs_outside=True).exit_code == 2


def test_verify_is_good_after_erasure_and_finds_what_survives_it(town: Town) -> None:
    """An erased value is missing rightly; one that is still there after its erasure is found."""
    ref = f"{LATE}/1/detail"
    with town.uow.read() as tx:
        kept = tx.vault.get_many([ref])[ref]
    erase(
        town.uow, [ref], basis="本人要求", by=actor("supervisor", "street"), second=actor("auditor", "district"),
        now=town.now, services=town.door,
    )  # fmt: skip
    assert check(town).findings == ()

    put_back = "UPDATE vault SET salt = :s, value = :v WHERE district_id = :d AND ref = :r"
    intrude(town, lambda by: by.run(put_back, s=kept.salt, v=kept.value, r=ref))
    report = check(town)

    assert ("vault", "survives", LATE, 1) in {finding[:4] for finding in report.findings}


def test_verify_finds_a_value_nobody_committed_to(town: Town) -> None:
    """A value planted in the vault has no event behind it."""
    ref = f"{SOLVED}/1/planted"
    assert commitment(b"s" * 32, ref, b"x")
    intrude(
        town,
        lambda by: by.run(
            "INSERT INTO vault (district_id, ref, matter_id, seq, field, salt, value, purpose, restricted)"
            " VALUES (:d, :r, :m, 1, 'planted', :s, :v, 'x', :no)", r=ref, m=SOLVED, s=b"s" * 32, v=b"x", no=False,
        ),
    )  # fmt: skip

    assert ("vault", "stray", SOLVED, 1) in {finding[:4] for finding in check(town).findings}


def test_verify_run_is_noted_in_the_log(town: Town) -> None:
    """Who verified, and what came out, is an event; the log is good with it."""
    note_run(town.uow, check(town), by=actor("auditor", "district"), now=town.now)

    with town.uow.read() as tx:
        (event,) = tx.events.of("system/audit")
    assert msgspec.json.decode(event.body)["data"]["exit_code"] == 0
    assert check(town).exit_code == 0


def test_verify_gives_the_same_when_the_log_is_cut_into_parts(town: Town) -> None:
    """Parts cover every chain once, wherever the border lies."""
    with town.uow.read() as tx:
        parts = [Part(None, LATE), Part(LATE, None)]
        grounds, _ = gather(tx)
        tallies = [judge_part(tx, part, grounds) for part in parts]

    whole = check(town)
    assert sum(tally.events for tally in tallies) == whole.events
    assert sum(tally.chains for tally in tallies) == whole.chains
    assert all(tally.findings == [] for tally in tallies)


def test_verify_is_good_while_the_town_lives_on(town: Town) -> None:
    """More days, more digests: still good, and the old copy still agrees."""
    copy = copy_of(town)
    pass_time(town, AFTER + timedelta(days=5))
    town.now = AFTER + timedelta(days=6)
    make_digests(town.uow, town.door.shelf, now=town.now)

    assert check(town, copy).exit_code == 0
    assert town.matter(LATE).seq > 8
    assert town.matter(LATE).at > MONDAY
