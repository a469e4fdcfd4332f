"""Serve the pages, with the scheduler running beside them."""

import gc
import ipaddress
import logging
import socket
from typing import Annotated

import typer
import uvicorn

from api.app import create_app
from api.connection import configured
from engine.cli.account import first_run_words
from engine.cli.refusal import USAGE, refusals
from engine.scheduler import Scheduler, ahead_of, clocks_of
from engine.services.demo_clock import AheadClock, FastForward
from engine.services.first_run import is_first_run
from engine.wiring import Sanlian, wire

HOST = "127.0.0.1"
PORT = 8000
STOP_SECONDS = 5
GARBAGE_EVERY = 20_000

Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="端口。")]
Host = Annotated[str, typer.Option("--host", help="地址。只能是本机；对外由反向代理用 https 转进来。")]
Proxy = Annotated[bool, typer.Option("--proxy", help="前面有本机的反向代理：信它说的来源地址和 https。")]
# Whose word on where a request came from is taken, and no other's.
TRUSTED_PROXIES = ["127.0.0.1", "::1"]


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("serve", help="打开网页服务，同时按时执行到点的规则。")(serve)


def serve(host: Host = HOST, port: Port = PORT, proxy: Proxy = False) -> None:
    """Serve the deployment that the environment names."""
    refuse_outside(host)
    with refusals():
        sanlian = wire()
        sanlian.prepare()
        welcome = _welcome(sanlian)
    try:
        run(sanlian, host=host, port=port, greeting=welcome, proxy=proxy)
    finally:
        sanlian.close()


def _welcome(sanlian: Sanlian) -> str:
    """What is said where nobody can sign in yet: the code that lets the first three in."""
    with sanlian.uow.read() as tx:
        nobody = is_first_run(tx)
    return f"\n\n{first_run_words(sanlian)}" if nobody else ""


def run(
    sanlian: Sanlian,
    *,
    host: str,
    port: int,
    greeting: str = "",
    proxy: bool = False,
    ahead: AheadClock | None = None,
) -> None:
    """
    Serve *sanlian* until stopped.

    Args:
        ahead: its clock, where people may put it ahead (the demo).
    Raises:
        typer.Exit: the address is not this machine's own, or is taken.
    """
    refuse_outside(host)
    listener = _listen(host, port)
    logging.basicConfig(level=logging.WARNING)
    typer.echo(f"http://{host}:{listener.getsockname()[1]}  （按 Ctrl-C 停下）{greeting}")
    clocks = clocks_of(sanlian)
    scheduler = Scheduler(sanlian, read_clocks=ahead_of(clocks, ahead) if ahead is not None else clocks)
    fast_forward = (
        FastForward(sanlian.uow, ahead, tick=scheduler.tick, keep_house=scheduler.keep_house)
        if ahead is not None
        else None
    )
    config = configured(
        create_app(sanlian, wake=scheduler.wake, fast_forward=fast_forward), log_level="warning", access_log=False,
        server_header=False, timeout_graceful_shutdown=STOP_SECONDS, proxy_headers=proxy,
        forwarded_allow_ips=TRUSTED_PROXIES if proxy else [],
    )  # fmt: skip
    _set_garbage_aside()
    scheduler.start()
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        scheduler.stop()


def _set_garbage_aside() -> None:
    """
    Leave what was made at the start out of every later search for garbage.

    A page makes thousands of small things that go by themselves; searching at every seven hundred of them, and through
    all modules at times, was a twentieth of the CPU of a page and its longest pause.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_EVERY, 20, 50)


def refuse_outside(host: str) -> None:
    """Refuse to listen where passwords would travel without https."""
    if is_loopback(host):
        return
    typer.echo(
        f"没有在 {host} 上打开：这里没有 https，密码会被人看到。只在本机开（127.0.0.1），"
        "前面放一个反向代理，用 https 转进来，再加 --proxy。",
        err=True,
    )
    raise typer.Exit(USAGE)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach *host*."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        typer.echo(f"{host}:{port} 打不开（{error.strerror}）。换一个端口：--port {port + 1}", err=True)
        raise typer.Exit(USAGE) from error
    return listener
