"""Triverse's uploads: a file goes up first, an order then names its `file_key`."""

from __future__ import annotations

from datetime import UTC, datetime

from .jobs import Jobs
from .messages import Request, picture_type
from .triverse_answers import Problem

IMAGE_BYTES = 50 << 20
SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


class Uploads:
    """One bucket for pictures and models, of so many a minute."""

    def __init__(self, jobs: Jobs, user: str) -> None:
        self._jobs = jobs
        self._user = user
        self._times: list[float] = []

    def take(self, kind: str, request: Request, per_minute: int) -> str:
        """kind: "image" or "model". Returns the file_key. Errors: Problem."""
        if kind == "model" and request.query.get("modelVariant") not in ("geometry", "textured"):
            raise Problem(1004, "modelVariant must be geometry or textured.")
        now = self._jobs.clock()
        self._times = [at for at in self._times if now - at < 60]
        if len(self._times) >= per_minute:
            raise Problem(2000)
        self._times.append(now)
        files = [part for part in request.parts() or () if part.name == "file" and part.file_name]
        if len(files) != 1:
            raise Problem(1004, "One file part named file is needed.")
        content = files[0].content
        if kind == "model":
            suffix = "glb" if content.startswith(b"glTF") else ""
        else:
            suffix = SUFFIXES.get(picture_type(content), "")
        if not suffix or (kind == "image" and len(content) > IMAGE_BYTES):
            raise Problem(2004)
        day = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d")
        return f"tasks/uid_{self._user}/{day}/{self._jobs.add_upload(content, suffix)}"
