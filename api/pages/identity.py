"""Look at who reported a matter: with a purpose, shown once, recorded."""

from fastapi import APIRouter
from starlette.responses import Response

from api.dependencies import AskedNow, Posted
from api.errors import answer, plain_problem
from api.pages.forms import key_in
from api.pages.matters import case_of
from api.rendering import draw
from engine.core.terms import Ability, Purpose
from engine.services.case_file import find
from engine.services.identity import Wish, look

router = APIRouter()


@router.post("/matters/{ref}/identity")
def identity(ref: str, asked: AskedNow, posted: Posted) -> Response:
    """Show name and telephone number of who reported, once, and record it; the password must be fresh."""
    case = case_of(asked, ref)
    viewer = asked.require(Ability.IDENTITY)
    key, purpose = key_in(posted), str(posted.get("purpose", ""))
    if not key:
        return answer(asked.request, plain_problem(428, "这个页面缺了编号，请重新打开这件事再看。"))
    chosen = next((one for one in Purpose if one.value == purpose), None)
    if chosen is None:
        return answer(asked.request, plain_problem(422, "先选看来做什么，再看。没有显示，也没有记下。"))
    asked.require_fresh()
    shelf = asked.sanlian.door.shelf
    known = look(
        asked.sanlian.uow, lambda tx: find(tx, ref), Wish(actor=viewer.actor, purpose=purpose, key=key),
        sight=asked.sight, now=asked.now, world=asked.world, flow_of=shelf.workflow,
    )  # fmt: skip
    context = {
        **asked.frame(), "case": case, "known": known, "viewer_label": viewer.label, "purpose": chosen.label,
    }  # fmt: skip
    return draw("matters/identity.html", context)
