"""Keep-alive clients that ask for pages as browsers do, and what they measured."""

import http.client
import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

WAIT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Address:
    """Where something is served."""

    host: str
    port: int

    @property
    def origin(self) -> str:
        """What a browser calls it."""
        return f"http://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Subject:
    """A page of a server, with the headers it is asked for with."""

    address: Address
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Slice:
    """What a slice of load gave: how many requests in how many seconds, and how long each took."""

    seconds: float
    took: Sequence[float]

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.took) / self.seconds


def fetch(subject: Subject) -> bytes:
    """Return the body of a page as it is sent."""
    with closing(_connected(subject)) as connection:
        return _ask(connection, subject)


def _ask(connection: http.client.HTTPConnection, subject: Subject) -> bytes:
    connection.request("GET", subject.path, headers=dict(subject.headers))
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != http.client.OK:
        raise RuntimeError(f"{subject.path}: {answer.status} {body[:200]!r}")
    return body


def load(subject: Subject, *, clients: int, seconds: float) -> Slice:
    """Ask for a page with so many clients, each on one connection, for so long."""
    took: list[list[float]] = [[] for _ in range(clients)]
    until = time.perf_counter() + seconds

    def ask(mine: list[float]) -> None:
        connection = _connected(subject)
        while (began := time.perf_counter()) < until:
            _ask(connection, subject)
            mine.append(time.perf_counter() - began)
        connection.close()

    began = time.perf_counter()
    threads = [threading.Thread(target=ask, args=(mine,)) for mine in took]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Slice(time.perf_counter() - began, [one for mine in took for one in mine])


def in_turn(
    first: Subject, second: Subject, *, clients: int, seconds: float, rounds: int
) -> tuple[list[Slice], list[Slice]]:
    """Load two subjects in turn, in short slices, so that what else the machine does hits both."""
    found: tuple[list[Slice], list[Slice]] = ([], [])
    for number in range(rounds):
        pair = ((first, found[0]), (second, found[1]))
        for subject, slices in pair if number % 2 == 0 else reversed(pair):
            slices.append(load(subject, clients=clients, seconds=seconds))
    return found


def in_turn_after(
    first: tuple[Subject, Callable[[], None]], second: tuple[Subject, Callable[[], None]], *, times: int
) -> tuple[Slice, Slice]:
    """Ask for two subjects in turn, one client each, so many times, each time after something has been done."""
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(times):
        for (subject, before), took in ((first, found[0]), (second, found[1])):
            before()
            with closing(_connected(subject)) as connection:
                connection.connect()
                began = time.perf_counter()
                _ask(connection, subject)
                took.append(time.perf_counter() - began)
    return Slice(sum(found[0]), found[0]), Slice(sum(found[1]), found[1])


def _connected(subject: Subject) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(subject.address.host, subject.address.port, timeout=WAIT_SECONDS)


def median_rate(slices: Sequence[Slice]) -> float:
    """Return the median of the rates."""
    return statistics.median(one.rate for one in slices)


def median_time(slices: Sequence[Slice]) -> float:
    """Return the median of all times."""
    return statistics.median(one for part in slices for one in part.took)
