"""The rules of the house that can be read off the source: layers, one version, what may ship."""

from __future__ import annotations

import ast
import functools
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.providers import all_providers

ROOT = Path(__file__).resolve().parent.parent.parent
MANIFEST = tomllib.loads((ROOT / "blender_manifest.toml").read_text())
LAYERS = ("core", "importing", "operators", "panels")
SHIPPED = sorted(
    path
    for path in [*ROOT.glob("*.py"), *(p for layer in LAYERS for p in (ROOT / layer).rglob("*.py"))]
    if path.name != "noxfile.py"
)
# child.py is the program of a process of its own, which nothing of the user's shares.
HERE = [path for path in SHIPPED if path.name != "child.py"]
BLENDER = {"bpy", "bpy_extras", "bmesh", "mathutils", "gpu", "gpu_extras", "bl_ui", "addon_utils"}
BLENDER |= {"_bpy", "bl_ext", "aud", "blf", "freestyle", "idprop", "imbuf"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=name_of(path))


def imports(path: Path, tree: ast.AST | None = None) -> Iterator[tuple[int, str]]:
    """(line, absolute dotted name) of everything a file imports, in functions too. What is taken
    from the extension itself starts with a dot: "from ..core.http import Api" gives ".core.http"
    and ".core.http.Api"."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(tree or tree_of(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            if node.level > len(package) + 1:
                yield node.lineno, "..beyond the extension"
                continue
            base = node.module or ""
            if node.level:
                above = package[: len(package) - (node.level - 1)]
                base = "." + ".".join([*above, *filter(None, [node.module])])
            yield node.lineno, base
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}".replace("..", ".")


def dotted(node: ast.AST) -> str:
    """ "a.b.c" for such an expression, the last part for any other that ends in a name."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".removeprefix(".")
    return node.id if isinstance(node, ast.Name) else ""


def calls(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            yield node.lineno, dotted(node.func)


def found(paths: list[Path], wrong: re.Pattern[str]) -> list[str]:
    """ "file:line name" of every import that fully matches."""
    return [
        f"{name_of(path)}:{line} {name}"
        for path in paths
        for line, name in imports(path)
        if wrong.fullmatch(name)
    ]


CORE = [path for path in SHIPPED if name_of(path).startswith("core/")]
PROVIDERS = [path for path in CORE if name_of(path).startswith("core/providers/")]


def test_the_rules_have_something_to_look_at() -> None:
    assert len(CORE) > 10
    assert len(PROVIDERS) > 4
    assert {"__init__.py", "core/model.py"} <= {name_of(path) for path in SHIPPED}


def test_imports_are_resolved_as_python_does(tmp_path: Path) -> None:
    # The other rules stand on this.
    path = ROOT / "core" / "providers" / "example.py"
    tree = ast.parse(
        "from . import base\nfrom ..http import Api\nfrom ... import session\n"
        "import bpy.types\nfrom .... import x\ndef f():\n    from ..worker import Worker"
    )
    assert [name for _, name in imports(path, tree)] == [
        ".core.providers",
        ".core.providers.base",
        ".core.http",
        ".core.http.Api",
        ".",
        ".session",
        "bpy.types",
        "..beyond the extension",
        ".core.worker",
        ".core.worker.Worker",
    ]


def test_core_knows_no_blender() -> None:
    assert found(CORE, re.compile(rf"({'|'.join(BLENDER)})(\..*)?")) == []


def test_core_imports_nothing_above_it_and_itself_only_relatively() -> None:
    above = re.compile(r"\.\..*|\.(?!core(\.|$)).*")
    absolute = re.compile(r"(core|importing|operators|panels|session|properties)(\..*)?")
    assert found(CORE, above) == []
    assert found(SHIPPED, absolute) == []


def test_providers_do_the_talking_only() -> None:
    others = "accounts|engine|job|ledger|library|worker|wording"
    assert found(PROVIDERS, re.compile(rf"\.core\.({others})(\..*)?")) == []


def test_what_is_below_does_not_import_what_is_above() -> None:
    by_layer = {
        layer: [p for p in SHIPPED if name_of(p).startswith(layer + "/")] for layer in LAYERS
    }
    session = [path for path in SHIPPED if name_of(path) == "session.py"]
    arrivals = [path for path in SHIPPED if name_of(path) == "arrivals.py"]
    above = re.compile(r"\.(operators|panels|registration|cli)(\..*)?")
    assert len(session + arrivals) == 2
    assert found(session + arrivals + by_layer["importing"], above) == []
    assert found(arrivals + by_layer["importing"], re.compile(r"\.session(\..*)?")) == []
    assert found(by_layer["operators"], re.compile(r"\.(panels|registration|cli)(\..*)?")) == []
    assert found(by_layer["panels"], re.compile(r"\.(operators|registration|cli)(\..*)?")) == []


def test_only_session_and_command_line_build_the_engine() -> None:
    builders = {
        name_of(path)
        for path in SHIPPED
        for _, called in calls(path)
        if called.split(".")[-1] == "Engine"
    }
    assert builders <= {"session.py", "cli.py"}


def test_the_root_module_can_be_imported_without_blender() -> None:
    tree = tree_of(ROOT / "__init__.py")
    at_module_level = ast.Module([n for n in tree.body if not isinstance(n, ast.FunctionDef)], [])
    names = {name.split(".")[0] for _, name in imports(ROOT / "__init__.py", at_module_level)}
    assert names <= {"__future__"}


def test_nothing_shipped_prints_sleeps_or_evaluates() -> None:
    # cli.py speaks to a terminal; everything else to people in front of Blender. The check of a
    # model and a download, both of them for threads, pause so that Blender can draw.
    may_sleep = {("core/glb.py", "time.sleep"), ("core/http.py", "time.sleep")}
    wrong = [
        f"{name_of(path)}:{line} {called}()"
        for path in HERE
        for line, called in calls(path)
        if (name_of(path), called) not in may_sleep
        if called in ("time.sleep", "sleep", "eval", "exec", "compile", "__import__", "os.system")
        or (called in ("print", "pprint") and name_of(path) != "cli.py")
    ]
    assert wrong == []
    assert found(HERE, re.compile(r"time\.sleep|pickle|marshal|pip(\..*)?")) == []


def test_nothing_shipped_touches_pythons_own_tables() -> None:
    # Blender calls it a policy violation (addon_utils._extensions_warnings_get).
    wrong = [
        f"{name_of(path)}:{node.lineno}"
        for path in HERE
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute)
        and dotted(node) in ("sys.path", "sys.modules", "sys.meta_path")
    ]
    assert wrong == []


def test_certificates_are_never_switched_off() -> None:
    wrong = [
        f"{name_of(path)}:{node.value.lineno}"
        for path in SHIPPED
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.keyword)
        and node.arg == "verify"
        and isinstance(node.value, ast.Constant)
        and node.value.value is False
    ]
    assert wrong == []


def test_manifest_and_lock_name_the_same_wheels() -> None:
    lock = (ROOT / "vendor" / "wheels.lock").read_text()
    lines = [line for line in lock.splitlines() if line and not line.startswith("#")]
    locked = []
    for line in lines:
        match = re.fullmatch(r"([a-z0-9-]+)==([0-9.]+) --hash=sha256:[0-9a-f]{64}", line)
        assert match, line
        locked.append(f"./vendor/{match[1].replace('-', '_')}-{match[2]}-py3-none-any.whl")
    assert sorted(MANIFEST["wheels"]) == sorted(locked)
    assert len(locked) == 5


def test_manifest_says_what_blender_accepts() -> None:
    # Rules of `blender --command extension validate`, checked here without a Blender.
    assert MANIFEST["id"] == "maquette"
    assert MANIFEST["blender_version_min"] == "4.2.0"
    assert set(MANIFEST["permissions"]) == {"network", "files", "clipboard"}
    for sentence in (MANIFEST["tagline"], *MANIFEST["permissions"].values()):
        assert len(sentence) <= 64
        assert sentence[-1].isalnum()


def test_there_is_one_version_number() -> None:
    version = MANIFEST["version"]
    files = [*SHIPPED, *ROOT.glob("*.toml"), *ROOT.glob("tools/*"), ROOT / "Makefile"]
    places = [
        f"{name_of(path)}:{number}"
        for path in [*files, ROOT / "noxfile.py"]
        if path.is_file()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(rf"(?<![\d.]){re.escape(version)}(?![\d.])", line)
    ]
    assert len(places) == 1, places
    assert places[0].startswith("blender_manifest.toml")
    names = {
        f"{name_of(path)} {node.id}"
        for path in SHIPPED
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Name) and node.id in ("bl_info", "__version__")
    }
    assert names == set()


TEXT = {".cfg", ".ini", ".lock", ".md", ".py", ".sh", ".toml", ".yml"}
MADE = {".git", ".nox", ".venv", "build", "dist", "__pycache__"}


def written() -> Iterator[Path]:
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in MADE]
        yield from (Path(folder, name) for name in files if Path(name).suffix in TEXT)


def test_no_path_of_a_machine_is_written_down() -> None:
    # A folder right under "/", like /src, may well stand in a URL.
    homes = [Path.home(), *([ROOT] if len(ROOT.parts) > 2 else [])]
    here = re.compile("|".join(rf"(?<![\w.]){re.escape(str(home))}/\w" for home in homes))
    general = re.compile(r"/(?:home|Users)/\w+/|[A-Z]:\\\\?Users\\")
    wrong = []
    for path in written():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if here.search(line) or (path in SHIPPED and general.search(line)):
                wrong.append(f"{name_of(path)}:{number} {line.strip()[:80]}")
    assert wrong == []


def test_the_numbers_stored_in_blend_files_are_unique() -> None:
    providers = all_providers()
    assert {"sandbox", "rodin", "triverse"} <= {provider.id for provider in providers}
    numbers = {provider.id: provider.number for provider in providers}
    assert len(numbers) == len(providers)
    assert len(set(numbers.values())) == len(numbers)
    # They are in users' files: these three may never change.
    assert (numbers["sandbox"], numbers["rodin"], numbers["triverse"]) == (1, 2, 3)


@pytest.mark.parametrize("provider", all_providers(), ids=lambda provider: provider.id)
def test_options_can_be_stored_and_told_apart(provider: type) -> None:
    names = [option.name for option in provider.options]
    assert len(set(names)) == len(names)
    for option in provider.options:
        for stored in ("number", "value"):
            values = [getattr(choice, stored) for choice in option.choices]
            assert len(set(values)) == len(values), (option.name, stored)
