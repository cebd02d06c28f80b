"""A stand-in for `bpy.types.UILayout`, which exists only while a window is drawn.

It takes what the real one takes, by Blender's own description of it (RNA): unknown functions,
arguments, icons, properties, operators and operator arguments raise. It keeps what was drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

FUNCTIONS = bpy.types.UILayout.bl_rna.functions
PROPERTIES = bpy.types.UILayout.bl_rna.properties


class Layout:
    """open_panels: whether collapsible parts (`panel`) are unfolded."""

    def __init__(self, *, open_panels: bool = True, parent: Layout | None = None) -> None:
        fields = {"calls": [], "open_panels": open_panels, "parent": parent, "set": {}}
        self.__dict__.update(fields)

    def __setattr__(self, name: str, value: object) -> None:
        known = PROPERTIES[name]
        if known.is_readonly:
            raise AttributeError(f"UILayout.{name} is read-only")
        check_value(known, value)
        self.set[name] = value

    def __getattr__(self, name: str) -> Any:
        if name not in FUNCTIONS:
            raise AttributeError(f"UILayout has no {name}")

        def call(*given: object, **named: object) -> Any:
            arguments = bind(FUNCTIONS[name], given, named)
            check = getattr(self, f"_check_{name}", None)
            if check:
                check(arguments)
            result = self._result(name, arguments)
            self.calls.append((name, arguments, result))
            return result

        return call

    def _result(self, name: str, arguments: dict[str, Any]) -> Any:
        if name == "panel":
            header = Layout(open_panels=self.open_panels, parent=self)
            body = Layout(open_panels=self.open_panels, parent=self)
            return header, body if self.open_panels else None
        if name in ("row", "column", "box", "split", "column_flow", "grid_flow"):
            return Layout(open_panels=self.open_panels, parent=self)
        if name == "operator":
            return OperatorProperties(arguments["operator"])
        return None

    def _check_prop(self, arguments: dict[str, Any]) -> None:
        known = arguments["data"].bl_rna.properties
        assert arguments["property"] in known, arguments["property"]

    def _check_operator(self, arguments: dict[str, Any]) -> None:
        operator_type(arguments["operator"])

    def _check_template_list(self, arguments: dict[str, Any]) -> None:
        assert hasattr(bpy.types, arguments["listtype_name"])
        assert arguments["propname"] in arguments["dataptr"].bl_rna.properties
        assert arguments["active_propname"] in arguments["active_dataptr"].bl_rna.properties

    # --- what was drawn ---

    @property
    def is_enabled(self) -> bool:
        above = self.parent is None or self.parent.is_enabled
        return above and self.set.get("enabled", True)

    @property
    def is_dim(self) -> bool:
        above = self.parent is not None and self.parent.is_dim
        return above or not self.set.get("active", True)

    def drawn(self) -> Iterator[tuple[Layout, str, dict[str, Any], Any]]:
        """Everything in the order it is seen: where, what, arguments, result."""
        for name, arguments, result in self.calls:
            yield self, name, arguments, result
            parts = result if isinstance(result, tuple) else (result,)
            for part in parts:
                if isinstance(part, Layout):
                    yield from part.drawn()

    @property
    def words(self) -> list[str]:
        """The texts of labels, progress bars and buttons."""
        return [
            arguments["text"]
            for _, name, arguments, _ in self.drawn()
            if name in ("label", "progress", "operator") and arguments.get("text")
        ]

    @property
    def text(self) -> str:
        return "\n".join(self.words)

    def operators(self) -> dict[str, OperatorProperties]:
        """Operator id → its arguments, of the last button for it."""
        return {a["operator"]: result for _, n, a, result in self.drawn() if n == "operator"}

    def properties(self) -> dict[str, Layout]:
        """Property name → where it was drawn."""
        return {a["property"]: where for where, name, a, _ in self.drawn() if name == "prop"}

    def named(self, function: str) -> list[dict[str, Any]]:
        """The arguments of every call of a function of the layout."""
        return [arguments for _, name, arguments, _ in self.drawn() if name == function]


class OperatorProperties:
    """What `UILayout.operator` returns: takes only what the operator has."""

    def __init__(self, name: str) -> None:
        self.__dict__["known"] = operator_type(name).properties

    def __setattr__(self, name: str, value: object) -> None:
        if name not in self.known:
            raise AttributeError(f"the operator has no {name}")
        check_value(self.known[name], value)
        self.__dict__[name] = value


def operator_type(name: str) -> Any:
    """Raises KeyError if there is no such operator."""
    group, _, verb = name.partition(".")
    return getattr(getattr(bpy.ops, group), verb).get_rna_type()


def bind(function: Any, given: tuple[object, ...], named: dict[str, object]) -> dict[str, Any]:
    """The arguments by name; raises TypeError as the call itself would."""
    parameters = [p for p in function.parameters if not p.is_output]
    names = [p.identifier for p in parameters]
    if len(given) > len(names):
        raise TypeError(f"{function.identifier}: too many arguments")
    arguments = {**dict(zip(names, given, strict=False)), **named}
    for name, value in arguments.items():
        if name not in names:
            raise TypeError(f"{function.identifier}: no argument {name}")
        check_value(parameters[names.index(name)], value)
    for parameter in parameters:
        if parameter.is_required and parameter.identifier not in arguments:
            raise TypeError(f"{function.identifier}: {parameter.identifier} is missing")
    return arguments


def check_value(known: Any, value: object) -> None:
    """Raises TypeError or ValueError as assigning it would."""
    kinds = {"BOOLEAN": (bool,), "STRING": (str,), "INT": (int,), "FLOAT": (int, float)}
    if known.type in kinds and not isinstance(value, kinds[known.type]):
        raise TypeError(f"{known.identifier}: {value!r}")
    if known.type in ("INT", "FLOAT") and not known.hard_min <= value <= known.hard_max:
        raise ValueError(f"{known.identifier}: {value!r}")
    if known.type == "ENUM" and known.enum_items and value not in known.enum_items:
        raise TypeError(f"{known.identifier}: {value!r} is not one of its values")
