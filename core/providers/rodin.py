"""Hyper3D Rodin: order, ask, fetch. What can be set is in rodin_options.py.

Sources: documented on developer.hyper3d.ai/api-specification (rodin-generation, check-status,
download-results, check_balance) and docs.hyper3d.ai (quick-start, the newest) unless said
otherwise; "seen live" means answers that others have published.

One submit makes one task (`uuid`) of several jobs. /status takes the subscription key, /download
the task's uuid; swapped, both answer NO_SUCH_TASK (seen live). There is no order number, so a
repeated submit is a second, charged task; there is no way to cancel. Results are kept 7 days, a
link to one 10 minutes; new links are free.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard
from urllib.parse import urlsplit

from ..addresses import check_base_url
from ..errors import BadRequest, JobFailed, MaquetteError, NoAnswer, SetupError
from ..language import say
from ..model import Accepted, GenerationRequest
from . import rodin_form
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
    text,
)
from .rodin_answers import Reading
from .rodin_options import OPTIONS

if TYPE_CHECKING:
    from ..http import Reply

# A job's last words. "Canceled" is only in comments of the vendor's clients. Any other word, also
# one not known, may still change.
ENDS = ("Done", "Failed", "Canceled")
PREVIEW_KINDS = (".webp", ".png", ".jpg")


class Rodin(Provider):
    id = "rodin"
    number = 2
    label = "Hyper3D Rodin"
    description = (
        "Text or up to five pictures to a textured model, by Hyper3D (Deemos). Needs an API key of"
        " a Business plan or with bought credits. The older address"
        " https://hyperhuman.deemos.com/api/v2 can be set as service URL"
    )
    website = "https://hyper3d.ai"
    sends = "Prompt, pictures and options are sent to {host}"
    key_variables = ("HYPER3D_API_KEY", "RODIN_API_KEY")
    url_variable = "HYPER3D_BASE_URL"
    default_url = "https://api.hyper3d.com/api/v2"
    repeatable = False
    # quick-start: the first poll after 5 s or more. Prices: 120 requests a minute, or 240; the
    # polls of all jobs take 100 at most.
    pacing = Pacing(first=5.0, apart=0.6)
    # How long a prompt may be is not documented. 2,500 is what ComfyUI sends to Gen-2.5, under an
    # agreement with the vendor; the vendor's own command line stops at 1,024.
    capabilities = Capabilities(pictures_max=5, prompt_with_pictures=True, prompt_max=2500)
    options = OPTIONS

    @classmethod
    def check(cls, request: GenerationRequest) -> None:
        rodin_form.check(request)

    @classmethod
    def kind_of(cls, request: GenerationRequest) -> str:
        extra = " HighPack" if request.options.get("addons") == "HighPack" else ""
        return f"{request.options.get('tier', '')}{extra}"

    @classmethod
    def estimate(cls, request: GenerationRequest) -> Price:
        return rodin_form.list_price(request)

    def submit(
        self, request: GenerationRequest, submit_key: str, uploads: Sequence[str] = ()
    ) -> Accepted:
        """POST /rodin, always multipart, pictures as file parts in their order. submit_key is not
        sent: the service has no place for it."""
        self._need_key()
        pictures = [
            ("images", f"picture_{n}.png", _content(path), "image/png")
            for n, path in enumerate(request.pictures, 1)
        ]
        reply = self.api.post(
            "/rodin", form=rodin_form.form_fields(request), files=pictures, once=True
        )
        reading = self._reading(paid=True)
        # Both ids are success, whatever status or error comes with them: a job that has them may
        # have been charged. Without them, refusals come with 201, too (documented, seen live).
        answer = reply.json() or {}
        task, jobs = answer.get("uuid"), answer.get("jobs")
        ticket = jobs.get("subscription_key") if isinstance(jobs, dict) else None
        if not (_is_id(task, 200) and _is_id(ticket, 20_000)):
            answer = reading.read(reply)
            has = f"uuid {reading.shown(task, 60)}" if task else "no uuid"
            raise NoAnswer(
                say(
                    "The answer of {service} names no job that could be watched.",
                    service=self.label,
                ),
                details=f"{reply.asked}: HTTP {reply.status}: {has}, fields: "
                + reading.shown(", ".join(answer)),
            )
        consumed = number(answer.get("consumed"))  # only in the newest documentation
        return Accepted(
            job_id=task,
            ticket={"subscription_key": ticket},
            base_url=check_base_url(self.api.account.base_url, self.label),
            cost=consumed if consumed is not None else self.estimate(request).credits,
            first_poll=self.pacing.first,
        )

    def poll(self, accepted: Accepted) -> Status:
        """POST /status. The service tells states of jobs only; the rule that makes one state of
        them is ours. Where some failed and some are done, it is "done", so that what there is
        gets fetched: a failed preview leaves a good model (seen live)."""
        jobs = self._jobs(accepted)
        states = [_state(job) for job in jobs]
        ended = [state for state in states if state in ENDS]
        if states and len(ended) == len(states):
            if "Done" not in states:
                raise JobFailed(
                    say("{service} could not make this model.", service=self.label),
                    say(
                        "Try another prompt or picture. Whether the credits come back is not"
                        " documented: check the balance."
                    ),
                    details=f"POST /status: {_counted(states)}",
                )
            return Status("done", share=1.0)
        # All of an empty list is no end: the jobs are not there yet.
        if all(state in ("Waiting", "Failed", "Canceled") for state in states):
            return Status("waiting", queue_position=_queue_position(jobs))
        return Status("working", share=len(ended) / len(states))

    def results(self, accepted: Accepted, request: GenerationRequest) -> Results:
        """POST /download, after one POST /status (free), which tells two things: whether a part
        of the job failed, and whether the list is complete, as it is once every job has ended.

        A complete list without a model is the job's failure. An empty one is asked for again if
        any part is done, since that part must have made something.
        Errors besides: JobFailed, Gone, NoAnswer (no model listed yet).
        """
        states = self._states_if_told(accepted)
        reply = self.api.post("/download", json_body={"task_uuid": accepted.job_id})
        reading = self._reading(accepted)
        files = _files(reading.read(reply).get("list"))
        models = _best_first(files, str(request.options.get("material", "")))
        failed = [state for state in states if state in ENDS and state != "Done"]
        if not models:
            complete = states and all(state in ENDS for state in states)
            names = reading.shown(", ".join(file.name for file in files)) or "none"
            details = f"{reply.asked}: files: {names}; jobs: {reading.shown(_counted(states))}"
            if complete and (files or "Done" not in states):
                raise JobFailed(
                    say("{service} finished without a model file.", service=self.label),
                    say("Try again with other settings; check the balance for what it cost."),
                    details=details,
                )
            raise NoAnswer(
                say("{service} does not list the model yet.", service=self.label), details=details
            )
        return Results(
            models=models,
            preview=_preview(files),
            warning=_some_failed(self.label, len(failed), len(states)),
        )

    def balance(self) -> Balance:
        self._need_key()
        reply = self.api.get("/check_balance")
        # Documented as a whole number; a generation costs half a one.
        credits = number(self._reading().read(reply).get("balance"))
        if credits is None:
            raise NoAnswer(
                say("{service} did not say the balance.", service=self.label), details=reply.asked
            )
        return Balance(credits)

    # --- asking ---

    def _jobs(self, accepted: Accepted) -> list[dict[str, Any]]:
        self._need_key()
        self._need_same_place(accepted)
        ticket = accepted.ticket.get("subscription_key", "")
        reply: Reply = self.api.post("/status", json_body={"subscription_key": ticket})
        jobs = self._reading(accepted).read(reply).get("jobs")
        if not isinstance(jobs, list) or not all(isinstance(job, dict) for job in jobs):
            raise NoAnswer(
                say("The answer of {service} could not be read.", service=self.label),
                details=reply.asked,
            )
        return jobs

    def _states_if_told(self, accepted: Accepted) -> list[str]:
        """[] where it cannot be told now; a model that is listed is worth having all the same."""
        try:
            return [_state(job) for job in self._jobs(accepted)]
        except SetupError:
            raise
        except MaquetteError:
            return []

    def _reading(self, accepted: Accepted | None = None, *, paid: bool = False) -> Reading:
        tickets = accepted.ticket.values() if accepted else ()
        return Reading(self.label, paid, (self.api.account.key, *tickets))


# --- reading answers ------------------------------------------------------------------------


def _is_id(value: object, longest: int) -> TypeGuard[str]:
    """Fit to be stored, and shown or sent again."""
    return isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise BadRequest(
            say("The prepared picture is gone."),
            say("Generate again."),
            details=str(error.strerror),
        ) from error


def _some_failed(service: str, failed: int, count: int) -> str:
    match failed:
        case 0:
            return ""
        case 1:
            return say(
                "1 of {count} parts of the job failed at {service};"
                " something beside the model may be missing.",
                count=count,
                service=service,
            )
    return say(
        "{failed} of {count} parts of the job failed at {service};"
        " something beside the model may be missing.",
        failed=failed,
        count=count,
        service=service,
    )


def _state(job: dict[str, Any]) -> str:
    return text(job.get("status"), 40)


def _counted(states: Sequence[str]) -> str:
    counts = [f"{states.count(state)} {state or '?'}" for state in dict.fromkeys(states)]
    return ", ".join(counts) or "none told"


def _queue_position(jobs: Sequence[dict[str, Any]]) -> int | None:
    """`queue_length` stands on waiting jobs in the newest documentation; the first to be taken up
    counts. 0 says nothing that could be shown."""
    lengths = [number(job.get("queue_length")) for job in jobs]
    waiting = [int(length) for length in lengths if length is not None and length >= 1]
    return min(waiting, default=None)


def _files(listed: object) -> list[ResultFile]:
    """The usable entries of a download list. A name may hold folders; only its last part stays."""
    files = []
    for entry in listed if isinstance(listed, list) else []:
        url = entry.get("url") if isinstance(entry, dict) else None
        if isinstance(url, str) and url.startswith(("https://", "http://")):
            name = str(entry.get("name") or urlsplit(url).path)
            files.append(ResultFile(url, _base_name(name)))
    return files


def _base_name(name: str) -> str:
    path = re.split(r"[?#]", name, maxsplit=1)[0].replace("\\", "/")
    base = text(path.rstrip("/").rpartition("/")[2][-100:])  # its end tells the kind
    return base if base.strip(". ") else "result"


def _best_first(files: Sequence[ResultFile], material: str) -> tuple[ResultFile, ...]:
    """GLB files only, by extension: names and order are not documented. Seen live:
    base_basic_pbr.glb, base_basic_shaded.glb. PBR goes first unless Shaded was asked for."""
    wanted, other = ("shaded", "pbr") if material == "Shaded" else ("pbr", "shaded")

    def rank(file: ResultFile) -> int:
        name = file.name.lower()
        return 0 if wanted in name else 2 if other in name else 1

    models = [file for file in files if file.name.lower().endswith(".glb")]
    return tuple(sorted(models, key=rank))


def _preview(files: Sequence[ResultFile]) -> ResultFile | None:
    """preview.webp is documented; a rendered preview's name is not, so any preview* will do."""
    for file in sorted(files, key=lambda file: file.name.lower() != "preview.webp"):
        name = file.name.lower()
        if name.startswith("preview") and name.endswith(PREVIEW_KINDS):
            return file
    return None


PROVIDER = Rodin
