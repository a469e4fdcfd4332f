"""
Pages against a bare FastAPI + SQLModel app showing the same rows, and among many matters against among few.

    python -m benchmarks.pages [--keep FOLDER] [--few 1000,9000] [--many 20000,1000000] [--rounds 7] [--seconds 1]

Both serve on loopback from one process each, in turn, in short slices; SQLite. Of each number pair the first is open
demands, filed through the door with their histories, the second ended ones, copied with matter and demand rows only.
With --keep the databases stay for the next run; each run adds some notes to them.

Each is measured twice: on an idle street, where nothing happens between two requests and what a page was made of may
still be at hand, and on a busy one, where somebody in another process notes progress on some demand before every
request, so that nothing counted or listed before may be shown again.
"""

import argparse
import gzip
import itertools
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import Address, Subject, fetch, in_turn, in_turn_after, median_rate, median_time
from benchmarks.served import served
from benchmarks.street import build
from engine.core.command import Act
from engine.core.matter import Actor
from engine.errors import Unavailable
from engine.services.advance import Done, Entry, advance
from engine.store.listing import Listing, Wanted
from tests.support.demo import NOW, wired
from tests.support.people import token_for

COOKIE = "sanlian"
BROWSER = {"Accept": "text/html", "Accept-Encoding": "gzip"}
CENTRE = "street.service_centre.1"
WORKER = "zhujidong-1.grid_worker.1"
CLIENTS = (1, 8)
PRESSES = 15
MOST_PRESSED = 200


@dataclass(frozen=True, slots=True)
class Page:
    """A page: who looks at it, and where the bare application has the same rows."""

    name: str
    path: str
    who: str
    bare: str


def main() -> None:
    """Measure and print a line for each page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--few", type=_pair, default=(1_000, 9_000))
    parser.add_argument("--many", type=_pair, default=(20_000, 1_000_000))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0)
    given = parser.parse_args()
    with _folder(given.keep) as folder:
        few, many = _database(folder, given.few), _database(folder, given.many)
        against_bare(few, rounds=given.rounds, seconds=given.seconds)
        among_many(few, many, given.few, given.many, rounds=given.rounds, seconds=given.seconds)


class Presser:
    """Somebody who notes progress on one demand after another, in this process, through the door."""

    def __init__(self, database: Path) -> None:
        self._sanlian = wired(database)
        with self._sanlian.uow.read() as tx:
            self._workers = {p.unit: p for p in tx.organisation.load().posts.values() if p.role == "grid_worker"}
            wanted = Wanted(kinds=("demand",), role="grid_worker")
            page = Listing(tx.connection, tx.district).page(wanted, after=None, limit=MOST_PRESSED)
        self._demands = itertools.cycle([one for one in page if one.holder and one.holder.unit in self._workers])

    def press(self) -> None:
        """Note progress once."""
        matter = next(self._demands)
        worker = self._workers[matter.place]
        actor = Actor(post=worker.id, role=worker.role, unit=worker.unit, person=worker.person)
        command = Act(matter=matter.id, action="note", actor=actor, values={"note": "去现场看过，明天再来。"})
        try:
            done = advance(self._sanlian.uow, [Entry(command)], now=NOW, services=self._sanlian.door)[0]
        except Unavailable:  # what is served is writing for long: the next one waits for it again
            return self.press()
        assert isinstance(done, Done), done
        return None

    def close(self) -> None:
        """Leave."""
        self._sanlian.close()


def _pair(text: str) -> tuple[int, int]:
    opened, closed = text.split(",")
    return int(opened), int(closed)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _database(folder: Path, size: tuple[int, int]) -> Path:
    file = folder / f"street-{size[0]}-{size[1]}.db"
    if not file.exists():
        build(file, opened=size[0], closed=size[1])
    return file


def pages_of(database: Path) -> tuple[Page, ...]:
    """Return the pages that are measured; the demand is one with a long history."""
    sanlian = wired(database)
    with sanlian.uow.read() as tx:
        longest = max(
            (stored.matter for stored in tx.matters.all(only_open=True) if stored.matter.kind == "demand"),
            key=lambda matter: (matter.seq, matter.id),
        )
        number = tx.demands.get_many([longest.id])[longest.id].number
    sanlian.close()
    unit, role, _ = WORKER.split(".")
    return (
        Page("today's list", "/work", WORKER, f"/work?unit={unit}&role={role}"),
        Page("board", "/board", CENTRE, "/board"),
        Page("list", "/matters", CENTRE, "/matters"),
        Page("one demand", f"/matters/{number}", CENTRE, f"/matters/{number}"),
    )


def signed_in(database: Path, pages: tuple[Page, ...]) -> dict[str, str]:
    """Return the token of a new session for everybody who looks."""
    sanlian = wired(database)
    tokens = {who: token_for(sanlian, who) for who in {page.who for page in pages}}
    sanlian.close()
    return tokens


def _ours(address: Address, page: Page, tokens: dict[str, str]) -> Subject:
    return Subject(address, page.path, {**BROWSER, "Cookie": f"{COOKIE}={tokens[page.who]}"})


def _frame_of(page: bytes) -> tuple[str, str]:
    """What stands around the rows of a page: everything but what is inside of main."""
    text = gzip.decompress(page).decode()
    before, _, rest = text.partition("<main")
    return f"{before}<main>", f"</main>{rest.rpartition('</main>')[2]}"


def against_bare(database: Path, *, rounds: int, seconds: float) -> None:
    """Print requests per second of each page and of the bare one, with 1 and 8 clients."""
    pages = pages_of(database)
    with ExitStack() as stack:
        tokens = signed_in(database, pages)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ours = stack.enter_context(served("ours", f"sqlite:///{database}"))
        frame = folder / "frame.json"
        frame.write_text(json.dumps(_frame_of(fetch(_ours(ours, pages[2], tokens)))), encoding="utf-8")
        bare = stack.enter_context(served("bare", f"sqlite:///{database}", "--frame", str(frame)))
        presser = stack.enter_context(closing(Presser(database)))
        times = rounds * PRESSES
        for page in pages:
            first, second = _ours(ours, page, tokens), Subject(bare, page.bare, BROWSER)
            sizes = [len(gzip.decompress(fetch(one))) for one in (first, second)]
            for clients in CLIENTS:
                in_turn(first, second, clients=clients, seconds=seconds / 4, rounds=1)
                mine, theirs = in_turn(first, second, clients=clients, seconds=seconds, rounds=rounds)
                print(
                    f"{page.name}, {clients} clients: {median_rate(mine):.0f}/s against {median_rate(theirs):.0f}/s, "
                    f"ratio {median_rate(mine) / median_rate(theirs):.2f} (aim 0.7); p50 {median_time(mine) * 1e3:.1f} "
                    f"and {median_time(theirs) * 1e3:.1f} ms; {sizes[0]:,} and {sizes[1]:,} bytes; {_load()}",
                    flush=True,
                )
            mine_busy, theirs_busy = in_turn_after((first, presser.press), (second, presser.press), times=times)
            print(
                f"{page.name}, a press before each request: p50 {median_time([mine_busy]) * 1e3:.1f} against "
                f"{median_time([theirs_busy]) * 1e3:.1f} ms, ratio "
                f"{median_time([theirs_busy]) / median_time([mine_busy]):.2f} (aim 0.7); {_load()}",
                flush=True,
            )


def among_many(
    few: Path, many: Path, small: tuple[int, int], big: tuple[int, int], *, rounds: int, seconds: float
) -> None:
    """Print how long each page takes among many matters and among few."""
    pages = pages_of(few)
    with ExitStack() as stack:
        served_at, times = [], rounds * PRESSES
        pressers = [stack.enter_context(closing(Presser(database))) for database in (few, many)]
        for database in (few, many):
            tokens = signed_in(database, pages)
            served_at.append((stack.enter_context(served("ours", f"sqlite:///{database}")), tokens))
        for page in pages:
            one, other = (_ours(address, page, tokens) for address, tokens in served_at)
            in_turn(one, other, clients=1, seconds=seconds / 4, rounds=1)
            short, long = in_turn(one, other, clients=1, seconds=seconds, rounds=rounds)
            print(
                f"{page.name} among {big[0]:,} open and {big[1]:,} ended: {median_time(long) * 1e3:.1f} ms, among "
                f"{small[0]:,} and {small[1]:,}: {median_time(short) * 1e3:.1f} ms, ratio "
                f"{median_time(long) / median_time(short):.2f} (aim 1.5); {_load()}",
                flush=True,
            )
            few_busy, many_busy = in_turn_after((one, pressers[0].press), (other, pressers[1].press), times=times)
            print(
                f"{page.name}, a press before each request: {median_time([many_busy]) * 1e3:.1f} against "
                f"{median_time([few_busy]) * 1e3:.1f} ms, ratio "
                f"{median_time([many_busy]) / median_time([few_busy]):.2f} (aim 1.5); {_load()}",
                flush=True,
            )


def _load() -> str:
    return f"load {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
