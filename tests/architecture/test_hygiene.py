"""Nothing in the repository knows the machine it was written on, or carries a secret."""

import re

import pytest

from tests.architecture.source_tree import ROOT, project_files

LARGEST_KIB = 1024

# Built from pieces: the rules must not find themselves.
REGISTRY_HOSTS = re.compile(
    "|".join(
        [
            r"py" + r"pi\.(?:org|python|tuna|douban)",
            r"python" + r"hosted\.org",
            r"npm" + r"js\.(?:org|com)",
            r"npm" + r"mirror\.com",
            r"deb" + r"\.debian\.org",
            r"security" + r"\.debian\.org",
            r"mirrors" + r"?\.[a-z.-]+\.(?:cn|com|org|net)",
            r"proxy" + r"\.golang\.org",
            r"static\." + r"crates\.io",
            r"unp" + r"kg\.com",
            r"js" + r"delivr\.net",
        ]
    ),
    re.IGNORECASE,
)
MACHINE_PATHS = re.compile(
    "|".join(
        [
            "/wo" + r"rk/(?:main|shared|\.[a-z]+)\b",
            "/ro" + r"ot/[\w.]",
            "/ho" + r"me/[a-z]",
            "/Us" + r"ers/[A-Za-z]",
            "/tm" + r"p/te" + "am",
            "/op" + r"t/wheels",
        ]
    )
)
SECRETS = re.compile("-----BEG" + r"IN (?:[A-Z]+ )?PRIVATE KEY|\bAK" + r"IA[0-9A-Z]{16}\b|\bgh" + r"[pousr]_\w{30,}")
RULES = {"host of a registry": REGISTRY_HOSTS, "path of a machine": MACHINE_PATHS, "secret": SECRETS}


def findings(text: str) -> list[str]:
    """Return `rule: what` for everything in *text* that must not be committed."""
    return [f"{rule}: {match[0]}" for rule, pattern in RULES.items() for match in pattern.finditer(text)]


def test_repository_names_no_machine_when_it_is_read_anywhere() -> None:
    """No file names a registry's host, a path of somebody's machine or a secret."""
    texts = {str(path): (ROOT / path).read_bytes().decode("utf-8", errors="ignore") for path in project_files()}

    assert {path: findings(text) for path, text in texts.items() if findings(text)} == {}


def test_repository_stays_small_when_files_are_added() -> None:
    """No file is larger than a megabyte: logs and pictures live elsewhere."""
    sizes = {str(path): (ROOT / path).stat().st_size // 1024 for path in project_files()}

    assert {path: kib for path, kib in sizes.items() if kib > LARGEST_KIB} == {}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("see https://py" + "pi.org/project/x", False),
        ("http://deb" + ".debian.org/debian", False),
        ("cd /wo" + "rk/main && make", False),
        ("open('/ho" + "me/wang/a.txt')", False),
        ("-----BEG" + "IN PRIVATE KEY-----", False),
        ("https://example.org/api/homework/7", True),
        ("docs/howto/work.md", True),
        ("http://127.0.0.1:8000/", True),
    ],
)
def test_finding_is_made_when_a_text_names_one(text: str, clean: bool) -> None:
    """Hosts, paths and keys are found, ordinary addresses are not."""
    assert (findings(text) == []) == clean
