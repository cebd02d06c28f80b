"""Data-blocks by kind, and which of them are new. Thread: main."""

from collections.abc import Mapping

import bpy

KINDS = tuple(p.identifier for p in bpy.types.BlendData.bl_rna.properties if p.type == "COLLECTION")


def uids(kind: str) -> set[int]:
    """Of all data-blocks of a kind. Not names: a linked one may be called like a new one."""
    blocks = getattr(bpy.data, kind)
    found = [0] * len(blocks)
    blocks.foreach_get("session_uid", found)
    return set(found)


def all_uids() -> dict[str, set[int]]:
    return {kind: uids(kind) for kind in KINDS}


def new(kind: str, before: Mapping[str, set[int]]) -> list[bpy.types.ID]:
    known = before[kind]
    return [block for block in getattr(bpy.data, kind) if block.session_uid not in known]


def all_new(before: Mapping[str, set[int]]) -> list[bpy.types.ID]:
    return [block for kind in KINDS for block in new(kind, before)]


def of(kind: str, wanted: set[int]) -> list[bpy.types.ID]:
    """Those with these session_uids, as far as they are there."""
    if not wanted:
        return []
    return [block for block in getattr(bpy.data, kind) if block.session_uid in wanted]
