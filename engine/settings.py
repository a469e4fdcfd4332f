"""Settings of a deployment, from the environment. No policy stands here: that is what workflows are for."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from engine.errors import BadInput


class Mode(StrEnum):
    """One process with everything in it, or many that share a PostgreSQL."""

    EMBEDDED = "embedded"
    DISTRIBUTED = "distributed"


DATABASE_URL = "sqlite:///var/sanlian.db"
MODE = Mode.EMBEDDED
DISTRICT = "district"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the data lies, how the engine runs, and which district it serves."""

    database_url: str = DATABASE_URL
    mode: Mode = MODE
    district: str = DISTRICT


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """
    Read the settings: SANLIAN_DATABASE_URL, SANLIAN_MODE, SANLIAN_DISTRICT.

    Raises:
        BadInput: one of them cannot be used.
    """
    given = Settings(
        database_url=environment.get("SANLIAN_DATABASE_URL") or DATABASE_URL,
        mode=_mode(environment.get("SANLIAN_MODE") or MODE),
        district=environment.get("SANLIAN_DISTRICT") or DISTRICT,
    )
    try:
        url = make_url(given.database_url)
    except ArgumentError as error:
        raise BadInput(
            where="SANLIAN_DATABASE_URL",
            found=given.database_url,
            expected="sqlite:///文件 或 postgresql+psycopg://用户@主机/库",
        ) from error
    if given.mode is Mode.DISTRIBUTED and url.get_backend_name() != "postgresql":
        raise BadInput(
            where="SANLIAN_MODE", found=given.mode.value, expected="PostgreSQL 才能分布运行，SQLite 用 embedded"
        )
    return given


def _mode(word: str) -> Mode:
    try:
        return Mode(word)
    except ValueError as error:
        raise BadInput(where="SANLIAN_MODE", found=word, expected="、".join(mode.value for mode in Mode)) from error
