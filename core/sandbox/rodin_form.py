"""The form of Rodin's POST /rodin: read, checked, turned into an order.

Written from the documentation and on purpose not from the client's own tables.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from .messages import Part, picture_type
from .models import Order

GEN_1 = ("Regular", "Detail", "Smooth")
GEN_25 = (
    "Gen-2.5-Extreme-Low",
    "Gen-2.5-Low",
    "Gen-2.5-Medium",
    "Gen-2.5-High",
    "Gen-2.5-Extreme-High",
)
WORDS = {
    "tier": ("Sketch", *GEN_1, "Gen-2", *GEN_25),
    "condition_mode": ("concat", "fuse"),
    "geometry_file_format": ("glb", "usdz", "fbx", "obj", "stl"),
    "material": ("PBR", "Shaded", "All", "None", "Hybrid"),
    "quality": ("high", "medium", "low", "extra-low"),
    "mesh_mode": ("Raw", "Quad"),
    "texture_mode": ("legacy", "extreme-low", "low", "medium", "high", "extreme-high"),
    "geometry_instruct_mode": ("faithful", "creative"),
    "is_symmetric": ("symmetric", "balanced", "asymmetric", "unknown"),
}
SWITCHES = (
    "use_original_alpha", "TAPose", "mesh_simplify", "mesh_smooth", "preview_render",
    "hd_texture", "texture_delight", "is_micro",
)  # fmt: skip
LABELS = ("F", "FL", "FR", "L", "R", "B", "BL", "BR", "U", "D", "?")
# Faces by quality: high, medium, low, extra-low.
QUADS = (50_000, 18_000, 8_000, 4_000)
TRIANGLES_GEN_2 = (500_000, 150_000, 20_000, 2_000)
TRIANGLES_GEN_25 = (1_000_000, 500_000, 60_000, 20_000)
TRIANGLES_GEN_1 = 20_000  # ours: the documentation has no number
PICTURES = 5


class Refusal(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class UnexpectedToken(Exception):
    """Where the service answers HTTP 500: lists that are not JSON in one field (seen live)."""


@dataclass(frozen=True)
class Form:
    """jobs: the parts of the task: geometry, texture, rendering."""

    order: Order
    material: str
    credits: float
    jobs: int


def read_form(parts: Sequence[Part] | None) -> Form:
    """Errors: Refusal, UnexpectedToken."""
    if parts is None:
        raise Refusal("INVALID_REQUEST", "multipart/form-data is needed.")
    pictures = [part for part in parts if part.name == "images"]
    fields: dict[str, list[str]] = {}
    for part in parts:
        if part.name != "images":
            fields.setdefault(part.name, []).append(part.text)
    prompt = " ".join(fields.get("prompt", ()))
    _check_pictures(pictures)
    if not pictures and not prompt.strip():
        raise Refusal("INVALID_REQUEST", "Either images or a prompt is needed.")
    for name, words in WORDS.items():
        for value in fields.get(name, ()):
            if value not in words:
                raise Refusal("INVALID_REQUEST", f"{name} is not one of its values.")
    for name in SWITCHES:
        if any(value not in ("true", "false") for value in fields.get(name, ())):
            raise Refusal("INVALID_REQUEST", f"{name} must be true or false.")

    def word(name: str, otherwise: str) -> str:
        return fields.get(name, [otherwise])[-1]

    tier = word("tier", "Regular")
    material = "PBR" if tier == "Sketch" else word("material", "PBR")
    if material == "Hybrid" and tier not in GEN_25:
        raise Refusal("INVALID_REQUEST", "Hybrid needs Gen-2.5.")
    if tier != "Sketch" and word("geometry_file_format", "glb") != "glb":
        raise Refusal("INVALID_REQUEST", "The Sandbox makes glb only.")
    mode = word("mesh_mode", "Raw" if tier in GEN_25 else "Quad")
    _check_labels(fields.get("image_label", []), len(pictures))
    packed = _addons(fields.get("addons", [])) and tier != "Sketch"
    if tier in GEN_1 and mode == "Raw":
        packed = False
    override = _whole_number(fields, "quality_override", *_face_limits(tier, mode))
    faces = _faces(tier, mode, word("quality", "medium"))
    if override is not None and tier != "Sketch":
        faces = override
    triangles = 2 * faces if mode == "Quad" and tier != "Sketch" else faces
    if packed and mode == "Quad":
        triangles *= 16
    height = _whole_number(fields, "height", 1, 1_000_000)
    credits = 1.0 if tier == "Gen-2.5-Extreme-High" else 0.5
    credits += 1.0 if packed else 0.0
    credits += 2.0 if tier in GEN_25 and word("texture_mode", "") == "extreme-high" else 0.0
    render = word("preview_render", "false") == "true"
    return Form(
        order=Order(
            prompt=prompt,
            seed=_whole_number(fields, "seed", 0, 65_535),
            picture=pictures[0].content if pictures else None,
            triangles=triangles,
            box=_box(fields.get("bbox_condition", [])),
            height=(height or 0) / 100,
            textured=material != "None",
            texture_size=1024 if packed else 512,
        ),
        material=material,
        credits=credits,
        jobs=1 + (material != "None") + render,
    )


def _check_pictures(pictures: Sequence[Part]) -> None:
    if len(pictures) > PICTURES:
        raise Refusal("INVALID_REQUEST", f"At most {PICTURES} images are taken.")
    for picture in pictures:
        # A picture sent as text (base64) broke a client once: a file part it has to be.
        if picture.file_name is None or not picture_type(picture.content):
            raise Refusal("INVALID_REQUEST", "images must be PNG, JPEG or WebP files.")


def _check_labels(values: list[str], pictures: int) -> None:
    if not values:
        return
    labels = _json_list(values)
    if len(labels) != pictures:
        raise Refusal("IMAGE_LABEL_LENGTH_TOO_LONG", "One label per image is needed.")
    if any(label not in LABELS for label in labels):
        raise Refusal("INVALID_REQUEST", "image_label holds an unknown label.")


def _addons(values: list[str]) -> bool:
    names: list[object] = []
    for value in values:
        names += _json_list([value]) if value.startswith("[") else [value]
    if any(name != "HighPack" for name in names):
        raise Refusal("INVALID_REQUEST", "addons takes HighPack only.")
    return bool(names)


def _box(values: list[str]) -> tuple[int, ...]:
    """Width X, height Y, length Z of the newer documentation, which is glTF's own order of axes.
    An older page has Y, Z, X."""
    if not values:
        return (0, 0, 0)
    box = _json_list(values)
    if len(box) != 3 or any(type(side) is not int or not 1 <= side <= 2048 for side in box):
        raise Refusal("INVALID_REQUEST", "bbox_condition needs three positive whole numbers.")
    return tuple(int(str(side)) for side in box)


def _json_list(values: list[str]) -> list[object]:
    try:
        if len(values) > 1:
            raise ValueError
        value = json.loads(values[0])
    except (ValueError, RecursionError):
        raise UnexpectedToken(f"Unexpected token '{values[0][:1]}', is not valid JSON") from None
    if not isinstance(value, list):
        raise Refusal("INVALID_REQUEST", "A list is needed.")
    return value


def _whole_number(fields: dict[str, list[str]], name: str, low: int, high: int) -> int | None:
    if name not in fields:
        return None
    text = fields[name][-1]
    if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
        raise Refusal("INVALID_REQUEST", f"{name} must be a whole number, {low} to {high}.")
    return int(text)


def _face_limits(tier: str, mode: str) -> tuple[int, int]:
    if tier == "Sketch" or tier in GEN_1:
        return 2_000, 200_000
    if mode == "Quad":
        return 1_000, 200_000
    if tier in ("Gen-2.5-High", "Gen-2.5-Extreme-High"):
        return 20_000, 2_000_000
    return 500, 1_000_000


def _faces(tier: str, mode: str, quality: str) -> int:
    if tier == "Sketch" or (tier in GEN_1 and mode == "Raw"):
        return TRIANGLES_GEN_1
    by_quality = QUADS
    if mode == "Raw":
        by_quality = TRIANGLES_GEN_25 if tier in GEN_25 else TRIANGLES_GEN_2
    return by_quality[WORDS["quality"].index(quality)]
