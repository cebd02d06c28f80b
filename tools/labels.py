"""What Blender itself translates, found where it stands in the source: labels, tooltips, the names
and descriptions of properties, constants handed to layouts and dialogs.

tests/blender/test_translations.py holds this against what Blender knows once all is registered.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

# Of a class. The tab of a panel is translated as its label is.
LABELS = ("bl_label", "bl_description", "bl_category")
# Types with a bl_description, which is their docstring unless they have one of their own
# (`bpy_class_validate_recursive`, source/blender/python/intern/bpy_rna.cc).
DESCRIBED = {"Operator", "Panel", "Menu"}
PROPERTY = re.compile(r"[A-Z]\w*Property")
# Of layouts and dialogs (`rna_translate_ui_text`, source/blender/makesrna/intern/rna_ui_api.cc),
# and the names of undo steps (`undo_history_draw_menu`, source/blender/editors/undo/ed_undo.cc).
SHOWN = {"text", "placeholder", "heading", "title", "confirm_text", "cancel_text"}
NAMES_OF_STEPS = {"undo_push": "message"}
# Functions of ours that hand an argument, by its place, on as a text.
HANDED_ON = {"_draw_fact": 2}


class Unfit(Exception):
    """A text that a translation could not be found for, or not be used; with its place."""


def in_tree(tree: ast.Module, name: str) -> Iterator[tuple[str, str]]:
    """(text, "file:line") of one file. Errors: Unfit."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            found = _of_class(node, name)
        elif isinstance(node, ast.Call):
            found = _of_call(node)
        else:
            continue
        for value in found:
            place = f"{name}:{value.lineno}"
            for text in _texts(value, place):
                yield text, place


def _of_class(node: ast.ClassDef, name: str) -> Iterator[ast.expr]:
    own = {
        target.id: statement.value
        for statement in node.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    yield from (own[label] for label in LABELS if label in own)
    described = {_last(base) for base in node.bases} & DESCRIBED
    doc = ast.get_docstring(node, clean=False)
    if described and doc and "bl_description" not in own:
        if "\n" in doc:  # Python before 3.13 leaves the indentation in it: two texts, neither nice
            raise Unfit(f"{name}:{node.lineno}: a tooltip of several lines; use bl_description")
        yield node.body[0].value  # type: ignore[attr-defined]


def _of_call(call: ast.Call) -> Iterator[ast.expr]:
    function = _last(call.func)
    arguments = {keyword.arg: keyword.value for keyword in call.keywords}
    if PROPERTY.fullmatch(function):
        yield from (arguments[name] for name in ("name", "description") if name in arguments)
        items = arguments.get("items")
        if isinstance(items, ast.Tuple):
            # (identifier, name, description, …); one made by a loop is of the services.
            yield from (part for item in items.elts for part in item.elts[1:3])  # type: ignore[attr-defined]
        return
    if function in HANDED_ON:
        yield call.args[HANDED_ON[function]]
    if function in NAMES_OF_STEPS:
        yield arguments[NAMES_OF_STEPS[function]]
    translate = arguments.get("translate")
    if not (isinstance(translate, ast.Constant) and translate.value is False):
        yield from (value for name, value in arguments.items() if name in SHOWN)


def _texts(value: ast.expr, place: str) -> Iterator[str]:
    """Nothing for what comes from elsewhere, translated or not; tests draw it and look."""
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from _texts(body, place)
            yield from _texts(orelse, place)
        case ast.JoinedStr():
            yield from _of_services(value, place)
        case ast.BinOp():
            raise Unfit(f"{place}: put together before Blender looks for its translation")


def _of_services(text: ast.JoinedStr, place: str) -> Iterator[str]:
    """A text with facts about a service in it, f"… {provider.label} …", as it is made for each."""
    from core.providers import all_providers

    for provider in all_providers():
        whole = ""
        for part in text.values:
            match part:
                case ast.Constant(value=str(constant)):
                    whole += constant
                case ast.FormattedValue(
                    value=ast.Attribute(value=ast.Name(id="provider"), attr=fact)
                ):
                    whole += getattr(provider, fact)
                case _:
                    raise Unfit(f"{place}: put together before Blender looks for its translation")
        if provider.needs_network:  # only such a one has anything to be entered
            yield whole


def _last(name: ast.expr) -> str:
    """ "Operator" of `bpy.types.Operator`."""
    return ast.unparse(name).rpartition(".")[2]
