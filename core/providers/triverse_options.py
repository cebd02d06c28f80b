"""What can be set for Triverse [docs.triverse.ai/api-endpoints/text-to-3d, image-to-3d].

All that applies is sent, also at its default, so that a default the service changes changes
nothing unasked. The fields of text-to-mesh and image-to-mesh are not documented: they are sent the
required field of their textured sisters and polygon_limit, the one shared field that a plain mesh
can have. Not offered, since only a third party names them: seed, metadata, image_url.
"""

from __future__ import annotations

from ..language import say
from .options import Choice, Draft, Option


def _textured(draft: Draft) -> str:
    return "" if draft["output"] == "model" else say("a plain mesh has no texture")


def _pictured(draft: Draft) -> str:
    return _textured(draft) or ("" if draft.pictures else say("only a model from a picture has it"))


def _turbo(draft: Draft) -> str:
    return "" if draft["output"] == "model" else say("it is for textured models only")


OPTIONS = (
    # Not a field: together with text or picture it picks the address the order goes to.
    Option(
        "output",
        "Output",
        "choice",
        "model",
        "What is made",
        choices=(
            Choice("model", "Textured Model", 0, "Geometry with textures"),
            Choice("mesh", "Plain Mesh", 1, "Geometry only"),
        ),
    ),
    # An older snapshot allowed ten million; what both allow is offered.
    Option(
        "polygon_limit",
        "Polygon Limit",
        "int",
        1_000_000,
        "The most polygons the model may have",
        minimum=1_000,
        maximum=1_500_000,
    ),
    # Documented as 1024 to 4096, without saying which steps. Powers of two are the usual ones.
    Option(
        "texture_size",
        "Texture Size",
        "choice",
        "1024",
        "Width and height of the textures, in pixels",
        choices=(
            Choice("1024", "1024", 0),
            Choice("2048", "2048", 1),
            Choice("4096", "4096", 2),
        ),
        applies=_textured,
    ),
    Option("turbo", "Turbo", "bool", False, "Faster, at lower quality", applies=_turbo),
    # The one value that is known.
    Option(
        "model_version",
        "Model Version",
        "choice",
        "v2",
        "The generator's version",
        choices=(Choice("v2", "v2", 0),),
        applies=_pictured,
    ),
)
