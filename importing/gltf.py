"""Blender's glTF importer, kept from touching anything of the user's.

Thread: main, and it holds it for as long as it takes: 0.1 s for 50,000 triangles, 2.5 s for
1,500,000. What is said of the importer was read in its source as shipped with 4.2.23, 4.5.15 and
5.0.1, and tried there. One trace is left: a file with material variants turns on the glTF add-on's
preference to show them (taking that back by hand would leave properties without their types).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy

from ..core.errors import BadModel, MaquetteError, SetupError
from ..core.language import say
from . import importer


@contextmanager
def imported(
    context: bpy.types.Context, path: Path, scene: bpy.types.Scene
) -> Iterator[bpy.types.ViewLayer]:
    """Import the file as it would come into `scene`, but into a scene of its own.

    Yields that scene's view layer, evaluated. Whoever uses this takes the objects out of it and
    removes what else has come, also after an error. Errors: SetupError, BadModel, MaquetteError.
    """
    if not hasattr(bpy.types, "IMPORT_SCENE_OT_gltf"):
        raise SetupError(
            say("Blender's glTF add-on is disabled, so the model cannot be imported."),
            say("Enable “glTF 2.0 format” under Preferences > Add-ons and press Import."),
        )
    with _workshop(context, scene) as view_layer:
        said = importer.run(path)
        if said is not None:
            raise BadModel(
                say("Blender's glTF add-on could not import the model."),
                say("The file stays where it is: {path}", path=path),
                details=said,
            )
        view_layer.update()
        yield view_layer


@contextmanager
def _workshop(context: bpy.types.Context, scene: bpy.types.Scene) -> Iterator[bpy.types.ViewLayer]:
    """A scene to import into, the same as `scene` in all that the importer looks at.

    In the user's scene the importer would change the selection, the active object, the mode (it
    leaves Edit Mode) and, in 4.2, custom properties. It knows of no scene but the context's. And
    in a scene of its own, the model is all that has to be evaluated to measure it.
    """
    # Names of material variants and lists of animations the importer puts into the first of all
    # scenes, by name, in the place of what is there: that is this one, with a name before all.
    workshop = bpy.data.scenes.new("\x01Maquette import")
    importer.apply(workshop, importer.settings(scene))
    # 4.2 asks whether there is a collection of the active one's name; were it the scene's own, it
    # would take a collection that the user calls "Scene Collection" for it.
    collection = bpy.data.collections.new("Maquette import")
    workshop.collection.children.link(collection)
    view_layer = workshop.view_layers[0]
    view_layer.update()  # until then, 5.2 has no layer collections in a new scene (seen in 5.2.2)
    layer_collection = view_layer.layer_collection.children[0]
    view_layer.active_layer_collection = layer_collection

    window = context.window or next(iter(context.window_manager.windows), None)
    if window is None:
        raise MaquetteError(say("Blender has no window, so the model cannot be imported."))
    shown, shown_layer = window.scene, window.view_layer
    # Two overrides: with a window in the same one, Blender takes the scene from the window.
    with (
        context.temp_override(window=window),
        context.temp_override(
            scene=workshop,
            view_layer=view_layer,
            collection=collection,
            layer_collection=layer_collection,
        ),
    ):
        try:
            yield view_layer
        finally:
            # To make bones, the importer shows its scene in the window (BlenderNode.create_bones).
            if window.scene != shown:
                window.scene = shown
                window.view_layer = shown_layer
