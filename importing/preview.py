"""A model's preview: the picture that Blender shows of it where it lists objects with pictures, as
File ▸ Append does, and the Asset Browser for what a script has marked.

It is the service's own picture of the result, which lies beside the model. Without one there is no
preview, as with any object: to render one takes longer than the import (docs/responsiveness.md).

What is said of Blender here was read in preview_image.cc (source/blender/blenkernel/intern) and
rna_ID.cc (source/blender/makesrna/intern) and tried with 4.2.23, 4.3.2, 4.5.15, 5.0.1 and 5.2.2. A
preview is part of the object: saved, appended and undone with it. One whose pixels were
set counts as the user's (`PRV_USER_EDITED`), so Blender does not render it anew by itself, and its
coming starts no job. *Mark as Asset* always does, whatever there is (`generate_preview`,
source/blender/editors/asset/intern/asset_mark_clear.cc).

child.py loads this file, too, so that the same comes of both ways. Thread: main.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from .. import pictures
from . import shape

if TYPE_CHECKING:
    import numpy

log = logging.getLogger(__name__)

SIDE, SMALL_SIDE = 256, 32  # pixels; Blender's own are so large
# Pixels that take 0.05 s. A picture may have more; then the import does not wait for it.
MOST = {"png": 1 << 20, "jpg": 1 << 22, "webp": 1 << 21}
MOST_BYTES = 10 << 20  # as core/library.py takes


def give(objects: Sequence[bpy.types.Object], picture: str) -> bool:
    """Have what the model hangs on show the picture, a path or "". objects: the whole model.

    Returns whether it does. Never fails, and changes nothing then: the model, which was paid for,
    comes without a picture, too. `bpy.data.images` is as before afterwards.
    """
    try:
        if not picture or not _quick(Path(picture)):
            return False
        pixels = pictures.pixels(Path(picture), SIDE)
        # Blender's previews have alpha multiplied in, and colors as a screen takes them
        # (`BKE_previewimg_ensure`).
        pixels[..., :3] *= pixels[..., 3:]
        small = _smaller(pixels)
        shown = shape.foremost([obj for obj in objects if obj.parent is None]).preview_ensure()
        # Both: what is missing, Blender would render when it is first drawn so small or so large.
        # Not before there are pixels: with a size it is taken for the user's, even if empty.
        shown.image_size = pixels.shape[1::-1]
        shown.image_pixels_float.foreach_set(pixels.ravel())
        shown.icon_size = small.shape[1::-1]
        shown.icon_pixels_float.foreach_set(small.ravel())
    except Exception as error:  # of decoders, too: the file was made elsewhere
        log.info("No preview of the model: %s", error)
        return False
    return True


def _quick(path: Path) -> bool:
    """Is it a picture that takes no time? Looks at its beginning: a few kilobytes may claim
    gigabytes of pixels. Errors: OSError, ValueError."""
    if not path.is_file():
        return False
    size = pictures.claimed(path)
    if size is None or path.stat().st_size > MOST_BYTES:
        return False
    return size.width * size.height <= MOST[size.kind]


def _smaller(pixels: numpy.ndarray) -> numpy.ndarray:
    """No side longer than SMALL_SIDE, each pixel the mean of those that it stands for."""
    import numpy as np  # it takes a tenth of a second to load, for the first model

    part = min(1.0, SMALL_SIDE / max(pixels.shape[:2]))
    for axis in (0, 1):
        length = pixels.shape[axis]
        edges = np.arange(count := max(1, round(length * part))) * length // count
        sums = np.add.reduceat(pixels, edges, axis=axis)
        sizes = np.diff(edges, append=length).astype(np.float32)
        pixels = sums / sizes.reshape([-1 if each == axis else 1 for each in range(3)])
    return pixels
