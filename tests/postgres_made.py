"""A real PostgreSQL of the tests' own: in a temporary folder, on a socket, gone at the end."""

import atexit
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from functools import cache
from glob import glob
from pathlib import Path

import pytest

_NUMBERS = itertools.count(1)


def new_postgresql():
    """Address of a fresh, empty database.

    Skips the test where PostgreSQL or its driver is not installed.
    """
    pytest.importorskip("psycopg", reason="PostgreSQL's driver is not installed")
    import psycopg

    place = _server()
    name = f"test{next(_NUMBERS)}"
    with psycopg.connect(host=str(place), user="bachbot", dbname="postgres", autocommit=True) as to:
        to.execute(f"CREATE DATABASE {name}")
    return f"postgresql://bachbot@/{name}?host={place}"


@cache
def _server():
    """Start it, once a process; the folder of its socket."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    place = Path(tempfile.mkdtemp(prefix="bachbot-postgresql-"))
    who = _unprivileged()
    if who:
        os.chown(place, who["user"], who["group"])
    options = {**who, "cwd": place, "stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
    data = place / "data"
    made = [programs / "initdb", "-D", data, "-U", "bachbot", "-A", "trust", "--no-sync"]
    subprocess.run([*made, "-E", "UTF8", "--no-locale"], check=True, **options)
    # Nothing here has to outlive the machine, and a hundred databases are many files to wait for.
    settings = ["-c", "listen_addresses=", "-c", "fsync=off"]
    process = subprocess.Popen(
        [programs / "postgres", "-D", data, "-k", place, *settings], **options
    )
    atexit.register(_stop, process, place)
    _wait(process, place)
    return place


def _wait(process, place):
    import psycopg

    for _ in range(300):
        try:
            psycopg.connect(host=str(place), user="bachbot", dbname="postgres").close()
        except psycopg.OperationalError:
            assert process.poll() is None, "PostgreSQL ended as soon as it was started"
            time.sleep(0.1)
        else:
            return
    raise AssertionError("PostgreSQL did not start within 30 seconds")


def _stop(process, place):
    # SIGQUIT is its way to end at once: what it holds is thrown away anyhow.
    process.send_signal(signal.SIGQUIT)
    process.wait(30)
    shutil.rmtree(place)


def _programs():
    """Folder of initdb and postgres; Debian keeps them out of the way."""
    found = [shutil.which("initdb")] if shutil.which("initdb") else []
    found += sorted(glob("/usr/lib/postgresql/*/bin/initdb"), reverse=True)  # noqa: PTH207
    for initdb in found:
        if (Path(initdb).parent / "postgres").exists():
            return Path(initdb).parent
    return None


def _unprivileged():
    """PostgreSQL does not run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    pytest.skip("PostgreSQL does not run as root, and there is nobody else")
