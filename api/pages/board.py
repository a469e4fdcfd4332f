"""The supervisor's board: the table first, lanes second, counts that lead to their lists."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse

from api.dependencies import AskedNow
from api.pages.figures import frame_in, url_of
from api.rendering import draw
from engine.core.terms import Ability
from engine.services.board import Board, board_of, lanes_of
from engine.services.daily_sheet import Number
from engine.services.figures import ABOVE, WHOLE, Frame, Pick, figure_list
from engine.services.standstill import Standstill, standstill
from engine.services.worklist import communities

router = APIRouter()

SHOWS = (
    ("open", "在办的"),
    ("late", "超时的"),
    ("due_today_demands", "今天到期的"),
    ("supervised", "督办的"),
    ("listed", "挂账的"),
)
LANES = "lanes"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the table is narrowed to."""

    show: str
    level: str
    unit: str
    view: str

    def url(self, *, view: str | None = None, after: str = "") -> str:
        """The address of this board, in another view or on another page."""
        given = {
            "show": self.show if self.show != "open" else "", "level": self.level, "unit": self.unit,
            "view": self.view if view is None else view, "after": after,
        }  # fmt: skip
        query = urlencode({name: value for name, value in given.items() if value})
        return f"/board?{query}" if query else "/board"


def lead(number: Number) -> str:
    """Where a figure of the board leads: to the board's own table where that can show it."""
    if number.name in dict(SHOWS) and not number.pick.role and not number.pick.category:
        return Chosen(number.name, number.pick.level, number.pick.unit, "").url()
    return url_of(number.name, number.pick)


@router.get("/board")
def board(
    asked: AskedNow,
    show: Annotated[str, Query(max_length=20)] = "",
    level: Annotated[str, Query(max_length=40)] = "",
    unit: Annotated[str, Query(max_length=80)] = "",
    view: Annotated[str, Query(max_length=10)] = "",
    after: Annotated[str, Query(max_length=300)] = "",
) -> HTMLResponse:
    """Show the board."""
    viewer = asked.require(Ability.BOARD)
    known = show if show in dict(SHOWS) else "open"
    chosen = Chosen(known, level, unit, view if view == LANES else "")
    with asked.sanlian.uow.read() as tx:
        frame = frame_in(asked, viewer, flow_of=asked.flows_in(tx))
        counts = board_of(tx, frame)
        pick = Pick(unit=unit, level=level)
        total = _counted(counts, known) if pick == WHOLE else None
        found = figure_list(tx, known, frame, pick, cursor=after, total=total) if not chosen.view else None
        lanes = lanes_of(tx, frame, unit=unit) if chosen.view else ()
        still = standstill(tx) if viewer.may(Ability.LIMITS) else Standstill()
    context: dict[str, Any] = {
        **asked.frame("board"), "board": counts, "found": found, "lanes": lanes, "chosen": chosen, "lead": lead,
        "still": still, "shows": SHOWS,
        "levels": (*((one.id, one.label) for one in counts.levels), (ABOVE, "三级以外")),
        "units": _units(frame), "next_url": chosen.url(after=found.next_cursor) if found and found.next_cursor else "",
        "first_url": chosen.url() if after else "",
    }  # fmt: skip
    return draw("board/board.html", context)


def _counted(counts: Board, show: str) -> int | None:
    """How long a whole list is, as the counts beside it have it already."""
    numbers = (counts.open, counts.late, counts.today, counts.supervised, counts.listed)
    return next((one.count for one in numbers if one.name == show), None)


def _units(frame: Frame) -> tuple[tuple[str, str], ...]:
    if frame.home is None:
        return communities(frame.organisation)
    units = frame.organisation.units
    return tuple((one.id, one.name) for one in units.values() if frame.home in frame.organisation.ancestors(one.id))
