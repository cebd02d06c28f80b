"""From a request to what is sent to Hyper3D Rodin, and what it costs by the price list.

Pages are named as in rodin_options.py.
"""

from __future__ import annotations

from ..errors import BadRequest
from ..language import say
from ..model import GenerationRequest, OptionValue
from .base import Price
from .rodin_options import EXTREME_HIGH, GEN_1, GEN_25, GEN_25_LOW, SKETCH

# [docs] rodin-gen2-5: front, its sides, left, right, back, its sides, up, down, unknown.
PICTURE_LABELS = ("F", "FL", "FR", "L", "R", "B", "BL", "BR", "U", "D", "?")


def check(request: GenerationRequest) -> None:
    """What concerns two settings at once. Errors: BadRequest."""
    if request.options.get("material") == "Hybrid" and request.options.get("tier") not in GEN_25:
        raise BadRequest(
            say("Hybrid material is made by the Gen-2.5 tiers only."),
            say("Change the material or the tier."),
        )
    if labels := picture_labels(request.options.get("image_label", "")):
        for label in labels:
            if label not in PICTURE_LABELS:
                raise BadRequest(
                    say("Directions: {word!r} is not one.", word=label),
                    say("Use {words}, separated by commas.", words=", ".join(PICTURE_LABELS)),
                )
        if len(labels) != len(request.pictures):
            raise BadRequest(
                say(
                    "There are {directions} directions for {pictures} pictures.",
                    directions=len(labels),
                    pictures=len(request.pictures),
                ),
                say("Name one for each picture; ? is for unknown."),
            )


def picture_labels(value: OptionValue) -> list[str]:
    """ "f, l" as ["F", "L"]; "" as []."""
    return [word.strip().upper() for word in str(value).split(",")] if value else []


def form_fields(request: GenerationRequest) -> list[tuple[str, str]]:
    """The text fields of POST /rodin, each once, in the encodings its parser takes.

    Lists go as JSON in one field: repeated fields for bbox_condition and image_label were answered
    with HTTP 500 (seen live by others). The order of bbox_condition's axes is width X, height Y,
    length Z as on the newest page; an older one has Y, Z, X.
    """
    fields = [("prompt", request.prompt)] if request.prompt else []
    values = {**request.options, **_fixed(request.options.get("tier"), request)}
    return fields + [(name, _encoded(name, value)) for name, value in values.items()]


def _fixed(tier: OptionValue | None, request: GenerationRequest) -> dict[str, OptionValue]:
    """What the tier leaves no choice about, said all the same; such options are greyed."""
    fixed: dict[str, OptionValue] = {"geometry_file_format": "glb"}
    if tier in SKETCH:
        fixed |= {"mesh_mode": "Raw", "quality": "medium", "material": "PBR"}
    if (
        tier in GEN_1
        and request.options.get("mesh_mode") == "Raw"
        and "quality_override" not in request.options
    ):
        fixed["quality"] = "medium"
    if tier in GEN_25_LOW:
        fixed["geometry_instruct_mode"] = "faithful"
    return fixed


def _encoded(name: str, value: OptionValue) -> str:
    import json

    if isinstance(value, bool):
        return "true" if value else "false"
    if name == "image_label":
        return json.dumps(picture_labels(value), separators=(",", ":"))
    if isinstance(value, (tuple, list)):
        return json.dumps(list(value), separators=(",", ":"))
    return str(value)


def list_price(request: GenerationRequest) -> Price:
    """The published prices, in credits ([gen2.5], hyper3d.ai/pricing); not told by the API."""
    options = request.options
    credits = 1.0 if options.get("tier") in EXTREME_HIGH else 0.5
    credits += 1.0 if options.get("addons") == "HighPack" else 0.0
    credits += 2.0 if options.get("texture_mode") == "extreme-high" else 0.0
    return Price(credits, exact=False)
