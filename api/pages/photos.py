"""Photos of matters: shown to whoever may see the matter, as pictures and as nothing else."""

from fastapi import APIRouter
from starlette.responses import Response

from api.dependencies import AskedNow
from engine.services.show_file import shown_file

router = APIRouter()

HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Content-Disposition": "inline",
    # The browser may keep it, and must ask each time whether it may still be seen: by who has signed in now.
    "Cache-Control": "private, no-cache",
    "Vary": "Cookie",
}


@router.get("/files/{file_id}")
def photo(file_id: str, asked: AskedNow) -> Response:
    """Serve one photo; 304 without its bytes to a browser that has it and whose person may see it."""
    found = shown_file(asked.sanlian.uow, file_id[:200], sight=asked.sight)
    headers = {**HEADERS, "ETag": f'"{found.sha256}"'}
    if headers["ETag"] in asked.request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type=found.media_type, headers=headers)
