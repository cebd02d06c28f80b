"""What is done to the project, each with its own pinned environment. `make help` has the words."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tools"))

import blenders  # noqa: E402
import windows  # noqa: E402

nox.needs_version = ">=2024.4"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = True
nox.options.sessions = ["lint", "types", "core", "build", "blender"]

RUFF = "ruff==0.17.6"
NUMPY = "numpy==2.4.6"
MATPLOTLIB = "matplotlib==3.11.2"
MYPY = ("mypy==2.4.1", "types-requests==2.33.0.20261030", NUMPY)
CORE_TESTS = (*blenders.PYTEST, "hypothesis==6.170.15", NUMPY)
BENCH_BLENDER = "4.5.15"

REPORTS = ROOT / ".nox" / "reports"  # pytest's results, added up by tools/run_tests.py


@nox.session
def lint(session: nox.Session) -> None:
    """Style: ruff."""
    session.install(RUFF)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """mypy --strict on core/."""
    session.install(*MYPY)
    session.run("mypy", "--strict", "core")


@nox.session
@nox.parametrize("packages", [nox.param(name, id=name) for name in ("current", "legacy")])
def core(session: nox.Session, packages: str) -> None:
    """tests/core and a quick slice of tests/reliability, without Blender, on the wheels we ship and
    on those of Blender 4.2."""
    session.install(*CORE_TESTS)
    if packages == "current":
        session.install("--no-deps", "--require-hashes", "-r", "vendor/wheels.lock")
    else:
        session.install(*blenders.LEGACY)
    run_pytest(session, "python", ["tests/core", "tests/reliability"], 1200)


@nox.session
def campaign(session: nox.Session) -> None:
    """All of tests/reliability, what is of the wire with both sets of packages, ten minutes in real
    windows, and the same faults for the usual way. An hour on two cores. Writes
    bench/results/reliability.md."""
    session.install(*CORE_TESTS)
    session.install("--no-deps", "--require-hashes", "-r", "vendor/wheels.lock")
    outcomes = ROOT / ".nox" / "outcomes.jsonl"
    for old in (outcomes, *outcomes.parent.glob("soak-*.md")):
        old.unlink(missing_ok=True)
    os.environ |= {"MAQUETTE_CAMPAIGN": "1", "MAQUETTE_OUTCOMES": str(outcomes)}
    began, python = time.monotonic(), f"{session.bin}/python"
    command = [python, "-m", "pytest", "-q", "-s", "--timeout", "2700"]
    histories = "tests/reliability/test_histories.py"
    # Beside the others: more than half of the time, and most of that is waiting.
    beside = subprocess.Popen([*command, histories], cwd=ROOT, stdin=subprocess.DEVNULL)
    try:
        session.run(*command, "tests/reliability", f"--ignore={histories}", external=True)
    finally:
        failed = beside.wait()
    if failed:
        session.error("a history ended otherwise than it should")
    wire = [str(path) for path in Path("tests/reliability").glob("test_wire*.py")]
    legacy = [sys.executable, "-m", "nox", "--session", "core(legacy)", "--", "-q", *wire]
    session.run(*legacy, external=True)
    soak(session, [*command, "tests/window/test_soak.py"])
    took = f"--seconds={time.monotonic() - began:.0f}"
    report = ["bench/reliability.py", "--outcomes", str(outcomes), took, "--write"]
    session.run("python", *report, *session.posargs)


def soak(session: nox.Session, command: list[str]) -> None:
    """In every Blender of which there can be a window, all at once: most of it is waiting."""
    found = []
    for name in windows.names():
        try:
            found.append(windows.find(name).name)
        except windows.Missing as error:
            session.warn(f"No ten minutes in Blender {name}: {error}")
    if not found:
        return
    with blenders._alone(ROOT / ".nox" / "build.lock"):
        build = [sys.executable, "tools/build.py", "--blender", BENCH_BLENDER]
        session.run(*build, external=True, silent=True)
    running = [
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, env=os.environ | {"MAQUETTE_WINDOW": name}
        )
        for name in found
    ]
    codes = [process.wait() for process in running]
    if any(codes):
        session.error("ten minutes in a window ended otherwise than they should")


@nox.session(venv_backend="none")
def build(session: nox.Session) -> None:
    """dist/maquette-<version>.zip, built and validated with Blender's own tool."""
    session.run(sys.executable, "tools/build.py", *session.posargs)


@nox.session(venv_backend="none")
@nox.parametrize("version", [nox.param(version, id=version) for version in blenders.BLENDERS])
def blender(session: nox.Session, version: str) -> None:
    """tests/blender against the built zip, installed into that Blender."""
    session.run(sys.executable, "tools/build.py", "--blender", version)
    run_pytest(session, interpreter(session, version), "tests/blender", 900)


@nox.session
@nox.parametrize("version", [nox.param(name, id=name) for name in windows.names()])
def window(session: nox.Session, version: str) -> None:
    """tests/window: scenarios in a real window of that Blender, with the built zip. Skipped where
    there can be no window."""
    # The service of a scenario makes models in this process, from pictures with numpy.
    session.install(*blenders.PYTEST, NUMPY)
    with blenders._alone(ROOT / ".nox" / "build.lock"):  # both Blenders' sessions run at once
        command = [sys.executable, "tools/build.py", "--blender", BENCH_BLENDER]
        session.run(*command, external=True, silent=True)
    missing = ""
    try:
        windows.find(version)
    except windows.Missing as error:
        missing = str(error)
        session.warn(missing)
    os.environ |= {"MAQUETTE_WINDOW": version, "MAQUETTE_WINDOW_MISSING": missing}
    run_pytest(session, "python", "tests/window", 600)


@nox.session(venv_backend="none")
def demo(session: nox.Session) -> None:
    """A model from a prompt through the built-in Sandbox: no key, no network."""
    session.run(sys.executable, "tools/build.py", "--blender", BENCH_BLENDER, silent=True)
    session.run(interpreter(session, BENCH_BLENDER), "tools/demo.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """What an artist feels, measured in real windows beside what is usual: a quarter of an hour for
    each Blender, on a machine that does nothing else. Writes bench/results/responsiveness.md."""
    session.install(NUMPY, MATPLOTLIB)
    session.install("--no-deps", "--require-hashes", "-r", "vendor/wheels.lock")
    session.run(sys.executable, "tools/build.py", "--blender", BENCH_BLENDER, external=True)
    session.run("python", "bench/responsiveness.py", "--write", *session.posargs)


def interpreter(session: nox.Session, version: str) -> str:
    try:
        return str(blenders.python(version))
    except blenders.Missing as error:
        session.error(str(error))


def run_pytest(session: nox.Session, python: str, tests: str | list[str], seconds: int) -> None:
    """The whole run is cut off after `seconds`: a Blender may hang or crash where pytest's own
    time limit does not reach."""
    name = session.name.replace("(", "-").replace(")", "")
    REPORTS.mkdir(parents=True, exist_ok=True)
    wanted = [*([tests] if isinstance(tests, str) else tests), *session.posargs]
    if any(argument.startswith("tests/") for argument in session.posargs):
        wanted = session.posargs
    command = [python, "-m", "pytest", f"--junitxml={REPORTS / name}.xml", *wanted]
    if timeout := shutil.which("timeout"):
        command = [timeout, "--kill-after=10", str(seconds), *command]
    session.run(*command, external=True)
