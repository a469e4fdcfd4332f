"""The receipt of a demand just filed: its code, shown for ten minutes in this browser and nowhere else."""

from dataclasses import dataclass
from typing import Annotated

import segno
from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.dependencies import BY_WRITER, Asked, AskedNow, asked_by_anybody
from api.rendering import draw
from api.sessions import address_of, is_secure
from engine.core.matter import Matter
from engine.core.terms import Ability, Covers
from engine.core.workflow.declaration import Workflow
from engine.errors import NotFound, TooManyTries
from engine.services.case_file import Surroundings, find
from engine.services.give_receipt import give_receipt, grouped, matter_of, normal_code
from engine.services.look_in import LookIn, look_in

router = APIRouter()

COOKIE = "sanlian-receipt"
PATH = "/receipt"
SHOWN_SECONDS = 600
_QUIET_ZONE = 2

AskedByAnybody = Annotated[Asked, Depends(asked_by_anybody)]


@dataclass(frozen=True, slots=True)
class Square:
    """A QR code as one path in a square of *size* modules."""

    size: int
    path: str


def square_of(text: str) -> Square:
    """Return the QR code of *text*."""
    rows = [bytes(row) for row in segno.make(text, error="m", micro=False).matrix_iter(border=_QUIET_ZONE)]
    runs = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            end = x
            while end < len(row) and row[end]:
                end += 1
            if end > x:
                runs.append(f"M{x} {y}h{end - x}v1h-{end - x}z")
            x = end + 1
    return Square(size=len(rows), path="".join(runs))


def has_reporter(matter: Matter, flow: Workflow) -> bool:
    """Whether somebody else than staff has reported *matter*: only they get a receipt."""
    start = flow.starts.get(matter.start)
    own = {role.id for role in flow.roles.values() if role.covers is Covers.OWN}
    is_theirs = start is not None and (bool(start.external) or bool(own.intersection(start.by)))
    return matter.reporter is not None or is_theirs


def hand_over(asked: Asked, response: Response, matter: Matter) -> Response:
    """Give *matter* a fresh receipt that this browser may show for ten minutes, and return *response* with it."""
    flow = next((flow for flow in asked.flows if flow.digest == matter.digest), None)
    if asked.actor is None or flow is None or not has_reporter(matter, flow):
        return response
    sanlian = asked.sanlian
    code = give_receipt(sanlian.uow, matter.id, salts=sanlian.door.salts, by=asked.actor, now=asked.now)
    response.set_cookie(
        COOKIE, code, max_age=SHOWN_SECONDS, path=PATH, httponly=True, samesite="strict",
        secure=is_secure(asked.request),
    )  # fmt: skip
    return response


@router.get(PATH)
def receipt(asked: AskedByAnybody) -> Response:
    """Show the receipt of what was filed in this browser within the last minutes."""
    code = normal_code(asked.request.cookies.get(COOKIE, ""))
    sanlian = asked.sanlian
    try:
        if code is None:
            raise NotFound(what="回执", found="")
        matter = matter_of(sanlian.uow, code, address=address_of(asked.request), now=asked.now, ids=sanlian.door.ids)
    except (NotFound, TooManyTries):
        return draw("track/no_receipt.html", {**asked.frame(), "here": PATH}, status=404)
    seen = seen_in(asked, matter)
    link = f"{str(asked.request.base_url).rstrip('/')}/t/{code}"
    context = {
        **asked.frame(), "here": PATH, "seen": seen, "code": grouped(code), "link": link, "path": f"/t/{code}",
        "square": square_of(link), "filed": matter.filed,
    }  # fmt: skip
    return private(draw("track/receipt.html", context))


@router.post("/matters/{ref}/receipt", dependencies=BY_WRITER)
def replace(ref: str, asked: AskedNow) -> Response:
    """Give the demand *ref* a new receipt; the one before opens nothing from now on."""
    asked.require(Ability.DISPATCH)
    sanlian = asked.sanlian
    with sanlian.uow.read() as tx:
        matter = find(tx, ref)
        asked.sight.must_see(tx, matter, asked=ref)
    return hand_over(asked, RedirectResponse(PATH, status_code=303), matter)


def seen_in(asked: Asked, matter: Matter) -> LookIn:
    """Return the page of *matter* for whoever reported it."""
    sanlian = asked.sanlian
    with sanlian.uow.read() as tx:
        around = Surroundings(
            world=asked.world, flow_of=asked.flows_in(tx), catalogue={},
            now=asked.now,
        )  # fmt: skip
        return look_in(tx, matter, around=around)


def private(response: Response) -> Response:
    """Return *response* so that neither the next site nor a search engine learns its address."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
