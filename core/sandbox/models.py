"""From an order to the bytes of a model and its preview picture.

The same prompt and seed give the same bytes. numpy, which Blender brings along, is imported only
when something is made.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..picture_size import picture_size

if TYPE_CHECKING:
    from .gltf import Floats, Material, Mesh

FEWEST_TRIANGLES, MOST_TRIANGLES = 500, 1_500_000
PREVIEW_TRIANGLES = 10_000


@dataclass(frozen=True)
class Order:
    """What a model is made from.

    seed: None: from the prompt alone. picture: an encoded picture. triangles: to aim for; the
    result has no more, unless fewer than 500 are wanted. box: its proportions along glTF's x,
    y (up) and z, (0, 0, 0): free. height: real height in metres, 0: free. textured: with a
    material and its texture. texture_size: side of a generated texture in pixels, a power of two
    from 256.
    """

    prompt: str = ""
    seed: int | None = None
    picture: bytes | None = field(default=None, repr=False)
    triangles: int = 20_000
    box: tuple[int, ...] = (0, 0, 0)
    height: float = 0.0
    textured: bool = True
    texture_size: int = 512


def make_model(order: Order, name: str) -> dict[str, bytes]:
    """The file `name`: "model.glb", "shaded.glb" (the light is in the texture) or "preview.png";
    and others that came of the same work. Errors: KeyError for another name."""
    from . import gltf, preview

    wanted = min(max(order.triangles, FEWEST_TRIANGLES), MOST_TRIANGLES)
    if name == "preview.png":
        mesh, material, texels = _made(order, min(wanted, PREVIEW_TRIANGLES))
        mesh = gltf.placed(mesh, order.box)
        shown = material if order.textured else gltf.Material()
        turn = 18.0 if order.picture else 28.0
        return {
            name: preview.render(
                mesh,
                texels if order.textured else None,
                shown.color,
                shown.metallic,
                shown.roughness,
                turn,
            )
        }
    mesh, material, _ = _made(order, wanted)
    mesh = gltf.placed(mesh, order.box, order.height)
    if not order.textured:
        return {name: gltf.write_glb(mesh, None)}
    baked = {"model.glb": False, "shaded.glb": True}[name]
    return {name: gltf.write_glb(mesh, gltf.baked(material) if baked else material)}


def _made(order: Order, triangles: int) -> tuple[Mesh, Material, Floats | None]:
    """(mesh, material, the texture's texels, linear, or None)."""
    if order.picture:
        return _from_picture(order.picture, triangles)
    return _from_text(order, triangles)


def _from_text(order: Order, triangles: int) -> tuple[Mesh, Material, Floats | None]:
    from . import facets, lathe, palette, texture
    from .gltf import Material
    from .png import read_png
    from .preview import linear

    seed = f"{order.prompt.strip()}\n{order.seed}"
    shaping, painting = random.Random("shape " + seed), random.Random("paint " + seed)
    in_order = re.findall(r"[a-z]+", order.prompt.lower())
    words = set(in_order)
    is_turned = bool(words & lathe.NAMES)
    if not is_turned and not words & facets.NAMES:
        is_turned = shaping.random() < 0.6
    if is_turned:
        form = lathe.turned(words, shaping)
        mesh = lathe.mesh_of(form, triangles)
        colors = palette.palette(in_order, painting, "turned")
        height, rim = lathe.heights(form, order.texture_size)
        content = texture.turned_texture(painting, order.texture_size, colors, height[::-1], rim)
    else:
        mesh, stony = facets.faceted(words, shaping, triangles)
        colors = palette.palette(in_order, painting, "rock" if stony else "gem")
        draw = texture.rock_texture if stony else texture.gem_texture
        content = draw(painting, order.texture_size, colors)
    material = Material(content, "image/png", (0.5, 0.5, 0.5), colors.metallic, colors.roughness)
    return mesh, material, linear(read_png(content)[:, :, :3].astype(float))


def _from_picture(content: bytes, triangles: int) -> tuple[Mesh, Material, Floats | None]:
    from . import png, relief
    from .gltf import Material
    from .preview import linear

    size = picture_size(lambda offset, count: content[offset : offset + count])
    kind, width, height = size or ("webp", 1, 1)
    pixels = texels = None
    # glTF itself takes no WebP, and a damaged picture would make a damaged model.
    embedded = content if kind in ("png", "jpg") else b""
    if kind == "png":
        try:
            pixels = png.read_png(content)
            step = max(1, max(width, height) // 512)
            texels = linear(pixels[::step, ::step, :3].astype(float))
        except png.Unsupported:
            pass  # a flat plate shows it
        except png.Damaged:
            embedded = b""
    mime = "image/jpeg" if kind == "jpg" else "image/png"
    material = Material(embedded, mime, roughness=0.6)
    return relief.relief(pixels, width, height, triangles), material, texels
