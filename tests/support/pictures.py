"""Pictures for the tests, made when they are asked for."""

import io
from typing import Any

from PIL import Image


def picture(form: str = "PNG", *, size: tuple[int, int] = (32, 24), colour: str = "#3366aa", **saved: Any) -> bytes:
    """Return a picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, form, **saved)
    return out.getvalue()
