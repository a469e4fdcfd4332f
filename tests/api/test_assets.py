"""Style sheets, scripts and icons: the same to the browser, whichever way they travel."""

import gzip
import re

import pytest
from starlette.testclient import TestClient

from api.assets import STATIC, YEAR, address_of, assets, levelled

ZIPPED = {"Accept-Encoding": "gzip"}
PLAIN = {"Accept-Encoding": "identity"}


@pytest.mark.parametrize("name", sorted(assets()))
def test_file_is_the_same_when_it_travels_compressed(stranger: TestClient, name: str) -> None:
    """What is unpacked is what is sent plain; scripts and icons are their files to the byte."""
    plain = stranger.get(f"/static/{name}", headers=PLAIN)
    with stranger.stream("GET", f"/static/{name}", headers=ZIPPED) as answer:
        raw = b"".join(answer.iter_raw())
        sent = gzip.decompress(raw) if answer.headers.get("content-encoding") == "gzip" else raw
        assert int(answer.headers["content-length"]) == len(raw)

    assert (plain.status_code, answer.status_code) == (200, 200)
    assert sent == plain.content
    assert plain.headers["content-type"] == answer.headers["content-type"]
    if not name.endswith(".css"):
        assert plain.content == (STATIC / name).read_bytes()


def test_address_is_kept_for_ever_when_it_has_a_version(stranger: TestClient) -> None:
    """With the version it is immutable; without, the browser asks again and is told that nothing changed."""
    versioned = stranger.get(address_of("ui.css"))
    plain = stranger.get("/static/ui.css")
    again = stranger.get("/static/ui.css", headers={"If-None-Match": plain.headers["etag"]})

    assert versioned.headers["cache-control"] == YEAR
    assert "cache-control" not in plain.headers
    assert (again.status_code, again.content) == (304, b"")
    assert versioned.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", "/static/ui.css", 200),
        ("POST", "/static/ui.css", 405),
        ("GET", "/static/", 404),
        ("GET", "/static/../app.py", 404),
        ("GET", "/static/..%2fapp.py", 404),
        ("GET", "/static/vendor", 404),
    ],
)
def test_nothing_but_the_files_is_served(stranger: TestClient, method: str, path: str, status: int) -> None:
    """Neither folders, nor what lies beside, nor other methods."""
    answer = stranger.request(method, path)

    assert answer.status_code == status
    assert method != "HEAD" or (answer.content == b"" and int(answer.headers["content-length"]) > 0)


@pytest.mark.parametrize("name", [name for name in sorted(assets()) if name.endswith(".css")])
def test_levelled_sheet_has_every_rule(name: str) -> None:
    """Comments and indentation go, nothing else; no string holds what looks like a comment."""
    source = (STATIC / name).read_text(encoding="utf-8")
    strings = re.findall(r'"[^"\n]*"', re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL))
    packed = re.sub(r"\s+", "", re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL))

    assert re.sub(r"\s+", "", levelled(source)) == packed
    assert not [one for one in strings if "/*" in one or "*/" in one]
