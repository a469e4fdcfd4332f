"""Style sheets, scripts and icons: read, levelled and compressed once, then served from memory."""

import hashlib
import mimetypes
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

STATIC = Path(__file__).resolve().parent / "static"
YEAR = "public, max-age=31536000, immutable"
# Compressed, smaller ones gain nothing.
SMALLEST_ZIPPED_BYTES = 700
_GZIP_WINDOW = 31
_BEST = 9
_VERSION_DIGITS = 10
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_INDENT = re.compile(r"\s*\n\s*")


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent: plain, and compressed where that is smaller."""

    content: bytes
    zipped: bytes | None
    media_type: str
    etag: str

    def headers(self, *, is_zipped: bool, is_versioned: bool) -> dict[str, str]:
        """Return what is said about it."""
        said = {"ETag": self.etag, "Vary": "Accept-Encoding"}
        if is_zipped:
            said["Content-Encoding"] = "gzip"
        return said | {"Cache-Control": YEAR} if is_versioned else said


@lru_cache(maxsize=1)
def assets() -> Mapping[str, Asset]:
    """Return every file by its name, as it was when it was first asked for."""
    files = sorted(path for path in STATIC.rglob("*") if path.is_file())
    return MappingProxyType({path.relative_to(STATIC).as_posix(): _read(path) for path in files})


def address_of(name: str) -> str:
    """Return the address of a file, with a version made from what is sent."""
    return f"/static/{name}?v={assets()[name].etag[1 : _VERSION_DIGITS + 1]}"


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    if path.suffix == ".css":
        content = levelled(content.decode()).encode()
    packer = zlib.compressobj(_BEST, zlib.DEFLATED, _GZIP_WINDOW)
    zipped = packer.compress(content) + packer.flush()
    media_type, _ = mimetypes.guess_type(path.name)
    return Asset(
        content=content, zipped=zipped if len(content) >= SMALLEST_ZIPPED_BYTES else None,
        media_type=media_type or "application/octet-stream", etag=f'"{hashlib.sha256(content).hexdigest()}"',
    )  # fmt: skip


def levelled(sheet: str) -> str:
    """Return a style sheet without its comments and indentation: what only its authors read is not sent."""
    return _INDENT.sub("\n", _COMMENT.sub("", sheet)).strip()


class Assets:
    """Serves the files below its mount; an address with a version may be kept for ever."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await _answer(scope)(scope, receive, send)


def _answer(scope: Scope) -> Response:
    if scope["method"] not in ("GET", "HEAD"):
        raise HTTPException(405)
    found = assets().get(scope["path"].removeprefix(scope.get("root_path", "")).removeprefix("/"))
    if found is None:
        raise HTTPException(404)
    asked = Headers(scope=scope)
    zipped = found.zipped if "gzip" in asked.get("accept-encoding", "") else None
    headers = found.headers(is_zipped=zipped is not None, is_versioned=b"v=" in scope.get("query_string", b""))
    if found.etag in asked.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    answer = Response(zipped or found.content, media_type=found.media_type, headers=headers)
    if scope["method"] == "HEAD":
        answer.body = b""
    return answer
