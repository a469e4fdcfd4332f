"""
Receipts: a code of twelve characters that opens one matter's page, for whoever reported it.

Only a hash of the code is kept. Guessing slows down the address it comes from; no code is ever locked by it, and a
wrong code, an old one and one that was replaced are answered alike.
"""

import hashlib
from datetime import datetime, timedelta

from engine.core.matter import Actor, Matter
from engine.core.scope import SYSTEM
from engine.errors import NotFound, TooManyTries
from engine.services.advance import in_one_transaction
from engine.services.record import record
from engine.services.save import Ids
from engine.services.seal import Salts
from engine.services.sign_in import ACCOUNT, ADDRESS, is_forgotten, waits_until
from engine.store.alarms import Alarm
from engine.store.people import Tries
from engine.store.unit_of_work import Transaction, UnitOfWork

TOPIC = "receipts"
GUESSING = "guessing"
# Crockford's 32 characters carry five bits each: twelve of them are sixty.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 12
_BITS = 5
_FOLDED = str.maketrans({"O": "0", "I": "1", "L": "1", "Ｏ": "0"})
_BETWEEN = "-－—–_ 　"
_EVERYBODY = "receipt"
FREE = 10
ALARMING = 500
KEPT = timedelta(days=180)


def new_code(salts: Salts) -> str:
    """Return a fresh code."""
    number = int.from_bytes(salts(), "big")
    return "".join(ALPHABET[number >> _BITS * place & 31] for place in range(LENGTH))


def grouped(code: str) -> str:
    """Return a code as people read it: 「7K3M-9QXA-2TZ4」."""
    return "-".join(code[place : place + 4] for place in range(0, len(code), 4))


def normal_code(typed: str) -> str | None:
    """Return what was typed as a code: O is 0, I and L are 1, dashes and small letters do not matter; None if none."""
    kept = "".join(char for char in typed.strip()[:64] if char not in _BETWEEN)
    wide = "".join(chr(ord(char) - 0xFEE0) if "！" <= char <= "～" else char for char in kept)
    code = wide.upper().translate(_FOLDED)
    return code if len(code) == LENGTH and all(char in ALPHABET for char in code) else None


def hash_of(code: str) -> bytes:
    """Return what is kept of a code."""
    return hashlib.sha256(b"receipt\x00" + code.encode()).digest()


def give_receipt(uow: UnitOfWork, matter: str, *, salts: Salts, by: Actor, now: datetime) -> str:
    """
    Give the demand *matter* a fresh code and return it; a code it had before opens nothing from now on.

    Raises:
        NotFound: it is no demand.
    """
    code = new_code(salts)

    def give(tx: Transaction) -> None:
        demand = tx.demands.get_many({matter}).get(matter)
        if demand is None:
            raise NotFound(what="诉求", found=matter[:40])
        tx.demands.set_receipt(matter, hash_of(code))
        if demand.receipt_code_hash is not None:
            record(tx, TOPIC, action="receipt_replaced", by=by, now=now, data={"matter": matter})

    in_one_transaction(uow, give)
    return code


def matter_of(uow: UnitOfWork, typed: str, *, address: str, now: datetime, ids: Ids) -> Matter:
    """
    Return the matter that a code opens.

    Raises:
        NotFound: it opens nothing; it was counted for *address*.
        TooManyTries: too many wrong codes came from *address* lately; this one was not looked at.
    """
    subject = _subject(address)
    code = normal_code(typed)
    with uow.read() as tx:
        _refuse_while_slow(tx.sign_in_tries.get(ADDRESS, subject), now=now)
        found = None if code is None else _open(tx, code, now=now)
    if found is not None:
        return found
    in_one_transaction(uow, lambda tx: _count(tx, subject, now=now, ids=ids))
    raise NotFound(what="查询码", found="……")


def _open(tx: Transaction, code: str, *, now: datetime) -> Matter | None:
    demand = tx.demands.by_receipt(hash_of(code))
    stored = tx.matters.get(demand.matter) if demand is not None else None
    if stored is None:
        return None
    matter = stored.matter
    return matter if matter.is_open or now - matter.at < KEPT else None


def _refuse_while_slow(tries: Tries | None, *, now: datetime) -> None:
    until = waits_until(tries, free=FREE, now=now)
    if until is not None:
        minutes = -(-int((until - now).total_seconds()) // 60)
        raise TooManyTries(minutes=max(minutes, 1), until=until)


def _count(tx: Transaction, subject: str, *, now: datetime, ids: Ids) -> None:
    for scope, whose in ((ADDRESS, subject), (ACCOUNT, _EVERYBODY)):
        tries = tx.sign_in_tries.lock(scope, whose)
        failures = 1 if tries is None or is_forgotten(tries, now=now) else tries.failures + 1
        tx.sign_in_tries.put(scope, whose, Tries(failures=failures, last_at=now))
    if failures == ALARMING:
        record(tx, TOPIC, action="codes_guessed", by=SYSTEM, now=now, data={"wrong": failures})
        text = f"有人在猜查询码：一小时里错了 {failures} 次。码有 60 位随机，猜不中；来处可以看网络日志。"
        tx.alarms.raise_many((Alarm(id=ids(), kind=GUESSING, matter=None, text=text, at=now),))


def _subject(address: str) -> str:
    return f"receipt-{hashlib.sha256(address.encode()).hexdigest()[:24]}"
