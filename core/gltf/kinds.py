"""The words of the table in table.py: kinds of values and references, each a function that raises
BadModel; the caps; and reading the JSON itself. Thread: any.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import BadModel
from ..language import mark, say

AGAIN = mark("Press Retry to fetch it once more, which costs nothing.")
REPORT = mark("Press Retry to fetch it once more; if it stays so, report it to the service.")
OTHERWISE = mark("Choose other output settings for the next one, or report it to the service.")

# Caps. Times are of Blender 5.0's importer, measured with one textured quad repeated.
DEPTH_JSON = 64  # brackets within brackets; real files need about 12
DEPTH_NODES = 256  # the importer walks recursively and fails near 950
MAX_VERTICES = 30_000_000  # 10 M triangles that share no corner: about what fits into 1 GiB
MAX_TRIANGLES = 10_000_000
MAX_KEYS = 5_000_000  # of all animations together
MAX = {  # of each list
    "nodes": 20_000,  # 5 s; instances count as nodes
    "meshes": 4_000,  # 16 s, growing with the square
    "primitives": 10_000,  # of all meshes together: 1.5 s
    "materials": 1_000,  # 1.5 s, growing with the square
    "textures": 4_000,
    "images": 500,
    "scenes": 100,
    "targets": 1_000,
}
MAX_ENTRIES = 100_000  # of any other list

WIDTHS = {5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4}  # bytes by componentType
UNSIGNED, FLOAT = (5121, 5123, 5125), 5126
PARTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}

Json = dict[str, Any]


# These two say their first argument, so it is English at the call, like that of `say`.


def damaged(what: str, where: str) -> BadModel:
    """what: a clause with a verb. where: for the report, by the names in the file."""
    message = say("The model is damaged: {what}.", what=say(what))
    return BadModel(message, say(REPORT), details=where)


def too_much(what: str, where: str, **values: object) -> BadModel:
    message = say("The model is too big for Blender: {what}.", what=say(what, **values))
    return BadModel(message, say(OTHERWISE), details=where)


def other_version(version: int | str | None) -> BadModel:
    """version: as the file tells it, None if it tells none."""
    message = (
        say(
            "The model is in a form of glTF that Blender cannot read (version {version}).",
            version=version,
        )
        if version is not None
        else say("The model is in a form of glTF that Blender cannot read (unknown version).")
    )
    return BadModel(message, say(OTHERWISE))


# --- reading --------------------------------------------------------------------------------


def parse(raw: bytes) -> Json:
    """The JSON part as a mapping in which every number is finite and every text can be written.

    Decoded as the importer does: UTF-8 only, and of two equal keys the last one counts.
    """
    try:
        content = json.loads(raw.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise damaged("its description cannot be read", f"JSON: {error}"[:200]) from None
    if not isinstance(content, dict):
        raise damaged("its description is not one", "JSON: not an object")
    _walk(content)
    return content


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _walk(content: Json) -> None:
    """Nothing too deep, no number beyond all bounds (1e999), no half characters (\\ud800): the
    importer passes on what it finds to C code, in names and custom properties."""
    level: list[Any] = [content]
    for _ in range(DEPTH_JSON):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below += value.keys()
                below += value.values()
            elif isinstance(value, list):
                below += value
            elif isinstance(value, float) and not math.isfinite(value):
                raise damaged("a number in it is infinite", "JSON: number out of range")
            elif isinstance(value, str) and not value.isascii():
                try:
                    value.encode()
                except UnicodeEncodeError:
                    raise damaged("a name in it is not text", "JSON: lone surrogate") from None
        if not below:
            return
        level = below
    raise damaged("its description is nested without end", f"JSON: deeper than {DEPTH_JSON}")


# --- kinds of values and references -------------------------------------------------------------

Rule = Callable[[Json, Any, str], None]
"""(whole content, value, where): raises BadModel unless the value is as it must be."""


def entries(content: Json, name: str) -> list[Any]:
    value = content.get(name)
    return value if isinstance(value, list) else []


def text(content: Json, value: Any, where: str) -> None:
    if not isinstance(value, str):
        raise damaged("a name in it is not text", where)


def flag(content: Json, value: Any, where: str) -> None:
    if not isinstance(value, bool):
        raise damaged("a switch in it is neither on nor off", where)


def whole(least: int = 0, most: int = 0xFFFFFFFF) -> Rule:
    def rule(content: Json, value: Any, where: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise damaged("a number in it is not possible", where)

    return rule


def real(content: Json, value: Any, where: str, limit: float = 3.4028235e38) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > limit:
        raise damaged("a number in it is not possible", where)


def far(content: Json, value: Any, where: str) -> None:
    """A place, turn or size of a node. Blender computes with squares of them in 32 bits."""
    real(content, value, where, 1e9)


def one_of(*values: Any) -> Rule:
    def rule(content: Json, value: Any, where: str) -> None:
        if isinstance(value, (bool, float, list, dict)) or value not in values:
            raise damaged("a word in it is unknown", where)

    return rule


_NOT_THERE = {
    "accessors": mark("it refers to a list that is not there"),
    "bufferViews": mark("it refers to a piece that is not there"),
    "buffers": mark("it refers to a buffer that is not there"),
    "cameras": mark("it refers to a camera that is not there"),
    "images": mark("it refers to a picture that is not there"),
    "lights": mark("it refers to a light that is not there"),
    "materials": mark("it refers to a material that is not there"),
    "meshes": mark("it refers to a mesh that is not there"),
    "nodes": mark("it refers to a node that is not there"),
    "samplers": mark("it refers to a sampler that is not there"),
    "scenes": mark("it refers to a scene that is not there"),
    "skins": mark("it refers to a skin that is not there"),
    "textures": mark("it refers to a texture that is not there"),
}


def index(of: str) -> Rule:
    """A reference into one of the lists. Negative ones count from the end in Python: refused."""
    complaint = _NOT_THERE[of]

    def rule(content: Json, value: Any, where: str) -> None:
        there = len(entries(content, of)) if of != "lights" else _lights(content)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < there:
            raise damaged(complaint, f"{where} of {there}")

    return rule


def _lights(content: Json) -> int:
    return len((content.get("extensions") or {}).get("KHR_lights_punctual", {}).get("lights", []))


def each(rule: Rule, count: int | None = None, least: int = 0) -> Rule:
    def list_rule(content: Json, value: Any, where: str) -> None:
        if not isinstance(value, list) or len(value) < least or count not in (None, len(value)):
            raise damaged("a list in it is not as long as it must be", where)
        for number, item in enumerate(value):
            rule(content, item, f"{where}[{number}]")

    return list_rule


def named(rule: Rule) -> Rule:
    def mapping_rule(content: Json, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise damaged("a part of it is of the wrong kind", where)
        for name, item in value.items():
            rule(content, item, f"{where}.{name[:40]}")

    return mapping_rule


def shape(fields: Mapping[str, Rule], null: bool = True) -> Rule:
    """An object with these fields, those ending in "!" required; others are not looked at.
    null: whether null is as good as absent; so it is to the importer, but not in extensions."""

    def rule(content: Json, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise damaged("a part of it is of the wrong kind", where)
        for field, field_rule in fields.items():
            name = field.removesuffix("!")
            item = value.get(name)
            if item is not None or (name in value and not null):
                field_rule(content, item, f"{where}.{name}" if where else name)
            elif field != name:
                raise damaged("a part of it is missing", f"{where}.{name}")

    return rule


def extensions(**known: Mapping[str, Rule]) -> Rule:
    def rule(content: Json, value: Any, where: str) -> None:
        named(shape({}))(content, value, where)
        for name, fields in known.items():
            if name in value:
                shape(fields, null=False)(content, value[name], f"{where}.{name}")

    return rule
