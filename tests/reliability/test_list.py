"""What happens to the list of tasks: held by another program, damaged, of a newer version. While it
lasts the user is told so in a sentence; afterwards nothing is lost, and nothing was charged twice.
"""

from __future__ import annotations

import os
import random
import re
import sqlite3
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import pytest

from .ending import judge, next_starts, under_way, until_said
from .outcomes import all_hold

FULL = bool(os.environ.get("MAQUETTE_CAMPAIGN"))
SERVICES = ("rodin", "triverse")
BOTH = Counter(dict.fromkeys(SERVICES, 1))


@pytest.mark.skipif(not FULL, reason="it waits as long as SQLite does: make campaign")
@pytest.mark.parametrize("service", SERVICES)
def test_ledger_held_by_another_program(tmp_path, nursery, sandbox, service):
    """From before the order's answer on, longer than SQLite waits for it (10 s)."""
    ledger = tmp_path / "user" / "tasks.sqlite3"
    blender = nursery.start(tmp_path, sandbox)
    blender.idle()
    with closing(sqlite3.connect(ledger, isolation_level=None, check_same_thread=False)) as db:

        def hold(request, carry_out):
            reply = carry_out()
            if sandbox.charges and not db.in_transaction:
                db.execute("BEGIN EXCLUSIVE")
            return reply

        sandbox.intercept = hold
        task_id = blender.generate(service, "a blue vase")
        until_said(blender, re.compile("The list of tasks is held by another program"))
        sandbox.intercept = None
        db.execute("ROLLBACK")
    blender.until_ready(task_id)
    blender.quit()
    all_hold(judge("ledger", "locked", tmp_path, sandbox, Counter({service: 1})))


def spoil(path: Path, way: str, rng: random.Random) -> None:
    """A file of the ledger; its journal is left alone."""
    match way:
        case "head":
            with open(path, "r+b") as file:
                file.write(rng.randbytes(4096))
        case "pages":
            with open(path, "r+b") as file:
                for start in range(0, path.stat().st_size, 4096):
                    file.seek(start + 100 * (start == 0))
                    file.write(rng.randbytes(1000))
        case "half":
            os.truncate(path, path.stat().st_size // 2)
        case "empty":
            os.truncate(path, 0)
        case "gone":
            path.unlink()


WAYS = [
    (after, way) for after in ("quit", "kill") for way in ("head", "pages", "half", "empty", "gone")
]
SOME = [("quit", "pages"), ("quit", "empty"), ("kill", "gone")]


@pytest.mark.parametrize(("after", "way"), WAYS if FULL else SOME)
def test_ledger_damaged_between_starts(tmp_path, nursery, sandbox, after, way):
    """One job is done, another is under way, of each service."""
    user, rng = tmp_path / "user", random.Random(way)
    blender = nursery.start(tmp_path, sandbox)
    done = [blender.generate(service, "a blue vase") for service in SERVICES]
    blender.until_ready(*done)
    sandbox.seconds = 0.5
    open_ = [under_way(blender, service) for service in SERVICES]
    if after == "quit":
        blender.quit()
    else:
        blender.kill()
    spoil(user / "tasks.sqlite3", way, rng)
    blender = nursery.start(tmp_path, sandbox)
    blender.until_ready(*done, *open_)
    blender.idle()
    # After a kill all of it may still lie in the -wal file, from which SQLite mends it.
    if after == "quit":
        assert re.search("The list of tasks was (damaged|gone)", "\n".join(blender.troubles))
    blender.quit()
    all_hold(judge("ledger", f"damaged: {way}", tmp_path, sandbox, BOTH + BOTH))


@pytest.mark.parametrize("way", ["head", "pages", "empty", "gone"] if FULL else ["pages"])
def test_ledger_damaged_while_running(tmp_path, nursery, sandbox, way):
    user, rng = tmp_path / "user", random.Random(way)
    sandbox.seconds = 0.5
    blender = nursery.start(tmp_path, sandbox)
    ids = [under_way(blender, service) for service in SERVICES]
    spoil(user / "tasks.sqlite3", way, rng)
    with suppress(FileNotFoundError):
        spoil(user / "tasks.sqlite3-wal", way, rng)
    blender.until_ready(*ids)
    blender.quit()
    next_starts(nursery, sandbox, tmp_path)
    all_hold(judge("ledger", f"spoilt: {way}", tmp_path, sandbox, BOTH))


def test_ledger_of_a_newer_version(tmp_path, nursery, sandbox):
    """It is left alone, byte for byte, and said so; the version that wrote it goes on."""
    user = tmp_path / "user"
    sandbox.seconds = 0.5
    blender = nursery.start(tmp_path, sandbox)
    for service in SERVICES:
        under_way(blender, service)
    blender.quit()
    with closing(sqlite3.connect(user / "tasks.sqlite3", isolation_level=None)) as db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        db.execute("PRAGMA user_version = 99")
    before = (user / "tasks.sqlite3").read_bytes()
    journal = (user / "tasks.journal").read_bytes()
    blender = nursery.start(tmp_path, sandbox)
    until_said(blender, re.compile("written by a newer Maquette; it is left as it is"))
    refused = blender.generate("rodin", "a red vase")
    until_said(blender, re.compile("newer Maquette"))
    blender.until(lambda: blender.state(refused) == "failed")
    blender.kill()
    assert (user / "tasks.sqlite3").read_bytes() == before
    assert (user / "tasks.journal").read_bytes() == journal
    with closing(sqlite3.connect(user / "tasks.sqlite3", isolation_level=None)) as db:
        db.execute(f"PRAGMA user_version = {version}")
    next_starts(nursery, sandbox, tmp_path)
    all_hold(judge("ledger", "newer", tmp_path, sandbox, BOTH))
