"""The bodies that create Triverse tasks: checked, turned into an order."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .models import Order
from .triverse_answers import Problem

# The price list is not public. 120 is from an example of the documentation, 60 is ours.
CREDITS = {
    "text-to-model": 120.0,
    "image-to-model": 120.0,
    "text-to-mesh": 60.0,
    "image-to-mesh": 60.0,
}
VIOLATION = "content-violation"  # a prompt with this word is refused
POLYGONS = 1_000_000  # the documented default
PRACTICE_POLYGONS = 60_000  # what is made for the default: a limit need not be used up


@dataclass(frozen=True)
class Params:
    order: Order
    order_number: str
    allow_duplicate: bool


def known_flow(flow: str) -> bool:
    return flow in CREDITS


def read_params(flow: str, body: dict[str, Any], upload: Callable[[str], bytes | None]) -> Params:
    """upload: the content of an uploaded file by the last part of its key. Errors: Problem."""
    number = body.get("client_order_id")
    if number is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", str(number)):
        raise Problem(1004, "client_order_id is not valid.")
    for name in ("allow_duplicate", "turbo"):
        if not isinstance(body.get(name, False), bool):
            raise Problem(1004, f"{name} must be true or false.")
    if body.get("model_version", "v2") != "v2":
        raise Problem(1004, "model_version is not known.")
    prompt, picture = "", None
    if flow.startswith("text-"):
        words = body.get("prompt")
        if not isinstance(words, str) or len(words) < 3:
            raise Problem(1004, "prompt needs at least 3 characters.")
        prompt = words
        if VIOLATION in prompt:
            raise Problem(2008)
    else:
        picture = _picture(body.get("image_file"), upload)
    polygons = _whole_number(body, "polygon_limit", 1_000, 1_500_000)
    size = _whole_number(body, "texture_size", 1024, 4096)
    order = Order(
        prompt=prompt,
        picture=picture,
        triangles=PRACTICE_POLYGONS if polygons in (None, POLYGONS) else polygons,
        textured=flow.endswith("-model"),
        texture_size=1024 if (size or 0) > 1024 else 512,
    )
    return Params(order, str(number or ""), body.get("allow_duplicate", False))


def _picture(key: object, upload: Callable[[str], bytes | None]) -> bytes:
    if not isinstance(key, str) or not key:
        raise Problem(1004, "image_file is needed.")
    if key.startswith(("http://", "https://")):
        raise Problem(2004, "The Sandbox fetches nothing from the network.")
    content = upload(key.rpartition("/")[2]) if key.startswith("tasks/uid_") else None
    if content is None:
        raise Problem(1005, "There is no such file_key.")
    return content


def _whole_number(body: dict[str, Any], name: str, low: int, high: int) -> int | None:
    value = body.get(name)
    if value is not None and (type(value) is not int or not low <= value <= high):
        raise Problem(1004, f"{name} must be a whole number, {low} to {high}.")
    return value
