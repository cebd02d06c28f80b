"""Translations in Blender. These Blenders are built without any (`bpy.app.build_options`): what
its own part does is looked at in a real window; here, that nothing is missing from the list of
texts and that all that is drawn comes from it."""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest
from bl_ext.user_default.maquette import (
    cli,
    panels,
    preferences,
    properties,
    registration,
    session,
    translations,
)
from bl_ext.user_default.maquette.core import language
from bl_ext.user_default.maquette.core.engine import BalanceKnown, PriceKnown, TaskChanged
from bl_ext.user_default.maquette.core.model import Accepted, GenerationRequest, Task, TaskState
from bl_ext.user_default.maquette.core.providers import all_providers
from bl_ext.user_default.maquette.core.providers.base import Balance, Price
from bl_ext.user_default.maquette.importing import origins

from tests.blender.recording_layout import Layout, OperatorProperties
from tests.blender.test_panels import context
from tools import messages

dialog, form, menus, status, tasks = (
    importlib.import_module(f"{panels.__name__}.{name}")
    for name in ("dialog", "generate", "menus", "status", "tasks")
)

ENGLISH = messages.messages()
GERMAN = translations.LANGUAGES["de"]
NOW = time.time()


def in_the_list(text: str) -> bool:
    return text in ENGLISH or text in messages.NOT_TRANSLATED or not re.search("[A-Za-z]{2}", text)


# --- what Blender translates by itself --------------------------------------------------------


def own_properties(kind: type) -> Iterator[Any]:
    """Not those of the type it derives from."""
    operator = issubclass(kind, bpy.types.Operator)
    rna = bpy.ops
    if operator:
        for name in kind.bl_idname.split("."):
            rna = getattr(rna, name)
    inherited = kind.bl_rna.base.properties.keys() if not operator else ["rna_type"]
    of_it = rna.get_rna_type() if operator else kind.bl_rna
    yield from (p for p in of_it.properties if p.identifier not in inherited)


def shown_by_blender(kind: type) -> Iterator[tuple[str, str]]:
    for label in ("bl_label", "bl_category"):
        yield label, getattr(kind, label, None) or ""
    if issubclass(kind, (bpy.types.Operator, bpy.types.Panel, bpy.types.Menu)):
        yield "description", getattr(kind, "bl_description", "") or kind.__doc__ or ""
    if issubclass(kind, bpy.types.Operator):
        yield "description as Blender has it", kind.bl_rna.description
    for known in own_properties(kind):
        place = known.identifier
        if known.name != place:  # a property without a name
            yield place, known.name
        yield f"{place}: description", known.description
        for item in known.enum_items if known.type == "ENUM" else ():
            yield f"{place}={item.identifier}", item.name
            yield f"{place}={item.identifier}: description", item.description


@pytest.mark.parametrize("kind", registration.CLASSES, ids=lambda kind: kind.__name__)
def test_every_text_of_a_class_is_in_the_list(kind: type) -> None:
    lacking = [(place, text) for place, text in shown_by_blender(kind) if not in_the_list(text)]
    assert lacking == []


def test_classes_show_much() -> None:
    shown = {text for kind in registration.CLASSES for _, text in shown_by_blender(kind) if text}
    assert len(shown) > 150
    for expected in (
        "Ask the service what this would cost. Asking costs nothing",
        "Your key for Triverse",
        "Triangles",
        "Watch for (min)",
    ):
        assert expected in shown


def test_blender_takes_the_docstring_as_description() -> None:
    described = bpy.ops.maquette.quote.get_rna_type().description
    assert described == "Ask the service what this would cost. Asking costs nothing"


@pytest.mark.parametrize("provider", all_providers(), ids=lambda provider: provider.id)
def test_options_are_looked_up_where_blender_has_no_words_of_its_own(provider: Any) -> None:
    group = getattr(properties.get(bpy.context), f"options_{provider.id}")
    contexts = {known.translation_context for known in own_properties(type(group))}
    assert contexts == {translations.CONTEXT}


# --- register and unregister --------------------------------------------------------------------


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is asked of Blender, which does nothing about it here and can be asked twice."""
    made: list[tuple[str, str]] = []

    class Recorder:
        contexts = bpy.app.translations.contexts
        locale = "de_DE"

        @staticmethod
        def register(package: str, words: dict[str, Any]) -> None:
            bpy.app.translations.register(package, words)
            made.append(("register", package))

        @staticmethod
        def unregister(package: str) -> None:
            bpy.app.translations.unregister(package)
            made.append(("unregister", package))

    view = SimpleNamespace(use_translate_interface=True)
    stand_in = SimpleNamespace(
        app=SimpleNamespace(translations=Recorder),
        context=SimpleNamespace(preferences=SimpleNamespace(view=view)),
    )
    monkeypatch.setattr(translations, "bpy", stand_in)
    monkeypatch.setattr(translations, "_followed", None)
    yield made
    language.use({})


def test_it_is_registered_and_unregistered_in_pairs(calls: list[tuple[str, str]]) -> None:
    bpy.ops.preferences.addon_disable(module=preferences.PACKAGE)
    assert calls == [("unregister", preferences.PACKAGE)]
    bpy.ops.preferences.addon_enable(module=preferences.PACKAGE)
    assert calls[1:] == [("register", preferences.PACKAGE)]
    assert language.say("Ready") == "Bereit"


def test_what_is_said_follows_blenders_language(calls: list[tuple[str, str]]) -> None:
    view = translations.bpy.context.preferences.view
    for locale, shown in (
        ("de_DE", "Bereit"),
        ("de", "Bereit"),
        ("de_AT", "Bereit"),
        ("en_US", "Ready"),
        ("", "Ready"),
        ("fr_FR", "Ready"),
        ("de@euro", "Bereit"),
    ):
        translations.bpy.app.translations.locale = locale
        translations.follow()
        assert language.say("Ready") == shown, locale
    view.use_translate_interface = False
    translations.follow()
    assert language.say("Ready") == "Ready"
    view.use_translate_interface = True
    translations.follow()
    assert language.say("Ready") == "Bereit"
    translations.unregister("x")
    assert language.say("Ready") == "Ready"


def test_the_command_line_stays_english(
    calls: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    translations.follow()
    assert language.say("Ready") == "Bereit"
    assert cli.main(["balance", "--service", "rodin"]) == cli.FAILED
    session.tick()
    assert language.say("Ready") == "Ready"
    assert "Hyper3D Rodin needs a key" in capsys.readouterr().err


def test_without_translations_in_blender_it_is_english() -> None:
    assert bpy.app.translations.locale == ""
    translations.follow()
    assert language.say("Ready") == "Ready"


def test_figures(capsys: pytest.CaptureFixture[str]) -> None:
    """Printed: what enabling and every draw pay."""

    def took(function: Any, *arguments: object) -> float:
        began = time.perf_counter()
        function(*arguments)
        return (time.perf_counter() - began) * 1e3

    registered = min(took(translations.register, f"maquette-{n}") for n in range(20))
    for n in range(20):
        translations.unregister(f"maquette-{n}")
    changed = took(translations.follow)
    same = min(took(translations.follow) for _ in range(100))
    with capsys.disabled():
        print(
            f"\n{len(GERMAN)} texts: register {registered:.2f} ms,"
            f" follow {changed:.3f} ms, while nothing changed {same:.4f} ms"
        )


# --- what is drawn ----------------------------------------------------------------------------


@pytest.fixture
def german(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    plain = Layout._result

    def with_confirm_buttons(self: Layout, name: str, arguments: dict[str, Any]) -> Any:
        if name == "template_popup_confirm":
            return OperatorProperties(arguments["operator"])
        return plain(self, name, arguments)

    monkeypatch.setattr(Layout, "_result", with_confirm_buttons)
    session.accounts().key("rodin")
    language.use(GERMAN)
    yield
    language.use({})
    for provider in all_providers():
        session.accounts().set_key(provider.id, "")
    session.stop()


def wide() -> Any:
    """With room enough for every sentence on one line."""
    return context(width=100_000)


def texts(layout: Layout) -> Iterator[tuple[str, bool]]:
    """Each with whether Blender translates it."""
    for _, _, arguments, _ in layout.drawn():
        for name in ("text", "placeholder", "heading"):
            if arguments.get(name):
                yield arguments[name], arguments.get("translate", True)


def tell(*notices: object) -> None:
    for notice in notices:
        session._inbox.put(notice)
    session.tick()


def everything() -> Iterator[Layout]:
    """All panels, menus and dialogs, in many states."""
    settings = properties.get(bpy.context)
    for provider in all_providers():
        settings.service = provider.id
        for prompt, pictures in (("", 0), ("ein Stuhl", 0), ("ein Stuhl", 2), ("x" * 9999, 0)):
            settings.prompt = settings.negative_prompt = prompt
            settings.pictures.clear()
            for number in range(pictures):
                settings.pictures.add().filepath = f"/{number}.png"
            for key in ("", "k"):
                for needy in all_providers():
                    if needy.needs_key:
                        session.accounts().set_key(needy.id, key)
                for draw in (form.draw, _dialog):
                    layout = Layout()
                    draw(layout, wide())
                    yield layout
    for now in (NOW, NOW + 500):
        layout = Layout()
        tasks.draw(layout, wide(), now)
        yield layout
    for draw, arguments in (
        (menus.MAQUETTE_MT_add.draw, ()),
        (menus.draw_add, ()),
        (menus.draw_image, ()),
        (status.draw, ()),
        (tasks.MAQUETTE_PT_tasks.draw_header_preset, ()),
    ):
        layout = Layout()
        draw(SimpleNamespace(layout=layout), wide(), *arguments)
        yield layout
    layout = Layout()
    preferences.draw(layout, wide(), preferences.get())
    yield layout


def _dialog(layout: Layout, shown_in: Any) -> None:
    dialog.draw(layout, shown_in, "", 0)


def many_states() -> None:
    origin = origins.origin(bpy.context, wanted=True)
    task = Task("0", GenerationRequest("rodin", "ein Stuhl"), created=NOW, updated=NOW)
    taken = replace(task, accepted=Accepted("job", cost=1250.5, at=NOW - 80), expected_seconds=90.0)
    done = replace(taken, folder="/library/x", model="model.glb", triangles=45102)
    shown = [
        task,
        replace(task, state=TaskState.WAITING),
        replace(taken, state=TaskState.WAITING, queue_position=1),
        replace(taken, state=TaskState.WAITING, queue_position=3, queue_seconds=120.0),
        replace(taken, state=TaskState.GENERATING, share=0.42),
        replace(taken, state=TaskState.GENERATING),
        replace(taken, state=TaskState.DOWNLOADING, received=10_000_000, total=40_000_000),
        replace(taken, state=TaskState.DOWNLOADING, received=500),
        replace(done, state=TaskState.READY),
        replace(done, state=TaskState.READY, origin=replace(origin, file="/x.blend", sitting="")),
        replace(done, state=TaskState.IMPORTED, accepted=Accepted("j", cost=1.0)),
        replace(done, state=TaskState.IMPORTED, accepted=Accepted("j", cost=0.0)),
        replace(taken, state=TaskState.FAILED, message="m.", final=True),
        replace(taken, state=TaskState.STOPPED, message="m."),
        replace(task, state=TaskState.STOPPED, message="m."),
        replace(task, state=TaskState.UNCONFIRMED, message="m."),
        replace(task, request=GenerationRequest("rodin", pictures=("/1.png", "/2.png"))),
    ]
    older = [replace(done, state=TaskState.READY) for _ in range(tasks.OLDER_ROWS + 30)]
    for number, each in enumerate([*shown, *older]):
        tell(TaskChanged(replace(each, id=str(number), created=NOW - number)))
    tell(BalanceKnown("rodin", Balance(1250.0, frozen=120.0)), BalanceKnown("triverse", None, "m."))
    settings = properties.get(bpy.context)
    settings.service, settings.prompt = "triverse", "ein Stuhl"
    tell(PriceKnown(settings.request([]), Price(1500.0, exact=True)))


def pattern(english: str) -> re.Pattern[str]:
    """An English text with anything in its {places}, as the whole or, if it has several words, a
    part of what is drawn."""
    places = re.split(r"\{\w+(?:![rs])?(?::[^}]*)?\}", english)
    text = ".+?".join(map(re.escape, places))
    return re.compile(rf"(?:^|(?<=\s)){text}(?:$|(?=\s))" if " " in english else f"^{text}$")


PATTERNS = [pattern(text) for text, own in GERMAN.items() if text != own]
NAMES = re.compile("|".join(map(re.escape, sorted(messages.NOT_TRANSLATED, key=len, reverse=True))))


def english(drawn: set[str]) -> set[str]:
    return {text for text in drawn if any(p.search(NAMES.sub("N.N.", text)) for p in PATTERNS)}


def test_nothing_english_is_drawn(german: None, monkeypatch: pytest.MonkeyPatch) -> None:
    many_states()
    translated, by_blender = set(), set()
    for online in (True, False):
        monkeypatch.setattr(session, "online", lambda online=online: online)
        for layout in everything():
            for text, translate in texts(layout):
                (by_blender if translate else translated).add(text)
    assert {text for text in by_blender if not in_the_list(text) and not is_said(text)} == set()
    assert english(translated) == set()
    for expected in (
        "Hyper3D Rodin, 1.250,5 Credits",
        "45.102 Dreiecke",
        "Platz 3 in der Warteschlange, etwa 2 min",
        "Wird erzeugt 42 %",
        "Prompt, Bilder und Optionen werden an api.hyper3d.com gesendet",
        "Das gibt es nur bei Gen-2.5 Extreme High",
        "1.250 Credits, weitere 120 für laufende Aufträge reserviert",
    ):
        assert expected in translated, sorted(translated)
    assert {"Price", "Balance", "Generate", "Model from Prompt…"} <= by_blender


def is_said(text: str) -> bool:
    """German already, where a button shows what `say` made; or an address."""
    return any(pattern(own).fullmatch(text) for own in GERMAN.values()) or "://" in text


def test_the_search_for_english_finds_it(german: None) -> None:
    assert pattern("{count} credits").search("Hyper3D Rodin, 20 credits")
    assert pattern("Ready").search("Ready")
    assert not pattern("Ready").search("Ready or not")
    assert pattern("The model is gone: {path}").search("The model is gone: /library/x")
    assert not pattern("{first} or {last}").search("Prompt oder Bild")
    language.use({})
    many_states()
    drawn = {text for layout in everything() for text, translate in texts(layout) if not translate}
    assert len(english(drawn)) > 40


def test_the_words_that_were_tested_are_shipped() -> None:
    source = messages.ROOT / "translations" / "de.py"
    shipped = Path(translations.__file__).with_name("de.py")
    assert shipped.read_text() == source.read_text()
