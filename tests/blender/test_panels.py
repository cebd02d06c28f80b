"""What the panels draw, state by state. How it looks is tested in a real window."""

from __future__ import annotations

import importlib
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import bpy
import pytest
from bl_ext.user_default.maquette import arrivals, panels, preferences, properties, session
from bl_ext.user_default.maquette.core.engine import (
    BalanceKnown,
    PriceKnown,
    TaskChanged,
    Trouble,
)
from bl_ext.user_default.maquette.core.model import (
    Accepted,
    GenerationRequest,
    Task,
    TaskState,
)
from bl_ext.user_default.maquette.core.providers import all_providers, get_provider
from bl_ext.user_default.maquette.core.providers.base import Balance, Price

from tests.blender.recording_layout import Layout

generate = importlib.import_module(f"{panels.__name__}.generate")
tasks = importlib.import_module(f"{panels.__name__}.tasks")

NOW = time.time()
each_provider = pytest.mark.parametrize("provider", all_providers(), ids=lambda p: p.id)


@pytest.fixture(autouse=True)
def quiet_session() -> Iterator[None]:
    session.accounts().key("rodin")  # read, as it is from the first use on
    yield
    session.stop()


@pytest.fixture
def settings() -> properties.MaquetteSettings:
    return properties.get(bpy.context)


@pytest.fixture
def key() -> Iterator[None]:
    session.accounts().set_key("rodin", "k")
    session.accounts().set_key("triverse", "k")
    yield
    session.accounts().set_key("rodin", "")
    session.accounts().set_key("triverse", "")


def context(width: int = 280) -> Any:
    """Blender's own, with a region as wide as a sidebar."""
    return SimpleNamespace(
        scene=bpy.context.scene,
        preferences=bpy.context.preferences,
        region=SimpleNamespace(width=width),
    )


def form(*, open_panels: bool = True, width: int = 280) -> Layout:
    layout = Layout(open_panels=open_panels)
    generate.draw(layout, context(width))
    return layout


def task_list(*shown: Task, now: float = NOW, open_panels: bool = True) -> Layout:
    for task in shown:
        tell(TaskChanged(task))
    layout = Layout(open_panels=open_panels)
    tasks.draw(layout, context(), now)
    return layout


def tell(notice: object) -> None:
    """As the engine's threads do."""
    session._inbox.put(notice)
    session.tick()


def sentence(layout: Layout) -> str:
    """All words on one line, so that where a sentence was wrapped does not matter."""
    return " ".join(layout.words)


# --- wrapped text ---------------------------------------------------------------------------


def test_wrapped_text_keeps_every_word_and_the_width() -> None:
    import blf

    text = "The service did not answer. The same order is sent again in 8 s, charged once."
    for width in (150, 260, 400):
        lines = panels.wrap(text, width, 11.0)
        assert " ".join(lines) == text
        assert len(lines) > 1
        blf.size(0, 11.0)
        assert max(blf.dimensions(0, line)[0] for line in lines) <= width


def test_words_longer_than_a_line_are_cut() -> None:
    path = "/a/very/long/path/without/any/spaces" * 4
    lines = panels.wrap(f"Keys: {path} end", 150, 11.0)
    assert "".join(lines).replace(" ", "") == f"Keys:{path}end"
    assert len(lines) > 3


@pytest.mark.parametrize("width", [-50, 0, 5])
def test_there_is_always_room_for_something(width: int) -> None:
    lines = panels.wrap("some words here", width, 11.0)
    assert " ".join(lines) == "some words here"
    assert panels.wrap("", width, 11.0) == ()


# --- the form -------------------------------------------------------------------------------


def test_the_first_look() -> None:
    layout = form()
    assert "service" in layout.properties()
    assert "prompt" in layout.properties()
    assert "Add Pictures…" in layout.words
    assert "Generate" in layout.words
    assert "Type a prompt or add a picture" in sentence(layout)


def test_a_filled_form_has_nothing_to_complain_about(settings: Any) -> None:
    settings.prompt = "a wooden chair"
    tell(TaskChanged(example(TaskState.IMPORTED)))
    icons = {a.get("icon") for a in form().named("label")}
    assert not icons & {"ERROR", "INFO"}


def test_the_first_run_says_where_keys_are_to_be_had(settings: Any) -> None:
    layout = form()
    assert "Get a Key from Hyper3D Rodin" in layout.words
    assert "Get a Key from Triverse" in layout.words
    assert layout.operators()["preferences.addon_show"].module == preferences.PACKAGE
    tell(TaskChanged(example(TaskState.IMPORTED)))
    assert "Get a Key" not in sentence(form())


def test_with_a_key_nobody_is_told_where_to_get_one(settings: Any, key: None) -> None:
    assert "Get a Key" not in sentence(form())


@each_provider
@pytest.mark.parametrize("open_panels", [True, False])
def test_every_service(settings: Any, provider: Any, open_panels: bool) -> None:
    settings.service = provider.id
    layout = form(open_panels=open_panels)
    words = sentence(layout)
    host = urlsplit(provider.default_url).hostname
    assert provider.sends.format(host=host) in words
    assert provider.description.partition(". ")[0] in words
    assert ("negative_prompt" in layout.properties()) == provider.capabilities.negative_prompt
    if provider.needs_key:
        assert layout.operators()["maquette.balance"].provider == provider.id
    else:
        assert "maquette.balance" not in layout.operators()
    drawn = layout.properties().keys() & {option.name for option in provider.options}
    assert drawn == ({option.name for option in provider.options} if open_panels else set())


TIERS = [choice.value for choice in get_provider("rodin").options[0].choices]


@pytest.mark.parametrize("pictures", [0, 1, 3])
@pytest.mark.parametrize("tier", TIERS)
def test_every_tier_greys_what_does_not_count(settings: Any, tier: str, pictures: int) -> None:
    settings.service = "rodin"
    settings.options.tier = tier
    for number in range(pictures):
        settings.pictures.add().filepath = f"/tmp/{number}.png"
    layout = form()
    draft = settings.draft()
    drawn = layout.properties()
    words = sentence(layout).lower()
    reasons = 0
    for option in settings.provider.options:
        reason = option.applies(draft)
        assert drawn[option.name].is_enabled == (not reason), option.name
        assert reason.lower() in words
        reasons += bool(reason)
    assert f"Not Used Here ({reasons})" in layout.words
    # Folded away, they take one line.
    folded = form(open_panels=False)
    assert "hd_texture" not in folded.properties()


def test_a_negative_prompt_that_is_not_sent_is_grey_with_the_reason(settings: Any) -> None:
    settings.service = "triverse"
    assert form().properties()["negative_prompt"].is_enabled
    settings.pictures.add().filepath = "/tmp/a.png"
    layout = form()
    assert not layout.properties()["negative_prompt"].is_enabled
    assert "Triverse takes it only without pictures" in sentence(layout)


def test_the_list_of_pictures(settings: Any) -> None:
    for number in range(2):
        picture = settings.pictures.add()
        picture.filepath, picture.label = f"/tmp/{number}.png", f"{number}.png"
    layout = form()
    (drawn,) = layout.named("template_list")
    assert drawn["listtype_name"] == "MAQUETTE_UL_pictures"
    assert {"maquette.picture_add", "maquette.picture_remove", "maquette.picture_move"} <= set(
        layout.operators()
    )
    row = Layout()
    generate.MAQUETTE_UL_pictures.draw_item(
        None, context(), row, settings, settings.pictures[1], 0, settings, "active_picture"
    )
    assert row.words == ["1.png"]
    settings.active_picture = 99  # from a longer list, by undo or script
    form()


def test_pictures_of_another_service_stay_in_sight(settings: Any) -> None:
    for number in range(3):
        settings.pictures.add().filepath = f"/tmp/{number}.png"
    settings.service = "triverse"
    assert form().named("template_list")


@pytest.mark.parametrize("length", [1000, 20_000])
def test_long_prompts(settings: Any, length: int) -> None:
    settings.prompt = "x" * length
    words = sentence(form())
    assert ("too long" in words) == (length > settings.provider.capabilities.prompt_max)


@pytest.mark.parametrize("width", [1, 60, 120, 280, 2000])
def test_every_width(settings: Any, width: int) -> None:
    settings.service = "rodin"
    settings.prompt = "a chair"
    assert "Generate" in form(width=width).words


def test_a_service_that_is_not_there(settings: Any) -> None:
    settings["service"] = 4711
    layout = form()
    assert "There is no service" in sentence(layout)
    assert "Generate" not in layout.words


# --- what keeps it from being sent ----------------------------------------------------------


def online() -> bool:
    return bpy.app.online_access


def test_without_network_it_says_where_to_allow_it(settings: Any) -> None:
    assert not online(), "the bpy module starts offline"
    settings.service, settings.prompt = "rodin", "a chair"
    layout = form()
    assert "Turn on Allow Online Access" in sentence(layout)
    assert layout.operators()["screen.userpref_show"].section == "SYSTEM"
    # The Sandbox needs none.
    settings.service = "sandbox"
    assert "Online" not in sentence(form())


def test_without_a_key_it_leads_to_the_preferences(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "online", lambda: True)  # cannot be switched from here
    settings.service, settings.prompt = "rodin", "a chair"
    layout = form()
    assert "Hyper3D Rodin needs a key." in sentence(layout)
    assert layout.operators()["preferences.addon_show"].module == preferences.PACKAGE
    assert layout.operators()["wm.url_open"].url == get_provider("rodin").website


def test_with_trouble_in_the_list_nothing_can_be_sent(settings: Any) -> None:
    settings.prompt = "a chair"
    tell(Trouble("The list of tasks is damaged.", "Move it away."))
    assert "The list of tasks is damaged." in sentence(form())
    tell(Trouble(""))
    assert "damaged" not in sentence(form())


def facts(layout: Layout) -> str:
    """As they are read: values begin with a capital letter there."""
    words = sentence(layout)
    return re.sub(r"(Price|Balance) (\w)", lambda found: found[0].lower().capitalize(), words)


# --- money ----------------------------------------------------------------------------------


def test_an_estimate_is_called_one(settings: Any) -> None:
    settings.service, settings.prompt = "rodin", "a chair"
    assert "Price 0.5 credits, by the price list" in facts(form())
    settings.options.tier = "Gen-2.5-Extreme-High"
    assert "Price 1 credit, by the price list" in facts(form())
    # It does not depend on what is typed.
    settings.prompt = ""
    assert "Price 1 credit, by the price list" in facts(form())
    # No price is known for what cannot be sent.
    settings.prompt = "x" * 9999
    assert "Price" not in form().words


def test_the_sandbox_is_free(settings: Any) -> None:
    layout = form()
    assert "Price free" in facts(layout)
    assert "Balance" not in layout.words


def test_a_quote_holds_for_what_was_asked(settings: Any) -> None:
    settings.service, settings.prompt = "triverse", "a chair"
    layout = form()
    assert "Price not asked yet" in facts(layout)
    assert "maquette.quote" in layout.operators()
    tell(PriceKnown(settings.request([]), Price(120.0, exact=True)))
    assert "Price 120 credits" in facts(form())
    settings.prompt = "another chair"
    assert "Price 120 credits" in facts(form())
    settings.options.texture_size = "4096"
    assert "Price not asked yet" in facts(form())


def test_a_seed_that_is_drawn_does_not_end_a_quote(settings: Any) -> None:
    settings.service, settings.prompt = "rodin", "a chair"
    tell(PriceKnown(settings.request([]), Price(0.75, exact=True)))
    assert "Price 0.75 credits" in facts(form())


def test_a_price_that_could_not_be_asked(settings: Any) -> None:
    settings.service, settings.prompt = "triverse", "a chair"
    tell(PriceKnown(settings.request([]), None, "Triverse did not answer.", "Try again."))
    assert "Triverse did not answer. Try again." in sentence(form())


def test_the_balance(settings: Any) -> None:
    settings.service, settings.prompt = "rodin", "a chair"
    assert "Balance not asked yet" in facts(form())
    tell(BalanceKnown("rodin", Balance(880.0, 120.0)))
    assert "Balance 880 credits, 120 more held for running jobs" in facts(form())
    tell(BalanceKnown("rodin", Balance(0.25)))
    assert "The balance is lower than the price." in sentence(form())
    tell(BalanceKnown("rodin", Balance(0.0)))
    assert "Balance 0 credits" in facts(form())
    tell(BalanceKnown("rodin", None, "The key was refused.", "Check it."))
    layout = form()
    assert "The key was refused. Check it." in sentence(layout)
    assert "Balance unknown" in facts(layout)
    settings.service = "triverse"
    assert "refused" not in sentence(form())


# --- tasks ----------------------------------------------------------------------------------

TASK = Task(
    "a" * 32, GenerationRequest("rodin", "a wooden chair"), created=NOW - 100, updated=NOW - 50
)
TAKEN = replace(TASK, accepted=Accepted("job", at=NOW - 80))
DONE = replace(TAKEN, folder="/library/x", model="model.glb", triangles=45102)
BUTTONS = {
    TaskState.SUBMITTING: {"cancel"},
    TaskState.WAITING: {"cancel"},
    TaskState.GENERATING: {"cancel"},
    TaskState.DOWNLOADING: {"cancel"},
    TaskState.READY: {"receive", "open_folder", "remove"},
    TaskState.IMPORTED: {"select", "receive", "open_folder", "remove"},
    TaskState.FAILED: {"retry", "copy_error", "remove"},
    TaskState.STOPPED: {"retry", "copy_error", "remove"},
    TaskState.UNCONFIRMED: {"retry", "copy_error", "remove"},
}
ENDS = (TaskState.FAILED, TaskState.STOPPED, TaskState.UNCONFIRMED)


def example(state: TaskState) -> Task:
    task = DONE if state in (TaskState.READY, TaskState.IMPORTED) else TAKEN
    task = replace(task, state=state, id=state.value)
    if state in ENDS:
        return replace(task, message="The service said no.", advice="Ask it nicely.")
    return task


def test_an_empty_list() -> None:
    layout = task_list()
    assert layout.words == ["What you generate appears here"]
    assert not layout.operators()


@pytest.mark.parametrize("state", TaskState)
def test_every_state(state: TaskState) -> None:
    task = example(state)
    layout = task_list(task)
    assert "a wooden chair" in layout.words
    operators = layout.operators()
    assert {name.removeprefix("maquette.") for name in operators} == BUTTONS[state]
    assert {properties.task_id for properties in operators.values()} == {task.id}
    if task.message:
        assert "The service said no." in layout.words
        assert "Ask it nicely." in layout.words


def test_a_row_keeps_its_lines_while_a_task_goes_on() -> None:
    going = (
        replace(TASK, state=TaskState.SUBMITTING),
        replace(TAKEN, state=TaskState.WAITING, queue_position=3, queue_seconds=120.0),
        replace(TAKEN, state=TaskState.GENERATING, share=0.42),
        replace(TAKEN, state=TaskState.GENERATING),
        replace(TAKEN, state=TaskState.DOWNLOADING, received=10_000_000, total=40_000_000),
        replace(DONE, state=TaskState.READY),
        replace(DONE, state=TaskState.IMPORTED),
    )
    for task in going:
        layout = task_list(task)
        # Title, service and price, state, how far; the buttons stand below them.
        marks = [label for label in layout.named("label") if "icon" in label and not label["text"]]
        lines = len(layout.named("label")) - len(marks) + len(layout.named("progress"))
        assert lines == 4, task.state
        assert len(marks) == len(layout.named("progress")), "only a bar has no place for its icon"


def test_progress_bars_only_where_something_tells_a_share() -> None:
    layout = task_list(
        replace(TAKEN, id="1", state=TaskState.GENERATING, share=0.42),
        replace(TAKEN, id="2", state=TaskState.GENERATING, expected_seconds=140.0),
        replace(TAKEN, id="3", state=TaskState.DOWNLOADING, received=10_000_000, total=40_000_000),
        replace(TAKEN, id="4", state=TaskState.DOWNLOADING, received=10_000_000),
        replace(TAKEN, id="5", state=TaskState.WAITING, queue_position=3, queue_seconds=120.0),
    )
    bars = {bar["text"]: bar["factor"] for bar in layout.named("progress")}
    assert bars == {"Generating 42 %": 0.42, "Downloading": 0.25}
    words = sentence(layout)
    assert "Generating 1 min 20 s so far, about 1 min left" in words
    assert "10.0 of 40 MB" in words
    assert "Downloading 10 MB so far" in words
    assert "Waiting #3 in the queue, about 2 min" in words


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("Resume", replace(TAKEN, state=TaskState.STOPPED, message="m.")),
        ("Retry", replace(TASK, state=TaskState.STOPPED, message="m.")),
        ("Generate Again…", replace(TAKEN, state=TaskState.FAILED, final=True, message="m.")),
        ("Generate Again…", replace(TASK, state=TaskState.UNCONFIRMED, message="m.")),
    ],
)
def test_what_taking_up_again_is_called(text: str, task: Task) -> None:
    assert text in task_list(task).words


def test_notes_and_failed_imports() -> None:
    note = "The service did not answer. Asking again in 20 s."
    layout = task_list(replace(TAKEN, state=TaskState.GENERATING, note=note))
    assert note in sentence(layout)
    arrivals.notes["r"] = "The glTF add-on is disabled."
    layout = task_list(replace(DONE, id="r", state=TaskState.READY))
    assert "The glTF add-on is disabled." in sentence(layout)
    assert "Import" in layout.words


def test_while_it_is_imported() -> None:
    arrivals.receiving.add(TASK.id)
    layout = task_list(replace(DONE, state=TaskState.READY))
    assert "Importing…" in layout.words
    assert "Import" in layout.words
    assert "maquette.receive" not in layout.operators()


def test_an_imported_model_can_be_imported_again() -> None:
    imported = replace(DONE, state=TaskState.IMPORTED)
    layout = task_list(imported)
    assert "not in this scene" in layout.words
    assert "Import" in layout.words
    assert layout.operators()["maquette.receive"].select is True
    made = bpy.data.objects.new("Model", None)
    made["maquette_task"] = imported.id
    bpy.context.scene.collection.objects.link(made)
    arrivals.came(imported.id, "")
    layout = task_list(imported)
    assert "not in this scene" not in layout.words
    assert "Import Again" in layout.words
    bpy.data.objects.remove(made)
    assert "not in this scene" in task_list(imported).words


def test_a_task_of_a_service_that_is_gone() -> None:
    gone = GenerationRequest("gone", "a chair")
    layout = task_list(replace(TAKEN, request=gone, state=TaskState.FAILED, message="m."))
    assert "maquette.retry" not in layout.operators()
    assert "maquette.remove" in layout.operators()


def test_trouble_with_the_list_itself() -> None:
    tell(Trouble("The list of tasks is damaged.", "Move it away."))
    layout = task_list()
    assert layout.words == ["The list of tasks is damaged.", "Move it away."]


def test_many_tasks_are_ten_rows_and_a_folded_rest() -> None:
    many = [
        replace(
            example(list(TaskState)[n % 9]),
            id=str(n),
            created=NOW - n,
            request=GenerationRequest("rodin", f"chair {n}"),
        )
        for n in range(300)
    ]
    layout = task_list(*many, open_panels=False)
    assert len(layout.named("box")) == 10
    assert [w for w in layout.words if w.startswith("chair ")] == [f"chair {n}" for n in range(10)]
    # Of 300, 135 run, and 33 each are ready and not confirmed; among the ten are 5, 1 and 1.
    assert "Older (290): 130 running, 32 ready, 32 not confirmed" in layout.words
    unfolded = task_list()
    assert len(unfolded.named("box")) == 10
    assert "chair 209" in unfolded.words
    assert "chair 210" not in unfolded.words
    assert "Still older models are in the library folder" in unfolded.words


def test_which_picture_stands_for_a_task() -> None:
    pictured = replace(TASK, request=GenerationRequest("rodin", "", "", ("/in/1.png", "/in/2.png")))
    assert tasks._picture(TASK) == ""
    assert tasks._picture(pictured) == "/in/1.png"
    done = replace(pictured, state=TaskState.READY, folder="/library/x", preview="preview.webp")
    assert Path(tasks._picture(done)) == Path("/library/x/preview.webp")


# --- preferences ----------------------------------------------------------------------------


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """What accounts look at; as it was afterwards."""
    before = dict(os.environ)
    yield os.environ
    os.environ.clear()
    os.environ.update(before)


def test_preferences_name_everything_there_is_to_set() -> None:
    layout = preferences_page()
    expected = {"library_folder", "import_when_ready", "deadline_minutes"}
    expected |= {f"{p.id}_key" for p in all_providers() if p.needs_key}
    expected |= {f"{p.id}_url" for p in all_providers() if p.needs_network}
    assert layout.properties().keys() == expected
    assert all(where.is_enabled for where in layout.properties().values())
    placeholders = {a["property"]: a.get("placeholder") for a in layout.named("prop")}
    assert placeholders["rodin_url"] == get_provider("rodin").default_url
    words = sentence(layout).replace(" ", "")
    assert f"unencryptedinafileonlyyoucanread:{session.folders().keys}" in words
    assert f"keptin{session.folders().library}.Blenderremovesthisfolder" in words


def test_what_the_environment_sets_is_grey_with_words(environment: dict[str, str]) -> None:
    environment["RODIN_API_KEY"] = "from outside"
    environment["TRIVERSE_BASE_URL"] = "https://example.org/api"
    layout = preferences_page()
    drawn = layout.properties()
    assert not drawn["rodin_key"].is_enabled
    assert "In use: RODIN_API_KEY" in layout.words
    assert not drawn["triverse_url"].is_enabled
    assert "In use: TRIVERSE_BASE_URL" in layout.words
    assert "https://example.org/api" in layout.words
    assert drawn["triverse_key"].is_enabled
    assert drawn["rodin_url"].is_enabled
    assert "from outside" not in layout.text


def test_a_library_of_ones_own_needs_no_warning(tmp_path: Path) -> None:
    preferences.get().library_folder = str(tmp_path)
    try:
        assert "removes" not in sentence(preferences_page())
    finally:
        preferences.get().library_folder = ""


# --- manners --------------------------------------------------------------------------------

_watching: list[str] | None = None


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    touching = ("open", "os.", "socket.", "sqlite3.", "subprocess.", "shutil.", "import")
    if _watching is not None and event.startswith(touching):
        _watching.append(f"{event} {arguments}")


sys.addaudithook(_audit)


def test_drawing_touches_nothing(settings: Any, tmp_path: Path, key: None) -> None:
    global _watching
    settings.service, settings.prompt = "rodin", "a chair"
    picture = settings.pictures.add()
    picture.filepath = str(tmp_path / "gone.png")
    for state in TaskState:
        tell(TaskChanged(example(state)))
    tell(BalanceKnown("rodin", Balance(1.0)))
    before = settings.draft(), settings.prompt, len(settings.pictures), settings.active_picture

    def draw_all() -> None:
        form()
        task_list()
        preferences_page()

    draw_all()  # Python imports what is imported inside functions
    _watching = []
    try:
        draw_all()
        touched = _watching
    finally:
        _watching = None
    assert touched == []
    after = settings.draft(), settings.prompt, len(settings.pictures), settings.active_picture
    assert after == before


def preferences_page() -> Layout:
    layout = Layout()
    preferences.draw(layout, context(600), preferences.get())
    return layout
