"""Who works on an open task: a lease, which ends by the clock or with its process.

Thread: any; nothing here waits.
"""

from __future__ import annotations

import os
import socket
import uuid

LEASE_SECONDS = 60.0
LIVING_SECONDS = 600.0  # beyond the lease, for a process that is seen to live


def new_owner() -> str:
    """This process, and which ledger of it."""
    pid = os.getpid()
    return f"{_place()}:{pid}:{_began(pid)}-{uuid.uuid4().hex[:8]}"


def holds(owner: str, until: float, now: float) -> bool:
    """Is a lease good? It ends by the clock, or at once when its process is seen to be dead. One
    whose process is seen to live is good for longer: its submit may take its time."""
    # A lease from the future comes from a clock that was set back.
    if not owner or until > now + 2 * LEASE_SECONDS:
        return False
    place, pid, token = owner.rsplit(":", 2)
    here = place == _place()
    if here and _began(int(pid)) not in ("", token.partition("-")[0]):
        return False  # its number was given to another process
    # os.kill(pid, 0) asks on POSIX; on Windows it would end the process.
    if os.name == "posix" and here and int(pid) != os.getpid():
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return until + LIVING_SECONDS > now
    return until > now


def _began(pid: int) -> str:
    """When a process began, in the kernel's ticks (proc(5), field 22 of stat): with its number,
    that tells it from all others since the machine was started. "" where there is no telling."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _place() -> str:
    """Where a process id means something: a machine, and on Linux a PID namespace (a sandboxed
    Blender sees no other's processes and would take them all for dead)."""
    try:
        return f"{socket.gethostname()}/{os.readlink('/proc/self/ns/pid').replace(':', '')}"
    except OSError:
        return socket.gethostname()
