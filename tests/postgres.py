"""A PostgreSQL server of the tests' own: Debian's binaries, a temporary folder, loopback only, stopped by its pid."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


def binaries() -> Path | None:
    """The folder of the newest installed server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextmanager
def server() -> Iterator[str]:
    """A running server; yields an address without a database name: postgresql+asyncpg://postgres@127.0.0.1:PORT/"""
    programs = binaries()
    if programs is None:
        message = "PostgreSQL is not installed (Debian package postgresql)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    folder = Path(tempfile.mkdtemp(prefix="headframe-pg-"))
    # The server refuses to run as root; Debian's package brings a user for it.
    account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    prefix = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"] if account else []
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": True, "cwd": folder}
    subprocess.run([*prefix, programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N"], **quiet)
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [
            *prefix,
            programs / "postgres",
            "-D",
            data,
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-k",
            folder,
            "-c",
            "fsync=off",
            "-c",
            "max_connections=200",
        ],
        stdout=log,
        stderr=log,
        cwd=folder,
    )
    try:
        for _attempt in range(200):
            ready = subprocess.run([programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)], check=False)
            if ready.returncode == 0:
                break
            time.sleep(0.05)
        else:
            pytest.fail((folder / "log").read_text()[-2000:])
        yield f"postgresql+asyncpg://postgres@127.0.0.1:{port}/"
    finally:
        process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
        process.wait(20)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def new_database(address: str, name: str, *, model: str = "template1") -> str:
    """Create a database on the server, a copy of the model; its whole address. Nobody may be connected to the model."""
    programs = binaries()
    assert programs is not None
    port = address.rsplit(":", 1)[1].rstrip("/")
    subprocess.run(
        [programs / "createdb", "-h", "127.0.0.1", "-p", port, "-U", "postgres", "-T", model, name],
        check=True,
        capture_output=True,
    )
    return address + name
