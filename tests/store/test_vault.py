"""The vault: private values are found by their words, and gone without a trace once erased."""

from datetime import UTC, datetime

import pytest

from engine.store.unit_of_work import UnitOfWork
from engine.store.vault import Secret, grams_of

AT = datetime(2026, 3, 2, tzinfo=UTC)


def keep(uow: UnitOfWork, ref: str, text: str) -> None:
    """Keep *text* under *ref*."""
    secret = Secret(
        ref=ref, matter="m", seq=1, field="detail", subject="p", salt=b"s" * 32, value=text.encode(), purpose="办理"
    )
    with uow.write() as tx:
        tx.vault.put_many((secret,), searchable=((ref, text),))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("楼道", ["a"]),
        ("灯坏", ["a", "b"]),
        ("ＬＥＤ灯", ["b"]),
        ("led", ["b"]),
        ("楼 道", ["a"]),
        ("水", []),
        ("", []),
    ],
)
def test_search_finds_values_by_neighbouring_characters(uow: UnitOfWork, asked: str, found: list[str]) -> None:
    """Words are found inside a text, whatever their width, case and blanks."""
    keep(uow, "a", "三号楼道灯坏了")
    keep(uow, "b", "LED 灯坏了")

    with uow.read() as tx:
        assert sorted(tx.vault.search(asked, limit=10)) == found


def test_erased_value_is_gone_with_everything_that_finds_it(uow: UnitOfWork) -> None:
    """Value, salt and bigrams are gone, the row says when."""
    keep(uow, "a", "张测试的电话")
    keep(uow, "b", "别的事情")

    with uow.write() as tx:
        tx.vault.erase("a", at=AT)

    with uow.read() as tx:
        erased = tx.vault.get_many(("a", "b"))
        assert (erased["a"].value, erased["a"].salt, erased["a"].erased_at) == (None, None, AT)
        assert erased["b"].value is not None
        assert tx.vault.search("测试", limit=10) == []
        assert tx.vault.search("事情", limit=10) == ["b"]


def test_restricted_value_still_proves(uow: UnitOfWork) -> None:
    """Restricting hides a value and leaves its proof."""
    keep(uow, "a", "内容")

    with uow.write() as tx:
        tx.vault.restrict("a")

    with uow.read() as tx:
        kept = tx.vault.get_many(("a",))["a"]
    assert kept.restricted
    assert kept.salt == b"s" * 32


def test_file_id_binds_its_bytes_and_erasing_leaves_nothing(uow: UnitOfWork) -> None:
    """A file's id ends with the hash of its bytes; it belongs to the first matter it is given with."""
    with uow.write() as tx:
        file_id = tx.files.add("f1", b"picture", media_type="image/png", name_ref=None, at=AT)
        tx.files.attach([(file_id, "m1")])
        tx.files.attach([(file_id, "m2")])

    with uow.read() as tx:
        kept = tx.files.get(file_id)
    assert kept is not None
    assert kept.id.endswith(kept.sha256)
    assert (kept.matter, kept.content, kept.size) == ("m1", b"picture", 7)

    with uow.write() as tx:
        tx.files.erase(file_id)
    with uow.read() as tx:
        assert tx.files.get(file_id) is None


def test_grams_of_a_single_character_is_itself() -> None:
    """One character can be searched too."""
    assert grams_of(" 水 ") == {"水"}
