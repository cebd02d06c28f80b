"""Triverse's protocol as documented, without its WebSocket.

Facts are from docs.triverse.ai; what is not known there is a knob or a choice marked as ours.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .jobs import Job
from .messages import Reply, Request
from .triverse_answers import ERRORS, Problem, as_time, done, failed
from .triverse_form import CREDITS, known_flow, read_params
from .triverse_uploads import Uploads

if TYPE_CHECKING:
    from .server import Sandbox

START_BALANCE = 1000.0
USER = "100001"


class TriverseProtocol:
    """What a test may turn, from its default:

    balance: credits to spend, net of frozen ones. snapshot: "new" or "old" names of fields.
    repeat: what an order sent again gets: "same" (the first task) or "conflict" (409/2005).
    duplicate_seconds: how long an equal body counts as an order sent again. read_lag: seconds
    after its creation in which a task is not found. visible_within: what creation says about
    that, None: nothing. parallel_limit: tasks running at once. wrapped: /tasks/url answers inside
    `data`. links: False: /tasks/url knows no task. link_seconds: how long links live.
    ending: "SUCCESS", "FAILED", "CANCELLED" or "EMPTY" (success without files) of new tasks.
    failure: `error` of failed tasks. early_code: /tasks/url before the end: 2005 or 1005.
    wrong_key_status: 403 or 401. uploads_per_minute; retry_after: seconds told with 429, or None.
    announce_length: /tasks/download tells its length; redirect_download: it leads to the link.
    """

    prefix = "/triverse/api/v1"

    def __init__(self, sandbox: Sandbox) -> None:
        self.balance = START_BALANCE
        self.snapshot = "new"
        self.repeat = "same"
        self.duplicate_seconds = 10.0
        self.read_lag = 0.0
        self.visible_within: int | None = 5
        self.parallel_limit = 10
        self.wrapped = True
        self.links = True
        self.link_seconds = 3600.0
        self.ending = "SUCCESS"
        self.failure: object = {"message": "The geometry stage failed.", "code": "GEN_FAIL"}
        self.early_code = 2005
        self.wrong_key_status = 403
        self.uploads_per_minute = 10
        self.retry_after: int | None = None
        self.announce_length = True
        self.redirect_download = False
        self._sandbox = sandbox
        self._lock = threading.Lock()
        self._running: list[Job] = []
        self._bodies: dict[str, Job] = {}
        self._uploads = Uploads(sandbox.jobs, USER)

    @property
    def frozen(self) -> float:
        """Credits held for running tasks."""
        self._settle()
        return sum(float(job.facts["credits"]) for job in self._running)

    def answer(self, request: Request, path: str) -> Reply:
        routes: tuple[tuple[str, str, Callable[..., Reply]], ...] = (
            ("POST", r"/tasks/pricing/quote", self._quote),
            ("POST", r"/tasks/([a-z-]+)", self._create),
            ("GET", r"/tasks/url/([^/]+)", self._url),
            ("GET", r"/tasks/download/([^/]+)", self._download),
            ("GET", r"/tasks/([^/]+)", self._status),
            ("POST", r"/upload/(image|model)", self._upload),
            ("GET", r"/users/me", self._me),
            ("GET", r"/users/balance", self._balance),
        )
        try:
            for method, pattern, route in routes:
                found = re.fullmatch(pattern, path)
                if not found or method != request.method:
                    continue
                if not request.allowed:
                    missing = "authorization" not in request.headers
                    status = 401 if missing else self.wrong_key_status
                    # The number for this is not known.
                    return failed(1001, "The API key is missing or not valid.", status)
                with self._lock:
                    self._settle()
                    return route(request, *found.groups())
            raise Problem(1005)
        except Problem as problem:
            headers = {}
            if problem.code == 2000 and self.retry_after is not None:
                headers["Retry-After"] = str(self.retry_after)
            return failed(problem.code, str(problem), ERRORS[problem.code][0], **headers)

    # --- tasks ---

    def _create(self, request: Request, flow: str) -> Reply:
        if not known_flow(flow):
            raise Problem(1005)
        body = request.json()
        if body is None:
            raise Problem(1004, "The body is not a JSON object.")
        params = read_params(flow, body, self._sandbox.jobs.upload)
        if first := self._first(flow, body, params.order_number, params.allow_duplicate):
            if self.repeat == "conflict":
                raise Problem(2005, "This order was already placed.")
            return self._created(first)
        if self.balance < CREDITS[flow]:
            raise Problem(2010)
        if len(self._running) >= self.parallel_limit:
            raise Problem(2000)
        job = Job(
            id=str(uuid.uuid4()),
            protocol="triverse",
            created=self._sandbox.clock(),
            seconds=self._sandbox.seconds,
            order=params.order,
            facts={
                "flow": flow,
                "credits": CREDITS[flow],
                "ending": self.ending,
                "failure": self.failure if self.ending == "FAILED" else None,
            },
        )
        self._sandbox.jobs.add(job, params.order_number)
        self._running.append(job)
        self._bodies[_sameness(flow, body)] = job
        self.balance -= CREDITS[flow]
        self._sandbox.note_charge("triverse", job.id, CREDITS[flow], params.order_number)
        return self._created(job)

    def _first(self, flow: str, body: dict[str, Any], number: str, allowed: bool) -> Job | None:
        """The task that this order already is."""
        if number and (job := self._sandbox.jobs.ordered(number, "triverse")):
            return job
        now = self._sandbox.clock()
        self._bodies = {
            same: job
            for same, job in self._bodies.items()
            if now - job.created < self.duplicate_seconds
        }
        return None if allowed else self._bodies.get(_sameness(flow, body))

    def _created(self, job: Job) -> Reply:
        described: dict[str, Any] = {
            "task_uuid": job.id,
            "flow_name": job.facts["flow"],
            "status": "PENDING",
            "created_at": as_time(job.created),
        }
        cost = int(job.facts["credits"])
        if self.snapshot == "old":
            described |= {"name": job.facts["flow"], "costCredits": cost, "is_public": False}
        else:
            lag = self.visible_within
            described |= {
                "cost_credits": cost,
                "queue": self._queue(job),
                "read_after_write_deadline_seconds": lag,
                "read_after_write_header": None if lag is None else "X-Read-After-Write",
            }
        return done(described)

    def _status(self, request: Request, task: str) -> Reply:
        job = self._job(task)
        share = job.share(self._sandbox.clock())
        status = self._state(job)
        started = job.created + 0.25 * job.seconds
        over = status not in ("PENDING", "QUEUED", "RUNNING")
        described: dict[str, Any] = {
            "status": status,
            "progress": min(max(round((share - 0.25) / 0.75 * 100), 0), 99),
            "created_at": as_time(job.created),
            "started_at": as_time(started) if share >= 0.25 else None,
            "completed_at": as_time(job.created + job.seconds) if over else None,
            "input": None,
            "output": None,
            "error": job.facts["failure"] if status == "FAILED" else None,
        }
        if status == "SUCCESS":
            described["progress"] = 100
        if self.snapshot == "old":
            stage = "COMPLETED" if over else "IN_PROGRESS"
            described |= {"taskId": job.id, "output": {"geometry_job_status": stage}}
        else:
            described |= {"task_uuid": job.id, "flow_name": job.facts["flow"]}
            described["queue"] = self._queue(job)
            if status == "SUCCESS" and job.facts["ending"] != "EMPTY":
                described["output"] = {"model_url": self._link(job, "model.glb")}
        return done(described)

    def _url(self, request: Request, task: str) -> Reply:
        job = self._finished(task)
        if not self.links:
            raise Problem(1005)
        found: dict[str, Any] = {"download_url": self._link(job, "model.glb"), "kind": "model"}
        found["preview_url"] = self._link(job, "preview.png")
        if self.snapshot == "new":
            found["asset_id"] = str(uuid.uuid5(uuid.UUID(job.id), "asset"))
        return done(found) if self.wrapped else Reply.of(found)

    def _download(self, request: Request, task: str) -> Reply:
        job = self._finished(task)
        if self.redirect_download:
            return Reply(302, {"Location": self._link(job, "model.glb")})
        content = self._sandbox.jobs.file(job, "model.glb")
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Disposition": f'attachment; filename="{job.id}.glb"',
        }
        return Reply(200, headers, content, length=None if self.announce_length else -1)

    def _job(self, task: str) -> Job:
        job = self._sandbox.jobs.get(task, "triverse")
        if job is None or self._sandbox.clock() - job.created < self.read_lag:
            raise Problem(1006)
        return job

    def _finished(self, task: str) -> Job:
        job = self._job(task)
        if self._state(job) != "SUCCESS":
            raise Problem(self.early_code)
        if job.facts["ending"] == "EMPTY":
            raise Problem(4042)
        return job

    def _state(self, job: Job) -> str:
        share = job.share(self._sandbox.clock())
        if share >= 1:
            return "SUCCESS" if job.facts["ending"] == "EMPTY" else str(job.facts["ending"])
        if share >= 0.25:
            return "RUNNING"
        return "QUEUED" if share >= 0.08 and self.snapshot == "new" else "PENDING"

    def _queue(self, job: Job) -> dict[str, Any] | None:
        if self._state(job) not in ("PENDING", "QUEUED"):
            return None
        left = 0.25 - job.share(self._sandbox.clock())
        return {
            "is_queued": True,
            "position": 1 + int(left * 12),
            "estimated_wait_seconds": round(left * job.seconds, 1),
        }

    def _link(self, job: Job, made: str) -> str:
        name = job.id + made[made.index(".") :]
        return self._sandbox.files.link("triverse", job.id, made, name, self.link_seconds)

    def _settle(self) -> None:
        """Credits of ended tasks: charged with success, released otherwise. Whether CANCELLED
        releases them is not documented."""
        now = self._sandbox.clock()
        for job in [job for job in self._running if job.share(now) >= 1]:
            self._running.remove(job)
            if job.facts["ending"] in ("FAILED", "CANCELLED"):
                self.balance += job.facts["credits"]

    # --- money and files ---

    def _quote(self, request: Request) -> Reply:
        body = request.json() or {}
        flow = body.get("flow_name", body.get("flowName"))
        if not isinstance(flow, str) or not known_flow(flow):
            raise Problem(1004, "No such flow.")
        params = body.get("params")
        return done(
            {
                "flow_name": flow,
                "params": params if isinstance(params, dict) else {},
                "cost_credits": int(CREDITS[flow]),
                "available_credits": self.balance,
            }
        )

    def _upload(self, request: Request, kind: str) -> Reply:
        return done({"file_key": self._uploads.take(kind, request, self.uploads_per_minute)})

    def _me(self, request: Request) -> Reply:
        return done(
            {
                "id": USER,
                "email": "practice@localhost",
                "web_credits_balance": 0,
                "api_credits_balance": self.balance,
                "plan_name": None,
            }
        )

    def _balance(self, request: Request) -> Reply:
        return done({"balance": self.balance, "frozen": self.frozen})


def _sameness(flow: str, body: dict[str, Any]) -> str:
    """Equal for bodies that ask for the same thing."""
    rest = {k: v for k, v in body.items() if k not in ("client_order_id", "allow_duplicate")}
    return json.dumps([flow, rest], sort_keys=True)
