"""Whatever is sent, the answer is one that the OpenAPI document describes, and never a failure of ours."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.app import create_app
from engine.services.api_tokens import TokenAsked, make_token
from tests.support.demo import wired

CASES = 12
# The tests are made from the document before any fixture runs; the file it serves is laid there by the first of them.
FOLDER = TemporaryDirectory()
SANLIAN = wired(Path(FOLDER.name) / "demo.db")
schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", create_app(SANLIAN))


@pytest.fixture(scope="module")
def token(demo_file: Path) -> str:
    """A token that may do everything a service centre may."""
    shutil.copy(demo_file, Path(FOLDER.name) / "demo.db")
    wanted = TokenAsked(post="street.service_centre.1", scope="write", label="测试", days=30)
    return make_token(SANLIAN.uow, wanted, ids=SANLIAN.door.ids, salts=SANLIAN.door.salts, now=SANLIAN.clock.now())


@schema.parametrize()
@settings(max_examples=CASES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_answer_is_as_documented_when_anything_is_sent(case: schemathesis.Case, token: str) -> None:
    """No answer outside the document, no 5xx, problems in their own media type, 405 with what is allowed."""
    # What is well formed may still be refused: a place nobody has, an action that is not for this step.
    case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, excluded_checks=[positive_data_acceptance])
