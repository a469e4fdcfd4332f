"""
Take in photos given with a matter: of a known kind by their first bytes, cleaned, kept before they are used.

What is kept is never what was sent: a child process with little memory and time decodes it and encodes its pixels
anew, so no position, no device, no hidden archive and no script is ever stored or served.
"""

from collections.abc import Callable
from datetime import datetime

import msgspec

from engine.errors import BadFile
from engine.services.clean_photo import read_answer
from engine.services.confine import Overtaxed, run_confined
from engine.store.unit_of_work import UnitOfWork

MAX_FILE_BYTES = 10 * 1024 * 1024
_CHILD = "engine.services.clean_photo"
_EXPECTED = "照片（JPEG、PNG、WebP）"
_ANOTHER = "能打开的照片。请重新拍一张，或用相册另存后再传"
_SMALLER = "小一些的照片。请用相册改小后再传"


def kind_of(content: bytes) -> str | None:
    """Return the media type told by the first bytes, None for what is not taken."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return None


def keep_file(uow: UnitOfWork, name: str, content: bytes, *, ids: Callable[[], str], now: datetime) -> str:
    """
    Keep the photo *content*, cleaned, and return its id; it belongs to no matter until a command names it.

    The same content under the same id is kept once.

    Raises:
        BadFile: it is empty, too big, of a kind that is not taken, or cannot be opened.
        Unavailable: no process could be started to look at it.
    """
    if len(content) > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // (1024 * 1024)
        raise BadFile(where=name[:60], found=f"{len(content) / (1024 * 1024):.1f} MB", expected=f"{limit} MB 以内")
    media_type = kind_of(content)
    if media_type is None:
        raise BadFile(where=name[:60], found="别的格式" if content else "空文件", expected=_EXPECTED)
    cleaned = clean_photo(content, media_type, name=name)
    with uow.write() as tx:
        return tx.files.add(ids(), cleaned, media_type=media_type, name_ref=None, at=now)


def clean_photo(content: bytes, media_type: str, *, name: str) -> bytes:
    """
    Return the photo's pixels encoded anew, by a child process.

    Raises:
        BadFile: it cannot be opened, or would take too much memory or time.
    """
    try:
        found, expected, cleaned = read_answer(run_confined(_CHILD, msgspec.msgpack.encode((media_type, content))))
    except Overtaxed as over:
        raise BadFile(where=name[:60], found=f"打开它要的{over}太多", expected=_SMALLER) from None
    if found:
        raise BadFile(where=name[:60], found=found, expected=expected or _ANOTHER)
    return cleaned


def is_for(uow: UnitOfWork, file_id: str, matter: str | None) -> bool:
    """Whether there is such a file and it may be given with *matter*: nobody else's, and not used up elsewhere."""
    with uow.read() as tx:
        found = tx.files.get(file_id)
    return found is not None and found.matter in (None, matter)


def is_kept(uow: UnitOfWork, file_id: str) -> bool:
    """Whether there is such a file."""
    with uow.read() as tx:
        return tx.files.get(file_id) is not None
