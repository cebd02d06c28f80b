"""Asking a service about money: what is left, and what the form would cost.

Thread: main; the answers come to `session.balance` and `session.price`.
Blender reads the annotations: no `from __future__ import annotations` here.
"""

import bpy
from bpy.props import StringProperty

from .. import properties, session
from ..core.errors import BadRequest, MaquetteError
from ..core.providers import get_provider


class MAQUETTE_OT_balance(bpy.types.Operator):
    """Ask the service for your balance"""

    bl_idname = "maquette.balance"
    bl_label = "Ask for Balance"
    bl_options = {"INTERNAL"}

    provider: StringProperty(name="Service", options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _can_ask(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            problem = session.setup_problem(get_provider(self.provider))
        except BadRequest as error:
            problem = str(error)
        if problem:
            self.report({"ERROR"}, problem)
            return {"CANCELLED"}
        session.engine().balance(self.provider)
        return {"FINISHED"}


class MAQUETTE_OT_quote(bpy.types.Operator):
    """Ask the service what this would cost. Asking costs nothing"""

    bl_idname = "maquette.quote"
    bl_label = "Ask for Price"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _can_ask(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = properties.get(context)
        try:
            request = settings.priced_request(properties.pictures(context))
        except MaquetteError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        session.engine().quote(request)
        return {"FINISHED"}


def _can_ask(operator: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """May the form's service be asked anything? Else the button is grey and says why."""
    try:
        problem = session.setup_problem(properties.get(context).provider)
    except BadRequest as error:
        problem = str(error)
    if problem:
        operator.poll_message_set(problem)
    return not problem


CLASSES: tuple[type, ...] = (MAQUETTE_OT_balance, MAQUETTE_OT_quote)
