"""The host's side of a scenario: gives each a Blender with a fresh profile, judges what came out.

What a scenario leaves (log, pictures; the profile if it failed) is in
.nox/window/<Blender>/<scenario>. Thread: any; runs at the same time of the same scenario wait for
each other, in other processes too.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import TimeoutExpired

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import windows  # noqa: E402

from tests.window.scenario import Scenario  # noqa: E402

INSIDE = ROOT / "tests" / "window" / "inside.py"
LIMIT = 575.0  # seconds for all scenarios; noxfile.py cuts off at 600
BEGUN = time.monotonic()
GRACE = 20.0
KILLED = 128 + 9

# The profile's preferences, beside what Blender starts with.
SETTINGS = """
import compileall
import bpy
# As after the first start; the profile's copies keep the times by which Python knows it.
compileall.compile_dir(bpy.utils.user_resource("EXTENSIONS"), maxlevels=20, quiet=2)
preferences = bpy.context.preferences
preferences.view.show_splash = False
# Eight redraws after each change to smooth edges: a second each under software OpenGL.
preferences.system.viewport_aa = "OFF"
# 5.2 fetches its own assets from the network where Allow Online Access is on.
if hasattr(preferences, "asset_libraries"):
    preferences.asset_libraries.use_online_essentials = False
bpy.ops.wm.save_userpref()
"""

# What Debian's builds print under software OpenGL, and Blender when it was ended early.
NOISE = re.compile(
    r"^(libEGL warning|MESA|EGL Error|Freeing memory after the leak detector|· "
    r"|Error: Not freed memory blocks: )"
)
WRONG = re.compile(
    # 5.x prints reports through its log: "00:01.234  reports  | ERROR …".
    r"Traceback \(most recent call|\bError: |\bERROR\b|\| *FATAL"
    r"|/user_default/maquette/.*Warning: |(\bWARN|^Warning: ).*(maquette|MAQUETTE)"
    r"|crash\.txt|Fatal Python error|^Left running after Blender"
)


class Failed(Exception):
    """All that was wrong with a scenario, and where to look."""


class NotPlayed(Exception):
    """The machine is too slow to play all of them in their time. Says so, in words."""


def perform(
    blender: windows.Blender, path: Path, name: str, scenario: Scenario, grace: float = GRACE
) -> None:
    """Play the scenario `name` of the file `path`. grace: seconds it has to end by itself after its
    time is over. Errors: Failed, NotPlayed, windows.Missing."""
    folder = ROOT / ".nox" / "window" / blender.name
    work = folder / name
    with _alone(work):
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        _copy_profile(blender, folder, work / "profile")
        # It may come from anywhere; in there is only the project.
        file = shutil.copy(path, work / "scenario.py")
        wrong: list[str] = []
        try:
            with ExitStack() as stack:
                environment = dict(scenario.environment)
                if scenario.service:
                    environment |= stack.enter_context(_service(scenario, work / "service"))
                for number, _ in enumerate(scenario.starts):
                    wrong = _start(blender, Path(file), name, scenario, number, environment, grace)
                    if wrong:
                        break
        except AssertionError as error:  # of the service's function
            wrong.append(f"{type(error).__name__}: {error}")
        if wrong:
            raise Failed("\n".join([*wrong, f"Log and pictures: {work}"]))
        for heavy in ("profile", "home", "temp", "runtime", "service"):
            shutil.rmtree(work / heavy, ignore_errors=True)


def _copy_profile(blender: windows.Blender, folder: Path, copy: Path) -> None:
    """An empty profile with the built zip in it; installed once for each zip. Errors: Failed."""
    (zip_file,) = (ROOT / "dist").glob("*.zip")
    digest = hashlib.sha256(zip_file.read_bytes() + SETTINGS.encode()).hexdigest()[:12]
    made = folder / f"profile-{digest}"
    with _alone(folder / "profile"):
        if not made.exists():
            for old in folder.glob("profile-*"):
                shutil.rmtree(old)
            _install(blender, zip_file, folder / "install")
            (folder / "install" / "profile").rename(made)
        shutil.copytree(made, copy, symlinks=True)


def _install(blender: windows.Blender, zip_file: Path, work: Path) -> None:
    shutil.rmtree(work, ignore_errors=True)
    profile = work / "profile"
    profile.mkdir(parents=True)
    copy = shutil.copy(zip_file, work)
    log = work / "log.txt"
    install = ["--command", "extension", "install-file", "-r", "user_default", "-e", str(copy)]
    settings = ["--background", "--python-exit-code", "1", "--python-expr", SETTINGS]
    variables = {"BLENDER_USER_RESOURCES": str(profile)}
    code = 0
    for arguments in (install, settings):
        with windows.running(blender, arguments, work, log=log, environment=variables) as process:
            code = code or process.wait(120)
    wrong = problems_in_log(log.read_text(), Scenario())
    if code or wrong or not list(profile.glob("extensions/user_default/maquette")):
        raise Failed("\n".join([f"Installing {zip_file.name} ended with {code}", *wrong, str(log)]))


@contextmanager
def _service(scenario: Scenario, folder: Path) -> Iterator[dict[str, str]]:
    from core.sandbox.server import Sandbox

    with Sandbox(folder, record=True) as sandbox, contextmanager(scenario.service)(sandbox):
        yield {
            "TRIVERSE_BASE_URL": sandbox.triverse_url,
            "TRIVERSE_API_KEY": sandbox.key,
            "HYPER3D_BASE_URL": sandbox.rodin_url,
            "HYPER3D_API_KEY": sandbox.key,
        }


def _start(
    blender: windows.Blender,
    file: Path,
    name: str,
    scenario: Scenario,
    number: int,
    environment: dict[str, str],
    grace: float,
) -> list[str]:
    """One start of Blender. Returns what was wrong with it."""
    work = file.parent
    log = work / (f"log-{number + 1}.txt" if number else "log.txt")
    result = work / f"result-{number + 1}.json"
    seconds = min(scenario.seconds, LIMIT - (time.monotonic() - BEGUN))
    if seconds < 5:
        raise NotPlayed(f"{name}: not played, the {LIMIT:g} s for all scenarios are over")
    asked = {
        "root": str(ROOT),
        "file": str(file),
        "name": name,
        "start": number,
        "result": str(result),
        "seconds": seconds,
        "nap": scenario.nap,
    }
    variables = {
        "BLENDER_USER_RESOURCES": str(work / "profile"),
        "MAQUETTE_SCENARIO": json.dumps(asked),
        "PYTHONWARNINGS": "default",
        "PYTHONDONTWRITEBYTECODE": "1",
        # Kept between scenarios: compiling them takes seconds.
        "MESA_SHADER_CACHE_DIR": str(work.parent / "shaders"),
        **environment,
    }
    width, height = scenario.size
    arguments = ["--python-use-system-env", "--enable-event-simulate", "--python-exit-code", "1"]
    arguments += ["--window-geometry", "0", "0", str(width), str(height)]
    if scenario.online is not None:
        arguments.append("--online-mode" if scenario.online else "--offline-mode")
    arguments += ["--python", str(INSIDE)]
    code = None
    with windows.running(
        blender,
        arguments,
        work,
        log=log,
        environment=variables,
        network=scenario.network,
        size=scenario.size,
    ) as process:
        try:
            code = process.wait(seconds + grace)
        except TimeoutExpired:
            pass
    told = json.loads(result.read_text()) if result.is_file() else {"ended": "", "problems": []}
    wrong = list(told["problems"]) + problems_in_log(log.read_text(errors="replace"), scenario)
    if code is None:
        wrong.append(f"Blender hung and was killed after {seconds + grace:.0f} s; see the log")
    elif code != (KILLED if told["ended"] == "killed" else 0):
        wrong.append(f"Blender ended with {code}")
    elif not told["ended"]:
        wrong.append("Blender ended before the scenario did")
    # Only what ended for want of time, and of nothing else.
    late = len(wrong) == 1 and "the scenario was not over after" in wrong[0]
    if late and seconds < scenario.seconds:
        raise NotPlayed(f"{name}: broken off, the {LIMIT:g} s for all scenarios are over")
    if wrong and number:
        wrong.insert(0, f"At start {number + 1}:")
    return wrong


def problems_in_log(text: str, scenario: Scenario) -> list[str]:
    """What went wrong according to it: tracebacks (whole), errors, warnings about our code,
    crashes, processes left behind."""
    lines = text.splitlines()
    found: list[str] = []
    for number, line in enumerate(lines):
        if NOISE.search(line) or not WRONG.search(line):
            continue
        if any(re.search(pattern, line) for pattern in scenario.expected):
            continue
        found.append(line)
        if "Traceback" in line:
            rest = lines[number + 1 : number + 40]
            ends = [n for n, later in enumerate(rest) if not later.startswith((" ", "\t"))]
            found += rest[: ends[0] + 1] if ends else rest
    return list(dict.fromkeys(found))


@contextmanager
def _alone(what: Path) -> Iterator[None]:
    what.parent.mkdir(parents=True, exist_ok=True)
    with what.with_name(f"{what.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
