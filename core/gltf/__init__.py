"""What the JSON of a glTF 2.0 file may hold, so that Blender's importer neither fails nor hangs."""

from __future__ import annotations

from .kinds import Json, parse
from .motion import check_animations, check_instances, check_skins
from .rules import Findings, Look
from .table import check_kinds


def judge(raw: bytes, bin_length: int) -> tuple[Json, Findings]:
    """raw: the JSON part. bin_length: bytes of the binary part. Gives the JSON as read, and what
    is left to be seen in the binary part. Thread: any. Errors: BadModel."""
    content = parse(raw)
    check_kinds(content)
    look = Look(content)
    look.ranges(bin_length)
    look.tree()
    look.meshes()
    check_instances(look)
    check_skins(look)
    check_animations(look)
    return content, look.found
