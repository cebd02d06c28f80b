"""The Sandbox's other origin: what was made, behind signed links that expire.

As object stores do it: no key is taken here, the link itself is the right to read.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
from urllib.parse import quote, unquote

from .jobs import MADE, Jobs
from .messages import Reply, Request


class Files:
    """base_url: set when the port is known. refuse_keys: answer a request that brings an
    Authorization header with 400, as object stores do with a second way to sign in."""

    def __init__(self, jobs: Jobs, secret: bytes) -> None:
        self.base_url = ""
        self.refuse_keys = True
        self._jobs = jobs
        self._secret = secret

    def link(self, protocol: str, job_id: str, made: str, shown: str, seconds: float) -> str:
        """A fresh link to the file `made` of a job, good for `seconds`.

        made: one of MADE. shown: the last part of the link.
        """
        path = f"/{protocol}/{job_id}/{made}/{quote(shown, safe='')}"
        expires = math.ceil(self._jobs.clock() + seconds)
        return f"{self.base_url}{path}?Expires={expires}&Signature={self._sign(path, expires)}"

    def answer(self, request: Request) -> Reply:
        if request.method != "GET":
            return _refusal(405, "MethodNotAllowed")
        if self.refuse_keys and "authorization" in request.headers:
            return _refusal(400, "InvalidArgument", "Only one auth mechanism allowed")
        expires = request.query.get("Expires", "")
        signature = request.query.get("Signature", "")
        if not re.fullmatch(r"[0-9]{1,12}", expires) or not hmac.compare_digest(
            signature.encode(), self._sign(request.path, int(expires)).encode()
        ):
            return _refusal(403, "SignatureDoesNotMatch")
        if self._jobs.clock() > int(expires):
            return _refusal(403, "AccessDenied", "Request has expired")
        protocol, job_id, made, _shown = unquote(request.path).split("/", 4)[1:]
        job = self._jobs.get(job_id, protocol)
        if job is None or made not in MADE:
            return _refusal(404, "NoSuchKey")
        return _content(self._jobs.file(job, made), made, request)

    def _sign(self, path: str, expires: int) -> str:
        return hmac.new(self._secret, f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()


def _content(content: bytes, name: str, request: Request) -> Reply:
    """The file or the part of it that was asked for (RFC 9110 14.2, 13.1.5)."""
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {
        "Content-Type": "image/png" if name.endswith(".png") else "application/octet-stream",
        "Accept-Ranges": "bytes",
        "ETag": etag,
    }
    asked = re.fullmatch(r"bytes=([0-9]{1,18})-([0-9]{0,18})", request.headers.get("range", ""))
    if not asked or request.headers.get("if-range", etag) != etag:
        return Reply(200, headers, content)
    size = len(content)
    first, last = int(asked[1]), min(int(asked[2] or size - 1), size - 1)
    if first > last:
        return Reply(416, {**headers, "Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return Reply(206, headers, content[first : last + 1])


def _refusal(status: int, code: str, message: str = "") -> Reply:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message or code}</Message></Error>"
    )
    return Reply(status, {"Content-Type": "application/xml"}, body.encode())
