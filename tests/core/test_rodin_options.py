"""What Rodin is sent for which settings: rules, ranges, encodings, prices. No network."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from core.errors import BadRequest
from core.model import GenerationRequest
from core.providers.options import Draft, applicable, defaults, make_request
from core.providers.rodin import Rodin
from core.providers.rodin_form import PICTURE_LABELS, form_fields

TIERS = [choice.value for choice in Rodin.options[0].choices]
GEN_1 = ["Regular", "Detail", "Smooth"]
GEN_25 = [tier for tier in TIERS if tier.startswith("Gen-2.5")]

ALWAYS = {"tier", "geometry_file_format", "seed", "TAPose", "preview_render"}
MESH = {"mesh_mode", "quality", "material"}
ALSO_GEN_25 = {"hd_texture", "texture_delight", "geometry_instruct_mode"}

# By hand from the documentation's table, with every optional thing left alone.
SENT = {
    **{(tier, "Quad"): ALWAYS | MESH | {"mesh_smooth"} for tier in GEN_1},
    **{(tier, "Raw"): ALWAYS | MESH | {"mesh_simplify"} for tier in GEN_1},
    **{(tier, mode): ALWAYS | MESH | ALSO_GEN_25 for tier in GEN_25 for mode in ("Raw", "Quad")},
}
for mode in ("Raw", "Quad"):
    SENT["Sketch", mode] = ALWAYS | MESH
    SENT["Gen-2", mode] = ALWAYS | MESH | {"hd_texture"}
    SENT["Gen-2.5-Extreme-High", mode] = SENT["Gen-2.5-Extreme-High", mode] | {"is_micro"}

EVERYTHING: dict[str, Any] = {
    "quality_override": 50_000,
    "addons": "HighPack",
    "bbox_condition": (100, 40, 7),
    "height": 180,
    "texture_mode": "high",
    "is_symmetric": "balanced",
    "seed": 0,
}


def request_for(
    settings: Mapping[str, Any], prompt: str = "a chair", pictures: int = 0
) -> GenerationRequest:
    paths = [f"/nowhere/{n}.png" for n in range(pictures)]
    usable = applicable(Rodin, settings, pictures)
    return make_request(Rodin, prompt=prompt, pictures=paths, settings=usable)


def fields_for(
    settings: Mapping[str, Any], prompt: str = "a chair", pictures: int = 0
) -> dict[str, str]:
    fields = form_fields(request_for(settings, prompt, pictures))
    assert len({name for name, _ in fields}) == len(fields), "a field went twice"
    return dict(fields)


def reason(name: str, settings: Mapping[str, Any], pictures: int = 0) -> str:
    option = next(option for option in Rodin.options if option.name == name)
    return option.applies(Draft({**defaults(Rodin), **settings}, pictures))


def test_the_tiers_are_the_documented_ones():
    assert TIERS == [
        "Sketch", "Regular", "Detail", "Smooth", "Gen-2", "Gen-2.5-Extreme-Low", "Gen-2.5-Low",
        "Gen-2.5-Medium", "Gen-2.5-High", "Gen-2.5-Extreme-High",
    ]  # fmt: skip


@pytest.mark.parametrize(("tier", "mode"), SENT)
def test_a_tier_is_sent_its_own_fields_and_no_others(tier: str, mode: str):
    fields = fields_for({"tier": tier, "mesh_mode": mode})
    assert set(fields) == SENT[tier, mode] | {"prompt"}
    assert fields["tier"] == tier
    assert fields["geometry_file_format"] == "glb"
    assert fields["mesh_mode"] == ("Raw" if tier == "Sketch" else mode)


@pytest.mark.parametrize(("tier", "mode"), SENT)
@pytest.mark.parametrize("pictures", [1, 2, 5])
def test_pictures_add_what_is_about_pictures(tier: str, mode: str, pictures: int):
    fields = fields_for({"tier": tier, "mesh_mode": mode}, prompt="", pictures=pictures)
    about = {"use_original_alpha"}
    if pictures > 1 and tier in ("Sketch", *GEN_1):
        about.add("condition_mode")
    assert set(fields) == SENT[tier, mode] | about


@pytest.mark.parametrize(("tier", "mode"), SENT)
def test_everything_set_is_sent_where_it_belongs(tier: str, mode: str):
    settings = {"tier": tier, "mesh_mode": mode, "image_label": "F, b", **EVERYTHING}
    fields = fields_for(settings, pictures=2)
    extra = {"prompt", "use_original_alpha", "bbox_condition"}
    if tier in ("Sketch", *GEN_1):
        extra.add("condition_mode")
    if tier != "Sketch":
        extra.add("quality_override")
    if tier != "Sketch" and not (tier in GEN_1 and mode == "Raw"):
        extra.add("addons")
    if tier in GEN_25:
        extra |= {"height", "texture_mode", "is_symmetric", "image_label"}
    replaced = set() if tier == "Sketch" else {"quality"}
    assert set(fields) == SENT[tier, mode] - replaced | extra


def test_what_a_tier_fixes_is_said_all_the_same():
    sketch = fields_for({"tier": "Sketch", "mesh_mode": "Quad", "material": "Shaded"})
    assert (sketch["material"], sketch["quality"], sketch["mesh_mode"]) == ("PBR", "medium", "Raw")
    raw = fields_for({"tier": "Detail", "mesh_mode": "Raw", "quality": "high"})
    assert raw["quality"] == "medium"
    low = fields_for({"tier": "Gen-2.5-Low", "geometry_instruct_mode": "creative"})
    assert low["geometry_instruct_mode"] == "faithful"
    medium = fields_for({"tier": "Gen-2.5-Medium", "geometry_instruct_mode": "creative"})
    assert medium["geometry_instruct_mode"] == "creative"


def test_values_are_encoded_as_the_service_parses_them():
    fields = fields_for(
        {"tier": "Gen-2.5-Extreme-High", "is_micro": True, "image_label": "f,?", **EVERYTHING},
        prompt="Stuhl · 椅子",
        pictures=2,
    )
    assert fields["prompt"] == "Stuhl · 椅子"
    assert fields["is_micro"] == "true"
    assert fields["TAPose"] == "false"
    assert fields["seed"] == "0"
    assert fields["quality_override"] == "50000"
    assert fields["height"] == "180"
    assert fields["addons"] == "HighPack"
    assert fields["bbox_condition"] == "[100,40,7]"
    assert fields["image_label"] == '["F","?"]'


def test_a_request_read_back_from_json_is_sent_the_same():
    request = request_for({"bbox_condition": (1, 2, 3), "seed": 7})
    stored = json.loads(json.dumps(dict(request.options)))
    again = GenerationRequest(request.provider, request.prompt, options=stored)
    assert form_fields(again) == form_fields(request)


RANGES = {
    ("Regular", "Raw"): (2_000, 200_000),
    ("Detail", "Quad"): (2_000, 200_000),
    ("Gen-2", "Raw"): (500, 1_000_000),
    ("Gen-2", "Quad"): (1_000, 200_000),
    ("Gen-2.5-Extreme-Low", "Raw"): (500, 1_000_000),
    ("Gen-2.5-Low", "Quad"): (1_000, 200_000),
    ("Gen-2.5-Medium", "Raw"): (500, 1_000_000),
    ("Gen-2.5-High", "Raw"): (20_000, 2_000_000),
    ("Gen-2.5-High", "Quad"): (1_000, 200_000),
    ("Gen-2.5-Extreme-High", "Raw"): (20_000, 2_000_000),
    ("Gen-2.5-Extreme-High", "Quad"): (1_000, 200_000),
}


@pytest.mark.parametrize(("tier", "mode"), RANGES)
def test_faces_have_the_range_of_tier_and_mesh(tier: str, mode: str):
    low, high = RANGES[tier, mode]
    for faces in (low, high):
        fields = fields_for({"tier": tier, "mesh_mode": mode, "quality_override": faces})
        assert fields["quality_override"] == str(faces)
        assert "quality" not in fields
    for faces in (low - 1, high + 1):
        with pytest.raises(BadRequest) as error:
            fields_for({"tier": tier, "mesh_mode": mode, "quality_override": faces})
        assert f"{low:,}" in error.value.advice
        assert f"{high:,}" in error.value.advice


@pytest.mark.parametrize(
    "settings",
    [
        {"tier": "Gen-2.5-Minimum"},  # spellings in others' tables, not in the API's
        {"tier": "Gen-2.5-ExtremeHigh"},
        {"seed": 65_536},
        {"seed": -2},
        {"bbox_condition": (100, 0, 100)},
        {"bbox_condition": (100, 100, 301)},
        {"bbox_condition": (100, 100)},
        {"height": -1},
        {"quality": "ultra"},
        {"material": "Hybrid", "tier": "Gen-2"},
        {"TAPose": "true"},
    ],
)
def test_what_is_not_documented_is_not_sent(settings: dict[str, Any]):
    with pytest.raises(BadRequest):
        request_for(settings)


@pytest.mark.parametrize(
    "name",
    ["uhd_texture", "soft", "detail_level", "quad_normal", "model_early_export", "use_hyper",
     "geometry_file_format"],
)  # fmt: skip
def test_undocumented_options_are_not_offered(name: str):
    with pytest.raises(BadRequest, match=name):
        make_request(Rodin, prompt="a chair", settings={name: True})


@pytest.mark.parametrize(
    ("labels", "pictures", "words"),
    [
        ("F,X", 2, "'X'"),
        ("F", 2, "1 directions for 2"),
        ("F,B,L", 2, "3 directions"),
        (",", 2, "''"),
    ],
)
def test_wrong_directions_are_explained(labels: str, pictures: int, words: str):
    with pytest.raises(BadRequest, match=words):
        request_for({"image_label": labels}, pictures=pictures)


def test_all_documented_directions_are_taken():
    for start in range(0, len(PICTURE_LABELS), 5):
        some = PICTURE_LABELS[start : start + 5]
        fields = fields_for({"image_label": ", ".join(some).lower()}, pictures=len(some))
        assert json.loads(fields["image_label"]) == list(some)


@pytest.mark.parametrize(
    ("name", "settings", "pictures", "words"),
    [
        ("material", {"tier": "Sketch"}, 0, "Sketch"),
        ("mesh_mode", {"tier": "Sketch"}, 0, "triangles"),
        ("quality", {"quality_override": 5000}, 0, "faces"),
        ("quality", {"tier": "Smooth", "mesh_mode": "Raw"}, 0, "medium"),
        ("addons", {"tier": "Smooth", "mesh_mode": "Raw"}, 0, "triangles"),
        ("condition_mode", {"tier": "Regular"}, 1, "two pictures"),
        ("condition_mode", {"tier": "Gen-2"}, 3, "one object"),
        ("image_label", {}, 0, "picture"),
        ("image_label", {"tier": "Gen-2"}, 1, "Gen-2.5"),
        ("use_original_alpha", {}, 0, "picture"),
        ("height", {"tier": "Gen-2"}, 0, "Gen-2.5"),
        ("hd_texture", {"tier": "Regular"}, 0, "Gen-2"),
        ("is_micro", {"tier": "Gen-2.5-High"}, 0, "Extreme High"),
        ("mesh_smooth", {"tier": "Regular", "mesh_mode": "Raw"}, 0, "quads"),
        ("mesh_simplify", {"tier": "Regular", "mesh_mode": "Quad"}, 0, "triangles"),
        ("geometry_instruct_mode", {"tier": "Gen-2.5-Low"}, 0, "faithful"),
    ],
)
def test_a_greyed_option_says_why(name: str, settings: dict[str, Any], pictures: int, words: str):
    assert words in reason(name, settings, pictures)


def test_an_option_without_effect_is_refused_by_name():
    with pytest.raises(BadRequest, match="Micro Detail"):
        make_request(Rodin, prompt="a chair", settings={"tier": "Gen-2", "is_micro": True})


def test_the_rules_stand_any_settings():
    for option in Rodin.options:
        for tier in ("", "nonsense", 5, ("Sketch",)):
            draft = Draft({**defaults(Rodin), "tier": tier, "mesh_mode": tier})
            assert isinstance(option.applies(draft), str)
            low, high = option.bounds(draft)
            assert low is None or high is None or low < high


def test_an_unset_seed_is_drawn_once_and_kept():
    seeds = {request_for({}).options["seed"] for _ in range(8)}
    assert len(seeds) > 1
    assert all(isinstance(seed, int) and 0 <= seed <= 65_535 for seed in seeds)
    assert next(o.random for o in Rodin.options if o.name == "seed") == (0, 65_535)
    request = request_for({})
    assert dict(form_fields(request))["seed"] == str(request.options["seed"])


def test_numbers_of_choices_are_unique():
    # They are stored in .blend files: two alike would be one.
    for option in Rodin.options:
        numbers = [choice.number for choice in option.choices]
        assert len(set(numbers)) == len(numbers)
        assert all(choice.value for choice in option.choices), "Blender takes '' for a heading"


@pytest.mark.parametrize(
    ("settings", "credits", "kind"),
    [
        ({"tier": "Sketch"}, 0.5, "Sketch"),
        ({"tier": "Regular", "addons": "HighPack"}, 1.5, "Regular HighPack"),
        ({"tier": "Gen-2.5-High", "texture_mode": "extreme-high"}, 2.5, "Gen-2.5-High"),
        (
            {"tier": "Gen-2.5-Extreme-High", "addons": "HighPack", "texture_mode": "extreme-high"},
            4.0,
            "Gen-2.5-Extreme-High HighPack",
        ),
    ],
)
def test_price_and_kind(settings: dict[str, Any], credits: float, kind: str):
    request = request_for(settings)
    price = Rodin.estimate(request)
    assert (price.credits, price.exact) == (credits, False)
    assert Rodin.kind_of(request) == kind


@pytest.mark.parametrize(
    ("prompt", "pictures", "words"),
    [
        ("", 0, "nothing"),
        ("a", 6, "5 pictures"),
        ("a" * 2501, 0, "too long"),
        ("\n \t", 0, "nothing"),
    ],
)
def test_inputs_out_of_bounds(prompt: str, pictures: int, words: str):
    with pytest.raises(BadRequest, match=words):
        request_for({}, prompt, pictures)
