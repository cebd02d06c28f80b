"""Hyper3D Rodin's protocol as documented, with the traps its clients fell into.

Facts are from developer.hyper3d.ai and docs.hyper3d.ai (api-specification pages) and from records
of live calls by others; where nothing is known, the choice made here is marked as ours.
"""

from __future__ import annotations

import base64
import email.utils
import hashlib
import hmac
import json
import secrets
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .jobs import Job, is_uuid
from .messages import Reply, Request
from .rodin_form import Refusal, UnexpectedToken, read_form

if TYPE_CHECKING:
    from .server import Sandbox

START_BALANCE = 1000.0


class RodinProtocol:
    """What a test may turn, from its default:

    balance: credits left. parallel_limit: jobs running at once. per_minute: requests a minute
    before 429, 0: any number. snapshot: "new" or "old" shape of the answer to a submit.
    read_status: HTTP status of good answers to status and download (documented: 201).
    refusal_status: HTTP status of refusals with an error code (seen: 201). link_seconds: how long
    links live. endings: the last word of each job of new tasks, the last one repeated.
    prompt_back: a prompt reported as written by the service. preview_name: of the preview.
    """

    prefix = "/rodin/api/v2"

    def __init__(self, sandbox: Sandbox, secret: bytes) -> None:
        self.balance = START_BALANCE
        self.parallel_limit = 10
        self.per_minute = 0
        self.snapshot = "new"
        self.read_status = 201
        self.refusal_status = 201
        self.link_seconds = 600.0
        self.endings: tuple[str, ...] = ("Done",)
        self.prompt_back: str | None = None
        self.preview_name = "preview.png"
        self._sandbox = sandbox
        self._secret = secret
        self._lock = threading.Lock()
        self._running: list[Job] = []
        self._tokens = 0.0
        self._filled = 0.0
        self._throttled = 0

    def answer(self, request: Request, path: str) -> Reply:
        routes: dict[tuple[str, str], Callable[[Request], Reply]] = {
            ("POST", "/rodin"): self._submit,
            ("POST", "/status"): self._status,
            ("POST", "/download"): self._download,
            ("GET", "/check_balance"): self._balance,
        }
        route = routes.get((request.method, path))
        if route is None:
            return Reply.of({"error": "NOT_FOUND", "message": "No such route."}, 404)
        if not request.allowed:
            return Reply.of(
                {"error": "UNAUTHORIZED", "message": "Active API key is required."}, 401
            )
        with self._lock:
            return self._throttle() or route(request)

    # --- routes ---

    def _submit(self, request: Request) -> Reply:
        try:
            form = read_form(request.parts())
        except UnexpectedToken as error:
            return Reply.of({"error": "UNKNOWN", "message": str(error)}, 500)
        except Refusal as refusal:
            return self._refuse(refusal.code, str(refusal))
        now = self._sandbox.clock()
        self._running = [job for job in self._running if job.share(now) < 1]
        if self.balance < form.credits:
            return self._refuse("API_INSUFFICIENT_FUNDS", "Not enough credits.")
        if len(self._running) >= self.parallel_limit:
            return self._refuse("API_PARALLELISM_LIMIT_REACHED", "Too many running tasks.")

        order = form.order
        if order.seed is None:
            order = replace(order, seed=secrets.randbelow(65_536))
        parts = ["geometry", "texture", "render"][: form.jobs]
        endings = [self.endings[min(i, len(self.endings) - 1)] for i in range(len(parts))]
        job = Job(
            id=str(uuid.uuid4()),
            protocol="rodin",
            created=now,
            seconds=self._sandbox.seconds,
            order=order,
            facts={
                "jobs": [str(uuid.uuid4()) for _ in parts],
                "endings": endings,
                "material": form.material,
            },
        )
        self._sandbox.jobs.add(job)
        self._running.append(job)
        self.balance -= form.credits
        self._sandbox.note_charge("rodin", job.id, form.credits, "")
        answer: dict[str, Any] = {
            "message": "Submitted.",
            "uuid": job.id,
            "jobs": {"uuids": job.facts["jobs"], "subscription_key": self._ticket(job)},
        }
        prompt = self.prompt_back or form.order.prompt or None
        if self.snapshot == "old":
            submitted = email.utils.formatdate(now, usegmt=True)
            answer |= {"error": None, "submit_time": submitted, "prompt": prompt}
        else:
            answer |= {"consumed": form.credits, "prompt": prompt}
        return Reply.of(answer, 201)

    def _status(self, request: Request) -> Reply:
        asked = request.json() or request.form()
        job = self._by_ticket(asked.get("subscription_key"))
        if job is None:
            return self._refuse("NO_SUCH_TASK", "No such task.")
        return Reply.of({"error": None, "jobs": self._states(job)}, self.read_status)

    def _download(self, request: Request) -> Reply:
        job = self._sandbox.jobs.get(str((request.json() or {}).get("task_uuid")), "rodin")
        if job is None:
            return self._refuse("NO_SUCH_TASK", "No such task.")
        done = [state["status"] == "Done" for state in self._states(job)]
        listed = []
        for made, shown in self._file_names(job):
            # The preview shows the geometry: it is there first. The list is short before the end.
            if done[0] and (made == "preview.png" or all(self._ended(job))):
                link = self._sandbox.files.link("rodin", job.id, made, shown, self.link_seconds)
                listed.append({"url": link, "name": shown})
        return Reply.of({"error": None, "list": listed}, self.read_status)

    def _balance(self, request: Request) -> Reply:
        whole = self.balance == int(self.balance)
        return Reply.of({"balance": int(self.balance) if whole else self.balance})

    # --- parts of them ---

    def _states(self, job: Job) -> list[dict[str, Any]]:
        """Each part of a task has its own clock: waiting, at work, at its end."""
        share = job.share(self._sandbox.clock())
        count = len(job.facts["jobs"])
        states = []
        for number, (part, ending) in enumerate(
            zip(job.facts["jobs"], job.facts["endings"], strict=True)
        ):
            begins, ends = 0.15 + 0.2 * number, 0.55 + 0.45 * (number + 1) / count
            if share >= ends:
                states.append({"uuid": part, "status": ending})
            elif share >= begins:
                states.append({"uuid": part, "status": "Generating"})
            else:
                queue = 1 + int(3 * (1 - share / begins))
                states.append({"uuid": part, "status": "Waiting", "queue_length": queue})
        return states

    def _ended(self, job: Job) -> list[bool]:
        return [state["status"] not in ("Waiting", "Generating") for state in self._states(job)]

    def _file_names(self, job: Job) -> list[tuple[str, str]]:
        """(as made, as listed), the names as seen by others."""
        models = {
            "Shaded": [("shaded.glb", "base_basic_shaded.glb")],
            "None": [("model.glb", "base.glb")],
            "All": [("model.glb", "base_basic_pbr.glb"), ("shaded.glb", "base_basic_shaded.glb")],
        }
        return [
            *models.get(job.facts["material"], [("model.glb", "base_basic_pbr.glb")]),
            # The service's is preview.webp; Python cannot write WebP by itself.
            ("preview.png", self.preview_name),
        ]

    def _refuse(self, code: str, message: str) -> Reply:
        return Reply.of({"error": code, "message": message}, self.refusal_status)

    def _throttle(self) -> Reply | None:
        """A token bucket. Retry-After comes in all three ways: seconds, a date, not at all."""
        if not self.per_minute:
            return None
        now = self._sandbox.clock()
        refill = (now - self._filled) * self.per_minute / 60
        self._tokens = min(self._tokens + refill, float(self.per_minute))
        self._filled = now
        if self._tokens >= 1:
            self._tokens -= 1
            return None
        self._throttled += 1
        way = self._throttled % 3
        reply: dict[str, Any] = {"error": "TOO_MANY_REQUESTS", "message": "Slow down."}
        if way == 0:
            return Reply.of(reply, 429)
        later = email.utils.formatdate(now + 60 / self.per_minute + 1, usegmt=True)
        return Reply.of(reply, 429, **{"Retry-After": "1" if way == 1 else later})

    def _ticket(self, job: Job) -> str:
        """The subscription key: like a JWT; leads to the job without being stored."""
        head = _base64(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
        body = _base64(json.dumps({"task": job.id, "parts": job.facts["jobs"]}).encode())
        signature = hmac.new(self._secret, f"{head}.{body}".encode(), hashlib.sha512).digest()
        return f"{head}.{body}.{_base64(signature)}"

    def _by_ticket(self, ticket: object) -> Job | None:
        try:
            body = str(ticket).split(".")[1]
            task = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["task"]
        except (ValueError, IndexError, KeyError, TypeError):
            return None
        job = self._sandbox.jobs.get(task, "rodin") if is_uuid(task) else None
        if job and hmac.compare_digest(self._ticket(job).encode(), str(ticket).encode()):
            return job
        return None


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
