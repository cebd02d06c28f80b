"""The languages: nothing lacks words, and the words fit. What Blender makes of them is in
tests/blender/test_translations.py."""

from __future__ import annotations

import importlib.util
import re
import string
from collections import Counter
from pathlib import Path

import pytest

from core import language
from core.language import mark
from tools import messages

ROOT = messages.ROOT
ENGLISH = messages.messages()


def words_of(path: Path) -> dict[str, str]:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)  # the package itself needs Blender
    spec.loader.exec_module(module)
    words: dict[str, str] = module.WORDS
    return words


FILES = sorted(path for path in (ROOT / "translations").glob("[a-z]*.py"))
WORDS = {path.stem: words_of(path) for path in FILES}
GERMAN = WORDS["de"]

each_language = pytest.mark.parametrize("code", WORDS)


# --- every language -------------------------------------------------------------------------


@each_language
def test_every_text_has_words(code: str) -> None:
    lacking = {text: ENGLISH[text] for text in ENGLISH.keys() - WORDS[code].keys()}
    assert lacking == {}


@each_language
def test_no_words_are_left_of_texts_that_are_gone(code: str) -> None:
    assert WORDS[code].keys() - ENGLISH.keys() == set()


@each_language
def test_words_are_in_the_order_of_the_list(code: str) -> None:
    assert list(WORDS[code]) == sorted(WORDS[code])


def placed(text: str) -> Counter[tuple[str, str]]:
    """What is put in and how it is formatted. `!r` is for the quotes, which words have of their
    own."""
    parts = string.Formatter().parse(text)
    return Counter((name, spec or "") for _, name, spec, _ in parts if name is not None)


@each_language
def test_the_same_is_put_in(code: str) -> None:
    wrong = [text for text, own in WORDS[code].items() if placed(own) != placed(text)]
    assert wrong == []


@each_language
def test_texts_begin_and_end_alike(code: str) -> None:
    def end(text: str) -> str:
        return text[-1] if text[-1] in ".!?…:;," else ""

    wrong = [
        text
        for text, own in WORDS[code].items()
        if own != own.strip() or "  " in own or "\n" in own or end(own) != end(text)
    ]
    assert wrong == []


@each_language
def test_the_same_numbers(code: str) -> None:
    """Prices above all."""
    wrong = [
        text
        for text, own in WORDS[code].items()
        if sorted(re.findall(r"\d+", own)) != sorted(re.findall(r"\d+", text))
    ]
    assert wrong == []


@each_language
def test_numbers_can_be_written(code: str) -> None:
    try:
        language.use(WORDS[code])
        own = language.number("1,234,567.8")
    finally:
        language.use({})
    assert re.sub(r"\D", "", own) == "12345678"
    assert own[-2] != "."  # the reason why a language says how


# --- German ---------------------------------------------------------------------------------

SAME = {"Add-on", "Hybrid", "Maquette: {counts}", "Material", "Name", "Prompt"}


def test_german_is_not_english() -> None:
    assert {text for text, own in GERMAN.items() if text == own} == SAME


def test_german_quotes() -> None:
    for own in GERMAN.values():
        assert not set(own) & set("\"'”‚‘’»«"), own
        assert re.fullmatch("[^„“]*(„[^„“]*“[^„“]*)*", own), own


def test_people_are_not_addressed() -> None:
    address = re.compile(r"\b([Dd](u|ich|ir|eine?[mnrs]?)|Ihnen|\w+en Sie)\b")
    assert [own for own in GERMAN.values() if address.search(own)] == []


MONEY = {
    r"charge": r"berechne",
    r"\bcredits?\b": r"Credit",
    r"\bbalance\b": r"Guthaben",
    r"\bprice\b": r"Preis",
    r"costs? nothing|costs nothing": r"kostet nichts",
    r"Nothing (is|was) charged": r"wird nichts berechnet|wurde nichts berechnet",
    r"(?<!their )(?<!of )\b[Oo]rder(s|ed)?\b(?! of)": r"[Bb]estell|Auftrag",
}


@pytest.mark.parametrize("english", MONEY)
def test_what_costs_money_is_called_so(english: str) -> None:
    about = [text for text in ENGLISH if re.search(english, re.sub(r"\{.*?\}", "", text))]
    assert about
    assert [text for text in about if not re.search(MONEY[english], GERMAN[text])] == []


BUTTON = re.compile(
    r"[Pp]ress (Retry|Resume|Import|Generate)\b|(Retry|Resume|Import) (?:sends|fetches|puts|looks)"
)


def test_sentences_name_buttons_as_they_are_labelled() -> None:
    named = {text: found[1] or found[2] for text in ENGLISH if (found := BUTTON.search(text))}
    assert len(named) > 12
    wrong = [text for text, button in named.items() if f"„{GERMAN[button]}“" not in GERMAN[text]]
    assert wrong == []
    output = mark("Clear it, or set Output to Textured Model.")
    assert all(f"„{GERMAN[name]}“" in GERMAN[output] for name in ("Output", "Textured Model"))


# --- what Blender translates by itself --------------------------------------------------------


def texts(source: str) -> list[str]:
    return [text for text, _ in messages.in_source(source, "x.py")]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('class A(bpy.types.Operator):\n  """Do it"""\n  bl_label = "It"', ["It", "Do it"]),
        ('class A(Of, Menu):\n  """Do it"""\n  bl_description = "This"', ["This"]),
        ('class A(bpy.types.Panel):\n  bl_category = "Tab"', ["Tab"]),
        ('class A(bpy.types.PropertyGroup):\n  """What is in it."""', []),
        ('p = StringProperty(name="One", description="Two")', ["One", "Two"]),
        ('p = bpy.props.EnumProperty(items=(("A", "One", "Two", 0), ("B", "No", "")))',
         ["One", "Two", "No"]),
        ("p = EnumProperty(name=option.label, items=tuple(of(x)))", []),
        ('layout.label(text="One")', ["One"]),
        ('layout.label(text="One" if x else "Two")', ["One", "Two"]),
        ('layout.label(text=x, translate=False)', []),
        ('layout.label(text="sandbox", translate=False)', []),
        ('layout.prop(x, "y", text="", placeholder="One")', ["One"]),
        ('self.invoke_props_dialog(title="One", confirm_text="Two")', ["One", "Two"]),
        ('bpy.ops.ed.undo_push(message="One")', ["One"]),
        ('_draw_fact(column, context, "One", x)', ["One"]),
        ('layout.label(text="2048")', []),
    ],
)  # fmt: skip
def test_it_is_found(source: str, found: list[str]) -> None:
    assert texts(source) == found


def test_facts_about_services_are_filled_in() -> None:
    source = 'p = StringProperty(description=f"The key of {provider.label}, {provider.id}")'
    assert texts(source) == ["The key of Hyper3D Rodin, rodin", "The key of Triverse, triverse"]


@pytest.mark.parametrize(
    "bad",
    [
        'layout.label(text=f"{x} of {y}")',
        'layout.label(text="a " + x)',
        'StringProperty(name="a %s" % x)',
        'StringProperty(description=f"of {other.label}")',
        'class A(bpy.types.Operator):\n  """One line\n  and another"""',
    ],
)
def test_what_blender_would_not_find_is_refused(bad: str) -> None:
    with pytest.raises(messages.Unfit, match=r"^x\.py:1: "):
        texts(bad)


def test_what_is_not_translated_is_there_at_all() -> None:
    found = {text for text, _ in [*messages.in_files(messages.sources()), *messages.declared()]}
    assert messages.NOT_TRANSLATED.keys() <= found
    assert not messages.NOT_TRANSLATED.keys() & ENGLISH.keys()
