"""What is slow to import and seldom needed by what is imported when the extension is enabled."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging


def log(name: str) -> logging.Logger:
    """`logging.getLogger`, for those who have something to log when something went wrong."""
    import logging

    return logging.getLogger(name)
