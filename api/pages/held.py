"""Rules that stand still: a supervisor sees why, compares the clock, and lets them go."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.dependencies import BY_WRITER, Asked, AskedNow
from api.rendering import draw
from engine.core.terms import Ability
from engine.services.held import release, retry, trust_clock
from engine.services.standstill import held_rules

router = APIRouter()

PATH = "/held"
SAID = {
    "trusted": "记下了：时间没有错。半分钟之内照它接着走。",
    "released": "放行了，半分钟之内执行。",
    "retried": "半分钟之内再试一次。还不行的会回到这里。",
}


@router.get(PATH)
def held(asked: AskedNow, done: Annotated[str, Query(max_length=10)] = "") -> HTMLResponse:
    """Show what stands still, and why."""
    asked.require(Ability.LIMITS)
    with asked.sanlian.uow.read() as tx:
        back = held_rules(tx, sight=asked.sight, world=asked.world, flow_of=asked.flows_in(tx), now=asked.now)
    return draw("board/held.html", {**asked.frame("board"), "back": back, "said": SAID.get(done, "")})


@router.post(f"{PATH}/trust", dependencies=BY_WRITER)
def trust(asked: AskedNow) -> Response:
    """Take the clock of this machine for right, after comparing it."""
    return _press(asked, trust_clock, done="trusted")


@router.post(f"{PATH}/release", dependencies=BY_WRITER)
def let_go(asked: AskedNow) -> Response:
    """Let go what an outage holds back; a second press finds nothing to let go."""
    return _press(asked, release, done="released")


@router.post(f"{PATH}/retry", dependencies=BY_WRITER)
def try_again(asked: AskedNow) -> Response:
    """Let rules act that could not, after what was in their way has been mended."""
    return _press(asked, retry, done="retried")


def _press(asked: Asked, work: Callable[..., object], *, done: str) -> Response:
    viewer = asked.require(Ability.LIMITS)
    asked.require_fresh()
    work(asked.sanlian.uow, by=viewer.actor, now=asked.now)
    asked.wake()
    return RedirectResponse(f"{PATH}?done={done}", status_code=303)
