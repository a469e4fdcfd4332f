"""Files are taken by their first bytes and their size."""

import pytest

from engine.errors import BadFile
from engine.services.keep_files import MAX_FILE_BYTES, keep_file, kind_of
from engine.wiring import Sanlian
from tests.support.demo import NOW

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (PNG, "image/png"),
        (b"RIFF1234WEBP", "image/webp"),
        (b"%PDF-1.7", "application/pdf"),
        (b"<svg onload=x>", None),
        (b"", None),
        (b"RIFF1234WAVE", None),
    ],
)
def test_kind_is_told_by_the_first_bytes(content: bytes, kind: str | None) -> None:
    """Names and headers can lie."""
    assert kind_of(content) == kind


@pytest.mark.parametrize("content", [b"", b"MZ", PNG + b"a" * MAX_FILE_BYTES], ids=["empty", "program", "too big"])
def test_file_is_refused_and_nothing_kept(demo: Sanlian, content: bytes) -> None:
    """With the name, what was found and what is expected."""
    with pytest.raises(BadFile, match=r"a\.png"):
        keep_file(demo.uow, "a.png", content, ids=demo.door.ids, now=NOW)


def test_file_is_kept_whole_under_an_id_that_binds_its_bytes(demo: Sanlian) -> None:
    """What comes out is what went in."""
    kept = keep_file(demo.uow, "a.png", PNG + b"rest", ids=demo.door.ids, now=NOW)

    with demo.uow.read() as tx:
        stored = tx.files.get(kept)
    assert stored is not None
    assert (stored.content, stored.media_type, stored.matter) == (PNG + b"rest", "image/png", None)
