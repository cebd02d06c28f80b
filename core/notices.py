"""What the engine tells whoever built it: a window's session, or the command line.

Frozen values, made on worker threads and read on the main one.
"""

from __future__ import annotations

from dataclasses import dataclass

from .events import Event
from .model import GenerationRequest, Task
from .providers.base import Balance, Price


@dataclass(frozen=True)
class TaskChanged:
    """event None: as read from the ledger."""

    task: Task
    event: Event | None = None


@dataclass(frozen=True)
class TaskRemoved:
    task_id: str


@dataclass(frozen=True)
class BalanceKnown:
    provider: str
    balance: Balance | None
    message: str = ""
    advice: str = ""


@dataclass(frozen=True)
class PriceKnown:
    request: GenerationRequest
    price: Price | None
    message: str = ""
    advice: str = ""


@dataclass(frozen=True)
class Trouble:
    """About the engine itself: the ledger cannot be read, say. message "": over. stops: nothing can
    be ordered meanwhile."""

    message: str
    advice: str = ""
    stops: bool = True


Notice = TaskChanged | TaskRemoved | BalanceKnown | PriceKnown | Trouble
