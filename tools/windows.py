"""Real Blender windows: programs to open them with, and a screen that nobody sees.

Two *labs*, Debian's Blender 4.3 and 5.2 with a virtual screen and software OpenGL, each in a folder
made by debootstrap in the user's cache folder ($XDG_CACHE_HOME, else ~/.cache), about 2 GB, made
once for all clones. A program runs there in namespaces of its own: its mounts and processes are
gone when it is, whatever happens, and the machine around it never sees them. That needs root.

    BLENDER=/path/to/blender:/another make test-window

names programs of this machine instead: no root, no lab, but Xvfb and ImageMagick are needed.

    python tools/windows.py 5.2.2                     makes the lab
    python tools/windows.py 5.2.2 -- try.py           a scenario file in a window, without pytest:
                                                      each `test_…` in it; pictures and log are kept
"""

from __future__ import annotations

import functools
import os
import runpy
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import blenders
from blenders import ROOT, Missing

PACKAGES = (
    *("blender", "xvfb", "imagemagick", "iproute2", "libegl1", "libgl1-mesa-dri"),
    # What Debian's blender lacks: the glTF importer wants numpy, .blend files are zstandard.
    *("python3-numpy", "python3-zstandard"),
    "curl",  # what bench/ compares a download with
)
# Blender 5.2's own extension code imports these two and prints a traceback without them.
LABS = {
    "4.3.2": ("trixie", PACKAGES),
    "5.2.2": ("sid", (*PACKAGES, "mesa-vulkan-drivers", "python3-cattr", "python3-requests")),
}
MAKING = 900  # seconds for each step of making a lab
SIZE = (1600, 1000)

# A shell's words for one run: $WORK, $SCREEN, $@ = the program. The display's number is the first
# that is free (-displayfd), and Xvfb says it only when clients may come.
ON_SCREEN = """
mkdir -p "$WORK/runtime" && chmod 700 "$WORK/runtime"
export XDG_RUNTIME_DIR="$WORK/runtime" LIBGL_ALWAYS_SOFTWARE=1
cd "$WORK/runtime"
rm -f display
Xvfb -displayfd 7 -screen 0 "$SCREEN" -nolisten tcp 7>display >xvfb.txt 2>&1 &
screen=$!
for _ in $(seq 300); do
    [ -s display ] && break
    kill -0 $screen 2>/dev/null || break
    sleep 0.1
done
[ -s display ] || { cat xvfb.txt; echo "Xvfb did not start"; exit 100; }
export DISPLAY=":$(cat display)"
cd /
"$@"
code=$?
"""
STOP_SCREEN = "kill $screen; wait $screen 2>/dev/null; exit $code\n"
# Inside a lab all processes are the run's own: 1 is this shell. What is still there two seconds
# after Blender was left behind by it.
NAME_LEFT = """
for _ in $(seq 20); do
    left=
    for entry in /proc/[0-9]*; do
        pid=${entry#/proc/}
        [ $pid = 1 ] || [ $pid = $screen ] && continue
        name=$(cat $entry/comm 2>/dev/null) || continue
        case $name in cat|seq) continue;; esac  # this loop's own
        left="$left $name($pid)"
    done
    [ -z "$left" ] && break
    sleep 0.1
done
[ -z "$left" ] || echo "Left running after Blender:$left"
"""


@dataclass(frozen=True)
class Blender:
    """A program that opens windows. name: as nox and folders call it. lab: the folder of its
    Debian, None if it is a program of this machine."""

    name: str
    program: str
    lab: Path | None


def names() -> list[str]:
    """What `find` takes."""
    named = [path for path in os.environ.get("BLENDER", "").split(":") if path]
    return [f"BLENDER-{number}" for number, _ in enumerate(named, 1)] or list(LABS)


def find(name: str) -> Blender:
    """The Blender of that name; makes its lab if need be (minutes). Errors: Missing."""
    named = [path for path in os.environ.get("BLENDER", "").split(":") if path]
    if named:
        if name not in names():
            raise Missing(f"BLENDER names {len(named)} programs; {name} is none of {names()}.")
        program = shutil.which(named[names().index(name)])
        if not program:
            raise Missing(f"BLENDER names {named[names().index(name)]}, which cannot be run.")
        _install_here("Xvfb", "import", packages=("xvfb", "imagemagick"))
        return Blender(name, program, None)
    try:
        return Blender(name, "/usr/bin/blender", _lab(name))
    except Missing as error:
        raise Missing(
            f"No lab with Blender {name}: {error} Or name Blenders of this machine: "
            "BLENDER=/path/to/blender make test-window"
        ) from None


def version(blender: Blender) -> str:
    """What the program says it is: Debian's sid goes on, a lab keeps the name it was made for."""
    inside = ["chroot", str(blender.lab)] if blender.lab else []
    done = subprocess.run([*inside, blender.program, "--version"], capture_output=True, text=True)
    return done.stdout.partition("\n")[0].strip()


@contextmanager
def running(
    blender: Blender,
    arguments: Sequence[str],
    work: Path,
    *,
    log: Path,
    environment: Mapping[str, str] = {},
    network: bool = True,
    size: tuple[int, int] = SIZE,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the Blender on a screen of its own; leaving the context ends all that is left of it.

    work: the run's own folder; in a lab it can write there and beside it (in work.parent) and
    nowhere else, and the project is there to be read, both at the same paths as outside. log: gets
    all that is printed. environment: nothing else of ours is handed on. network: False: there is
    none but the machine talking to itself. The return code is the program's, 128 + N after signal
    N, 100 if there was no screen. Errors: Missing.
    """
    for folder in ("home", "temp"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    variables = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "WORK": str(work),
        "HOME": str(work / "home"),
        "TMPDIR": str(work / "temp"),
        "SCREEN": f"{size[0]}x{size[1]}x24",
        # llvmpipe's own threads wait for each other so much that a redraw costs a third more CPU;
        # here many Blenders share few cores.
        "LP_NUM_THREADS": "0",
        **environment,
    }
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*_wrapper(blender, work, network), "sh", blender.program, *arguments],
            env=variables,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=blender.lab is None,
        )
        try:
            yield process
        finally:
            if blender.lab is None:
                # The group outlives its leader if something was left behind.
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            process.kill()  # in a lab that ends the namespace and all in it
            process.wait()


def _wrapper(blender: Blender, work: Path, network: bool) -> list[str]:
    loopback = "" if network else "ip link set lo up\n"
    if blender.lab is None:
        alone = [] if network else ["unshare", "--map-root-user", "--net"]
        if alone and not _works(*alone, "ip", "link", "set", "lo", "up"):
            raise Missing("Only root may take the network away from a program here.")
        return [*alone, "sh", "-c", f"{loopback}{ON_SCREEN}{STOP_SCREEN}"]
    lab = blender.lab
    # A private /tmp first: the project may lie below the real one.
    mounts = f"""
    set -e
    mount --rbind /dev '{lab}/dev'
    mount -t proc proc '{lab}/proc'
    mount -t tmpfs tmpfs '{lab}/tmp'
    mkdir -p '{lab}{ROOT}'
    mount --bind -o ro '{ROOT}' '{lab}{ROOT}'
    mkdir -p '{lab}{work.parent}'
    mount --bind '{work.parent}' '{lab}{work.parent}'
    exec chroot '{lab}' sh -c "$0" "$@"
    """
    inside = f"{loopback}{ON_SCREEN}{NAME_LEFT}exit $code\n"
    return [*_unshared(network=network), "sh", "-c", mounts, inside]


def _unshared(*, network: bool = True) -> list[str]:
    """A command's beginning: in namespaces of its own, which end with this process."""
    command = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--ipc", "--pid"]
    return [*command, "--fork", "--kill-child", *([] if network else ["--net"])]


# --- making a lab ---------------------------------------------------------------------------


def _lab(name: str) -> Path:
    suite, packages = LABS[name]
    lab = blenders.folder(name).with_name(f"window-{suite}")
    wanted = "\n".join(packages) + "\n"
    marker = lab / "complete.txt"  # holds what was installed
    if os.geteuid() != 0:
        raise Missing("Only root can make and enter one.")
    if not _works(*_unshared(), "true"):
        raise Missing("Namespaces cannot be made here (unshare --mount --pid).")
    with blenders._alone(lab.with_name(f"{lab.name}.lock")):
        if marker.is_file() and marker.read_text() == wanted:
            return lab
        half = lab.with_name(f"{lab.name}.part")
        for old in (lab, half):
            if old.exists():
                shutil.rmtree(old)
        _install_here("debootstrap", packages=("debootstrap",))
        print(f"Making a Debian {suite} with Blender (2 GB, once) in {lab}", file=sys.stderr)
        try:
            _make(half, suite, packages)
            (half / marker.name).write_text(wanted)
        except Missing:
            shutil.rmtree(half, ignore_errors=True)
            raise
        half.rename(lab)
    return lab


def _make(folder: Path, suite: str, packages: Sequence[str]) -> None:
    _run(["debootstrap", "--variant=minbase", suite, str(folder)], f"debootstrap {suite}")
    (folder / "etc/dpkg/dpkg.cfg.d/small").write_text(
        "path-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\n"
    )
    # sid's Release file may be past its date where the mirror is a snapshot.
    inside = """
    export DEBIAN_FRONTEND=noninteractive
    apt-get -o Acquire::Check-Valid-Until=false update &&
    apt-get install -y --no-install-recommends "$@" &&
    # Else each start compiles them anew.
    { python3 -m compileall -q /usr/share/blender/scripts || true; } &&
    apt-get clean && rm -rf /var/lib/apt/lists/* &&
    ln -sf /proc/self/mounts /etc/mtab  # Blender lists file systems from it
    """
    mounts = f"""
    mount --rbind /dev '{folder}/dev' && mount -t proc proc '{folder}/proc' &&
    exec chroot '{folder}' sh -c "$0" sh "$@"
    """
    command = [*_unshared(), "sh", "-c", mounts, inside, *packages]
    _run(command, f"apt-get install blender in Debian {suite}")


def _install_here(*programs: str, packages: Sequence[str]) -> None:
    """See to it that this machine has the programs. Errors: Missing."""
    if all(shutil.which(program) for program in programs):
        return
    line = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    lacking = " and ".join(program for program in programs if not shutil.which(program))
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Missing(f"There is no {lacking} here. Run: sudo {line}")
    print(f"{lacking} is needed: {line}", file=sys.stderr)
    _run(["sh", "-c", f"apt-get update && {line}"], line)


def _run(command: Sequence[str], what: str) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
            timeout=MAKING,
        )
    except subprocess.TimeoutExpired:
        raise Missing(f"{what} was not through after {MAKING} s.") from None
    if done.returncode:
        raise Missing(f"{what} failed:\n{blenders._tail(done.stdout)}\n(Is the network there?)")


@functools.cache
def _works(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def main(arguments: Sequence[str]) -> int:
    name, *rest = arguments or [names()[0]]
    try:
        blender = find(name)
        if not rest:
            print(blender.lab or blender.program)
            return 0
        return _try(blender, [Path(path) for path in rest if path != "--"])
    except Missing as error:
        print(error, file=sys.stderr)
        return 1


def _try(blender: Blender, files: Sequence[Path]) -> int:
    """Play all scenarios of the files, tell what came out."""
    sys.path.insert(0, str(ROOT))
    from tests.window import host
    from tests.window.scenario import scenario_of

    failed = 0
    for file in files:
        names = runpy.run_path(str(file))
        for name in [name for name in names if name.startswith("test_")]:
            folder = ROOT / ".nox" / "window" / blender.name / name
            try:
                host.perform(blender, file.resolve(), name, scenario_of(names[name]))
                print(f"{name} passed. Log and pictures: {folder}")
            except host.Failed as error:
                failed += 1
                print(f"{name} failed:\n{error}")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
