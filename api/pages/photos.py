"""Photos of matters: shown to whoever may see the matter, as pictures and as nothing else."""

from fastapi import APIRouter
from starlette.responses import Response

from api.dependencies import AskedNow
from engine.services.show_file import shown_file

router = APIRouter()

HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Content-Disposition": "inline",
    "Cache-Control": "private, max-age=3600",
}


@router.get("/files/{file_id}")
def photo(file_id: str, asked: AskedNow) -> Response:
    """Serve one photo."""
    found = shown_file(asked.sanlian.uow, file_id[:200], sight=asked.sight)
    return Response(found.content, media_type=found.media_type, headers=HEADERS)
