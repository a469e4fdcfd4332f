"""Let time pass in the demo, and see what the rules do when nobody acts."""

from datetime import timedelta
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse

from api.dependencies import AskedNow, Posted, local_path
from api.sessions import hand_out
from engine.errors import NotFound
from engine.services.demo_clock import FastForward
from engine.services.keep_sessions import SessionKind, begin_again

router = APIRouter()

NEXT = "next"
STRETCHES = MappingProxyType({"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)})


def fast_forward_of(request: Request) -> FastForward:
    """Return what lets time pass here."""
    found: FastForward = request.app.state.fast_forward
    return found


@router.post("/demo/clock")
def pass_time(
    asked: AskedNow, posted: Posted, fast_forward: Annotated[FastForward, Depends(fast_forward_of)]
) -> RedirectResponse:
    """Let an hour, a day, a week pass, or the time until the next rule acts; who pressed stays signed in."""
    chosen = str(posted.get("by", ""))
    following = fast_forward.next_due()
    if chosen == NEXT and following is not None:
        fast_forward.to(max(following, asked.now))
    elif chosen in STRETCHES:
        fast_forward.to(asked.now + STRETCHES[chosen])
    else:
        raise NotFound(what="一段时间", found=chosen[:20])
    answer = RedirectResponse(local_path(posted.get("next")), status_code=303)
    # A day ahead every session would be over.
    signed, sanlian = asked.require_signed(), asked.sanlian
    token = begin_again(sanlian.uow, signed, ids=sanlian.door.ids, salts=sanlian.door.salts, now=sanlian.clock.now())
    hand_out(asked.request, answer, token, kind=SessionKind(signed.kind))
    return answer
