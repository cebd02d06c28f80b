"""What can be set for Hyper3D Rodin, and when which setting has an effect.

Sources, by page: [gen1] developer.hyper3d.ai/api-specification/rodin-generation, [gen2] the same
with -generation-gen2, [gen2.5] the same with rodin-gen2.5, [docs] docs.hyper3d.ai (rodin-gen2-5,
rodin-gen1-1-5, changelog), the newest. Where pages disagree, what all of them allow is offered.
Everything that applies is sent explicitly, since the vendor has changed defaults between releases.

Not offered, because their meaning or range is not documented: uhd_texture, soft, detail_level,
quad_normal, model_early_export; use_hyper is withdrawn. The file format is always GLB.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..language import mark, say
from ..model import OptionValue
from .options import Choice, Draft, Option

Rule = Callable[[Draft], str]

SKETCH = ("Sketch",)
GEN_1 = ("Regular", "Detail", "Smooth")
GEN_2 = ("Gen-2",)
GEN_25_LOW = ("Gen-2.5-Extreme-Low", "Gen-2.5-Low")
EXTREME_HIGH = ("Gen-2.5-Extreme-High",)
GEN_25 = (*GEN_25_LOW, "Gen-2.5-Medium", "Gen-2.5-High", *EXTREME_HIGH)
NOT_SKETCH = (*GEN_1, *GEN_2, *GEN_25)


def _tiers(tiers: Sequence[str], otherwise: str) -> Rule:
    return lambda draft: "" if draft["tier"] in tiers else say(otherwise)


def _pictures(least: int, otherwise: str) -> Rule:
    return lambda draft: "" if draft.pictures >= least else say(otherwise)


def _setting(name: str, value: OptionValue, otherwise: str) -> Rule:
    return lambda draft: "" if draft[name] == value else say(otherwise)


def _both(*rules: Rule) -> Rule:
    """The first reason given by a rule, or ""."""
    return lambda draft: next((reason for rule in rules if (reason := rule(draft))), "")


def _not_gen_1_triangles(otherwise: str) -> Rule:
    # [gen1]: Raw fixes quality to medium and addons to none.
    return lambda draft: (
        say(otherwise) if draft["tier"] in GEN_1 and draft["mesh_mode"] == "Raw" else ""
    )


_ONLY_GEN_25 = mark("only the Gen-2.5 tiers have it")
_NEEDS_PICTURE = mark("it needs a picture")


def face_limits(draft: Draft) -> tuple[int, int]:
    """Faces that quality_override takes. Documented per tier and mesh mode; [docs] states wider
    ones for some of Gen-2.5 (from 500), so the older, narrower ones hold with both."""
    tier, quads = draft["tier"], draft["mesh_mode"] == "Quad"
    if tier in GEN_1:
        return 2_000, 200_000
    if quads:
        return 1_000, 200_000
    if tier in ("Gen-2.5-High", *EXTREME_HIGH):
        return 20_000, 2_000_000
    return 500, 1_000_000


OPTIONS: tuple[Option, ...] = (
    Option(
        name="tier",
        label="Tier",
        kind="choice",
        # The service's own default is Regular, of the oldest generation, at the same price.
        default="Gen-2.5-Medium",
        description="The service's model generation and its effort",
        choices=(
            Choice("Sketch", "Sketch", 1, "A quick draft: triangles, PBR, 1K texture; 0.5 credits"),
            Choice("Regular", "Regular", 2, "Gen-1.5, about a minute; 0.5 credits"),
            Choice("Detail", "Detail", 3, "Gen-1.5 with more detail; 0.5 credits"),
            Choice("Smooth", "Smooth", 4, "Gen-1.5, clearer and sharper; 0.5 credits"),
            Choice("Gen-2", "Gen-2", 5, "A minute and a half or more; 0.5 credits"),
            Choice("Gen-2.5-Extreme-Low", "Gen-2.5 Extreme Low", 6, "Fastest; 0.5 credits"),
            Choice("Gen-2.5-Low", "Gen-2.5 Low", 7, "Clean, small props; 0.5 credits"),
            Choice("Gen-2.5-Medium", "Gen-2.5 Medium", 8, "Moderate complexity; 0.5 credits"),
            Choice("Gen-2.5-High", "Gen-2.5 High", 9, "High quality; 0.5 credits"),
            Choice("Gen-2.5-Extreme-High", "Gen-2.5 Extreme High", 10, "Finest detail; 1 credit"),
        ),
    ),
    Option(
        name="mesh_mode",
        label="Mesh",
        kind="choice",
        # The service's default is Quad up to Gen-2 and Raw for Gen-2.5.
        default="Quad",
        description="How the surface is built. A GLB holds triangles in any case",
        choices=(
            Choice("Raw", "Triangles", 1, "Dense and close to the generated shape"),
            Choice("Quad", "Quads", 2, "Remeshed along the form, with fewer faces"),
        ),
        applies=_tiers(NOT_SKETCH, mark("Sketch always makes triangles")),
    ),
    Option(
        name="quality",
        label="Quality",
        kind="choice",
        default="medium",
        description="How many faces. Quads: 50k, 18k, 8k, 4k. Triangles: 500k, 150k, 20k, 2k with"
        " Gen-2 and 1M, 500k, 60k, 20k with Gen-2.5",
        choices=(
            Choice("high", "High", 1),
            Choice("medium", "Medium", 2),
            Choice("low", "Low", 3),
            Choice("extra-low", "Extra Low", 4),
        ),
        applies=_both(
            _tiers(NOT_SKETCH, mark("Sketch is always of medium quality")),
            _not_gen_1_triangles(mark("triangles of this tier are always of medium quality")),
            _setting("quality_override", 0, mark("a number of faces is set instead")),
        ),
    ),
    Option(
        name="quality_override",
        label="Faces",
        kind="int",
        default=0,
        unset=0,
        minimum=500,
        maximum=2_000_000,
        limits=face_limits,
        description="Number of faces to aim for, instead of a quality; 0: by quality",
        applies=_tiers(NOT_SKETCH, mark("Sketch has a fixed number of faces")),
    ),
    Option(
        name="material",
        label="Material",
        kind="choice",
        default="PBR",
        description="The kind of material made",
        choices=(
            Choice("PBR", "PBR", 1, "Base color, metallic, roughness and normals"),
            Choice("Shaded", "Shaded", 2, "One texture with its light baked in"),
            Choice("All", "PBR and Shaded", 3, "Both are made; Maquette fetches the PBR one"),
            Choice("None", "None", 4, "Only the shape"),
            Choice("Hybrid", "Hybrid", 5, "Gen-2.5 only; the documentation says no more about it"),
        ),
        applies=_tiers(NOT_SKETCH, mark("Sketch always makes PBR")),
    ),
    Option(
        name="addons",
        label="Add-on",
        kind="choice",
        default="none",
        unset="none",
        description="Paid extras",
        choices=(
            Choice("none", "None", 1),
            Choice("HighPack", "HighPack", 2, "4K textures, quads times 16; 1 credit more"),
        ),
        applies=_both(
            _tiers(NOT_SKETCH, mark("Sketch takes no add-on")),
            _not_gen_1_triangles(mark("this tier takes no add-on with triangles")),
        ),
    ),
    Option(
        name="condition_mode",
        label="Pictures Show",
        kind="choice",
        default="concat",
        description="What several pictures are to each other",
        choices=(
            Choice("concat", "One Object", 1, "Views of the same object"),
            Choice("fuse", "Several Objects", 2, "Their features are merged into one"),
        ),
        applies=_both(
            _tiers((*SKETCH, *GEN_1), mark("newer tiers always take the pictures for one object")),
            _pictures(2, mark("it needs two pictures or more")),
        ),
    ),
    Option(
        name="image_label",
        label="Directions",
        kind="text",
        default="",
        unset="",
        max_length=40,
        description="What each picture shows, in their order and separated by commas: F, FL, FR, L,"
        " R, B, BL, BR, U, D or ? (front, left, right, back, up, down, unknown). Empty: not told",
        applies=_both(_tiers(GEN_25, _ONLY_GEN_25), _pictures(1, _NEEDS_PICTURE)),
    ),
    Option(
        name="use_original_alpha",
        label="Use Transparency",
        kind="bool",
        default=False,
        description="Cut the object out along the picture's own transparency",
        applies=_pictures(1, _NEEDS_PICTURE),
    ),
    Option(
        name="seed",
        label="Seed",
        kind="int",
        default=-1,
        unset=-1,
        minimum=0,
        maximum=65_535,
        random=(0, 65_535),
        description="The same seed and settings give a similar model; -1: a new one each time",
    ),
    Option(
        name="TAPose",
        label="T/A Pose",
        kind="bool",
        default=False,
        description="Let human figures stand in a T or A pose, ready for rigging",
    ),
    Option(
        name="bbox_condition",
        label="Proportions",
        kind="ints",
        default=(0, 0, 0),
        unset=(0, 0, 0),
        size=3,
        # No limits documented. The vendor's own page has 1 to 300; a client of others went to 2048.
        minimum=1,
        maximum=300,
        description="Width (X), height (Y) and length (Z) of the box the model should fill; only"
        " proportions matter; the documentation disagrees about the order of axes. 0, 0, 0: free",
    ),
    Option(
        name="height",
        label="Height (cm)",
        kind="int",
        default=0,
        unset=0,
        minimum=1,
        # Not in the documentation: the vendor's and ComfyUI's Gen-2.5 nodes send it, the latter
        # up to this.
        maximum=10_000,
        description="Height in the real world, in centimeters; 0: not told",
        applies=_tiers(GEN_25, _ONLY_GEN_25),
    ),
    Option(
        name="texture_mode",
        label="Texture",
        kind="choice",
        default="default",
        unset="default",
        description="Effort put into the texture",
        choices=(
            Choice("default", "Service's Default", 1),
            Choice("legacy", "Legacy", 2),
            Choice("extreme-low", "Extreme Low", 3),
            Choice("low", "Low", 4),
            Choice("medium", "Medium", 5),
            Choice("high", "High", 6),
            Choice("extreme-high", "Extreme High", 7, "2 credits more"),
        ),
        applies=_tiers(GEN_25, _ONLY_GEN_25),
    ),
    Option(
        name="hd_texture",
        label="HD Texture",
        kind="bool",
        default=False,
        description="Refine the texture afterwards; it may look less like the picture",
        applies=_tiers((*GEN_2, *GEN_25), mark("only Gen-2 and newer have it")),
    ),
    Option(
        name="texture_delight",
        label="Remove Light",
        kind="bool",
        default=False,
        description="Take the light out of the texture",
        applies=_tiers(GEN_25, _ONLY_GEN_25),
    ),
    Option(
        name="geometry_instruct_mode",
        label="Shape",
        kind="choice",
        # The service's default was faithful and is creative since 2026-07 ([docs] changelog).
        default="faithful",
        description="How closely the shape follows what was sent",
        choices=(
            Choice("faithful", "Faithful", 1, "Keep to the picture or prompt"),
            Choice("creative", "Creative", 2, "Allow invention where the input is unclear"),
        ),
        applies=_both(
            _tiers(GEN_25, _ONLY_GEN_25),
            _tiers(
                [tier for tier in GEN_25 if tier not in GEN_25_LOW],
                mark("the low Gen-2.5 tiers are always faithful"),
            ),
        ),
    ),
    Option(
        name="is_symmetric",
        label="Symmetry",
        kind="choice",
        default="default",
        unset="default",
        description="Whether the object is symmetric",
        choices=(
            Choice("default", "Not Told", 1),
            Choice("symmetric", "Symmetric", 2),
            Choice("balanced", "Balanced", 3),
            Choice("asymmetric", "Asymmetric", 4),
            Choice("unknown", "Unknown", 5),
        ),
        applies=_tiers(GEN_25, _ONLY_GEN_25),
    ),
    Option(
        name="is_micro",
        label="Micro Detail",
        kind="bool",
        default=False,
        description="Finer detail in the shape",
        applies=_tiers(EXTREME_HIGH, mark("only Gen-2.5 Extreme High has it")),
    ),
    Option(
        name="mesh_simplify",
        label="Simplify",
        kind="bool",
        default=True,
        description="Reduce the triangles after generation",
        applies=_both(
            _tiers(GEN_1, mark("only Regular, Detail and Smooth have it")),
            _setting("mesh_mode", "Raw", mark("it works on triangles")),
        ),
    ),
    Option(
        name="mesh_smooth",
        label="Smooth Mesh",
        kind="bool",
        # The documentation's pages give true and false as its default.
        default=True,
        description="Smooth the quads after generation",
        applies=_both(
            _tiers(GEN_1, mark("only Regular, Detail and Smooth have it")),
            _setting("mesh_mode", "Quad", mark("it works on quads")),
        ),
    ),
    Option(
        name="preview_render",
        label="Rendered Preview",
        kind="bool",
        # Seen live by others: with it, the rendering part of Gen-2.5 jobs always failed, the
        # model was fine. A preview comes without it, too.
        default=False,
        description="Also render a better preview picture; this part of a job often fails",
    ),
)
