"""How long enabling Maquette takes, beside an extension that does nothing, in the same run.

    make bench                all measurements; or this one with Blender's Python module:
    <python with bpy> bench/enable_time.py [--write]

A fresh process each time, as at every start of Blender: import bpy and Blender's own look through
all extensions (both not counted), then `addon_utils.enable`: import and register(). The two take
turns, each in a user folder of its own: in one, Blender would put the wheels of the other away each
time, for which it imports much before the clock starts. Garbage is collected before: when a full
collection of Blender's own objects falls due (20 ms) is chance. The first of each, which compiles
the files, is not counted. Median of five. Also what the enabled, idle extension keeps running.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = 5

EMPTY_MANIFEST = """\
schema_version = "1.0.0"
id = "empty"
version = "1.0.0"
name = "Empty"
tagline = "Does nothing"
maintainer = "Nobody"
type = "add-on"
license = ["SPDX:GPL-3.0-or-later"]
blender_version_min = "4.2.0"
"""

INSTALL = """
import sys, bpy
for path in sys.argv[1:]:
    bpy.ops.extensions.package_install_files(
        filepath=path, repo="user_default", enable_on_install=False)
"""

ENABLE = """
import sys, gc, json, threading, time
import bpy, addon_utils
name = "bl_ext.user_default." + sys.argv[1]
addon_utils.extensions_refresh(addon_modules_pending=[name])
threads, modules = threading.active_count(), len(sys.modules)
gc.collect()
start = time.perf_counter()
enabled = addon_utils.enable(name, default_set=True, refresh_handled=True)
seconds = time.perf_counter() - start
assert enabled is not None
ours = [m for n, m in list(sys.modules.items()) if n.startswith(name)]
timers = {f for m in ours for f in vars(m).values()
          if callable(f) and not isinstance(f, type) and bpy.app.timers.is_registered(f)}
print("FIGURES", json.dumps({
    "ms": 1000 * seconds, "threads": threading.active_count() - threads,
    "timers": len(timers), "modules": len(sys.modules) - modules,
    "blender": bpy.app.version_string}))
"""


def run(script: str, profile: Path, *arguments: str) -> str:
    # Blender keeps compiled files, whatever the environment here says about it.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=environment | {"BLENDER_USER_RESOURCES": str(profile)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=120,
    ).stdout


def enable(profile: Path, name: str) -> dict[str, float | str]:
    lines = run(ENABLE, profile, name).splitlines()
    (figures,) = (line.removeprefix("FIGURES ") for line in lines if line.startswith("FIGURES "))
    return json.loads(figures)


def main() -> None:
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text())
    maquette = ROOT / "dist" / f"maquette-{manifest['version']}.zip"
    if not maquette.is_file():
        sys.exit(f"There is no dist/{maquette.name}. Run: make build")
    with tempfile.TemporaryDirectory() as scratch:
        ours_at, theirs_at = Path(scratch, "maquette"), Path(scratch, "empty")
        empty = Path(scratch, "empty.zip")
        with zipfile.ZipFile(empty, "w") as archive:
            archive.writestr("blender_manifest.toml", EMPTY_MANIFEST)
            archive.writestr("__init__.py", "def register(): ...\ndef unregister(): ...\n")
        for profile, file in ((ours_at, maquette), (theirs_at, empty)):
            profile.mkdir()
            run(INSTALL, profile, str(file))
        turns = [(enable(ours_at, "maquette"), enable(theirs_at, "empty")) for _ in range(RUNS + 1)]
    ours, theirs = zip(*turns[1:], strict=True)
    ms = statistics.median(float(turn["ms"]) for turn in ours)
    empty_ms = statistics.median(float(turn["ms"]) for turn in theirs)
    spread = sorted(float(turn["ms"]) for turn in ours)
    text = f"""\
# Enabling the extension

| | median of {RUNS} | least to most | modules imported |
|---|---|---|---|
| Maquette | {ms:.1f} ms | {spread[0]:.1f} to {spread[-1]:.1f} ms | {ours[0]["modules"]} |
| an empty extension | {empty_ms:.1f} ms | | {theirs[0]["modules"]} |
| ratio | {ms / empty_ms:.0f} ({ms - empty_ms:.1f} ms more) | | |

Idle after enabling: {ours[0]["threads"]} threads, {ours[0]["timers"]} timers.

Blender {ours[0]["blender"]} (bpy module), Python {platform.python_version()}, \
{platform.system()} {platform.machine()}, {os.cpu_count()} cores. `bench/enable_time.py`
"""
    print(text)
    if "--write" in sys.argv[1:]:
        results = ROOT / "bench" / "results"
        results.mkdir(exist_ok=True)
        (results / "enable_time.md").write_text(text)


if __name__ == "__main__":
    main()
