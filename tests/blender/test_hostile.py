"""Hostile GLBs: what the check lets through, a real Blender imports whole, or not at all.

The corpus is tests/reliability/hostile_glbs.py. Blender runs in child processes, so that its death
is a result and not the end: `python -m tests.blender.test_hostile FOLDER` imports the files that
are named on its stdin and tells of each in a line of JSON. MAQUETTE_CAMPAIGN=1 takes the whole
corpus.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.reliability.hostile_glbs import corpus
from tests.reliability.outcomes import note

FULL = bool(os.environ.get("MAQUETTE_CAMPAIGN"))
ROOT = Path(__file__).parents[2]
MEMORY = 6 << 30  # bytes of address space above those of an idle Blender; a picture may take 4 GiB

# What may be taken by the check and still not come in: what is said, and of which cases.
NOT_IMPORTED = {
    # Its points are finite, but not what its bones make of them: only Blender can know that.
    "The model's size is not a number, so it has no place in a scene.": "",
    # Attributes' names are cut at 63 bytes, under which the importer does not find them again.
    "Blender's glTF add-on could not import the model.": "own numbers called 'nnn",
}


class Children:
    """A Blender that imports, and the next one where it has died."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[str] | None = None

    def imports(self, name: str) -> dict[str, Any]:
        """What became of the file; {"died": exit code} where Blender did."""
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.blender.test_hostile", str(self.folder)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            assert self.process.stdout
            assert self.process.stdout.readline() == "ready\n"
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{name}\n")
        self.process.stdin.flush()
        if line := self.process.stdout.readline():
            answer: dict[str, Any] = json.loads(line)
            return answer
        return {"died": self.end()}

    def end(self) -> int:
        if self.process is None:
            return 0
        assert self.process.stdin
        self.process.stdin.close()
        code = self.process.wait(60)
        self.process = None
        return code


@pytest.mark.timeout(900)  # a Blender that hangs is a result, too
@pytest.mark.skipif(sys.platform != "linux", reason="limits a child's memory as on Linux")
def test_what_is_taken_is_imported_whole_or_not_at_all(tmp_path: Path) -> None:
    from bl_ext.user_default.maquette.core.errors import BadModel
    from bl_ext.user_default.maquette.core.glb import check

    path, ends, wrong, peak = tmp_path / "model.glb", Counter[str](), [], 0
    blender = Children(tmp_path)
    try:
        for case in corpus(FULL):
            path.write_bytes(case.make())
            try:
                check(path)
            except BadModel:
                continue
            became = blender.imports(path.name)
            ends[became.get("error") or ("died" if "died" in became else "imported")] += 1
            wrong += [f"{case.name}: {each}" for each in faults(case.name, became)]
            peak = max(peak, became.get("peak", 0))
    finally:
        code = blender.end()
    for outcome, count in ends.items():
        note("content", "", "GLB into Blender", outcome, tried=count, wrong=0)
    if wrong:
        note("content", "", "GLB into Blender", "wrong", tried=0, wrong=len(wrong))
    print(f"hostile GLBs into Blender: {dict(ends)}; at most {peak} MiB")
    assert not wrong, "\n".join(wrong)
    assert code == 0


def faults(case: str, became: dict[str, Any]) -> list[str]:
    """What must not become of a file."""
    if "died" in became:
        return [f"Blender died ({became['died']})"]
    if "error" in became:
        found = [f"left behind: {became['left']}"] if became["left"] else []
        if NOT_IMPORTED.get(became["error"], "nothing") not in case:
            found.append(f"not imported: {became['error']} {became['details']}")
        return found
    # A mesh whose triangles all lack an area comes without them, but it comes.
    return [] if became["objects"] and became["meshes"] and became["placed"] else ["not whole"]


# --- the child --------------------------------------------------------------------------------


def child(folder: Path) -> None:
    """Import what is named on stdin, file by file, into a scene that is somebody's."""
    import resource  # POSIX only

    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Blender prints
    importlib.import_module("tests.blender.conftest")  # installs the zip; before anything of it

    import bpy
    from bl_ext.user_default.maquette.core.errors import MaquetteError
    from bl_ext.user_default.maquette.core.model import GenerationRequest, Task, TaskState
    from bl_ext.user_default.maquette.importing import place
    from bl_ext.user_default.maquette.importing.blocks import KINDS

    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, now + MEMORY))
    print("ready", file=told, flush=True)

    def blocks() -> dict[str, set[int]]:
        return {kind: {b.session_uid for b in getattr(bpy.data, kind)} for kind in KINDS}

    def imported(name: str) -> dict[str, Any]:
        bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
        bpy.context.scene.collection.objects.link(bpy.data.objects.new("Mine", None))
        before = blocks()
        task = Task(
            id="0123",
            request=GenerationRequest("sandbox", "a red chair"),
            state=TaskState.READY,
            folder=str(folder),
            model=name,
        )
        try:
            names = place.import_model(
                bpy.context, task, bpy.context.scene, location=(3, -4, 5), select=True
            )
        except MaquetteError as error:
            after = blocks()
            left = {kind: len(after[kind] ^ before[kind]) for kind in after}
            left = {kind: count for kind, count in left.items() if count}
            return {"error": error.message, "details": error.details, "left": left}
        objects = [bpy.data.objects[name] for name in names]
        meshes = {obj.data for obj in objects if obj.type == "MESH"}
        bpy.context.view_layer.update()
        spots = [value for obj in objects for row in obj.matrix_world for value in row]
        for image in bpy.data.images:
            tuple(image.size)  # pixels are decoded when they are first asked for
        return {
            "objects": len(objects),
            "meshes": len(meshes),
            "placed": all(abs(value) < float("inf") for value in spots),
        }

    for line in sys.stdin:
        name = line.strip()
        answer = imported(name)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(json.dumps({"file": name, "peak": peak, **answer}), file=told, flush=True)


if __name__ == "__main__":
    child(Path(sys.argv[1]))
