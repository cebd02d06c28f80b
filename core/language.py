"""The user's language: English sentences in the code, looked up here at the moment they are said.

A sentence is looked up whole, with names for what is put into it: "{count} of {total} parts".
Without words for it, it stays English. What is stored, such as why a task failed, stays in the
language it was said in. tools/messages.py lists all that can be said. This module never sees
Blender, whose own translation the words come from.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from typing import Any

_words: Mapping[str, str] = {}
changes = 0  # how often the language has changed: sentences that are kept are void then


def use(words: Mapping[str, str]) -> None:
    """From now on say these: English sentence → the user's. {} is English, as at the beginning.

    Thread: any; `say` on another thread sees all of the old words or all of the new ones.
    """
    global _words, changes
    # An empty translation is none, and "" is no sentence: gettext keeps a file's head there.
    _words = {english: own for english, own in words.items() if english and own}
    changes += 1


def say(template: str, /, **values: object) -> str:
    """The sentence in the user's language, with the values put in as by `str.format`.

    Without values nothing is formatted, so braces stand for themselves; with values { and } have
    to be doubled for that. A translation that cannot be formatted gives way to the English one: it
    may never break a job that is paid for. Thread: any. Never at import, where it would be said
    once for ever: `mark` is for that.
    """
    own = _words.get(template, template)
    if not values:
        return own
    try:
        # The second is several times quicker, and panels say much.
        return _OWN.vformat(own, (), values) if NUMBER in _words else own.format(**values)
    except Exception:
        return template.format(**values)


def mark(text: str) -> str:
    """`text` as it is: a constant that `say` translates where it is shown, so that it is found."""
    return text


NUMBER = mark("1,000.5")  # how the language writes this one shows how it writes any


def number(written: str) -> str:
    """ "1,250.5" with the user's separators: "1.250,5". `say` does so with the numbers put in."""
    shown = re.fullmatch(r"1(\D?)000(\D)5", _words.get(NUMBER, ""))
    return written.translate({ord(","): shown[1], ord("."): shown[2]}) if shown else written


class _Own(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        written = format(value, format_spec)
        return number(written) if isinstance(value, (int, float)) else written


_OWN = _Own()


def either(values: Sequence[str]) -> str:
    """ "a", "a or b", "a, b or c": of words that are the same in every language."""
    if len(values) < 2:
        return "".join(values)
    return say("{first} or {last}", first=", ".join(values[:-1]), last=values[-1])
