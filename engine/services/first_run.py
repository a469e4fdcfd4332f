"""
Let the first three people in: a code printed where the server is started, instead of accounts that everybody knows.

The three administrators are made together and are three people (GB/T 22239: system, security and audit kept apart).
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.core.scope import SYSTEM
from engine.core.terms import Office
from engine.errors import BadPassword, CodeRefused, Conflict
from engine.services.keep_sessions import TOPIC
from engine.services.passwords import check_new_password, readable_code
from engine.services.record import record
from engine.services.seal import Salts
from engine.services.sign_in import Keys, count_address, normal_login
from engine.store.people import Person
from engine.store.unit_of_work import Transaction, UnitOfWork

FACT = "first_run"
CODE_LASTS = timedelta(minutes=30)
LONGEST_NAME = 40
_SIGNS = "-._"


@dataclass(frozen=True, slots=True)
class Administrator:
    """One of the three, as given."""

    office: Office
    login: str
    name: str
    password: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field of one of them."""

    office: Office
    field: str
    text: str


def is_first_run(tx: Transaction) -> bool:
    """Whether nobody can sign in yet."""
    return tx.people.is_empty()


def make_code(uow: UnitOfWork, *, salts: Salts, now: datetime) -> str:
    """
    Return a new code that lets the first three in; the one before is dead.

    Raises:
        Conflict: somebody can sign in already.
    """
    code = readable_code(salts())
    with uow.write() as tx:
        if not is_first_run(tx):
            raise Conflict(what="已经有人能登录了，不再给首次使用的码。重设密码用 sanlian account reset。")
        until = now + CODE_LASTS
        tx.facts.put(FACT, json.dumps({"hash": _hash(code), "until": until.isoformat()}))
        record(tx, TOPIC, action="first_run_code_made", by=SYSTEM, now=now, data={"until": until.isoformat()})
    return code


def make_administrators(
    uow: UnitOfWork, code: str, given: Sequence[Administrator], *, address: str, keys: Keys, now: datetime
) -> tuple[Fault, ...]:
    """
    Make the three with the code, all or none, and return what must be mended first.

    Raises:
        CodeRefused: it is another code, one that is over, or somebody was made already.
        TooManyTries: too many wrong codes from this address.
    """
    count_address(uow, address, now=now)
    with uow.read() as tx:
        _check_code(tx, code, now=now)
    faults = tuple(faults_of(given))
    if faults:
        return faults
    people = [
        Person(
            id=keys.ids(), name=one.name.strip(), created_at=now, login=normal_login(one.login),
            office=one.office.value, password_hash=keys.hasher.hash(one.password),
        )
        for one in given
    ]  # fmt: skip
    with uow.write() as tx:
        _check_code(tx, code, now=now)
        tx.facts.put(FACT, "")  # the row is locked from here on: of two who come at once, the second finds the first
        if not is_first_run(tx):
            raise CodeRefused()
        tx.people.add(people)
        made = {one.office: one.id for one in people}
        record(tx, TOPIC, action="administrators_made", by=SYSTEM, now=now, data={"people": made})
    return ()


def faults_of(given: Sequence[Administrator]) -> list[Fault]:
    """Return what is wrong with the three: each needs a name, an account and a password of their own."""
    faults: list[Fault] = []
    for number, one in enumerate(given):
        before = given[:number]
        login, name = normal_login(one.login), one.name.strip()
        if not is_login(login):
            faults.append(Fault(one.office, "login", "工号用 2 到 32 个字母、数字、点、横线"))
        elif login in (normal_login(other.login) for other in before):
            faults.append(Fault(one.office, "login", "三个人要有三个不同的工号"))
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            faults.append(Fault(one.office, "name", f"写上姓名，最多 {LONGEST_NAME} 个字"))
        elif name in (other.name.strip() for other in before):
            faults.append(Fault(one.office, "name", "三个管理员要是三个不同的人"))
        try:
            check_new_password(one.password, login=login, name=name)
        except BadPassword as error:
            faults.append(Fault(one.office, "password", str(error)))
        if one.password and one.password in (other.password for other in before):
            faults.append(Fault(one.office, "password", "三个人的密码要不一样，各人自己输"))
    return faults


def is_login(text: str) -> bool:
    """Whether *text* can be an account: letters, figures and few signs, so that it can be said and typed anywhere."""
    return 2 <= len(text) <= 32 and text.isascii() and all(letter.isalnum() or letter in _SIGNS for letter in text)


def _check_code(tx: Transaction, code: str, *, now: datetime) -> None:
    stored = tx.facts.get(FACT)
    if not stored or not is_first_run(tx):
        raise CodeRefused()
    known = json.loads(stored)
    is_right = hmac.compare_digest(known["hash"], _hash(code))
    if not is_right or now >= datetime.fromisoformat(known["until"]):
        raise CodeRefused()


def _hash(code: str) -> str:
    plain = "".join(letter for letter in code.casefold() if letter.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()
