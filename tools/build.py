"""Builds dist/maquette-<version>.zip with Blender's own tool, and looks at what came out.

    python tools/build.py                      built by 4.5, validated by every Blender
    python tools/build.py --blender 4.5.15     the same with one Blender only (quicker)

Blender's tool (`blender --command extension …`) is a plain Python program inside the bpy module.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

import blenders

ROOT = blenders.ROOT
MANIFEST = ROOT / "blender_manifest.toml"
LIMIT_BYTES = 2 << 20

# Everything in the zip beside the wheels matches this; a stray file is found here, not at users'.
EXPECTED = re.compile(
    r"blender_manifest\.toml|LICENSE|[a-z_]+\.py|(core|importing|operators|panels|translations)/([a-z_]+/)*[a-z_]+\.py"
)


class Wrong(Exception):
    """Why there is no zip, for whoever builds."""


def build(versions: list[str]) -> Path:
    """The finished zip. It replaces an older one only when all checks have passed.

    Errors: Wrong, blenders.Missing.
    """
    interpreters = {version: blenders.python(version) for version in versions}
    builder = versions[0]
    fetch_wheels(interpreters[builder])
    manifest = tomllib.loads(MANIFEST.read_text())
    dist = ROOT / "dist"
    dist.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=dist, prefix=".build-") as scratch:
        fresh = Path(scratch) / f"{manifest['id']}-{manifest['version']}.zip"
        source = ["--source-dir", str(ROOT), "--output-filepath", str(fresh)]
        blender_tool(interpreters[builder], builder, "build", *source)
        check_contents(fresh, manifest)
        for version, interpreter in interpreters.items():
            blender_tool(interpreter, version, "validate", str(fresh))
        for older in dist.glob(f"{manifest['id']}-*.zip"):
            if older.name != fresh.name:
                older.unlink()
        return fresh.replace(dist / fresh.name)


def blender_tool(interpreter: Path, version: str, command: str, *arguments: str) -> None:
    scripts = blenders.scripts(version)
    program = scripts / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
    # Outside Blender the tool checks tags only against a list it is given.
    tags = scripts / "modules" / "_bpy_internal" / "extensions" / "tags.py"
    done = subprocess.run(
        [interpreter, program, command, *arguments, f"--valid-tags={tags}"],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Wrong(f"Blender {version} refused to {command}:\n{done.stdout}{done.stderr}".rstrip())


def fetch_wheels(interpreter: Path) -> None:
    """vendor/ holds exactly the locked wheels afterwards, each with the locked hash."""
    vendor = ROOT / "vendor"
    wanted = set(blenders.locked().values())

    def missing() -> set[str]:
        found = set()
        for wheel in vendor.glob("*.whl"):
            digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
            if digest in wanted:
                found.add(digest)
            else:
                wheel.unlink()
        return wanted - found

    if not missing():
        return
    command = [str(interpreter), "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--only-binary=:all:", "--python-version=3.11"]
    command += ["--platform=any", "--implementation=py", "--abi=none"]
    command += ["--dest", str(vendor), "--requirement", str(blenders.LOCK)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode or missing():
        raise Wrong(
            f"The wheels of vendor/wheels.lock could not be fetched:\n{done.stderr.strip()}\n"
            "Is the network there? Then run the same command again."
        )


def check_contents(path: Path, manifest: dict[str, object]) -> None:
    """Errors: Wrong, naming the files."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    wheels = [str(wheel).removeprefix("./") for wheel in manifest["wheels"]]  # type: ignore[attr-defined]
    strays = [
        name
        for name in names
        if name not in wheels and (name == "noxfile.py" or not EXPECTED.fullmatch(name))
    ]
    if strays:
        raise Wrong(
            "These do not belong into the extension: " + ", ".join(sorted(strays)) + ". Leave them "
            "out in blender_manifest.toml, or name them in tools/build.py if they do."
        )
    lacking = {"blender_manifest.toml", "LICENSE", "__init__.py", *wheels} - set(names)
    if lacking:
        raise Wrong("The zip lacks " + ", ".join(sorted(lacking)) + ".")
    if path.stat().st_size > LIMIT_BYTES:
        raise Wrong(f"The zip has {path.stat().st_size:,} bytes, more than {LIMIT_BYTES:,}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blender", action="append", choices=list(blenders.BLENDERS))
    versions = parser.parse_args().blender or ["4.5.15", "4.2.23", "5.0.1"]
    try:
        path = build(versions)
    except (Wrong, blenders.Missing) as error:
        sys.exit(str(error))
    with zipfile.ZipFile(path) as archive:
        count = len(archive.namelist())
    size = path.stat().st_size
    print(
        f"{path.relative_to(ROOT)}: {size:,} bytes, {count} files, valid in {', '.join(versions)}"
    )


if __name__ == "__main__":
    main()
