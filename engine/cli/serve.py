"""Serve the pages, with the scheduler running beside them."""

import ipaddress
import logging
import socket
from typing import Annotated

import typer
import uvicorn

from api.app import create_app
from engine.errors import SanlianError
from engine.scheduler import Scheduler
from engine.wiring import Sanlian, wire

USAGE = 2
HOST = "127.0.0.1"
PORT = 8000
STOP_SECONDS = 5

Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="端口。")]
Host = Annotated[str, typer.Option("--host", help="地址。现在还没有登录，只能是本机。")]


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("serve", help="打开网页服务，同时按时执行到点的规则。")(serve)


def serve(host: Host = HOST, port: Port = PORT) -> None:
    """Serve the deployment that the environment names."""
    refuse_outside(host)
    try:
        sanlian = wire()
        sanlian.prepare()
    except SanlianError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(USAGE) from error
    try:
        run(sanlian, host=host, port=port)
    finally:
        sanlian.close()


def run(sanlian: Sanlian, *, host: str, port: int, greeting: str = "") -> None:
    """
    Serve *sanlian* until stopped.

    Raises:
        typer.Exit: the address is not this machine's own, or is taken.
    """
    refuse_outside(host)
    listener = _listen(host, port)
    logging.basicConfig(level=logging.WARNING)
    typer.echo(f"http://{host}:{listener.getsockname()[1]}  （按 Ctrl-C 停下）{greeting}")
    scheduler = Scheduler(sanlian)
    config = uvicorn.Config(
        create_app(sanlian, wake=scheduler.wake), log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )  # fmt: skip
    scheduler.start()
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        scheduler.stop()


def refuse_outside(host: str) -> None:
    """Refuse to listen where others could come in: there is no sign-in yet."""
    if is_loopback(host):
        return
    typer.echo(
        f"没有在 {host} 上打开：现在还没有登录，谁进来都能办，所以只在本机开（127.0.0.1）。登录做好以后再对外。",
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
