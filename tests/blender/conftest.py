"""The built zip in a real Blender: installed once per process into a folder of its own.

Runs in an environment with `bpy` (tools/blenders.py makes them): `make test`, or by hand
`nox -s "blender(4.5.15)" -- -k name`. The extension is imported as Blender imports it,
`bl_ext.user_default.maquette`; nothing here comes from the source tree.

What the bpy module cannot show, because it has no window: timers never fire (call
`session.tick()`), modal operators run their `execute`, panels are not drawn.
"""

from __future__ import annotations

import atexit
import importlib
import os
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
MANIFEST = tomllib.loads((ROOT / "blender_manifest.toml").read_text())
ZIP = ROOT / "dist" / f"{MANIFEST['id']}-{MANIFEST['version']}.zip"
PACKAGE = "bl_ext.user_default.maquette"

# No key, service or proxy of whoever runs the tests: nothing here may reach a real service.
for name in list(os.environ):
    if name.startswith(("HYPER3D_", "RODIN_", "TRIVERSE_")) or name.lower().endswith("_proxy"):
        del os.environ[name]

# Must be set before bpy is imported: it is read once.
RESOURCES = Path(tempfile.mkdtemp(prefix="maquette-blender-"))
os.environ["BLENDER_USER_RESOURCES"] = str(RESOURCES)
atexit.register(shutil.rmtree, RESOURCES, ignore_errors=True)

import bpy  # noqa: E402

if not ZIP.is_file():
    raise pytest.UsageError(f"There is no dist/{ZIP.name}. Run: make build")
# Here and not in a fixture, so that test modules may import from the extension at their top.
bpy.ops.extensions.package_install_files(
    filepath=str(ZIP), repo="user_default", enable_on_install=True
)
if PACKAGE not in sys.modules or PACKAGE not in bpy.context.preferences.addons:
    raise pytest.UsageError(f"Blender installed {ZIP.name} but could not enable it; see above.")


@pytest.fixture(scope="session")
def maquette() -> ModuleType:
    """The installed extension's package."""
    return importlib.import_module(PACKAGE)


@pytest.fixture(scope="session")
def zip_file() -> Path:
    """The built zip."""
    return ZIP


@pytest.fixture(autouse=True)
def empty_file() -> None:
    """Every test starts in a new, empty, unsaved file."""
    # `read_factory_settings` would disable the extension.
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
