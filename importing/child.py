"""The program of the background Blender: makes a .blend of each model that it is told.

    blender --background … --python child.py -- FOLDER NAME

Reads orders from stdin, a line of JSON each: number, limit (seconds), and of a model: glb (path),
picture (of the result: path or ""), title, and what importer.settings says. For it, it writes
<number>.blend into FOLDER/NAME, uncompressed, its large images and UV maps beside it (images.py,
uv_maps.py), and then <number>.json: ok, seconds (of each part), measures, or what was wrong. Each
appears whole: it is written under another name first. Of pictures to be sent: pictures, as pairs of
what is to be read and written; for them <number>.json. A file ready.json says that the start is
over.

It ends after IDLE seconds without an order; when an order takes longer than its limit; and, taking
FOLDER along, when stdin ends: that is, when the Blender that started it is gone, however that came.
Of the extension it needs the files that it loads; what is in its __init__.py is not run. Talks to
nobody.
"""

import faulthandler
import functools
import importlib
import json
import os
import queue
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy

IDLE = 60.0  # seconds
NICE = 10  # on a machine with few cores, the Blender that somebody works in goes first
IN_USE = "in-use"  # as in background.py
FULL = 1 << 20  # bytes left on a disk that is full
ROOM = 3  # times the size of a GLB: what a .blend of it may need

_OF_MODELS = ("objects", "meshes", "materials", "cameras", "lights", "images")
_GLTF = "io_scene_gltf2.blender.imp.blender_gltf"


def main(shared: Path, name: str) -> None:
    if hasattr(os, "nice"):
        os.nice(NICE)
    folder = shared / name
    orders: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(orders, shared), daemon=True).start()
    _warm_up(folder)
    # What the startup file has: an equal name would make a model's end in .001.
    _remove(block for kind in _OF_MODELS for block in getattr(bpy.data, kind))
    kinds = _load("importing.blocks").KINDS
    before = {kind: set(getattr(bpy.data, kind)) for kind in kinds}
    _write(folder / "ready.json", {})
    while True:
        try:
            order = json.loads(orders.get(timeout=IDLE))
        except queue.Empty:
            # Not sys.exit: there is nothing to take down, and nothing may keep it from ending.
            os._exit(0)
        # Its own thread needs no lock of Python's, so it also ends what hangs in the middle of C
        # (`faulthandler_thread`, Modules/faulthandler.c); what ran then is printed.
        faulthandler.dump_traceback_later(order["limit"], exit=True)
        answer = _prepare(order) if "pictures" in order else _carry_out(order, folder)
        faulthandler.cancel_dump_traceback_later()
        _write(folder / f"{order['number']}.json", answer)
        # Reading the startup file anew would take as long as the start.
        _remove(
            block
            for kind in kinds
            for block in getattr(bpy.data, kind)
            if block not in before[kind]
        )


def _listen(orders: "queue.SimpleQueue[str]", shared: Path) -> None:
    """Waits for Python's lock, so it ends when the present step of the importer's is over: at once,
    but in the middle of 1,500,000 triangles after seconds."""
    for line in sys.stdin:
        orders.put(line)
    # Windows does not remove what is open, as its own log is; what is marked, another removes.
    for part in shared.iterdir():
        if part.name != IN_USE:
            shutil.rmtree(part, ignore_errors=True)
    if [part.name for part in shared.iterdir()] in ([], [IN_USE]):
        shutil.rmtree(shared, ignore_errors=True)
    os._exit(0)


def _load(name: str) -> ModuleType:
    """A module of the extension. What it is found in is a package here, in this process of its own,
    and nowhere else."""
    if "maquette_files" not in sys.modules:
        package = sys.modules["maquette_files"] = ModuleType("maquette_files")
        package.__path__ = [str(Path(__file__).parents[1])]
    return importlib.import_module(f"maquette_files.{name}")


def _warm_up(folder: Path) -> None:
    """What would be loaded when the importer is called first, a tenth of a second, and, in 5.2,
    when the first picture is read: half of that."""
    try:
        numpy = importlib.import_module("numpy")
        # The importer asks which vertices its faces use (`do_primitives`, io_scene_gltf2/blender/
        # imp/mesh.py), for which numpy sorts all corners: a quarter of a large model's import.
        numpy.unique = functools.partial(unique, numpy, numpy.unique)
        for name in ("io_scene_gltf2.io.imp.gltf2_io_gltf", _GLTF):
            importlib.import_module(name)
        image, file = bpy.data.images.new("first", 1, 1), folder / "first.png"
        image.save(filepath=str(file))
        preview.give([bpy.data.objects.new("first", None)], str(file))
        file.unlink()
    except (ImportError, OSError, RuntimeError):
        pass  # said when it is called; a full disk, when something is written


def unique(numpy: ModuleType, by_sorting: Callable[..., Any], values: Any, **options: Any) -> Any:
    """numpy.unique. For indices, with nothing asked for but `return_inverse`, it counts instead,
    which is ten times as fast; the same comes of it."""
    counted = (
        options == {"return_inverse": True}
        and isinstance(values, numpy.ndarray)
        and values.ndim == 1
        and values.dtype.kind in "iu"
        and values.size
        and values.min() >= 0
        and values.max() < 4 * values.size
    )
    if not counted:
        return by_sorting(values, **options)
    used = numpy.zeros(int(values.max()) + 1, dtype=bool)
    used[values] = True
    places = numpy.cumsum(used, dtype=numpy.intp) - 1
    return numpy.flatnonzero(used).astype(values.dtype), places[values]


def _carry_out(order: dict, folder: Path) -> dict[str, object]:
    seconds: dict[str, float] = {}
    begun = time.perf_counter()

    def lap(part: str) -> None:
        nonlocal begun
        now = time.perf_counter()
        seconds[part], begun = now - begun, now

    try:
        importer.apply(bpy.context.scene, order)
        said = importer.run(Path(order["glb"]))
        lap("import")
        if said is not None:
            return {"ok": False, "kind": "model", "error": said}
        if not bpy.data.objects:
            return {"ok": False, "kind": "model", "error": ""}
        bpy.context.view_layer.update()
        objects, measures = shape.shape(list(bpy.data.objects), order["title"])
        for obj in objects:
            obj.select_set(False)
        lap("shape")
        preview.give(objects, order["picture"])
        lap("preview")
        blend = folder / f"{order['number']}.blend"
        images.set_apart(objects, blend)
        uv_maps.set_apart(objects, blend)
        half = blend.with_suffix(".part")
        # Of all that is in this file, only what the model consists of; packed images stay so.
        bpy.data.libraries.write(str(half), set(objects), compress=False)
        os.replace(half, blend)
        lap("save")
        return {"ok": True, "measures": measures, "seconds": seconds}
    except shape.Unplaceable:
        return {"ok": False, "kind": "model", "error": ""}
    except Exception as error:
        traceback.print_exc()
        # When a disk fills up, libraries.write takes away what it has written, and what it raises
        # says hardly what was wrong, and not always as an OSError.
        room = 0
        with suppress(OSError):  # the model is gone
            room = ROOM * Path(order["glb"]).stat().st_size if "preview" in seconds else 0
        full = shutil.disk_usage(folder).free < FULL + room
        # Else there is no room for the answer and for the next.
        for half in folder.glob(f"{order['number']}[.-]*"):
            with suppress(OSError):
                half.unlink()
        said = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        if full:
            return {"ok": False, "kind": "disk", "error": ""}
        kind = "disk" if isinstance(error, OSError) else "other"
        return {"ok": False, "kind": kind, "error": said}


def _prepare(order: dict) -> dict[str, object]:
    """Pictures. What is wrong with one the other Blender says, in the user's language."""
    pictures = _load("pictures")
    try:
        for source, target in order["pictures"]:
            pictures.to_png(source, Path(target))
    except Exception as error:
        # Not what one Blender fails at for want of memory: it would be tried in the other.
        expected = isinstance(error, _load("core.errors").MaquetteError)
        kind = "picture" if expected else "other"
        return {"ok": False, "kind": kind, "error": type(error).__name__}
    return {"ok": True, "measures": {}, "seconds": {}}


def _remove(blocks: Iterable[bpy.types.ID]) -> None:
    bpy.data.batch_remove(list(blocks))


def _write(path: Path, content: dict[str, object]) -> None:
    half = path.with_suffix(".half")
    half.write_text(json.dumps(content), encoding="utf-8")
    for left in (*range(20), None):
        try:
            return os.replace(half, path)
        except PermissionError:  # Windows: a scanner has it open for a moment
            if left is None:
                raise
            time.sleep(0.05)


if __name__ == "__main__":
    importer, shape = _load("importing.importer"), _load("importing.shape")
    preview, images = _load("importing.preview"), _load("importing.images")
    uv_maps = _load("importing.uv_maps")
    try:
        main(Path(sys.argv[-2]), sys.argv[-1])
    except BaseException:
        # Its folder is gone, or full: nothing more can be told. Python would wait for the listener.
        traceback.print_exc()
        os._exit(1)
