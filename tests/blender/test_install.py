"""The extension as Blender handles it: installed, enabled, disabled, updated, removed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import addon_utils
import bpy
import pytest

PACKAGE = "bl_ext.user_default.maquette"


def traces() -> dict[str, set[str]]:
    """Everything an add-on can leave in a running Blender, by kind."""
    handlers = {
        f"{name}: {function.__module__}.{function.__qualname__}"
        for name in dir(bpy.app.handlers)
        if isinstance(functions := getattr(bpy.app.handlers, name), list)
        for function in functions
    }
    # Timers cannot be listed, only asked about: so ask about every function of ours.
    timers = {
        f"{module_name}.{name}"
        for module_name, module in list(sys.modules.items())
        if module_name.startswith(PACKAGE)
        for name, value in list(vars(module).items())
        if callable(value) and not isinstance(value, type) and bpy.app.timers.is_registered(value)
    }
    properties = {
        f"{kind.__name__}.{name}"
        for kind in (bpy.types.Scene, bpy.types.Object, bpy.types.WindowManager)
        for name in kind.bl_rna.properties.keys()  # noqa: SIM118 (a collection of RNA, no dict)
    }
    return {
        "types": set(dir(bpy.types)),
        "operators": {f"{group}.{name}" for group in dir(bpy.ops) for name in names(group)},
        "properties": properties,
        "handlers": handlers,
        "timers": timers,
        "threads": {t.name for t in threading.enumerate() if t is not threading.main_thread()},
        "menus": {
            f"{name}: {entry.__module__}.{entry.__qualname__}"
            for name in dir(bpy.types)
            if name.split("_")[1:2] in (["MT"], ["HT"], ["PT"])
            for entry in getattr(getattr(getattr(bpy.types, name), "draw", None), "_draw_funcs", ())
        },
    }


def names(group: str) -> list[str]:
    return dir(getattr(bpy.ops, group))


@pytest.fixture
def blender_process(tmp_path: Path, zip_file: Path) -> Callable[[str], dict[str, Any]]:
    """Runs a script in a Blender of its own with an empty profile: there is `bpy`, `install()` and
    `answer: dict`, which comes back."""

    def run(script: str) -> dict[str, Any]:
        before = f"""
            import json, sys
            answer = {{}}
            def install():
                import bpy
                bpy.ops.extensions.package_install_files(
                    filepath={str(zip_file)!r}, repo="user_default", enable_on_install=True)
        """
        whole = textwrap.dedent(before) + textwrap.dedent(script)
        whole += "\nprint('\\nANSWER', json.dumps(answer), flush=True)\n"
        environment = os.environ | {"BLENDER_USER_RESOURCES": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", whole],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith("ANSWER ")]
        assert lines, done.stdout + done.stderr
        answer = json.loads(lines[0].removeprefix("ANSWER "))
        answer["said"] = done.stdout + done.stderr
        answer["exit"] = done.returncode
        return answer

    return run


def test_it_is_installed_and_enabled_under_its_own_name(maquette: ModuleType) -> None:
    assert maquette.__name__ == PACKAGE
    assert Path(maquette.__file__ or "").is_relative_to(os.environ["BLENDER_USER_RESOURCES"])
    assert addon_utils.check(PACKAGE) == (True, True)
    assert dir(bpy.ops.maquette)


def test_the_root_package_holds_no_bpy(maquette: ModuleType) -> None:
    # pytest and mypy must be able to import it anywhere.
    assert "bpy" not in vars(maquette)


def test_the_installed_folder_holds_only_what_runs(maquette: ModuleType, zip_file: Path) -> None:
    folder = Path(maquette.__file__ or "").parent
    installed = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"  # written by Python since
    }
    with zipfile.ZipFile(zip_file) as archive:
        assert installed == set(archive.namelist())
    tops = {name.split("/")[0] for name in installed}
    assert tops & {"tests", "docs", "bench", "tools", "noxfile.py", ".git", "README.md"} == set()


def test_the_wheels_are_unpacked_for_the_next_start(zip_file: Path) -> None:
    (shared,) = Path(os.environ["BLENDER_USER_RESOURCES"]).glob(
        "extensions/.local/lib/python*/site-packages"
    )
    with zipfile.ZipFile(zip_file) as archive:
        wheels = [Path(name).name for name in archive.namelist() if name.endswith(".whl")]
    expected = {"-".join(wheel.split("-")[:2]) for wheel in wheels}
    assert len(expected) == 5
    assert {path.name.removesuffix(".dist-info") for path in shared.glob("*.dist-info")} == expected


def test_blender_sees_no_policy_violation(maquette: ModuleType) -> None:
    # Computed once and kept: forget what was found before everything of ours was imported.
    import_everything(maquette)
    addon_utils._extensions_warnings_get._is_first = True
    assert addon_utils._extensions_warnings_get().get(PACKAGE, []) == []


def import_everything(package: ModuleType) -> None:
    import importlib
    import pkgutil

    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)


def test_enabling_imports_only_what_blender_is_told_of(
    blender_process: Callable[[str], dict[str, Any]],
) -> None:
    """Every start of Blender waits for it. The rest comes with the first drawing of the form."""
    blender_process("install()")
    answer = blender_process(f"""
        import bpy, addon_utils, importlib, threading
        package = {PACKAGE!r}
        addon_utils.extensions_refresh(addon_modules_pending=[package])
        before = set(sys.modules)
        addon_utils.enable(package, default_set=True, refresh_handled=True)
        answer["new"] = sorted(set(sys.modules) - before)
        answer["threads"] = threading.active_count() - 1
        session = importlib.import_module(package + ".session")
        session.prepare()
        session.prepare()  # the form is drawn often
        answer["preparing"] = threading.active_count() - 1
        session._preparing.join(30)
        answer["later"] = sorted(set(sys.modules) - before)
    """)
    own = {name.removeprefix(PACKAGE + ".") for name in answer["new"] if PACKAGE in name}
    assert {"session", "core.providers.rodin", "panels.tasks"} <= own
    core = {name.removeprefix("core.") for name in own if name.startswith("core.")}
    core = {name for name in core if not name.startswith("providers")}
    assert core <= {
        "accounts", "addresses", "errors", "exif", "language", "late", "model", "picture_size",
        "sandbox", "storage", "wording",
    }  # fmt: skip
    assert not own & {"cli", "importing.background", "importing.child", "importing.place"}
    # Each of these is slow to import, or brings much along.
    slow = {
        "bz2", "email", "http", "ipaddress", "logging", "numpy", "requests", "shutil", "socket",
        "sqlite3", "ssl", "statistics", "subprocess", "tempfile", "traceback", "urllib.request",
        "urllib3",
    }  # fmt: skip
    assert slow & set(answer["new"]) == set()
    assert (answer["threads"], answer["preparing"]) == (0, 1)
    assert {f"{PACKAGE}.core.engine", "sqlite3", "ssl"} <= set(answer["later"])


def test_disabling_while_the_engine_is_imported(
    blender_process: Callable[[str], dict[str, Any]],
) -> None:
    answer = blender_process(f"""
        import bpy, importlib, threading
        package = {PACKAGE!r}
        install()
        importlib.import_module(package + ".session").prepare()
        answer["amid"] = threading.active_count() - 1
        bpy.ops.preferences.addon_disable(module=package)
        answer["left"] = threading.active_count() - 1
        bpy.ops.preferences.addon_enable(module=package)
        session = importlib.import_module(package + ".session")
        session.prepare()
        answer["engine"] = type(session.engine()).__name__  # which waits for it
        answer["thread"] = session._preparing.is_alive()
        bpy.ops.preferences.addon_disable(module=package)
    """)
    assert (answer["amid"], answer["left"]) == (1, 0)
    assert (answer["engine"], answer["thread"]) == ("Engine", False)
    assert "Traceback" not in answer["said"], answer["said"]


def test_another_blender_updated_it_before_this_one_had_imported_all(
    blender_process: Callable[[str], dict[str, Any]],
) -> None:
    answer = blender_process(f"""
        import bpy, importlib, os, threading
        from pathlib import Path
        package = {PACKAGE!r}
        install()
        session = importlib.import_module(package + ".session")
        errors = importlib.import_module(package + ".core.errors")
        sandbox = importlib.import_module(package + ".core.providers").get_provider("sandbox")
        manifest = Path(session.__file__).with_name("blender_manifest.toml")

        def update(number):
            os.utime(manifest, ns=(number, number))

        def refused():
            try:
                session.engine()
            except errors.SetupError as error:
                return str(error)

        update(10**9)
        session.prepare()
        answer["refused"] = [refused(), session.setup_problem(sandbox)]
        answer["left alone"] = session._wake_up()
        session.stop()
        answer["nothing imported"] = package + ".core.engine" not in sys.modules
        session.start()  # as disabling and enabling do
        session.prepare()
        update(2 * 10**9)
        answer["afterwards"] = [refused(), session.setup_problem(sandbox)]
        session.stop()
        session.start()
        manifest.unlink()
        answer["removed"] = refused()
    """)
    sentence = "Maquette was updated or removed by another Blender. Restart this one."
    assert answer["refused"] == [sentence, sentence]
    assert answer["left alone"] is None
    assert answer["nothing imported"]
    assert answer["afterwards"] == [None, ""]
    assert answer["removed"] == sentence


def test_disabling_leaves_nothing_and_enabling_brings_all_back(maquette: ModuleType) -> None:
    enabled = traces()
    assert enabled["threads"] == set(), "threads while idle"
    assert enabled["timers"] == set(), "timers while idle"
    try:
        bpy.ops.preferences.addon_disable(module=PACKAGE)
        without = traces()
        bpy.ops.preferences.addon_enable(module=PACKAGE)
        again = traces()
        bpy.ops.preferences.addon_disable(module=PACKAGE)
        without_again = traces()
    finally:
        bpy.ops.preferences.addon_enable(module=PACKAGE)
    assert without_again == without
    assert again == enabled
    assert addon_utils.check(PACKAGE) == (True, True)
    # Whatever is left with our name would be in both lists above, so look for the name as well.
    for kind, found in without.items():
        assert [name for name in found if "maquette" in name.lower()] == [], kind
    assert enabled["operators"] - without["operators"], "the comparison sees our operators"
    assert "Scene.maquette" in enabled["properties"] - without["properties"]


def test_a_whole_life_in_an_empty_profile(
    blender_process: Callable[[str], dict[str, Any]], zip_file: Path
) -> None:
    answer = blender_process(f"""
        import bpy, addon_utils
        from pathlib import Path
        package = {PACKAGE!r}
        install()
        answer["enabled"] = addon_utils.check(package)[1]
        user = Path(bpy.utils.extension_path_user(package, create=True))
        (user / "keepsake").write_text("kept")
        install()  # as an update does
        answer["enabled after update"] = addon_utils.check(package)[1]
        answer["kept"] = (user / "keepsake").read_text()
        bpy.ops.preferences.addon_disable(module=package)
        bpy.ops.preferences.addon_enable(module=package)
        answer["enabled again"] = addon_utils.check(package)[1]
        folder = Path(sys.modules[package].__file__).parent
        repos = bpy.context.preferences.extensions.repos
        index = [repo.module for repo in repos].index("user_default")
        bpy.ops.extensions.package_uninstall(repo_index=index, pkg_id="maquette")
        answer["folder left"] = folder.exists()
        answer["operators left"] = dir(bpy.ops.maquette)
    """)
    assert [answer["enabled"], answer["enabled after update"], answer["enabled again"]] == [
        True
    ] * 3
    assert answer["kept"] == "kept"
    assert not answer["folder left"]
    assert answer["operators left"] == []
    assert "Traceback" not in answer["said"], answer["said"]
    # The bpy module of 4.2 crashes when its process ends after the removal of any extension whose
    # property group has a method (seen with a seven-line one on 4.2.23; 4.5.15 and 5.0.1 do not).
    assert answer["exit"] == 0 or bpy.app.version < (4, 3)


def test_without_requests_it_enables_and_says_what_is_missing(
    blender_process: Callable[[str], dict[str, Any]],
) -> None:
    answer = blender_process(f"""
        class NotThere:
            def find_spec(self, name, path=None, target=None):
                if name.split(".")[0] in ("requests", "urllib3", "certifi"):
                    raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
        sys.meta_path.insert(0, NotThere())
        import bpy, addon_utils, importlib
        install()
        answer["enabled"] = addon_utils.check({PACKAGE!r})[1]
        http = importlib.import_module({PACKAGE!r} + ".core.http")
        errors = importlib.import_module({PACKAGE!r} + ".core.errors")
        try:
            http.load_requests()
        except errors.SetupError as error:
            answer["message"], answer["advice"] = error.message, error.advice
    """)
    assert answer["enabled"], answer["said"]
    assert "'requests' is missing" in answer["message"]
    assert "Restart Blender" in answer["advice"]


def test_disabling_amid_a_generation_leaves_nothing_and_enabling_goes_on(
    blender_process: Callable[[str], dict[str, Any]],
) -> None:
    answer = blender_process(f"""
        import bpy, importlib, threading, time
        package = {PACKAGE!r}
        install()
        providers = importlib.import_module(package + ".core.providers")
        options = importlib.import_module(package + ".core.providers.options")

        def session():
            return importlib.import_module(package + ".session")

        def wait(task_id, good):
            until = time.monotonic() + 30
            while time.monotonic() < until:
                session().tick()
                task = session().task(task_id)
                if task and good(task):
                    return task
                time.sleep(0.02)
            raise SystemExit(f"waited in vain; {{task}}")

        def others():
            return [t.name for t in threading.enumerate() if t is not threading.main_thread()]

        request = options.make_request(providers.get_provider("sandbox"), prompt="a blue vase")
        task_id = session().engine().generate(request)
        job_id = wait(task_id, lambda task: task.accepted).accepted.job_id
        answer["amid"] = others()
        timers = [session().tick, session()._wake_up]
        bpy.ops.preferences.addon_disable(module=package)
        answer["threads left"] = others()
        answer["timers left"] = [str(t) for t in timers if bpy.app.timers.is_registered(t)]
        bpy.ops.preferences.addon_enable(module=package)
        session().engine()
        task = wait(task_id, lambda task: task.state == "ready" or task.message)
        answer["end"] = [task.state, task.message, task.accepted.job_id == job_id]
    """)
    assert answer["amid"], "threads work while a generation runs"
    assert answer["threads left"] == []
    assert answer["timers left"] == []
    assert answer["end"] == ["ready", "", True]
    assert answer["exit"] == 0
