"""A worker's phone: what is written on it, what it says, what the history holds afterwards."""

from playwright.sync_api import Dialog, Locator, Page

from engine.core.history import Event, read_event
from engine.wiring import Sanlian

GRID = "zhujidong-3"
WORKER, OTHER, LEADER = f"{GRID}.grid_worker.1", "wangtan-1.grid_worker.1", f"{GRID}.grid_leader.1"
CENTRE = "street.service_centre.1"
TOLD = "约了物业明早开井，居民在家等。"
WAITS = "1 条存在手机里，连上后自动送出。"
SLOW = 20_000  # ms: a photo is encoded anew


def events_of(sanlian: Sanlian, number: str, action: str) -> list[Event]:
    """What was recorded of an action on a demand."""
    with sanlian.uow.read() as tx:
        demand = tx.demands.by_number(number)
        assert demand is not None
        events = [read_event(record.body) for record in tx.events.of(demand.matter)]
    return [event for event in events if event.action == action]


def open_note(page: Page, site: str, number: str) -> None:
    """Open the form of a note while there is a network."""
    page.goto(f"{site}/matters/{number}?do=note#act-note")
    page.locator("#note-note").click()
    page.wait_for_function("() => window.queue && window.queue.draw")


def write_note(page: Page, text: str) -> None:
    """Write a note and press."""
    if not page.locator("#act-note").evaluate("act => act.open"):
        page.locator("#act-note summary").click()
    page.locator("#note-note").fill(text)
    page.locator("#act-note .main-act").click()


def answer(dialog: Dialog, *, asked: list[str], stays: bool) -> None:
    """Note what is asked, and stay or go."""
    asked.append(dialog.message)
    if stays:
        dialog.dismiss()
    else:
        dialog.accept()


def line(page: Page) -> Locator:
    """The line at the top."""
    return page.locator("#queue [role=status]")
