"""
Hash passwords, check them, and say which new ones are good enough.

Source: RFC 9106 (argon2id, second recommended option); GB/T 22239 asks for passwords that are hard to guess.
"""

import base64
import hashlib
import unicodedata
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from engine.errors import BadPassword
from engine.services.waiting_line import WaitingLine

TIME_COST = 3
MEMORY_KIB = 64 * 1024
PARALLELISM = 4
# Each takes 64 MiB and all cores: more at once would only make everybody wait longer.
AT_ONCE = 2
MOST_WAITING = 8
LONGEST_WAIT_SECONDS = 5
MIN_CHARACTERS = 12
MAX_CHARACTERS = 128
FEWEST_DIFFERENT = 5
_SALT_BYTES = 16
_HASH_BYTES = 32
# Pieces that guessers here try first; a password made of them and a few figures is none.
_HABITS = (
    "woaini", "iloveyou", "password", "passw0rd", "admin", "administrator", "qwerty", "qwertyuiop", "1qaz2wsx",
    "qazwsx", "asdfgh", "zxcvbn", "abc123", "a123456", "123456", "123456789", "654321", "112233", "123123", "111111",
    "000000", "666666", "888888", "520520", "5201314", "1314520", "7758521", "147258369", "147258", "159357",
    "wangge", "shequ", "jiedao", "sanji", "liandong", "sanlian", "zhihui", "zhongguo", "beijing", "huanying",
    "mima", "denglu", "guanli", "guanliyuan", "welcome", "letmein", "system", "root", "test", "zhangsan", "lisi",
)  # fmt: skip
_FEWEST_OWN = 6


@dataclass(frozen=True, slots=True)
class Cost:
    """What one hash costs."""

    time: int = TIME_COST
    memory_kib: int = MEMORY_KIB
    parallelism: int = PARALLELISM


def _new_line() -> WaitingLine:
    return WaitingLine(AT_ONCE, waiting=MOST_WAITING, seconds=LONGEST_WAIT_SECONDS, what="同时登录的人太多")


@dataclass(frozen=True)
class Hasher:
    """Hashes with argon2id, at most `AT_ONCE` at once."""

    cost: Cost = Cost()
    line: WaitingLine = field(default_factory=_new_line, repr=False)

    def hash(self, password: str) -> str:
        """
        Return the hash of *password* to be stored.

        Raises:
            Busy: too many wait for theirs.
        """
        with self.line.turn():
            return self._argon2.hash(_normal(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """
        Whether *password* is the one; without a stored hash it costs the same, and the answer is no.

        Raises:
            Busy: too many wait for theirs.
        """
        with self.line.turn():
            try:
                self._argon2.verify(stored or self._nobody, _normal(password))
            except (Argon2Error, InvalidHashError):
                return False
        return stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether *stored* was made at another cost."""
        return self._argon2.check_needs_rehash(stored)

    @property
    def _argon2(self) -> PasswordHasher:
        cost = self.cost
        return PasswordHasher(time_cost=cost.time, memory_cost=cost.memory_kib, parallelism=cost.parallelism)

    @property
    def _nobody(self) -> str:
        """A hash of the same cost that no password has."""
        cost = self.cost
        salt, digest = (base64.b64encode(bytes(size)).decode().rstrip("=") for size in (_SALT_BYTES, _HASH_BYTES))
        return f"$argon2id$v=19$m={cost.memory_kib},t={cost.time},p={cost.parallelism}${salt}${digest}"


def check_new_password(password: str, *, login: str, name: str = "", old: str | None = None) -> None:
    """
    Refuse a new password that is easy to guess.

    Raises:
        BadPassword: too short, too long, the *old* one, made of habits, or of the account's own name.
    """
    text = _normal(password)
    if len(text) < MIN_CHARACTERS:
        raise BadPassword(reason=f"至少 {MIN_CHARACTERS} 个字符，现在是 {len(text)} 个")
    if len(text) > MAX_CHARACTERS:
        raise BadPassword(reason=f"最多 {MAX_CHARACTERS} 个字符")
    if old is not None and text == _normal(old):
        raise BadPassword(reason="要和原来的不一样")
    if len(set(text)) < FEWEST_DIFFERENT:
        raise BadPassword(reason=f"至少要有 {FEWEST_DIFFERENT} 个不同的字符")
    own = text.casefold()
    for piece in sorted((login.casefold(), name.casefold(), *_HABITS), key=len, reverse=True):
        own = own.replace(piece, "") if piece else own
    if len(own.strip("0123456789.-_!@#* ")) < 1 or len(set(own)) < _FEWEST_OWN:
        raise BadPassword(reason="太容易被猜到，几个不相干的词连起来就好")


def one_time_password(randomness: bytes) -> str:
    """Return a password that is easy to read out, made from *randomness* (60 bits of it)."""
    return readable_code(randomness)


def readable_code(randomness: bytes) -> str:
    """Return twelve letters and figures that nobody mistakes for each other, in three groups."""
    number = int.from_bytes(hashlib.sha256(randomness).digest()[:8], "big")
    letters = "0123456789abcdefghjkmnpqrstvwxyz"
    text = "".join(letters[number >> shift & 31] for shift in range(0, 60, 5))
    return f"{text[:4]}-{text[4:8]}-{text[8:]}"


def _normal(password: str) -> str:
    """The same characters typed on another keyboard are the same password."""
    return unicodedata.normalize("NFKC", password)
