"""The jobs of a Sandbox as small files, so that a Sandbox started later goes on with them.

A job has no state that changes: how far it is follows from the clock, what it makes from its
order. Thread: any; two Sandboxes on one folder do not hurt each other.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .models import Order, make_model

MADE = ("model.glb", "shaded.glb", "preview.png")
KEPT_SECONDS = 7 * 86400.0  # Rodin keeps results for 7 days; Triverse's period is not known


@dataclass(frozen=True)
class Job:
    """created: Unix seconds. seconds: how long it takes. facts: what its protocol keeps."""

    id: str
    protocol: str
    created: float
    seconds: float
    order: Order
    facts: dict[str, Any] = field(default_factory=dict)

    def share(self, now: float) -> float:
        """0 at the start, 1 at the end."""
        if self.seconds <= 0:
            return 1.0
        return min(max((now - self.created) / self.seconds, 0.0), 1.0)


class Jobs:
    """folder: `<job id>/job.json` and beside it the picture and what was made."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self._folder = folder / "jobs"
        self._uploads = folder / "uploads"
        self._orders = folder / "orders"
        self.clock = clock
        self._making: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def add(self, job: Job, order_number: str = "") -> None:
        """Keep a job; with `order_number`, `ordered` finds it again."""
        picture = job.order.picture
        if picture is not None:
            write_whole(self._file(job.id, "picture"), picture)
        record = asdict(job)
        record["order"]["picture"] = picture is not None
        write_whole(self._file(job.id, "job.json"), json.dumps(record).encode())
        if order_number:
            write_whole(self._orders / _hashed(order_number), job.id.encode())

    def get(self, job_id: str, protocol: str) -> Job | None:
        """The job, or None: there is none, it is another protocol's, or it is too old."""
        if not is_uuid(job_id):
            return None
        try:
            record = json.loads(self._file(job_id, "job.json").read_bytes())
            order = record.pop("order")
            kept = order.pop("picture")
            picture = self._file(job_id, "picture").read_bytes() if kept else None
            box = tuple(order.pop("box"))
            job = Job(order=Order(picture=picture, box=box, **order), **record)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        if job.protocol != protocol or self.clock() - job.created > KEPT_SECONDS:
            return None
        return job

    def ordered(self, order_number: str, protocol: str) -> Job | None:
        """The job kept under an order number."""
        try:
            job_id = (self._orders / _hashed(order_number)).read_text()
        except (OSError, ValueError):
            return None
        return self.get(job_id, protocol)

    def file(self, job: Job, name: str) -> bytes:
        """One of MADE of a job, made on first use. Errors: KeyError for any other name."""
        if name not in MADE:
            raise KeyError(name)
        with self._lock:
            making = self._making.setdefault(job.id, threading.Lock())
        with making:
            path = self._file(job.id, name)
            if not path.exists():
                for made, content in make_model(job.order, name).items():
                    write_whole(self._file(job.id, made), content)
            return path.read_bytes()

    def add_upload(self, content: bytes, suffix: str) -> str:
        """Keep an uploaded file; returns its name."""
        name = f"{uuid.uuid4()}.{suffix}"
        write_whole(self._uploads / name, content)
        return name

    def upload(self, name: str) -> bytes | None:
        """An uploaded file, or None."""
        stem, _, suffix = name.partition(".")
        if not is_uuid(stem) or not suffix.isalnum():
            return None
        try:
            return (self._uploads / name).read_bytes()
        except OSError:
            return None

    def sweep(self) -> None:
        """Delete what is older than 7 days."""
        oldest = time.time() - KEPT_SECONDS  # files have the system's time
        for folder in (self._folder, self._uploads, self._orders):
            with contextlib.suppress(OSError):
                for entry in folder.iterdir():
                    if entry.stat().st_mtime >= oldest:
                        continue
                    if entry.is_dir() and not entry.is_symlink():
                        shutil.rmtree(entry, ignore_errors=True)
                    else:
                        entry.unlink(missing_ok=True)

    def _file(self, job_id: str, name: str) -> Path:
        return self._folder / job_id / name


def secret(folder: Path) -> bytes:
    """The secret that links and tickets are signed with; made once per folder."""
    path = folder / "secret"
    with contextlib.suppress(OSError):
        if len(kept := path.read_bytes()) == 32:
            return kept
    write_whole(path, secrets.token_bytes(32))
    return path.read_bytes()


def write_whole(path: Path, content: bytes) -> None:
    """The file appears only when it is whole. Readable by the user only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        os.replace(new, path)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def is_uuid(value: str) -> bool:
    """True for a UUID in its usual spelling only: such a string is safe as a file name."""
    try:
        return str(uuid.UUID(value)) == value
    except (ValueError, AttributeError, TypeError):
        return False


def _hashed(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
