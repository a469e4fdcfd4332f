"""Who may see which matter: every post of two streets, every matter in them, on both databases."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from engine.core.matter import Actor, Matter
from engine.core.scope import Post, World
from engine.core.workflow.declaration import Workflow
from engine.errors import NotFound
from engine.services.advance import Door
from engine.services.case_file import CaseFile, Surroundings, case_file, open_topics
from engine.services.sight import Sight, sight_of
from engine.services.worklist import Filters, search, work_page
from engine.store.database import open_database
from engine.store.listing import Listing, Wanted
from engine.store.unit_of_work import Transaction, UnitOfWork
from engine.wiring import Sanlian
from tests.support.demo import NOW
from tests.support.pg import Prepare
from tests.support.town import DISTRICT, MONDAY
from tests.support.two_streets import OFFICES, RESIDENT_NAME, RESIDENT_PHONE, SECRET, TREE, actor_of, door, two_streets
from tests.support.two_streets import settle_two_streets as settle

POSTS = tuple(two_streets().posts)
EVERYBODY = (*POSTS, *OFFICES)
# One of each kind, inside and outside of each other's reach.
SOME = (
    "grid_worker@zhu-1", "grid_leader@hua-1", "resident@zhu-1", "community_clerk@zhu", "community_head@jin",
    "service_centre@east", "supervisor@west", "district_centre@district", "department@housing",
    "department_head@parks", *OFFICES,
)  # fmt: skip
SHOWS = ("", "mine", "late", "supervised", "children", "ended")


@dataclass
class Streets:
    """The two streets in one transaction, with what a reader needs."""

    tx: Transaction
    door: Door
    world: World
    flows: tuple[Workflow, ...]
    matters: dict[str, Matter]

    def flow_of(self, digest: str) -> Workflow:
        """The flow of those texts."""
        return self.door.shelf.workflow(self.tx, digest)

    def sight(self, who: str) -> Sight:
        """What *who* may see."""
        return sight_of(actor_of(who), world=self.world, flows=self.flows)

    def listed(self, who: Actor, filters: Filters) -> list[str]:
        """Every row of a list, page after page."""
        found: list[str] = []
        cursor = ""
        while True:
            page = work_page(
                self.tx, filters, cursor=cursor, viewer=who, world=self.world, flow_of=self.flow_of,
                flows=self.flows, now=MONDAY,
            )  # fmt: skip
            found += [row.ref for row in page.rows]
            cursor = page.next_cursor
            if not cursor:
                return found


@pytest.fixture
def prepare_database() -> Prepare:
    """Prepare with the two streets."""
    return settle


@pytest.fixture
def streets(prepared_database_url: str) -> Iterator[Streets]:
    """The two streets, on both databases."""
    yield from opened(prepared_database_url)


@pytest.fixture(scope="module")
def on_sqlite(sqlite_templates: Callable[[Prepare], object]) -> Iterator[Streets]:
    """The two streets on SQLite, opened once for tests that only read."""
    yield from opened(f"sqlite:///{sqlite_templates(settle)}")


def opened(url: str) -> Iterator[Streets]:
    """Open a database for reading."""
    database, services = open_database(url), door()
    with UnitOfWork(database, district=DISTRICT).read() as tx:
        digests = tx.workflows.current_digests().values()
        flows = tuple(services.shelf.workflow(tx, digest) for digest in digests)
        matters = {one.matter.id: one.matter for one in tx.matters.all()}
        yield Streets(tx, services, world=services.shelf.world(tx), flows=flows, matters=matters)
    database.close()


def may_see(who: str, matter: Matter, matters: dict[str, Matter]) -> bool:
    """The rule once more, word by word, from the table of units."""
    if who in OFFICES:
        return who == "auditor"
    role, unit = who.split("@")
    if role == "resident":
        # The first two demands of a grid name its resident among those who reported.
        return matter.kind == "demand" and matter.id in (f"{unit}.0", f"{unit}.1")
    if role.startswith("department"):
        tasks = [one for one in matters.values() if one.kind == "task" and one.department == unit]
        return matter in tasks or any(task.root == matter.id for task in tasks)
    step: str | None = matters[matter.root].place
    while step is not None:
        if step == unit:
            return True
        step = TREE[step][1]
    return False


def test_matters_are_seen_by_the_rule_when_any_post_looks_at_any_of_them(streets: Streets) -> None:
    """One rule, written twice: as conditions of the database, and as a walk through the table of units."""
    assert len(streets.matters) > 80
    for who in EVERYBODY:
        sight = streets.sight(who)
        expected = {name for name, one in streets.matters.items() if may_see(who, one, streets.matters)}

        assert sight.among(streets.tx, streets.matters) == expected, who
        for ended in (False, True, None):
            wanted = sight.narrow(Wanted(ended=ended))
            listing = Listing(streets.tx.connection, streets.tx.district)
            rows = {one.id for one in listing.page(wanted, after=None, limit=500)}
            assert rows == {name for name in expected if ended in (None, not streets.matters[name].is_open)}, who
            assert listing.count(wanted) == len(rows), who


def test_one_matter_is_seen_when_it_is_among_those_seen(on_sqlite: Streets) -> None:
    """A page asks for one, a list for many: the answer is the same."""
    for who in SOME:
        sight = on_sqlite.sight(who)
        one_by_one = {name for name, one in on_sqlite.matters.items() if sight.sees(on_sqlite.tx, one)}

        assert one_by_one == sight.among(on_sqlite.tx, on_sqlite.matters), who


@pytest.mark.parametrize("show", SHOWS)
def test_list_shows_only_what_is_seen_and_counts_what_it_shows(on_sqlite: Streets, show: str) -> None:
    """Page after page, in every list; the counts above the list are those of the rows below it."""
    known = on_sqlite.tx.demands.get_many(on_sqlite.matters)
    ids = {known[name].number: name for name in known}
    for who in SOME:
        rows = [ids.get(ref, ref) for ref in on_sqlite.listed(actor_of(who), Filters(show=show))]

        assert len(rows) == len(set(rows)), who
        assert all(may_see(who, on_sqlite.matters[name], on_sqlite.matters) for name in rows), who
        if show == "":
            page = work_page(
                on_sqlite.tx, Filters(), cursor="", viewer=actor_of(who), world=on_sqlite.world,
                flow_of=on_sqlite.flow_of, flows=on_sqlite.flows, now=MONDAY,
            )  # fmt: skip
            assert page.totals.open == len(rows), who


def test_search_finds_the_words_of_seen_matters_only(streets: Streets) -> None:
    """The same words stand in every demand; a search finds as many of them as are seen."""
    for who in EVERYBODY:
        sight = streets.sight(who)
        found = search(streets.tx, SECRET, sight=sight, flows=streets.flows)
        numbered = search(streets.tx, "2603", sight=sight, flows=streets.flows)
        seen = {
            name for name, one in streets.matters.items() if one.kind == "demand" and may_see(who, one, streets.matters)
        }

        assert set(found) == set(numbered) == seen, who


@pytest.mark.parametrize("part", [RESIDENT_PHONE[:7], RESIDENT_PHONE[-4:], RESIDENT_NAME[:2]])
def test_search_finds_nobody_by_a_part_of_name_or_number(on_sqlite: Streets, part: str) -> None:
    """Otherwise the mask could be lifted digit by digit."""
    for who in EVERYBODY:
        assert search(on_sqlite.tx, part, sight=on_sqlite.sight(who), flows=on_sqlite.flows) == (), who


@pytest.mark.parametrize("whole", [RESIDENT_PHONE, RESIDENT_NAME])
def test_search_finds_a_caller_by_the_whole_number_for_those_who_may_ask_for_it(on_sqlite: Streets, whole: str) -> None:
    """The service centre finds who calls again; a department and an auditor do not."""
    found = {
        who: len(search(on_sqlite.tx, whole, sight=on_sqlite.sight(who), flows=on_sqlite.flows)) for who in EVERYBODY
    }

    assert found["service_centre@east"] == sum(
        one.kind == "demand" and may_see("service_centre@east", one, on_sqlite.matters)
        for one in on_sqlite.matters.values()
    )
    assert {who for who, count in found.items() if count} == {who for who in POSTS if may_ask(who)}


def may_ask(who: str) -> bool:
    """Whether that post may ask who reported."""
    return not who.startswith(("department", "resident"))


def test_page_of_a_foreign_matter_has_the_words_of_one_that_is_not_there(on_sqlite: Streets) -> None:
    """Nothing tells a guessed number of the other street from one that was never given."""

    def words(ref: str) -> str:
        around = Surroundings(world=on_sqlite.world, flow_of=on_sqlite.flow_of, catalogue={}, now=MONDAY)
        with pytest.raises(NotFound) as raised:
            case_file(on_sqlite.tx, ref, viewer=actor_of("grid_worker@zhu-1"), around=around)
        return str(raised.value).replace(ref, "…")

    demand = on_sqlite.tx.demands.get_many(("hua-1.0",))["hua-1.0"]

    assert words(demand.number) == words("hua-1.0") == words("2603-9999") == words("topic.hua")


LOOKING = ("zhujidong-3.grid_worker.1", "wangtan-1.resident.1", "housing.department.1", "street.street_office.1")


def test_links_lead_only_to_pages_that_open(demo: Sanlian) -> None:
    """Whoever opens a page can open every page it links to, over the played demo."""
    shelf = demo.door.shelf
    with demo.uow.read() as tx:
        around = Surroundings(
            world=shelf.world(tx), flow_of=lambda digest: shelf.workflow(tx, digest), catalogue={}, now=NOW
        )
        posts = around.world.organisation.posts
        followed = {
            post: [ref for name in tx.matters.all() for ref in links(tx, name.matter.id, posts[post], around)]
            for post in LOOKING
        }

        assert all(case_of(tx, ref, posts[post], around) for post, refs in followed.items() for ref in refs)
    assert followed["street.street_office.1"]
    assert followed["housing.department.1"]


def links(tx: Transaction, name: str, post: Post, around: Surroundings) -> list[str]:
    """The pages that a matter's page links to; none if it cannot be opened."""
    try:
        case = case_of(tx, name, post, around)
    except NotFound:
        return []
    return [one.ref for one in case.children if one.ref] + [one.ref for one in case.related]


def case_of(tx: Transaction, name: str, post: Post, around: Surroundings) -> CaseFile:
    """The page of a matter as the holder of *post* sees it."""
    viewer = Actor(post=post.id, role=post.role, unit=post.unit, person=post.person)
    return case_file(tx, name, viewer=viewer, around=around)


def test_topics_to_choose_from_are_those_of_the_reader(on_sqlite: Streets) -> None:
    """A clerk links a demand to a topic of the own community."""
    found = open_topics(
        on_sqlite.tx, viewer=actor_of("community_clerk@zhu"), world=on_sqlite.world, flow_of=on_sqlite.flow_of
    )

    assert {name for name, _ in found} == {"topic.zhu", "topic.zhu-1", "topic.zhu-2"}


def test_people_are_known_to_those_who_may_ask(on_sqlite: Streets) -> None:
    """Who works where the demand lies may ask; departments, residents and offices may not."""
    knowing = {who for who in EVERYBODY if on_sqlite.sight(who).knows_people}

    assert knowing == {who for who in POSTS if may_ask(who)}


def test_nobody_sees_nothing(on_sqlite: Streets) -> None:
    """Without a viewer there is no row; neither for a role that no flow declares, nor a post without a unit."""
    stranger = Actor(post="x", role="x", unit="east", person="x")
    homeless = Actor(post="y", role="grid_worker", person="y")
    for who in (None, stranger, homeless):
        sight = sight_of(who, world=on_sqlite.world, flows=on_sqlite.flows)
        assert sight.among(on_sqlite.tx, on_sqlite.matters) == frozenset()
        listing = Listing(on_sqlite.tx.connection, on_sqlite.tx.district)
        assert listing.count(replace(sight.narrow(Wanted()), ended=None)) == 0
