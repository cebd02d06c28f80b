"""The user's language: `say` and its words, and that everything a user may read goes through it."""

from __future__ import annotations

import ast
import itertools
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core import language, wording
from core.language import either, mark, number, say
from core.model import GenerationRequest, Task, TaskState
from core.providers import all_providers
from core.providers.base import Provider
from core.providers.options import Draft, applicable, defaults
from tools import labels, messages

GERMAN = {
    "1,000.5": "1.000,5",
    "It is sent again in {time}.": "In {time} wird es noch einmal gesendet.",
    "{first} or {last}": "{first} oder {last}",
    "{count} % of {whole}": "{count} % von {whole}",
    "Model from picture": "Modell aus Bild",
    "Ready": "Bereit",
}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    language.use({})


# --- saying ---------------------------------------------------------------------------------


def test_without_words_it_is_english() -> None:
    assert say("Ready") == "Ready"
    assert say("{count:,} of {name!r}", count=1200, name="x") == "1,200 of 'x'"
    assert mark("Ready") == "Ready"


def test_words_are_used_until_others_come() -> None:
    language.use(GERMAN)
    assert say("Ready") == "Bereit"
    assert (
        say("It is sent again in {time}.", time="20 s") == "In 20 s wird es noch einmal gesendet."
    )
    assert say("Unknown to it {n}", n=1) == "Unknown to it 1"
    assert mark("Ready") == "Ready"
    language.use({"Failed": "Échec"})
    assert (say("Ready"), say("Failed")) == ("Ready", "Échec")


def test_words_are_taken_as_they_are_now() -> None:
    words = dict(GERMAN)
    language.use(words)
    words["Ready"] = "changed later"
    assert say("Ready") == "Bereit"


def test_an_empty_translation_is_none() -> None:
    language.use({"": "Project-Id-Version: a file's head", "Ready": ""})
    assert say("") == ""
    assert say("Ready") == "Ready"


def test_braces_stand_for_themselves_where_nothing_is_put_in() -> None:
    assert say("{ is not { formatted }}") == "{ is not { formatted }}"
    assert say("{{{name}}}", name="x") == "{x}"


def test_what_is_put_in_is_not_formatted() -> None:
    assert say("{said}.", said="{0} {key} {") == "{0} {key} {."


def test_any_name_may_be_put_in() -> None:
    assert say("{template} {values}", template=1, values=2) == "1 2"


@pytest.mark.parametrize(
    "bad",
    ["{nam}", "{0}", "{}", "{", "}", "{name.nothing}", "{name[a]}", "{name:d}", "{name!x}"],
)
def test_a_bad_translation_gives_way_to_english(bad: str) -> None:
    language.use({"Hello {name}.": bad})
    assert say("Hello {name}.", name="Ada") == "Hello Ada."


def test_no_bad_translation_breaks_any_message() -> None:
    english = {text: _filled(text) for text in messages.messages()}
    for bad in ("{ {0}", "{no_such_value}"):
        language.use(dict.fromkeys(english, bad))
        for text, expected in english.items():
            if names := messages.fields(text):
                assert say(text, **dict.fromkeys(names, 1000)) == expected


def _filled(text: str) -> str:
    return text.format(**dict.fromkeys(messages.fields(text), 1000))


def test_numbers_are_written_as_the_language_writes_them() -> None:
    assert number("1,250.5") == "1,250.5"
    language.use(GERMAN)
    assert number("1,250.5") == "1.250,5"
    assert say("{count:,} % of {whole}", count=1_250_000, whole="1,250") == "1.250.000 % of 1,250"
    assert say("{a} {b:.1f} {c}", a=0.5, b=1.25, c=404) == "0,5 1,2 404"
    language.use({"1,000.5": "1000,5"})
    assert number("1,250.5") == "1250,5"
    for unclear in ("1,000.5 kg", "1000", "ten", "{x"):
        language.use({"1,000.5": unclear})
        assert number("1,250.5") == "1,250.5"


def test_prices_and_sizes_are_written_so_too() -> None:
    language.use(
        {**GERMAN, "{count} credits": "{count} Credits", "{had} of {whole}": "{had}/{whole}"}
    )
    assert wording.credits(1250.5) == "1.250,5 Credits"
    assert wording.size(12_300_000) == "12,3 MB"
    task = Task("t", GenerationRequest("sandbox"), created=0, updated=0)
    task = replace(task, state=TaskState.DOWNLOADING, received=1_000_000, total=12_300_000)
    assert wording.describe(task, 0).detail == "1,0/12,3 MB"


def test_a_list_of_choices() -> None:
    assert [either("abc"[:n]) for n in range(4)] == ["", "a", "a or b", "a, b or c"]
    language.use(GERMAN)
    assert either(["x", "y"]) == "x oder y"


def test_threads_see_the_old_words_or_the_new_ones() -> None:
    languages = [{"Ready": own, "Hello {name}": f"{own} {{name}}"} for own in ("Bereit", "Prêt")]
    language.use(languages[0])
    go_on, seen = threading.Event(), set()
    go_on.set()

    def speak() -> None:
        while go_on.is_set():
            seen.update((say("Ready"), say("Hello {name}", name="x").removesuffix(" x")))

    threads = [threading.Thread(target=speak) for _ in range(3)]
    for thread in threads:
        thread.start()
    for words in languages * 200:
        language.use(words)
    go_on.clear()
    for thread in threads:
        thread.join()
    assert seen <= {"Bereit", "Prêt"}
    assert seen


# --- what is said ---------------------------------------------------------------------------


def test_a_title_is_said_but_a_folder_keeps_its_name() -> None:
    request = GenerationRequest("sandbox", pictures=("a.png",))
    folder = request.slug
    language.use(GERMAN)
    assert request.title == "Modell aus Bild"
    assert request.slug == folder == "model-from-picture"
    assert GenerationRequest("sandbox", "Ready").title == "Ready"  # the user's own words


@pytest.mark.parametrize("provider", all_providers(), ids=lambda provider: provider.id)
def test_every_reason_why_an_option_is_greyed_is_said(provider: type[Provider]) -> None:
    language.use({text: f"«{text}»" for text in messages.messages()})
    reasons = {
        reason
        for draft in _drafts(provider)
        for option in provider.options
        if (reason := option.applies(draft))
    }
    assert reasons
    assert [reason for reason in reasons if not re.fullmatch("«.*»", reason)] == []


def _drafts(provider: type[Provider]) -> Iterator[Draft]:
    """With every choice and a few numbers of the options that others look at."""
    looked_at = {"tier", "mesh_mode", "quality_override", "output", "protocol"}
    settings = {
        option.name: [choice.value for choice in option.choices] or [option.default, 5000]
        for option in provider.options
        if option.name in looked_at
    }
    for values in itertools.product(*settings.values()):
        for pictures in range(3):
            chosen = dict(zip(settings, values, strict=True))
            yield Draft({**defaults(provider), **chosen}, pictures)


def test_the_settings_of_a_form_do_not_depend_on_the_language() -> None:
    provider = next(p for p in all_providers() if p.id == "rodin")
    settings = defaults(provider)
    plain = applicable(provider, settings, 0)
    language.use({text: f"«{text}»" for text in messages.messages()})
    assert applicable(provider, settings, 0) == plain


# --- the extraction -------------------------------------------------------------------------


def texts(source: str) -> list[str]:
    return [text for text, _ in messages.in_source(source, "x.py")]


def test_messages_are_found_where_they_stand() -> None:
    source = (
        'A = mark("One")\n'
        "def f(x):\n"
        '    say("Two " "and {n}", n=x)\n'
        "    say(A); say(x.label); say(A[x]); say(f(x))\n"
        '    language.say("Three"); other.say(f"{x}")\n'
        '    raise too_much("four {n:,}", where, n=1) from damaged("five", f"{x}")\n'
        'G = lambda: say("Six")\n'
    )
    assert texts(source) == ["One", "Two and {n}", "Three", "four {n:,}", "five", "Six"]


@pytest.mark.parametrize(
    "bad",
    [
        'say(f"{x} is ready")',
        'say("a" + x)',
        'say("%s is ready" % x)',
        'say("a" if x else "b")',
        "say()",
        "say(*x)",
        "mark(x)",
        'mark(f"{x}")',
        'damaged(f"{x}", where)',
        'say("{count} parts", number=x)',
        'say("{count} parts")',
        'say("parts", count=x)',
        'say("{} parts", count=x)',
        'say("{count parts", count=x)',
        'say("{count.real}", count=x)',
    ],
)
def test_what_cannot_be_found_or_filled_is_refused(bad: str) -> None:
    with pytest.raises(messages.Unfit, match=r"^x\.py:1: "):
        texts(f"def f(x): {bad}")


@pytest.mark.parametrize(
    "early",
    ['A = say("Ready")', 'class A:\n    b = say("Ready")', 'def f(a=say("Ready")): pass'],
)
def test_nothing_is_said_at_import(early: str) -> None:
    with pytest.raises(messages.Unfit, match="at import"):
        texts(early)
    assert texts(early.replace("say", "mark")) == ["Ready"]


def test_all_messages_are_fit() -> None:
    found = messages.messages()
    assert len(found) > 300
    for expected in (
        "Cancelling…",
        "{service} needs a key.",
        "Polygon Limit",
        "its bones do not match",
    ):
        assert found[expected], expected
    assert "2048" not in found


# --- the rule of the house ------------------------------------------------------------------

ENGLISH = {"cli.py"}  # for terminals

SAY = {*messages.SAYING, "mark"}
SPOKEN = {"message", "advice", "note", "warning"}
PLACES = {"Trouble": (0, 1), "BalanceKnown": (2, 3), "PriceKnown": (2, 3)}
NOT_SPOKEN = {"AssertionError", "NotImplementedError", "RuntimeError", "TypeError", "ValueError"}
NOT_SPOKEN |= {"execute", "executemany"}  # SQL, which likes to end with a question mark
BY_BLENDER = labels.SHOWN  # translated by it, if they are constants
SENTENCE = re.compile(r"[A-Z“]\S* .*[.!?…]\s*")
LOGGED = {"debug", "info", "warning", "error", "exception", "critical"}


def errors_in(trees: list[ast.Module]) -> set[str]:
    """Names of the classes that derive from MaquetteError."""
    bases = {
        node.name: {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {"MaquetteError"}
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return found


def unsaid(tree: ast.Module, errors: set[str]) -> list[int]:
    """Lines of what is shown to the user without having been said: texts handed to errors, events
    and notices, and whole sentences wherever they stand."""
    wrong = set()
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            kinds = _names(call.func)
            places = (0, 1) if kinds & errors else ()
            for kind in kinds & PLACES.keys():
                places = PLACES[kind]
            spoken = [call.args[place] for place in places if place < len(call.args)]
            if not kinds & labels.NAMES_OF_STEPS.keys():
                spoken += [keyword.value for keyword in call.keywords if keyword.arg in SPOKEN]
            wrong |= {part.lineno for whole in spoken for part in _plain(whole)}
    wrong |= {node.lineno for node in _sentences(tree)}
    return sorted(wrong)


def _names(function: ast.expr) -> set[str]:
    if isinstance(function, ast.IfExp):
        return _names(function.body) | _names(function.orelse)
    return {ast.unparse(function).rpartition(".")[2]}


def _plain(value: ast.expr) -> list[ast.expr]:
    """The parts of an expression that are put together here and now instead of said."""
    match value:
        case ast.Constant(value=str(text)):
            return [value] if text else []
        case ast.JoinedStr(values=values):
            # Whole sentences may stand side by side: f"{message} {advice}".
            return [
                value for part in values if isinstance(part, ast.Constant) and part.value.strip()
            ]
        case ast.BinOp():
            return [value]
        case ast.Call(func=ast.Attribute(attr="format" | "join")):
            return [value]
        case ast.IfExp(body=body, orelse=orelse):
            return _plain(body) + _plain(orelse)
        case ast.BoolOp(values=values):
            return [part for each in values for part in _plain(each)]
        case ast.NamedExpr(value=inner):
            return _plain(inner)
    return []


def _sentences(node: ast.AST) -> Iterator[ast.expr]:
    """Texts that read like a sentence, outside of what is said, logged, or for programmers."""
    match node:
        case ast.Expr(value=ast.Constant()):  # a docstring
            return
        case ast.Call(func=function) if _names(function) & {*SAY, *NOT_SPOKEN}:
            return
        case ast.Call(func=ast.Attribute(value=ast.Name(id="log"), attr=attr)) if attr in LOGGED:
            return
        case ast.keyword(arg="details" | "description" | "help"):
            return
        case ast.keyword(arg=name, value=ast.Constant()) if name in BY_BLENDER:
            return
        case ast.Call(func=function) if _names(function) & labels.NAMES_OF_STEPS.keys():
            return
        case ast.Constant(value=str(text)) if SENTENCE.fullmatch(text):
            yield node
        case ast.JoinedStr(values=values):
            parts = [part.value if isinstance(part, ast.Constant) else "X" for part in values]
            if SENTENCE.fullmatch("".join(parts)):
                yield node
    for child in ast.iter_child_nodes(node):
        yield from _sentences(child)


def name_of(path: Path) -> str:
    return path.relative_to(messages.ROOT).as_posix()


def test_whatever_a_user_may_read_is_said() -> None:
    trees = {
        name_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in messages.sources()
    }
    errors = errors_in(list(trees.values()))
    assert {"Refused", "LeaseLost", "BadModel", "Busy"} <= errors
    assert trees.keys() >= ENGLISH
    wrong = [
        f"{name}:{line}"
        for name, tree in trees.items()
        if name not in ENGLISH
        for line in unsaid(tree, errors)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "bad",
    [
        'raise BadModel("broken")',
        'raise errors.BadModel("broken")',
        'raise BadModel(f"{x} broken")',
        'raise BadModel("broken " + x)',
        'raise BadModel("broken %s" % x)',
        'raise BadModel("{} broken".format(x))',
        'raise BadModel(say("x"), "do that")',
        'raise BadModel(message=say("x"), advice="do that")',
        'raise BadModel(say("x") if x else "y")',
        'raise BadModel(x or "y")',
        'raise (BadModel if x else Own)("broken")',
        'raise Own("broken")',
        'yield Failed(message="broken")',
        'yield Stopped(message=say("x"), advice=f"{x} again")',
        'yield Postponed(message=f"{x} again")',
        'yield Interrupted(message="again")',
        'yield Ready(folder="", model="", warning="a part failed")',
        'publish(Trouble("broken"))',
        'publish(BalanceKnown(x, None, "broken"))',
        'publish(replace(task, note="cancelling"))',
        'message, advice = "The disk is full.", ""',
        'message = f"{x} is full."',
        'ERRORS = {1: ("The disk is full.", "")}',
        'return f"The {x} is too long."',
        'return f"“{x}” is a movie."',
        'layout.label(text=f"{x} is running.")',
    ],
)
def test_the_rule_sees_what_is_not_said(bad: str) -> None:
    classes = "class BadModel(MaquetteError): pass\nclass Own(BadModel): pass\n"
    tree = ast.parse(f"{classes}def f(x):\n    {bad}")
    assert unsaid(tree, errors_in([tree])) == [4]


@pytest.mark.parametrize(
    "good",
    [
        'raise BadModel(say("The disk is full."), say(ADVICE), details=f"Not shown at {x}.")',
        "raise BadModel(error.message, error.advice)",
        'raise BadModel(x or say("Full."), "")',
        'raise (BadModel if x else Own)(say("The disk is full."))',
        'log.warning("The disk is full.")',
        'raise AssertionError("This cannot be.")',
        'TABLE = {1: (mark("The disk is full."), "")}',
        'publish(Trouble(""))',
        'publish(Trouble(f"{message} {advice}"))',
        'layout.label(text="Blender translates this.")',
        'Option("name", "Label", description="Not a sentence to be said here.")',
    ],
)
def test_the_rule_lets_pass_what_is_said_or_not_shown(good: str) -> None:
    classes = "class BadModel(MaquetteError): pass\nclass Own(BadModel): pass\n"
    tree = ast.parse(f'{classes}def f(x):\n    "What it does."\n    {good}')
    assert unsaid(tree, errors_in([tree])) == []
