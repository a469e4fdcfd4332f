"""
The child that cleans a photo: looks at its size before decoding, decodes it, turns it upright, and encodes it anew.

Only pixels come out: place, time, device, preview and whatever was hidden before, between or behind them do not.
"""

import io

import msgspec
from PIL import Image

from engine.services.confine import confine, give_back, taken_in

MAX_PIXELS = 40_000_000
LONGEST_SIDE = 4096
_QUALITY = 85
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_BROKEN = "打不开的图片"
_MEGA = 1_000_000

Answer = tuple[str, str, bytes]


def clean(content: bytes, media_type: str) -> bytes:
    """
    Return the photo encoded anew in its own format, no longer than `LONGEST_SIDE`.

    Raises:
        ValueError: it has too many pixels; the arguments are what was found and what is expected.
        OSError, SyntaxError: it is broken.
    """
    Image.MAX_IMAGE_PIXELS = None  # the bound below is stricter than a warning
    form = _FORMATS[media_type]
    with Image.open(io.BytesIO(content), formats=[form]) as opened:
        width, height = opened.size
        if width * height > MAX_PIXELS:
            raise ValueError(f"{width * height / _MEGA:.0f} 百万像素", f"{MAX_PIXELS // _MEGA} 百万像素以内")
        if form == "JPEG":
            opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # decodes no more than is needed
        opened.load()
        orientation = opened.getexif().get(_ORIENTATION)
        opened.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        image = opened.convert("RGBA" if form != "JPEG" and opened.has_transparency_data else "RGB")
    turned = _upright(image, orientation)
    turned.info = {}
    out = io.BytesIO()
    turned.save(out, form, quality=_QUALITY)
    return out.getvalue()


_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _upright(image: Image.Image, orientation: int | None) -> Image.Image:
    turn = _TURNS.get(orientation or 0)
    return image.transpose(turn) if turn is not None else image


def answer(given: bytes) -> bytes:
    """Return (found, expected, content): what is wrong, or else the clean photo."""
    media_type, content = msgspec.msgpack.decode(given, type=tuple[str, bytes])
    found: Answer
    try:
        found = ("", "", clean(content, media_type))
    except ValueError as error:
        found = (*error.args, b"") if len(error.args) == 2 else (_BROKEN, "", b"")
    except (OSError, SyntaxError, EOFError, IndexError, KeyError, TypeError):  # what decoders raise on broken files
        found = (_BROKEN, "", b"")
    return msgspec.msgpack.encode(found)


def read_answer(answered: bytes) -> Answer:
    """Return what a child answered."""
    found: Answer = msgspec.msgpack.decode(answered, type=Answer)
    return found


if __name__ == "__main__":
    confine()
    give_back(answer(taken_in()))
