"""The cookie of a session: its name, where it may travel, and how long a browser keeps it."""

import ipaddress

from fastapi import Request
from starlette.responses import Response

from engine.services.keep_sessions import LONGEST, SessionKind
from engine.services.sign_in import KNOWN_FOR

# `__Host-` makes browsers refuse it without Secure, for another path, or from a neighbouring host.
SECURE_COOKIE = "__Host-sanlian"
PLAIN_COOKIE = "sanlian"
DEVICE = "-device"


def token_of(request: Request) -> str:
    """Return the token this browser sent, empty without one."""
    return request.cookies.get(_name(request), "")


def hand_out(request: Request, response: Response, token: str, *, kind: SessionKind) -> None:
    """Give the browser its token; on a phone it outlives the browser, on a desk it does not."""
    age = int(LONGEST.total_seconds()) if kind is SessionKind.PHONE else None
    response.set_cookie(
        _name(request), token, max_age=age, path="/", httponly=True, samesite="lax", secure=is_secure(request)
    )


def device_of(request: Request) -> str:
    """Return what this browser was given when somebody signed in on it, empty without."""
    return request.cookies.get(_name(request) + DEVICE, "")


def note_device(request: Request, response: Response, device: str) -> None:
    """Let the browser keep what it is known by; it opens nothing."""
    response.set_cookie(
        _name(request) + DEVICE, device, max_age=int(KNOWN_FOR.total_seconds()), path="/", httponly=True,
        samesite="lax", secure=is_secure(request),
    )  # fmt: skip


def take_back(request: Request, response: Response) -> None:
    """Let the browser forget its token."""
    response.delete_cookie(_name(request), path="/", httponly=True, samesite="lax", secure=is_secure(request))


def is_secure(request: Request) -> bool:
    """Whether the browser asked by https (a proxy on this machine may say so)."""
    return request.url.scheme == "https"


def address_of(request: Request) -> str:
    """Return where the request came from."""
    return request.client.host if request.client is not None else ""


def is_from_here(request: Request) -> bool:
    """Whether the request came from this machine, through no proxy."""
    if "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(address_of(request)).is_loopback
    except ValueError:
        return False


def _name(request: Request) -> str:
    return SECURE_COOKIE if is_secure(request) else PLAIN_COOKIE
