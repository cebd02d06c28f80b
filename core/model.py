"""The nouns: what was asked for, and the task that came of it. What changes it: events.py.

Everything here is a frozen value: it may be handed between threads and kept for ever. Times are
Unix seconds (float, UTC).
"""

from __future__ import annotations

import enum
import re
import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from .language import mark, say

OptionValue = bool | int | float | str | tuple[int, ...]


class TaskState(enum.StrEnum):
    """Where a task stands. The values are stored; add, never rename."""

    SUBMITTING = "submitting"  # not accepted by the service yet
    WAITING = "waiting"  # accepted (or postponed by us), not being worked on
    GENERATING = "generating"
    DOWNLOADING = "downloading"
    READY = "ready"  # the checked model is in the library
    IMPORTED = "imported"
    FAILED = "failed"
    STOPPED = "stopped"  # no longer watched; the service may have gone on
    UNCONFIRMED = "unconfirmed"  # the submit left, no answer came; only the user can decide

    @property
    def is_open(self) -> bool:
        """True while Maquette still has something to do for the task by itself."""
        return self in _OPEN


_OPEN = {TaskState.SUBMITTING, TaskState.WAITING, TaskState.GENERATING, TaskState.DOWNLOADING}


@dataclass(frozen=True)
class GenerationRequest:
    """What the user asked for, copied out of Blender once.

    provider: a provider's id. pictures: absolute paths of PNG files that Maquette made and owns.
    options: by the service's field names, only those that apply and are set.
    """

    provider: str
    prompt: str = ""
    negative_prompt: str = ""
    pictures: tuple[str, ...] = ()
    options: Mapping[str, OptionValue] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """A short name for lists and objects, from the prompt. At most 40 characters."""
        return _shortened(self.prompt) or say(self._made_of)

    @property
    def slug(self) -> str:
        """The title as a part of a folder name: [a-z0-9-], 1 to 40 characters. The same in every
        language: a folder is found again by its name."""
        title = _shortened(self.prompt) or self._made_of
        ascii_title = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
        return re.sub(r"[^a-z0-9]+", "-", ascii_title.lower()).strip("-")[:40].strip("-") or "model"

    @property
    def _made_of(self) -> str:
        several = len(self.pictures) > 1
        return mark("Model from pictures") if several else mark("Model from picture")


def _shortened(prompt: str) -> str:
    words = " ".join(prompt.split())
    return words if len(words) <= 40 else words[:39].rstrip() + "…"


@dataclass(frozen=True)
class Origin:
    """Where in Blender a task was started, and where its model is wanted.

    sitting: one .blend file open in one Blender, from load to load. file: its absolute path, ""
    while unsaved. scene, scene_uid: `Scene.name`, `ID.session_uid` (good within the sitting only).
    location: the 3D cursor at the click, world space, Blender units. wanted: import by itself.
    """

    sitting: str = ""
    file: str = ""
    scene: str = ""
    scene_uid: int = 0
    location: tuple[float, float, float] = (0.0, 0.0, 0.0)
    wanted: bool = False


@dataclass(frozen=True)
class Accepted:
    """A service's word that it took a job: all that is needed to ask about it again.

    job_id: the service's id, fit to be shown. ticket: what else the provider needs (Rodin's
    subscription key): a secret, stored in the ledger, never shown or logged. base_url: where the
    job lives. cost: credits, or None if not told. first_poll: seconds to wait before the first
    poll. visible_by: seconds after acceptance from which a "no such job" is to be believed.
    """

    job_id: str
    ticket: Mapping[str, str] = field(default_factory=dict, repr=False)
    base_url: str = ""
    cost: float | None = None
    first_poll: float = 5.0
    visible_by: float = 0.0
    at: float = 0.0


@dataclass(frozen=True)
class Task:
    """One line in the user's list, from click to object.

    step: counts what was written about it, as dates may go back. payer: of the last submit, a hash
    of the service URL and the key it went to. sent, balance: when it was last submitted, and the
    credits just before that, None if not known.
    share: 0..1 as told by the service, None where it tells nothing. queue_position: 1 is next.
    queue_seconds: the service's own estimate. expected_seconds: the median of this user's finished
    tasks of the same provider and kind, None before there are three. note: passing trouble ("no
    answer, trying again in 20 s"). message/advice/details/code: the end's reason, as in errors.
    final: the service is done with the job and has nothing to fetch.
    folder: the model's folder in the library; model/preview: file names in it.
    """

    id: str
    request: GenerationRequest
    origin: Origin = Origin()
    kind: str = ""
    state: TaskState = TaskState.SUBMITTING
    created: float = 0.0
    updated: float = 0.0
    step: int = 0
    submit_key: str = ""
    payer: str = ""
    uploads: tuple[str, ...] = ()
    sent: float = 0.0
    balance: float | None = None
    accepted: Accepted | None = None
    finished: float = 0.0
    share: float | None = None
    queue_position: int | None = None
    queue_seconds: float | None = None
    received: int = 0
    total: int | None = None
    expected_seconds: float | None = None
    note: str = ""
    message: str = ""
    advice: str = ""
    details: str = ""
    code: str = ""
    final: bool = False
    folder: str = ""
    model: str = ""
    preview: str = ""
    triangles: int = 0

    @property
    def title(self) -> str:
        return self.request.title

    @property
    def picture(self) -> str:
        """The path of the service's picture of the result, "" if there is none."""
        return f"{self.folder}/{self.preview}" if self.folder and self.preview else ""

    @property
    def started(self) -> float:
        """When the service took it, or when it was made."""
        return self.accepted.at if self.accepted and self.accepted.at else self.created


def new_task_id() -> str:
    return uuid.uuid4().hex


class Retry(enum.Enum):
    """What taking a task up again would do."""

    NONE = "nothing to do"
    RESUME = "goes on with the same job; costs nothing"
    SUBMIT = "sends it; it was never taken before"
    PAY_AGAIN = "orders a new job, which is charged anew; only ever on the user's word"


def retry_means(task: Task, repeatable: bool) -> Retry:
    """repeatable: the provider's, whether a repeat under the same submit key is charged once."""
    match task.state:
        case TaskState.FAILED | TaskState.STOPPED if task.accepted:
            return Retry.PAY_AGAIN if task.final else Retry.RESUME
        case TaskState.UNCONFIRMED:
            # Without its key a repeat would be another order.
            return Retry.RESUME if repeatable and task.submit_key else Retry.PAY_AGAIN
        case TaskState.STOPPED if task.submit_key:  # before the answer came
            return Retry.RESUME if repeatable else Retry.PAY_AGAIN
        case TaskState.FAILED | TaskState.STOPPED:
            return Retry.SUBMIT
    return Retry.NONE
