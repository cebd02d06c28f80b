"""`python tools/messages.py`: every English text of the extension that a language has words for.

They are found where they stand: as the first argument of `say` and of what hands it on, in
`mark`, in what the services declare, and, by labels.py, in what Blender translates by itself.
Refused is what would never be found or never fit: a sentence put together before it is looked up,
one that is said at import, one whose {names} are not those of its values. Needs no Blender.
"""

from __future__ import annotations

import ast
import re
import string
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from core.providers import all_providers  # noqa: E402
from tools import labels  # noqa: E402
from tools.labels import Unfit  # noqa: E402

SAYING = ("say", "damaged", "too_much")  # each translates its first argument
LAYERS = ("core", "importing", "operators", "panels")
LATER = (ast.Name, ast.Attribute, ast.Subscript, ast.Call)  # something marked elsewhere

_TIERS = "a tier of Rodin: its messages, prices and documentation call it so"
NOT_TRANSLATED = {
    "Maquette": "our name",
    "Sandbox": "a service's name",
    "Hyper3D Rodin": "a service's name",
    "Triverse": "a service's name",
    **dict.fromkeys(("Sketch", "Regular", "Detail", "Smooth", "Gen-2"), _TIERS),
    **{
        f"Gen-2.5 {effort}": _TIERS
        for effort in ("Extreme Low", "Low", "Medium", "High", "Extreme High")
    },
    "HighPack": "Rodin's name for it",
    "Turbo": "Triverse's name for it",
    "PBR": "a kind of material, called so everywhere",
    "Shaded": "Rodin's name for a kind of material",
}


def messages() -> dict[str, list[str]]:
    """Text → places, sorted by text. Errors: Unfit."""
    found: dict[str, list[str]] = {}
    for text, place in [*in_files(sources()), *declared()]:
        if text not in NOT_TRANSLATED:
            found.setdefault(text, []).append(place)
    return dict(sorted(found.items()))


def sources() -> list[Path]:
    """What is shipped and speaks to the user. The Sandbox's server speaks as a service does."""
    paths = [*ROOT.glob("*.py"), *(p for layer in LAYERS for p in (ROOT / layer).rglob("*.py"))]
    sandbox = ROOT / "core" / "sandbox"
    return sorted(p for p in paths if p.name != "noxfile.py" and sandbox not in p.parents)


def in_files(paths: Iterable[Path]) -> Iterator[tuple[str, str]]:
    for path in paths:
        yield from in_source(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())


def in_source(source: str, name: str) -> Iterator[tuple[str, str]]:
    """(text, "file:line") of one file. Errors: Unfit."""
    tree = ast.parse(source, filename=name)
    yield from ((text, at) for text, at in labels.in_tree(tree, name) if _is_words(text))
    for call, at_import in _calls(tree, True):
        function = _name(call.func)
        if function not in (*SAYING, "mark"):
            continue
        place = f"{name}:{call.lineno}"
        text = call.args[0] if call.args else None
        if at_import and function != "mark":
            raise Unfit(f"{place}: said at import, and so once for ever; mark it there")
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            _check_values(text.value, call, function, place)
            yield text.value, place
        elif function == "mark" or not isinstance(text, LATER):
            raise Unfit(f"{place}: {function}() needs the whole text as one constant")


def declared() -> Iterator[tuple[str, str]]:
    """What the services say about themselves and their options, as properties.py shows it."""
    for provider in all_providers():
        texts = [(provider.id, provider.label)]
        texts += [(provider.id, provider.description), (provider.id, provider.sends)]
        for option in provider.options:
            place = f"{provider.id}.{option.name}"
            texts += [(place, option.label), (place, option.description.rstrip("."))]
            for choice in option.choices:
                at = f"{place}={choice.value}"
                texts += [(at, choice.label), (at, choice.description)]
        yield from ((text, place) for place, text in texts if _is_words(text))


def _is_words(text: str) -> bool:
    """Not "2048" and "v2"."""
    return bool(re.search(r"[A-Za-z]{2}", text))


def fields(template: str) -> list[str]:
    """The names in it. Errors: ValueError."""
    names = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
    if not all(name.isidentifier() for name in names):
        raise ValueError("a value without a plain name")
    return names


def _check_values(template: str, call: ast.Call, function: str, place: str) -> None:
    try:
        names = set(fields(template))
    except ValueError as error:
        raise Unfit(f"{place}: {error} in {template!r}") from None
    values = {keyword.arg for keyword in call.keywords}
    # What is marked gets its values elsewhere; None stands for `**values`.
    if function != "mark" and None not in values and names != values:
        raise Unfit(f"{place}: {sorted(names ^ values)} in only one of {template!r} and its values")


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.attr if function.value.id == "language" else ""
    return function.id if isinstance(function, ast.Name) else ""


def _calls(node: ast.AST, at_import: bool) -> Iterator[tuple[ast.Call, bool]]:
    """Every call below, and whether it is made when its module is imported."""
    if isinstance(node, ast.Call):
        yield node, at_import
    inside: list[ast.AST] = []
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        inside = list(node.body)
    elif isinstance(node, ast.Lambda):
        inside = [node.body]
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, at_import and child not in inside)


def main() -> None:
    for text, places in messages().items():
        print(text)
        print(f"    {', '.join(places)}")


if __name__ == "__main__":
    main()
