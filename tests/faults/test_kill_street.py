"""kill -9 in the middle of taking in a street: all of it is there, or nothing."""

from engine.core.workflow.catalogue import Source
from engine.services.import_street import import_street
from tests.faults.conftest import Copies
from tests.services.test_import_street import BY, FLOW, NOW
from tests.support.crash import kill_at, points_of
from tests.support.street_book import STREET, workbook
from tests.support.town import Town, opened, settle

DATA = workbook(STREET)


def prepare(url: str) -> None:
    """Bring an empty database to the town with a flow of the street's roles."""
    settle(url, flows=[Source("small.yaml", FLOW.encode())])


def take_in(url: str) -> None:
    """Import the street."""
    with opened(url) as town:
        import_street(town.uow, DATA, where="x", shelf=town.door.shelf, by=BY, now=NOW)


def there(town: Town) -> tuple[int, int, int, int, int]:
    """How much of everything there is."""
    with town.uow.read() as tx:
        organisation = tx.organisation.load()
        events = sum(seq for _, seq, _ in tx.events.system_heads())
        return (
            len(organisation.units), len(organisation.posts), len(tx.people.all()), tx.places.count_buildings(), events,
        )  # fmt: skip


def test_street_is_whole_or_not_there_when_the_process_is_killed(copies: Copies) -> None:
    """At points all along the way the books hold all of the street or none, and the same import then finishes it."""
    with copies(prepare) as url:
        with opened(url) as town:
            before = there(town)
        points = points_of(lambda: take_in(url))
        with opened(url) as town:
            after = there(town)
    assert before != after
    seen = set()

    for point in range(1, len(points), len(points) // 4):
        with copies(prepare) as url:
            kill_at(lambda url=url: take_in(url), point)  # type: ignore[misc]  # bound now, not later
            with opened(url) as town:
                seen.add(there(town))
            take_in(url)
            with opened(url) as town:
                assert there(town) == after
    assert seen <= {before, after}
    assert before in seen
