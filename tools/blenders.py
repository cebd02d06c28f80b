"""The Blenders the project is built and tested with: PyPI's `bpy` modules, one environment each.

They live in the user's cache folder ($XDG_CACHE_HOME, else ~/.cache), about 1 GB each, and serve
every clone. Whoever asks first makes the environment, whoever asks at the same time waits.

    python tools/blenders.py 4.5.15     prints the environment's interpreter
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "vendor" / "wheels.lock"


def locked() -> dict[str, str]:
    """The wheels we ship: requirement ("requests==2.34.2") to sha256."""
    found = re.findall(r"^(\S+==\S+) +--hash=sha256:([0-9a-f]{64})$", LOCK.read_text(), re.M)
    return dict(found)


PYTEST = ("pytest==9.2.0", "pytest-timeout==2.4.0")

# The package sets Blender itself comes with (its build_environment/cmake/versions.cmake), so that
# Python code meets there what it meets at users'. bpy on its own would take the newest of each.
LEGACY = (
    "requests==2.27.1",
    "urllib3==1.26.8",
    "certifi==2021.10.8",
    "idna==3.3",
    "charset-normalizer==2.0.10",
)
BLENDERS: dict[str, tuple[str, ...]] = {
    "4.2.23": ("numpy==1.24.3", *LEGACY),
    # What 4.5 itself brings could not be read anywhere: it gets what we ship.
    "4.5.15": ("numpy==1.26.4", *locked()),
    "5.0.1": (
        "numpy==1.26.4",
        "requests==2.32.3",
        "urllib3==2.4.0",
        "certifi==2025.4.26",
        "idna==3.10",
        "charset-normalizer==3.4.1",
    ),
}

# Shared libraries bpy is linked to that a minimal Debian or Ubuntu lacks, and their packages there.
PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libICE.so.6": "libice6",
    "libSM.so.6": "libsm6",
    "libX11.so.6": "libx11-6",
    "libXext.so.6": "libxext6",
    "libXfixes.so.3": "libxfixes3",
    "libXi.so.6": "libxi6",
    "libXrender.so.1": "libxrender1",
    "libXxf86vm.so.1": "libxxf86vm1",
    "libgomp.so.1": "libgomp1",
    "libxkbcommon.so.0": "libxkbcommon0",
}


class Missing(Exception):
    """Something this machine lacks; the text says what to do."""


def folder(version: str) -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "maquette" / f"bpy-{version}"


def python(version: str) -> Path:
    """The interpreter that can `import bpy` as this version; makes its environment if needed.

    Errors: Missing.
    """
    environment = folder(version)
    interpreter = environment / "bin" / "python"
    wanted = "\n".join((f"bpy=={version}", *PYTEST, *BLENDERS[version])) + "\n"
    marker = environment / "complete.txt"  # holds what was installed
    with _alone(environment.with_name(f"{environment.name}.lock")):
        if not _runs(interpreter):
            # Half made, or the Python it was made with is gone.
            shutil.rmtree(environment, ignore_errors=True)
            _make(environment)
        if not marker.is_file() or marker.read_text() != wanted:
            marker.unlink(missing_ok=True)
            print(
                f"Installing Blender {version} as a Python module (about 370 MB, once) "
                f"into {environment}",
                file=sys.stderr,
            )
            _install(interpreter, version, wanted.split())
            marker.write_text(wanted)
        _libraries(environment)
    return interpreter


def scripts(version: str) -> Path:
    """Blender's scripts folder inside the environment, which must be there."""
    short = ".".join(version.split(".")[:2])
    (found,) = folder(version).glob(f"lib/python*/site-packages/bpy/{short}/scripts")
    return found


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _runs(interpreter: Path) -> bool:
    if not interpreter.exists():
        return False
    return (
        subprocess.run([interpreter, "-m", "pip", "--version"], capture_output=True).returncode == 0
    )


def _make(environment: Path) -> None:
    # The bpy modules of Blender 4.2 to 5.0 are for Python 3.11 only.
    base = sys.executable if sys.version_info[:2] == (3, 11) else shutil.which("python3.11")
    if not base:
        raise Missing(
            "Blender's Python modules need Python 3.11, and there is no python3.11 here. "
            "Install it and try again."
        )
    # virtualenv comes with nox and works where Debian left ensurepip out of Python.
    if importlib.util.find_spec("virtualenv"):
        command = [sys.executable, "-m", "virtualenv", "--quiet", "--python", base]
    else:
        command = [base, "-m", "venv"]
    done = subprocess.run([*command, str(environment)], capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"{' '.join(command)} failed:\n{_tail(done.stdout + done.stderr)}")


def _install(interpreter: Path, version: str, requirements: list[str]) -> None:
    # The environment is the cache; pip's would hold the same gigabyte again.
    command = [str(interpreter), "-m", "pip", "install", "--no-cache-dir", "--quiet"]
    command += ["--disable-pip-version-check", "--only-binary=:all:"]
    done = subprocess.run([*command, *requirements], capture_output=True, text=True)
    if done.returncode:
        raise Missing(
            f"pip could not install Blender {version}:\n{_tail(done.stderr)}\n"
            "Is the network there, and 1.5 GB of disk? Then run the same command again."
        )


def _libraries(environment: Path) -> None:
    """Install the shared libraries bpy is linked to, or raise Missing with the line that does."""
    if sys.platform != "linux" or not shutil.which("ldd"):
        return
    (module,) = environment.glob("lib/python*/site-packages/bpy/__init__.so")
    listed = subprocess.run(["ldd", module], capture_output=True, text=True).stdout
    lacking = sorted(set(re.findall(r"^\s*(\S+) => not found", listed, re.M)))
    if not lacking:
        return
    packages = sorted({PACKAGES[name] for name in lacking if name in PACKAGES})
    line = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    if packages and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Blender needs {', '.join(lacking)}: {line}", file=sys.stderr)
        # Without the update a fresh machine knows no packages.
        done = subprocess.run(
            f"apt-get update && {line}",
            shell=True,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        )
        listed = subprocess.run(["ldd", module], capture_output=True, text=True).stdout
        if done.returncode == 0 and "not found" not in listed:
            return
        raise Missing(f"That did not help:\n{_tail(done.stdout + done.stderr)}")
    advice = f"Run: sudo {line}" if packages else "Install them and try again."
    raise Missing(f"Blender cannot start here without {', '.join(lacking)}. {advice}")


def _tail(text: str, lines: int = 8) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])


if __name__ == "__main__":
    try:
        for version in sys.argv[1:] or BLENDERS:
            print(python(version))
    except Missing as error:
        sys.exit(str(error))
