#!/bin/sh
# Make the virtual environment $VENV with the Python $PY, or say plainly what is missing. Exit 2: something is missing.
set -eu
PY="${PY:-python3}"
VENV="${VENV:-.venv}"

missing() {
    printf '%s\n' "$@" >&2
    exit 2
}

if ! command -v "$PY" >/dev/null; then
    missing "Python 3.11 or newer is needed; set PY=… (for example: make test PY=python3.12). There is no '$PY' here."
fi
if ! "$PY" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    missing "Python 3.11 or newer is needed; set PY=… (for example: make test PY=python3.12)." \
        "Here '$PY' is $("$PY" --version 2>&1)."
fi
if ! "$PY" -c 'import venv, ensurepip' 2>/dev/null; then
    missing "'$PY' cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv"
fi
"$PY" -m venv "$VENV" || { rm -rf "$VENV"; missing "Making $VENV failed; the lines above say why."; }
