"""What bench/responsiveness.py serves: large models, and a service whose clock a scenario puts."""

import random
import sys
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

import numpy as np  # noqa: E402

from core.sandbox import lathe  # noqa: E402
from core.sandbox.messages import Reply  # noqa: E402
from core.sandbox.png import write_rgb  # noqa: E402
from tests.blender.picture_files import write_png  # noqa: E402
from tests.core.glb_files import Glb, quad  # noqa: E402
from tests.services import faults  # noqa: E402

FILES = ROOT / ".nox" / "bench-files"  # the labs see it; nox keeps its own in .nox/bench
KEY = "usual"  # in the addresses of the baseline


def model(triangles: int, pixels: int) -> Path:
    """A turned vase with normals, texture coordinates, and three textures so wide and high."""
    path = FILES / f"{triangles}-{pixels}.glb"
    if path.is_file():
        return path
    mesh = lathe.mesh_of(lathe.turned({"vase"}, random.Random(3)), triangles)
    glb = Glb()
    positions = mesh.positions.astype("<f4")
    bounds = {"min": positions.min(axis=0).tolist(), "max": positions.max(axis=0).tolist()}
    arrays = {"POSITION": positions, "NORMAL": mesh.normals, "TEXCOORD_0": mesh.uvs}
    attributes = {
        name: glb.accessor(
            "f",
            f"VEC{rows.shape[1]}",
            len(rows),
            glb.view(rows.astype("<f4").tobytes()),
            **(bounds if name == "POSITION" else {}),
        )
        for name, rows in arrays.items()
    }
    faces = mesh.triangles.astype("<u4")
    indices = glb.accessor("I", "SCALAR", faces.size, glb.view(faces.tobytes()))
    # Smooth, with the last bits at random: a few megabytes each, as pictures of surfaces are.
    across = np.linspace(0, 200, pixels, dtype=np.uint8)
    smooth = (across[:, None] // 2 + across[None, :] // 2)[..., None] + np.array([0, 20, 40], "u1")
    noise = np.random.default_rng(3).integers(0, 2, smooth.shape, dtype=np.uint8)
    picture = write_rgb(smooth + noise)
    images = [{"bufferView": glb.view(picture), "mimeType": "image/png"} for _ in range(3)]
    glb.json |= {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"name": "model", "mesh": 0}],
        "meshes": [{"primitives": [{"attributes": attributes, "indices": indices, "material": 0}]}],
        "materials": [
            {
                "normalTexture": {"index": 1},
                "pbrMetallicRoughness": {
                    "baseColorTexture": {"index": 0},
                    "metallicRoughnessTexture": {"index": 2},
                },
            }
        ],
        "textures": [{"source": number} for number in range(3)],
        "images": images,
    }
    FILES.mkdir(parents=True, exist_ok=True)
    path.write_bytes(glb.data())
    return path


def heavy(mebibytes: int) -> Path:
    """A small model in a file so large: what a download costs."""
    path = FILES / f"{mebibytes}-mib.glb"
    if not path.is_file():
        glb = quad()
        glb.view(np.random.default_rng(5).bytes(mebibytes << 20))
        FILES.mkdir(parents=True, exist_ok=True)
        path.write_bytes(glb.data())
    return path


def picture(pixels: int) -> Path:
    """A square one."""
    path = FILES / f"{pixels}.png"
    if not path.is_file():
        FILES.mkdir(parents=True, exist_ok=True)
        across = np.linspace(0, 250, pixels, dtype=np.uint8)
        gray = across[:, None] // 2 + across[None, :] // 2
        write_png(path, np.repeat(gray[..., None], 3, axis=2))
    return path


def serving(path: Path | None):
    """The service of a scenario: its job takes 100 s of a clock that the scenario puts; its model
    is that file. For the usual way the same under addresses without a protocol."""
    content = path.read_bytes() if path else b""

    def service(sandbox):
        work = sandbox.folder.parent
        hand, begun = work / "clock.txt", time.time()

        def passed() -> float:
            return float(hand.read_text() or 0) if hand.exists() else 0.0

        def note() -> None:
            (work / "requested.txt").write_text(str(time.time()))

        def answer(request, carry_out):
            if f"/{KEY}/" in request.path:
                if request.path.endswith(".glb"):
                    note()
                    return Reply(200, {}, content)
                return Reply.of({"done": passed() >= 100.0})
            return theirs(request, carry_out)

        def fetched(request, carry_out):
            # A service has made model and picture by now. This one makes them when it is asked.
            reply = carry_out()
            _, protocol, job, *_ = request.path.split("/")
            sandbox.jobs.file(sandbox.jobs.get(job, protocol), "preview.png")
            note()
            return replace(reply, body=content)

        theirs = faults.on(faults.MODEL, fetched, times=None) if path else lambda *_: None
        sandbox.seconds = 100.0
        sandbox.clock = sandbox.jobs.clock = lambda: begun + passed()
        sandbox.triverse.balance = 1e9
        sandbox.triverse.parallel_limit = 10_000
        sandbox.intercept = answer
        yield

    return service
