"""Fetching one large file: without a key, in slices, resumable, counted.

Thread: any, one download by one thread at a time.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from .addresses import check_result_url
from .errors import BadModel, Expired, NoAnswer, Refused
from .http import Api, new_session, parse_retry_after, read_chunks, send, whole_number
from .language import say
from .storage import writing

try:
    import fcntl
except ImportError:  # Windows, where nobody can rename what another has open
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    import requests

MODEL_BYTES = 1 << 30
SLICE_SECONDS = 0.25  # how often a download reports


def download(
    url: str,
    part: Path,
    *,
    gate: Callable[[], None],
    label: str,
    base_url: str,
    api: Api | None = None,
    limit: int = MODEL_BYTES,
) -> Generator[tuple[int, int | None], None, None]:
    """Fetch into `part`, yielding (bytes so far, bytes in all or None) about four times a second.

    When it ends without an error, `part` holds as many bytes as the server announced, synced.
    A `part` left by an earlier try is continued where the server can prove that it is still the
    same file (If-Range with a strong ETag or a date), else begun again. With `api`, `url` is a
    path on the API and goes with the key; without, no key is sent.

    Errors: Expired (link no longer good), NoAnswer/Unreachable (try again), Refused, StorageError,
    Offline.
    """
    proof = _proof(part)
    have, known = _resumable(part, proof)
    headers = {"Range": f"bytes={have}-", "If-Range": known["validator"]} if have else {}
    response = (
        api.open_download(url, headers)
        if api
        else _open_keyless(url, headers, gate, label, base_url)
    )
    asked = "GET result"
    try:
        total = _begin(response, part, proof, have, known, limit)
        received = have if response.status_code == 206 else 0
        reported = time.monotonic()
        slow_since, slow_from = reported, received
        with writing(part), open(part, "ab") as file:
            _lock(file)
            file.truncate(received)
            yield received, total
            for chunk in read_chunks(response, label, asked):
                received += len(chunk)
                if received > limit:
                    drop_part(part)
                    raise _too_big(received, limit)
                file.write(chunk)
                now = time.monotonic()
                if now - slow_since > 60:
                    if received - slow_from < 60 * 200:
                        raise NoAnswer(
                            say("The download became too slow to ever end."), details=asked
                        )
                    slow_since, slow_from = now, received
                if now - reported >= SLICE_SECONDS:
                    reported = now
                    file.flush()
                    yield received, total
                    gate()
            file.flush()
            os.fsync(file.fileno())
    finally:
        response.close()
    if total is not None and received != total:
        raise NoAnswer(
            say("The download was cut off on the way."), details=f"{received} of {total} bytes"
        )
    yield received, total


def _open_keyless(
    url: str, headers: Mapping[str, str], gate: Callable[[], None], label: str, base_url: str
) -> requests.Response:
    check_result_url(url, base_url)
    gate()
    with closing(new_session(url)) as session:
        # The auth callable adds nothing: without one, requests would look into .netrc.
        return send(session, "GET", url, label, "GET result", headers=headers, auth=lambda r: r)


def _begin(
    response: requests.Response,
    part: Path,
    proof: Path,
    have: int,
    known: Mapping[str, Any],
    limit: int,
) -> int | None:
    """Check the answer's head; returns the file's whole size or None."""
    status, headers = response.status_code, response.headers
    details = f"GET result: HTTP {status}"
    if status in (401, 403, 404, 410):
        raise Expired(say("The link to the result is no longer good."), details=details)
    if status == 416:
        drop_part(part)
        raise NoAnswer(say("The download has to begin again."), details=details)
    if 300 <= status < 400:
        raise Refused(
            say("The result's link leads elsewhere, which is not followed."), details=details
        )
    if status not in (200, 206):
        raise NoAnswer(
            say("The result could not be fetched this time."),
            details=details,
            retry_after=parse_retry_after(headers.get("Retry-After", "")),
        )
    if headers.get("Content-Encoding", "identity").lower() not in ("identity", ""):
        raise BadModel(
            say("The result came compressed in a way that was not asked for."), details=details
        )
    total = whole_number(headers.get("Content-Length"))
    etag = headers.get("ETag", "")
    if status == 206:
        total = known.get("total")
        start, _, whole = headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        # A server that does not know If-Range would continue with another file's bytes.
        other = etag and known.get("validator", "").startswith('"') and etag != known["validator"]
        if start.partition("-")[0] != str(have) or whole != str(total) or other:
            drop_part(part)
            raise NoAnswer(say("The download has to begin again."), details=details)
    if total is not None and total > limit:
        raise _too_big(total, limit)
    if status == 200:
        validator = etag if etag and not etag.startswith("W/") else headers.get("Last-Modified", "")
        with writing(part):
            part.parent.mkdir(parents=True, exist_ok=True)
            proof.unlink(missing_ok=True)
            if validator and total is not None:
                proof.write_text(json.dumps({"validator": validator, "total": total}))
    return total


def _resumable(part: Path, proof: Path) -> tuple[int, dict[str, Any]]:
    try:
        known = json.loads(proof.read_text())
        have = part.stat().st_size
        if 0 < have < known["total"] and isinstance(known["validator"], str):
            return have, known
    except (OSError, ValueError, KeyError, TypeError):
        pass  # nothing to go on from: begin again
    return 0, {}


def take_over(old: Path, part: Path) -> bool:
    """Go on with what an earlier try left, under a name of its own. Not with what a Blender that
    stands still has open: it would write on, whatever the file is called by then. True: done."""
    try:
        with open(old, "rb") as file:
            if not _lock(file):
                return False
            with suppress(FileNotFoundError):
                os.replace(_proof(old), _proof(part))
            os.replace(old, part)
    except OSError:
        return False  # gone, or held open (Windows)
    return True


def _lock(file: BinaryIO) -> bool:
    """Until it is closed. False: another process holds it."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # a file system without locks
    return True


def _proof(part: Path) -> Path:
    """What tells that a part is still of the same file: its length and its validator."""
    return part.with_name(part.name + ".json")


def drop_part(part: Path) -> None:
    """Forget a part. One that cannot be removed now is truncated by the next try, or swept."""
    for file in (_proof(part), part):
        with suppress(OSError):
            file.unlink(missing_ok=True)


def _too_big(size: int, limit: int) -> Refused:
    return Refused(
        say("The result is too big: {size:,} MiB.", size=size >> 20),
        say("At most {limit:,} MiB are fetched.", limit=limit >> 20),
    )
