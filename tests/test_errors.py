"""The tree of errors at the top of its module is the tree that is there."""

import inspect
import re

from engine import errors

KINDS = [one for one in vars(errors).values() if inspect.isclass(one) and issubclass(one, errors.SanlianError)]


def test_tree_shows_every_error_when_one_is_declared() -> None:
    """A new class of error has its place in the picture, and the picture shows none that is gone."""
    tree = (errors.__doc__ or "").partition("The wording")[0]

    assert set(re.findall(r"\b(?:[A-Z][a-z]+)+\b", tree)) - {"Every"} == {kind.__name__ for kind in KINDS}


def test_code_tells_errors_apart_when_a_client_reads_it() -> None:
    """No two classes share a code."""
    assert len({kind.code for kind in KINDS}) == len(KINDS)
