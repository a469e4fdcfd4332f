"""Take in files given with a matter: of a known kind by their first bytes, not too big, kept before they are used."""

from collections.abc import Callable
from datetime import datetime

from engine.errors import BadFile
from engine.store.unit_of_work import UnitOfWork

MAX_FILE_BYTES = 5 * 1024 * 1024
_EXPECTED = "照片（JPEG、PNG、WebP）或 PDF"


def kind_of(content: bytes) -> str | None:
    """Return the media type told by the first bytes, None for what is not taken."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return "application/pdf" if content.startswith(b"%PDF-") else None


def keep_file(uow: UnitOfWork, name: str, content: bytes, *, ids: Callable[[], str], now: datetime) -> str:
    """
    Keep *content* and return its id; it belongs to no matter until a command names it.

    The same content under the same id is kept once.

    Raises:
        BadFile: it is empty, too big, or of a kind that is not taken.
    """
    if len(content) > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // (1024 * 1024)
        raise BadFile(where=name[:60], found=f"{len(content) // (1024 * 1024)} MB", expected=f"{limit} MB 以内")
    media_type = kind_of(content)
    if media_type is None:
        raise BadFile(where=name[:60], found="别的格式" if content else "空文件", expected=_EXPECTED)
    with uow.write() as tx:
        return tx.files.add(ids(), content, media_type=media_type, name_ref=None, at=now)


def is_kept(uow: UnitOfWork, file_id: str) -> bool:
    """Whether there is such a file."""
    with uow.read() as tx:
        return tx.files.get(file_id) is not None
