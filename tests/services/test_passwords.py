"""Passwords: what is stored, what is refused, and that nobody learns which accounts there are."""

import pytest
from argon2 import PasswordHasher

from engine.errors import BadPassword
from engine.services.passwords import (
    AT_ONCE,
    MIN_CHARACTERS,
    Cost,
    Hasher,
    check_new_password,
    one_time_password,
    readable_code,
)
from tests.support.demo import CHEAP

GOOD = "三轮车 lamp 豆腐 harbour"


def test_default_cost_is_what_the_rules_ask() -> None:
    """64 MiB, three passes, four lanes; two at once."""
    assert Cost() == Cost(time=3, memory_kib=64 * 1024, parallelism=4)
    assert AT_ONCE == 2
    assert Hasher().hash(GOOD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_hash_opens_with_its_password_only() -> None:
    """Another password, no hash, and a broken hash open nothing."""
    stored = CHEAP.hash(GOOD)

    assert CHEAP.verify(stored, GOOD)
    assert not CHEAP.verify(stored, GOOD + "x")
    assert not CHEAP.verify(None, GOOD)
    assert not CHEAP.verify("$argon2id$broken", GOOD)
    assert CHEAP.hash(GOOD) != stored


def test_password_is_the_same_when_it_is_typed_in_full_width() -> None:
    """An input method that makes wide letters locks nobody out."""
    assert CHEAP.verify(CHEAP.hash("lantern-orbit-88"), "ｌａｎｔｅｒｎ－ｏｒｂｉｔ－８８")


@pytest.mark.parametrize("stored", [True, False], ids=["known", "unknown"])
def test_one_hash_is_computed_whether_the_account_is_there_or_not(
    stored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of an answer tells nothing: exactly one hash of the same cost is computed either way."""
    seen: list[str] = []
    real = PasswordHasher.verify

    def counted(self: PasswordHasher, hash: str, password: str) -> bool:
        seen.append(hash)
        return real(self, hash, password)

    kept = CHEAP.hash(GOOD) if stored else None
    monkeypatch.setattr(PasswordHasher, "verify", counted)

    assert CHEAP.verify(kept, "another password") is False
    (one,) = seen
    assert one.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert not CHEAP.is_outdated(one)


@pytest.mark.parametrize(
    "password",
    [
        "short-1", "aaaaaaaaaaaaa", "1234567890123", "woaini520520520", "password123456", "Admin888888888",
        "20261120-2026", "qwertyuiop123", "wangge-worker", "jiedao123456", "mima888888888", "x" * 129, "abababababab",
    ],
)  # fmt: skip
def test_new_password_is_refused_when_it_is_a_habit(password: str) -> None:
    """Too short, too long, or what guessers here try first."""
    with pytest.raises(BadPassword):
        check_new_password(password, login="wangge-worker", name="王网格")


@pytest.mark.parametrize("password", [GOOD, "lantern-orbit-88", "河边第三棵柳树下见到你爷爷", "Vq8#tL2m!pR7z"])
def test_new_password_is_taken_when_it_is_its_own(password: str) -> None:
    """No class of characters is asked for."""
    check_new_password(password, login="wangge-worker", name="王网格")


def test_new_password_is_refused_when_it_is_the_old_one() -> None:
    """Changing it changes it."""
    with pytest.raises(BadPassword, match="要和原来的不一样"):
        check_new_password(GOOD, login="a", old=GOOD)


def test_code_has_sixty_bits_and_no_letters_that_look_alike() -> None:
    """It can be read out; and a one-time password passes for a password."""
    codes = {readable_code(bytes([number])) for number in range(200)}

    assert len(codes) == 200
    assert all(len(code.replace("-", "")) == 12 for code in codes)
    assert not set("".join(codes)) & set("iloü")
    assert len(one_time_password(b"x")) >= MIN_CHARACTERS
