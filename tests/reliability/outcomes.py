"""What was tried and how it ended: a JSON line each in the file that MAQUETTE_OUTCOMES names, for
bench/reliability.py to add up. Without that variable nothing is written."""

from __future__ import annotations

import json
import os


def note(
    area: str,
    service: str,
    case: str,
    outcome: str,
    *,
    charges: int = 0,
    wrong: int = 0,
    tried: int = 1,
) -> None:
    """outcome: the state it ended in, or what became of it in a word or two. charges: by the
    service. wrong: rules that did not hold. tried: how many cases this line stands for."""
    if path := os.environ.get("MAQUETTE_OUTCOMES"):
        line = {
            "area": area,
            "service": service,
            "case": case,
            "outcome": outcome,
            "charges": charges,
            "wrong": wrong,
            "tried": tried,
        }
        with open(path, "a") as file:  # one write: other processes append as well
            file.write(json.dumps(line) + "\n")
