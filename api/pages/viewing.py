"""How pages look in this browser; remembered there, without script."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse

from api.dependencies import SIZE_COOKIE, SIZES, THEME_COOKIE, THEMES, PostedByAnybody, local_path

router = APIRouter()

YEAR_SECONDS = 365 * 24 * 3600


@router.post("/look")
def look(posted: PostedByAnybody) -> RedirectResponse:
    """Remember how pages should look."""
    answer = RedirectResponse(local_path(posted.get("next")), status_code=303)
    for name, cookie, known in (("theme", THEME_COOKIE, THEMES), ("size", SIZE_COOKIE, SIZES)):
        if name in posted:
            value = str(posted[name])
            kept = value if value in known else ""
            answer.set_cookie(cookie, kept, max_age=YEAR_SECONDS, httponly=True, samesite="strict")
    return answer
