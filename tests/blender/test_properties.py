"""The form's values, what is made of them, and the preferences."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import bpy
import pytest
from bl_ext.user_default.maquette import preferences, properties, session
from bl_ext.user_default.maquette.core import language
from bl_ext.user_default.maquette.core.errors import BadRequest
from bl_ext.user_default.maquette.core.providers import all_providers
from bl_ext.user_default.maquette.core.providers.base import Provider
from bl_ext.user_default.maquette.core.providers.options import Option, defaults, make_request

PROVIDERS = all_providers()
ids = [provider.id for provider in PROVIDERS]
each_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=ids)


@pytest.fixture
def settings() -> properties.MaquetteSettings:
    return properties.get(bpy.context)


def fill(settings: properties.MaquetteSettings, provider: type[Provider]) -> None:
    """As much as is needed for a request."""
    settings.service = provider.id
    if provider.capabilities.text:
        settings.prompt = "a wooden chair"
    else:
        settings.pictures.add().filepath = "/tmp/a.png"


# --- what is registered ---------------------------------------------------------------------


def test_a_new_file_starts_with_the_sandbox(settings: properties.MaquetteSettings) -> None:
    assert settings.service == "sandbox"
    assert settings.prompt == ""
    assert len(settings.pictures) == 0


def test_services_are_stored_by_their_own_numbers() -> None:
    items = properties.MaquetteSettings.bl_rna.properties["service"].enum_items
    assert {(i.identifier, i.value) for i in items} == {(p.id, p.number) for p in PROVIDERS}


@each_provider
def test_every_option_is_a_property_that_says_the_same(
    settings: properties.MaquetteSettings, provider: type[Provider]
) -> None:
    group = getattr(settings, f"options_{provider.id}")
    made = group.bl_rna.properties
    assert {p.identifier for p in made} == {
        "rna_type",
        "name",
        *(option.name for option in provider.options),
    }
    for option in provider.options:
        check_property(option, made[option.name])


def check_property(option: Option, made: bpy.types.Property) -> None:
    assert made.name == option.label
    assert made.description == option.description.rstrip(".")
    assert not made.is_animatable
    unset = option.unset if isinstance(option.unset, tuple) else (option.unset,)
    match option.kind:
        case "bool":
            assert (made.type, made.default) == ("BOOLEAN", option.default)
        case "text":
            assert (made.type, made.default, made.length_max) == ("STRING", option.default, 0)
        case "choice":
            assert (made.type, made.default) == ("ENUM", option.default)
            expected = [(c.value, c.label, c.number) for c in option.choices]
            assert [(i.identifier, i.name, i.value) for i in made.enum_items] == expected
            assert all(value for value, _, _ in expected), "an empty name is a separator"
        case "int" | "ints":
            assert made.type == "INT"
            for value in [*unset, option.minimum, option.maximum]:
                if isinstance(value, int):
                    assert made.soft_min <= value <= made.soft_max
            # What is typed stays: the true range depends on other settings, and is said in words.
            assert made.hard_min < -1_000_000_000
            assert made.hard_max > 1_000_000_000


def test_tooltips_end_without_a_full_stop() -> None:
    groups = [properties.MaquetteSettings, properties.MaquettePicture, *properties._GROUPS.values()]
    for group in [*groups, preferences.MaquettePreferences]:
        for made in group.bl_rna.properties:
            if made.identifier not in ("rna_type", "name", "bl_idname"):
                assert made.name, made.identifier
                assert not made.description.endswith("."), made.identifier


# --- drafts and requests --------------------------------------------------------------------


@each_provider
def test_an_untouched_form_holds_the_defaults(
    settings: properties.MaquetteSettings, provider: type[Provider]
) -> None:
    settings.service = provider.id
    draft = settings.draft()
    assert draft.options == defaults(provider)
    for option in provider.options:
        # True is 1 to Python, and a vector of Blender's is no tuple: neither would do.
        assert type(draft[option.name]) is type(option.default), option.name
    assert draft.pictures == 0


@each_provider
def test_a_request_is_what_the_core_makes_of_the_same(
    settings: properties.MaquetteSettings, provider: type[Provider]
) -> None:
    fill(settings, provider)
    pictures = ["/tmp/1.png"] * len(settings.pictures)
    request = settings.request(pictures)
    expected = make_request(provider, prompt=settings.prompt, pictures=pictures)
    drawn = {option.name for option in provider.options if option.random}
    assert request.provider == provider.id
    assert (request.prompt, request.pictures) == (expected.prompt, expected.pictures)
    assert request.options.keys() == expected.options.keys()
    for name in expected.options.keys() - drawn:
        assert request.options[name] == expected.options[name]
    assert settings.checked().problem == ""


def test_each_service_has_settings_of_its_own(settings: properties.MaquetteSettings) -> None:
    settings.service = "rodin"
    settings.options.seed = 7
    settings.service = "triverse"
    settings.options.polygon_limit = 5000
    settings.service = "rodin"
    assert settings.draft()["seed"] == 7
    assert settings.options_triverse.polygon_limit == 5000


def test_what_has_no_effect_is_left_out(settings: properties.MaquetteSettings) -> None:
    fill(settings, session_provider("rodin"))
    settings.options.texture_mode = "high"
    settings.options.tier = "Gen-2.5-High"
    assert settings.request([]).options["texture_mode"] == "high"
    settings.options.tier = "Sketch"
    assert "texture_mode" not in settings.request([]).options
    settings.options.tier = "Gen-2.5-High"  # it has been kept
    assert settings.request([]).options["texture_mode"] == "high"


def session_provider(provider_id: str) -> type[Provider]:
    return PROVIDERS[ids.index(provider_id)]


def test_numbers_out_of_range_are_refused_in_words(settings: properties.MaquetteSettings) -> None:
    fill(settings, session_provider("rodin"))
    settings.options.quality_override = 7
    assert settings.options.quality_override == 7
    assert settings.checked().problem.startswith("Faces is 7, outside its range. Use ")
    settings.options.quality_override = 0
    settings.options.bbox_condition = (10, 20, 30)
    assert settings.request([]).options["bbox_condition"] == (10, 20, 30)
    settings.options.bbox_condition = (10, 20, 0)
    assert "Proportions is 0" in settings.checked().problem


def test_an_empty_form_says_what_is_missing(settings: properties.MaquetteSettings) -> None:
    assert "Type a prompt or add a picture" in settings.checked().problem
    settings.prompt = "   \t "
    assert settings.checked().problem
    with pytest.raises(BadRequest):
        settings.request([])


def test_prompts_of_any_length_and_script(settings: properties.MaquetteSettings) -> None:
    settings.service = "rodin"
    settings.prompt = "ein Stuhl, 椅子, كرسي, 🪑 "
    assert settings.request([]).prompt == "ein Stuhl, 椅子, كرسي, 🪑"
    limit = session_provider("rodin").capabilities.prompt_max
    settings.prompt = "x" * (limit + 1)
    assert len(settings.prompt) == limit + 1
    assert f"too long: {limit + 1:,} characters" in settings.checked().problem
    settings.prompt = "x" * limit
    assert settings.checked().problem == ""


def test_a_negative_prompt_goes_only_where_it_is_taken(
    settings: properties.MaquetteSettings,
) -> None:
    settings.prompt, settings.negative_prompt = "a chair", "arms"
    settings.service = "triverse"
    assert settings.negative_prompt_unused() == ""
    assert settings.request([]).negative_prompt == "arms"
    settings.service = "rodin"
    assert settings.negative_prompt_unused() == "Hyper3D Rodin takes none"
    assert settings.request([]).negative_prompt == ""
    settings.service = "triverse"
    settings.prompt = ""
    settings.pictures.add().filepath = "/tmp/a.png"
    assert "without pictures" in settings.negative_prompt_unused()
    assert settings.request(["/tmp/1.png"]).negative_prompt == ""


def test_what_was_checked_is_checked_anew_when_it_changes(
    settings: properties.MaquetteSettings,
) -> None:
    settings.service, settings.prompt = "triverse", "a chair"
    first = settings.checked()
    assert first == (first.priced, "")
    assert settings.checked() is first
    settings.negative_prompt = "arms"
    assert settings.checked().priced.negative_prompt == "arms"
    settings.negative_prompt = ""
    assert settings.checked() is first
    assert "a prompt or a picture, not both" in settings.checked(["/tmp/1.png"]).problem
    settings.options.polygon_limit = 5000
    assert settings.checked().priced.options["polygon_limit"] == 5000
    settings.prompt = ""
    said = settings.checked().problem
    language.use({said.partition(".")[0] + ".": "Es ist nichts da."})
    try:
        assert settings.checked().problem.startswith("Es ist nichts da.")
    finally:
        language.use({})
    assert settings.checked().problem == said


def test_too_many_pictures_are_refused_not_dropped(settings: properties.MaquetteSettings) -> None:
    settings.service = "triverse"
    for number in range(3):
        settings.pictures.add().filepath = f"/tmp/{number}.png"
    assert "takes 1 picture at most, not 3" in settings.checked().problem


def test_a_service_that_is_not_there_any_more(settings: properties.MaquetteSettings) -> None:
    # What a file saved by a version with more services holds.
    settings["service"] = 4711
    with pytest.raises(BadRequest):
        _ = settings.provider
    assert "no service called" in settings.checked().problem
    settings.service = "sandbox"
    assert settings.provider.id == "sandbox"


# --- where it is kept -----------------------------------------------------------------------


def test_the_form_belongs_to_the_file(
    settings: properties.MaquetteSettings, tmp_path: Path
) -> None:
    settings.service = "rodin"
    settings.prompt = "a chair"
    settings.options.tier = "Sketch"
    settings.options.bbox_condition = (1, 2, 3)
    settings.options.TAPose = True
    picture = settings.pictures.add()
    picture.filepath, picture.label = "//a.png", "a.png"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    assert properties.get(bpy.context).prompt == ""
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    settings = properties.get(bpy.context)
    assert (settings.service, settings.prompt) == ("rodin", "a chair")
    assert [(p.filepath, p.label) for p in settings.pictures] == [("//a.png", "a.png")]
    draft = settings.draft()
    assert (draft["tier"], draft["bbox_condition"], draft["TAPose"]) == ("Sketch", (1, 2, 3), True)


def test_the_form_follows_undo(settings: properties.MaquetteSettings) -> None:
    bpy.ops.ed.undo_push(message="empty")
    settings.prompt = "a chair"
    bpy.ops.ed.undo_push(message="typed")
    bpy.ops.ed.undo()
    assert properties.get(bpy.context).prompt == ""
    bpy.ops.ed.redo()
    assert properties.get(bpy.context).prompt == "a chair"


# --- preferences ----------------------------------------------------------------------------


@pytest.fixture
def prefs() -> Iterator[preferences.MaquettePreferences]:
    prefs = preferences.get()
    yield prefs
    for provider in PROVIDERS:
        if provider.needs_key:
            setattr(prefs, f"{provider.id}_key", "")
        if provider.needs_network:
            setattr(prefs, f"{provider.id}_url", "")
    prefs.library_folder = ""
    prefs.import_when_ready = True


def test_there_are_fields_for_what_a_service_needs(prefs: preferences.MaquettePreferences) -> None:
    assert preferences.PACKAGE == "bl_ext.user_default.maquette"
    assert isinstance(prefs, preferences.MaquettePreferences)
    for provider in PROVIDERS:
        assert hasattr(prefs, f"{provider.id}_key") == provider.needs_key
        assert hasattr(prefs, f"{provider.id}_url") == provider.needs_network


def test_keys_lie_in_a_file_of_their_own(
    prefs: preferences.MaquettePreferences, tmp_path: Path
) -> None:
    prefs.rodin_key = "  vendorsecret4711  "
    prefs.triverse_key = "tv_secret4711"
    prefs.rodin_url = "https://marker.example.org"
    assert prefs.rodin_key == "vendorsecret4711"
    assert session.accounts().key("rodin") == "vendorsecret4711"
    keys = session.folders().keys
    assert "vendorsecret4711" in keys.read_text()
    if os.name == "posix":
        assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    bpy.ops.wm.save_userpref()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    saved = Path(bpy.utils.user_resource("CONFIG")) / "userpref.blend"
    for path in (saved, tmp_path / "a.blend"):
        assert b"secret4711" not in path.read_bytes()
    assert b"marker.example.org" in saved.read_bytes(), "preferences are in there, uncompressed"


def test_a_key_can_be_taken_away(prefs: preferences.MaquettePreferences) -> None:
    prefs.rodin_key = "a"
    prefs.rodin_key = ""
    assert session.accounts().key("rodin") == ""
    assert "needs a key" in session.accounts().problem(session_provider("rodin"))


def test_a_key_file_in_trouble_is_said_not_raised(
    prefs: preferences.MaquettePreferences,
) -> None:
    session.stop()  # forgets what was read
    keys = session.folders().keys
    keys.parent.mkdir(parents=True, exist_ok=True)
    keys.write_text("not JSON")
    try:
        assert prefs.rodin_key == ""
        prefs.rodin_key = "new"
        assert "cannot be read" in preferences._key_trouble
    finally:
        keys.unlink()
        session.stop()
    prefs.rodin_key = "new"
    assert prefs.rodin_key == "new"
    assert preferences._key_trouble == ""


def test_urls_reach_the_services(prefs: preferences.MaquettePreferences) -> None:
    rodin = session_provider("rodin")
    assert session.accounts().account(rodin).base_url == rodin.default_url
    prefs.rodin_url = " https://example.org/api/v2 "
    assert prefs.service_urls()["rodin"] == "https://example.org/api/v2"
    assert session.accounts().account(rodin).base_url == "https://example.org/api/v2"
    prefs.rodin_url = ""
    assert session.accounts().account(rodin).base_url == rodin.default_url


def test_the_library_can_be_elsewhere(
    prefs: preferences.MaquettePreferences, tmp_path: Path
) -> None:
    own = session.folders().library
    assert own.is_relative_to(os.environ["BLENDER_USER_RESOURCES"])
    prefs.library_folder = str(tmp_path)
    assert session.folders().library == tmp_path
    prefs.library_folder = ""
    assert session.folders().library == own


def test_how_long_a_task_is_watched(prefs: preferences.MaquettePreferences) -> None:
    assert session.engine().deadline == 60 * 60
    prefs.deadline_minutes = 5
    assert session.engine().deadline == 5 * 60
    prefs.deadline_minutes = 60


def test_the_library_does_not_move_with_the_blend(
    prefs: preferences.MaquettePreferences, tmp_path: Path
) -> None:
    # What the file browser gives while "Relative Paths" is on.
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    prefs.library_folder = "//models"
    assert Path(prefs.library_folder) == tmp_path / "models"
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    assert session.folders().library == tmp_path / "models"


def test_without_preferences_the_defaults_count(prefs: preferences.MaquettePreferences) -> None:
    # As after `blender --factory-startup --addons bl_ext.user_default.maquette`.
    class Context:
        class preferences:
            addons: dict[str, object] = {}

    absent = preferences.get(Context)
    made = preferences.MaquettePreferences.bl_rna.properties
    assert absent.library_folder == made["library_folder"].default == prefs.library_folder
    assert absent.import_when_ready == made["import_when_ready"].default
    assert not any(absent.service_urls().values())
