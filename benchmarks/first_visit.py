"""
What a first visit sends, and each further page: bytes gzipped, of the demo's pages.

    python -m benchmarks.first_visit

A first visit is the page with every style sheet, script and icon it names; they are kept for a year, so a further page
is the page alone.
"""

import re
import tempfile
from pathlib import Path

from starlette.testclient import TestClient

from api.app import create_app
from benchmarks.pages import BROWSER, CENTRE, COOKIE, WORKER
from engine.wiring import Sanlian
from tests.support.demo import NOW, play_demo, wired
from tests.support.people import token_for

FIRST_AIM, FURTHER_AIM = 35 * 1024, 10 * 1024
ORIGIN = "http://127.0.0.1"
HEAD = "street.street_head.1"
PAGES = (
    ("/work", WORKER), ("/matters/new", WORKER), ("/work/found", WORKER), ("/matters/{number}", WORKER),
    ("/matters", CENTRE), ("/dispatch", CENTRE), ("/dispatch/new", CENTRE), ("/sheet", HEAD), ("/board", HEAD),
    ("/board?view=lanes", HEAD), ("/limits", HEAD), ("/orders", CENTRE), ("/audit", "auditor"),
    ("/people", "security_admin"), ("/accounts", "system_admin"), ("/sign-in", ""), ("/track", ""),
)  # fmt: skip
_ASSET = re.compile(r'(?:href|src)="(/static/[^"#]+)[^"]*"')


def main() -> None:
    """Print a line for each page, and whether it keeps its aim."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "demo.db"
        play_demo(file, NOW)
        sanlian = wired(file)
        number = _number(sanlian)
        for path, who in PAGES:
            _print(sanlian, path.format(number=number), who)
        sanlian.close()


def _number(sanlian: Sanlian) -> str:
    """The demand of the grid with the longest history."""
    with sanlian.uow.read() as tx:
        own = [one.matter for one in tx.matters.all() if one.matter.place == WORKER.split(".")[0]]
        longest = max((one for one in own if one.kind == "demand"), key=lambda matter: (matter.seq, matter.id))
        return tx.demands.get_many([longest.id])[longest.id].number


def _print(sanlian: Sanlian, path: str, who: str) -> None:
    cookies = {COOKIE: token_for(sanlian, who)} if who else {}
    with TestClient(create_app(sanlian), base_url=ORIGIN, headers=BROWSER, cookies=cookies) as client:
        page, text = _sent(client, path)
        assets = sorted(set(_ASSET.findall(text)))
        beside = sum(_sent(client, asset)[0] for asset in assets)
    fits = page + beside <= FIRST_AIM and page <= FURTHER_AIM
    print(
        f"{path:<22} further {page / 1024:5.1f} KB, first {(page + beside) / 1024:5.1f} KB with {len(assets)} files"
        f"{'' if fits else '  OVER THE AIM'}"
    )


def _sent(client: TestClient, path: str) -> tuple[int, str]:
    """How many bytes of body are sent, and the text they hold."""
    with client.stream("GET", path) as answer:
        raw = b"".join(answer.iter_raw())
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")
        return len(raw), client.get(path).text


if __name__ == "__main__":
    main()
