"""Photos for programs: sent first, then named in the fields of an action."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from api.dependencies import Asked
from api.rest.access import Calling
from api.rest.encoding import plain
from engine.core.decision import Refusal
from engine.core.terms import RefusalCode
from engine.services.keep_files import is_for, keep_file

router = APIRouter(prefix="/api/v1/files", tags=["files"])

_BODY = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}, "required": True}


@dataclass(frozen=True, slots=True)
class FileKept:
    """A photo that was taken; `id` goes into the field of an action."""

    id: str


async def sent(request: Request) -> bytes:
    """Read what was sent (the framework reads bodies asynchronously)."""
    return await request.body()


@router.post("", status_code=201, summary="传一张照片", response_model=FileKept, openapi_extra={"requestBody": _BODY})
def keep(asked: Calling, content: Annotated[bytes, Depends(sent)]) -> Response:
    """Keep a photo (JPEG, PNG, WEBP), cleaned of everything but its picture; unused it belongs to no matter."""
    asked.require_content()
    sanlian = asked.sanlian
    kept = keep_file(sanlian.uow, "photo", content, ids=sanlian.door.ids, now=asked.now)
    return JSONResponse(plain(FileKept(kept)), status_code=201)


def unknown_photo(asked: Asked, fields: Mapping[str, object], *, matter: str | None) -> Refusal | None:
    """Return the refusal of a photo that was never sent or belongs to another matter."""
    for name, value in fields.items():
        for one in value if isinstance(value, list) else ():
            if not is_for(asked.sanlian.uow, str(one), matter):
                words = f"没有照片「{str(one)[:20]}」，先用 POST {router.prefix} 传上来，再写它的 id。"
                return Refusal(RefusalCode.FIELD, words, name)
    return None
