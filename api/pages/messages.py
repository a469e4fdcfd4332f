"""What rules told the post somebody acts with."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse

from api.dependencies import AskedNow
from api.rendering import draw
from engine.core.terms import Ability
from engine.services.read_messages import read_messages

router = APIRouter()

PATH = "/messages"


@router.get(PATH)
def messages(asked: AskedNow, after: Annotated[str, Query(max_length=300)] = "") -> HTMLResponse:
    """Show one page of messages."""
    viewer = asked.require(Ability.WORK)
    organisation = asked.world.organisation
    posts = (organisation.posts[viewer.id], *organisation.absent_behind(viewer.id, asked.now))
    with asked.sanlian.uow.read() as tx:
        page = read_messages(tx, posts, sight=asked.sight, cursor=after)
    context = {
        **asked.frame("messages"),
        "told": page.messages,
        "next_url": f"{PATH}?{urlencode({'after': page.next_cursor})}" if page.next_cursor else "",
        "first_url": PATH if after else "",
    }
    return draw("messages/list.html", context)
