"""Photos are taken by their first bytes, cleaned by a child with bounds, and shown only to who may see the matter."""

import io
import struct
import zipfile
import zlib

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine.errors import BadFile
from engine.services.clean_photo import LONGEST_SIDE
from engine.services.confine import MAX_MEMORY_BYTES
from engine.services.keep_files import MAX_FILE_BYTES, clean_photo, keep_file, kind_of
from engine.wiring import Sanlian
from tests.support.child_memory import children_peak_bytes
from tests.support.demo import NOW
from tests.support.pictures import picture

PNG = b"\x89PNG\r\n\x1a\n"
GPS, ORIENTATION, MODEL = 0x8825, 0x0112, 0x0110


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (PNG, "image/png"),
        (b"RIFF1234WEBP", "image/webp"),
        (b"%PDF-1.7", None),
        (b"GIF89a", None),
        (b"<svg onload=x>", None),
        (b"", None),
        (b"RIFF1234WAVE", None),
    ],
)
def test_kind_is_told_by_the_first_bytes(content: bytes, kind: str | None) -> None:
    """Names and headers can lie."""
    assert kind_of(content) == kind


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int, *, rows: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return PNG + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


HOSTILE = {
    "empty": (b"", "空文件"),
    "program": (b"MZ", "别的格式"),
    "too big": (PNG + b"a" * MAX_FILE_BYTES, "10.0 MB"),
    "hundred megapixels": (png_of(10_000, 10_000), "100 百万像素"),
    "widest header": (png_of(2**31 - 1, 2**31 - 1), "像素"),
    "script behind a mark": (b"\xff\xd8\xff<script>alert(1)</script>", "打不开的图片"),
    "text behind a mark": (PNG + b"rest", "打不开的图片"),
    "half a picture": (picture("JPEG", size=(400, 300))[:600], "打不开的图片"),
    "webp without a picture": (b"RIFF\x10\0\0\0WEBPVP8 " + b"\0" * 8, "打不开的图片"),
    "rows missing": (png_of(100, 100, rows=b"\0" * 10), "打不开的图片"),
    "text bomb": (PNG + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
                  + chunk(b"zTXt", b"a\0\0" + zlib.compress(b"0" * 80_000_000)) + chunk(b"IEND", b""), "打不开的图片"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "found"), HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_file_is_refused_and_nothing_kept(demo: Sanlian, content: bytes, found: str) -> None:
    """With the name, what was found and what is expected."""
    with pytest.raises(BadFile) as caught:
        keep_file(demo.uow, "a.png", content, ids=demo.door.ids, now=NOW)

    assert str(caught.value).startswith("a.png：")
    assert found in str(caught.value)


@pytest.mark.parametrize("name", ["hundred megapixels", "rows missing", "text bomb"])
def test_hostile_file_costs_bounded_memory(name: str) -> None:
    """The child that looks at it never takes more than its limit."""
    imports = "from engine.services.keep_files import clean_photo"
    work = 'clean_photo(content, "image/png", name="a.png")'

    assert children_peak_bytes(imports, work, HOSTILE[name][0]) < MAX_MEMORY_BYTES


def with_everything(form: str) -> bytes:
    """A picture with a position, a device, an orientation, a remark, and an archive and a script behind it."""
    exif = Image.Exif()
    exif[ORIENTATION], exif[MODEL] = 6, "secret device"
    exif.get_ifd(GPS).update({1: "N", 2: (39.0, 54.0, 0.0)})
    exif_bytes = exif.tobytes()
    if form == "PNG":
        remark = PngInfo()
        remark.add_text("Comment", "secret remark")
        picture_ = picture(form, size=(40, 20), pnginfo=remark, exif=exif_bytes)
    else:
        picture_ = picture(form, size=(40, 20), exif=exif_bytes)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("secret.html", "<script>secret</script>")
    return picture_ + archive.getvalue() + b"<script>secret</script>"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_kept_photo_is_upright_and_holds_nothing_but_pixels(demo: Sanlian, form: str) -> None:
    """Position, device, remarks, a hidden archive and a script are gone; a turned photo stands upright."""
    sent = with_everything(form)
    assert b"secret" in sent

    kept = keep_file(demo.uow, "a", sent, ids=demo.door.ids, now=NOW)

    with demo.uow.read() as tx:
        stored = tx.files.get(kept)
    assert stored is not None
    assert stored.content is not None
    assert b"secret" not in stored.content
    assert b"Exif" not in stored.content
    assert not zipfile.is_zipfile(io.BytesIO(stored.content))
    assert (stored.matter, kind_of(stored.content)) == (None, f"image/{form.lower()}")
    shown = Image.open(io.BytesIO(stored.content))
    assert (shown.format, shown.size) == (form, (20, 40))
    assert dict(shown.getexif()) == {}


def test_the_largest_photo_is_made_small_within_its_memory() -> None:
    """Forty megapixels come out no longer than the longest side, from every format."""
    for form in ("JPEG", "PNG"):
        cleaned = clean_photo(picture(form, size=(8000, 5000)), f"image/{form.lower()}", name="a")

        assert Image.open(io.BytesIO(cleaned)).size == (LONGEST_SIDE, LONGEST_SIDE * 5 // 8)


def test_same_photo_sent_again_is_the_same_file(demo: Sanlian) -> None:
    """Cleaning gives the same bytes each time, so a form that is sent again names the same file."""
    first, again = (keep_file(demo.uow, "a", picture(), ids=lambda: "name", now=NOW) for _ in range(2))

    assert first == again
