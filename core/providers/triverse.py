"""Triverse: order, ask, fetch. Sources are pages of docs.triverse.ai, named where a fact is used.

Two snapshots of those pages name some fields differently (task_uuid/taskId, cost_credits/
costCredits); both are read.

One order makes one task. `client_order_id`, unique per user, makes a repeat of an order after a
lost answer safe [api-endpoints/text-to-3d]; what the repeat gets, the first task or 409/2005, is
not documented, nor how long an equal order counts as a duplicate. Our rules, see `submit`:
`allow_duplicate` is never sent, since it might undo that safety; a task named in an answer is
taken, be it a 409, since it is what this order or its equal came to; a 409 that names none is a
refusal. Credits are frozen by the order, charged with success and given back with failure
[api-endpoints/text-to-3d]. There is no way known to list, cancel or delete tasks.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..addresses import check_base_url
from ..errors import BadRequest, Busy, Gone, JobFailed, NoAnswer, Refused
from ..language import say
from ..model import Accepted, GenerationRequest
from .base import (
    Balance,
    Capabilities,
    Pacing,
    Price,
    Provider,
    ResultFile,
    Results,
    Status,
    number,
)
from .triverse_answers import Reading, code_of, data_of
from .triverse_options import OPTIONS

VISIBLE_SECONDS = 10.0  # ours, where a creation does not tell how long its task may be unseen
UPLOAD_SECONDS = 60.0  # 10 uploads per 60 s [api-endpoints/upload-files]
LONGEST_LAG = 300.0  # ours: beyond that, a task that is not found is not there
ID_LENGTH = 128


class Triverse(Provider):
    id = "triverse"
    number = 3
    label = "Triverse"
    description = "Text or one picture to a textured model or a plain mesh. Needs an API key"
    website = "https://triverse.ai"
    sends = "The prompt or the picture, and the options, are sent to {host}"
    key_variables = ("TRIVERSE_API_KEY",)
    url_variable = "TRIVERSE_BASE_URL"
    default_url = "https://api.triverse.ai/api/v1"
    repeatable = True
    # "Every few seconds" is called fine [api-endpoints/task-status]; jobs take about 90 s.
    pacing = Pacing(first=5.0)
    # The longest prompt is not documented: 2,000 is ours. image-to-* list no prompt.
    capabilities = Capabilities(
        pictures_max=1,
        negative_prompt=True,
        prompt_with_pictures=False,
        prompt_min=3,
        prompt_max=2000,
        uploads=True,
    )
    options = OPTIONS

    @classmethod
    def check(cls, request: GenerationRequest) -> None:
        if request.negative_prompt and request.options.get("output") == "mesh":
            raise BadRequest(
                say("Triverse takes a negative prompt for textured models only."),
                say("Clear it, or set Output to Textured Model."),
            )

    @classmethod
    def kind_of(cls, request: GenerationRequest) -> str:
        return _flow(request) + (" turbo" if request.options.get("turbo") else "")

    def upload(self, picture: Path) -> str:
        """POST /upload/image; returns the `file_key` [api-endpoints/upload-files]."""
        self._need_key()
        file = ("file", "picture.png", picture.read_bytes(), "image/png")
        reply = self.api.post("/upload/image", files=[file])
        try:
            key = self._reading.read(reply).get("file_key")
        except Busy as error:
            error.retry_after = UPLOAD_SECONDS if error.retry_after is None else error.retry_after
            raise
        if not isinstance(key, str) or not key:
            raise NoAnswer(
                say("Triverse did not say where it put the picture."), details=reply.asked
            )
        return key

    def submit(
        self, request: GenerationRequest, submit_key: str, uploads: Sequence[str] = ()
    ) -> Accepted:
        """POST /tasks/{flow}, with submit_key as `client_order_id`.

        A 409 says the same of two things that cannot be told apart here: an order equal to one of
        a moment ago (nothing was started), and a repeat of this one (it was). It is `Refused`: a
        job that has not sent this order before has its answer, one that has knows that a refused
        repeat proves nothing.
        """
        self._need_key()
        order = {**_params(request), "client_order_id": submit_key}
        if request.pictures:
            order["image_file"] = uploads[0]
        reply = self.api.post(f"/tasks/{_flow(request)}", json_body=order, once=True)
        body = reply.json() or {}
        task = data_of(body)
        # A task that is named is what this order came to, whatever status comes with it.
        if not _task_id(task):
            if reply.status == 409 or code_of(body) == 2005:
                raise Refused(
                    say(
                        "Triverse takes this order for one it already has, and does not say which."
                    ),
                    say(
                        "Equal orders within a short time count as one: wait, or change something."
                    ),
                    details=self._reading.details(reply),
                    code="2005",
                )
            task = self._reading.read(reply)
        job_id = _task_id(task)
        if not job_id:
            # It was taken, but as what? The same order once more may tell.
            fields = self._reading.shown(", ".join(task))
            raise NoAnswer(
                say("The answer of Triverse names no task that could be watched."),
                details=f"{reply.asked}: HTTP {reply.status}, fields: {fields}",
            )
        # [api-endpoints/text-to-3d] a new task may not be found at once; null: not told.
        lag = number(task.get("read_after_write_deadline_seconds"))
        return Accepted(
            job_id=job_id,
            base_url=check_base_url(self.api.account.base_url, self.label),
            cost=number(task.get("cost_credits", task.get("costCredits"))),
            first_poll=self.pacing.first,
            visible_by=VISIBLE_SECONDS if lag is None else min(lag, LONGEST_LAG),
        )

    def poll(self, accepted: Accepted) -> Status:
        """GET /tasks/{id} [api-endpoints/task-status]. A word that is not known is no end."""
        answer = self._about(accepted, "/tasks/{}")
        word = answer.get("status")
        if not isinstance(word, str) or not word:
            raise NoAnswer(
                say("Triverse did not say how the job is going."),
                details=f"task {accepted.job_id}",
            )
        progress = number(answer.get("progress"))
        share = None if progress is None else min(max(progress / 100, 0.0), 1.0)
        match word.upper():
            case "SUCCESS":
                return Status("done", share=1.0)
            case "FAILED":
                raise self._failed(accepted, answer.get("error"))
            case "CANCELLED":
                raise JobFailed(
                    say("The job was cancelled at Triverse."),
                    say("Whether its credits come back is not documented: check the balance."),
                    details=f"task {accepted.job_id}",
                )
            case "PENDING" | "QUEUED":
                queue = answer.get("queue")
                queue = queue if isinstance(queue, dict) else {}
                position = int(number(queue.get("position")) or 0)
                seconds = number(queue.get("estimated_wait_seconds"))
                return Status(
                    "waiting", queue_position=max(position, 0) or None, queue_seconds=seconds
                )
        return Status("working", share=share)

    def results(self, accepted: Accepted, request: GenerationRequest) -> Results:
        """GET /tasks/url/{id}; the API's own /tasks/download/{id} is the second choice, should the
        link not be to be had [api-endpoints/download-assets]. What comes back of a task is one
        file; that it is a GLB is told by its content, not by its name."""
        try:
            answer = self._about(accepted, "/tasks/url/{}")
        except Gone:
            answer = {}  # no link; a poll has just said that there is something
        links = [answer.get(name) for name in ("download_url", "preview_url")]
        model, preview = (
            ResultFile(link) if isinstance(link, str) and link else None for link in links
        )
        by_key = ResultFile(_path("/tasks/download/{}", accepted), with_key=True)
        return Results(models=(model, by_key) if model else (by_key,), preview=preview)

    def balance(self) -> Balance:
        """GET /users/balance [api-endpoints/user-management]."""
        self._need_key()
        reply = self.api.get("/users/balance")
        answer = self._reading.read(reply)
        credits = number(answer.get("balance"))
        if credits is None:
            raise NoAnswer(say("Triverse did not say the balance."), details=reply.asked)
        return Balance(credits, frozen=number(answer.get("frozen")))

    def quote(self, request: GenerationRequest) -> Price | None:
        """POST /tasks/pricing/quote; creates nothing, and proves nothing: fields that pricing does
        not know are ignored [api-endpoints/pricing-quote]. There is no published price list."""
        self._need_key()
        asked = {"flow_name": _flow(request), "params": _params(request)}
        answer = self._reading.read(self.api.post("/tasks/pricing/quote", json_body=asked))
        credits = number(answer.get("cost_credits", answer.get("costCredits")))
        return None if credits is None else Price(credits, exact=True)

    # --- asking ---

    @property
    def _reading(self) -> Reading:
        return Reading(self.api.account)

    def _about(self, accepted: Accepted, path: str) -> dict[str, Any]:
        """Ask about a task. Errors besides: Gone, JobFailed (finished without files)."""
        self._need_key()
        self._need_same_place(accepted)
        reply = self.api.get(_path(path, accepted))
        try:
            return self._reading.read(reply)
        except Refused as error:
            no_files = error.code == "4042"
            new = time.time() < accepted.at + accepted.visible_by
            if reply.status == 404 and new and not no_files:
                raise NoAnswer(
                    say("Triverse does not show the new job yet."), details=error.details
                ) from None
            if error.code in ("1005", "1006"):
                raise Gone(
                    say("Triverse does not know this job, or keeps its files no longer."),
                    say("Generate again; check the balance for what the first one cost."),
                    details=error.details,
                    code=error.code,
                ) from None
            if no_files:
                raise JobFailed(
                    say("Triverse finished without files."),
                    say("Ask the service about the task named in the details."),
                    details=f"task {accepted.job_id}; {error.details}",
                    code=error.code,
                ) from None
            raise

    def _failed(self, accepted: Accepted, error: object) -> JobFailed:
        """`error` is an object of unknown keys, by the documentation; a message or code in it is
        shown, the rest kept for a report."""
        fields = error if isinstance(error, dict) else {}
        said = error if isinstance(error, str) else fields.get("message")
        said = self._reading.shown(said if isinstance(said, str) else "")
        code = fields.get("code")
        return JobFailed(
            say("Triverse could not make this model: {said}", said=said)
            if said
            else say("Triverse could not make this model."),
            say("Try another prompt or picture. The credits of a failed job are given back."),
            details=f"task {accepted.job_id}; error: {self._reading.shown(_as_text(error))}",
            code=self._reading.shown(code, 60) if isinstance(code, (str, int)) else "",
        )


def _flow(request: GenerationRequest) -> str:
    kind = "image" if request.pictures else "text"
    return f"{kind}-to-{request.options.get('output', 'model')}"


def _params(request: GenerationRequest) -> dict[str, Any]:
    """The fields that order and quote have in common."""
    params: dict[str, Any] = {n: v for n, v in request.options.items() if n != "output"}
    if "texture_size" in params:
        params["texture_size"] = int(params["texture_size"])
    if request.prompt:
        params["prompt"] = request.prompt
    if request.negative_prompt:
        params["negative_prompt"] = request.negative_prompt
    return params


def _path(pattern: str, accepted: Accepted) -> str:
    if not _is_id(accepted.job_id):
        raise Gone(
            say("The stored number of this job is not one of Triverse."), say("Generate again.")
        )
    return pattern.format(quote(accepted.job_id, safe=""))


def _task_id(task: Mapping[str, Any]) -> str:
    ids = (task.get(name) for name in ("task_uuid", "taskId", "task_id"))
    return next((i for i in ids if isinstance(i, str) and _is_id(i)), "")


def _is_id(value: str) -> bool:
    """Fit to be shown and, quoted, a part of a path ("." and ".." would be taken as steps)."""
    return 0 < len(value) <= ID_LENGTH and value.isprintable() and value not in (".", "..")


def _as_text(value: object) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


PROVIDER = Triverse
