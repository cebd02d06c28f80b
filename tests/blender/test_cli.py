"""`blender --command maquette …`, each command in a process of its own with the installed zip.

The bpy module has no command line; the processes call what Blender would call with the arguments.
"""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.glb import check  # the source tree's, to look at what came out

# What Blender itself says while it starts (5.0.1 on stdout, where a machine has no /etc/mtab) is
# not the command's.
RUNNER = """
import os, sys
streams, nowhere = {fd: os.dup(fd) for fd in (1, 2)}, os.open(os.devnull, os.O_WRONLY)
for fd in streams:
    os.dup2(nowhere, fd)
import bpy
for fd, kept in streams.items():
    os.dup2(kept, fd)
bpy.ops.preferences.addon_enable(module="bl_ext.user_default.maquette")
from bl_ext.user_default.maquette import cli
sys.exit(cli.main(sys.argv[1:]))
"""


class Terminal:
    """A profile of its own in which the zip is installed, and a folder to work in."""

    def __init__(self, folder: Path):
        self.profile = folder / "profile"
        shutil.copytree(os.environ["BLENDER_USER_RESOURCES"], self.profile)
        shutil.rmtree(self.user, ignore_errors=True)
        self.folder = folder

    @property
    def user(self) -> Path:
        return self.profile / "extensions/.user/user_default/maquette"

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-c", RUNNER, *arguments],
            env={**os.environ, "BLENDER_USER_RESOURCES": str(self.profile), **environ},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environ: str) -> tuple[int, str, str]:
        process = self.start(*arguments, **environ)
        out, err = process.communicate(timeout=90)
        return process.returncode, out, err

    def states(self) -> list[str]:
        database = self.user / "tasks.sqlite3"
        if not database.exists():
            return []
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
            rows = db.execute("SELECT json_extract(task, '$.accepted.job_id') FROM tasks")
            found = [row[0] for row in rows]
        db.close()
        return found


@pytest.fixture(scope="module")
def terminal(tmp_path_factory):
    return Terminal(tmp_path_factory.mktemp("cli"))


def test_services_are_listed_for_programs(terminal):
    code, out, _ = terminal.run("services", "--json")
    assert code == 0
    rows = {row["service"]: row for row in json.loads(out)}
    assert list(rows) == ["sandbox", "rodin", "triverse"]
    assert rows["sandbox"]["problem"] == ""
    assert "needs a key" in rows["rodin"]["problem"]
    assert "Sketch" in rows["rodin"]["options"]["tier"]


def test_a_prompt_to_a_glb(terminal):
    code, out, err = terminal.run("generate", "--prompt", "a blue vase", "--output", "vase.glb")
    assert (code, err) == (0, "")
    assert out.strip() == str(terminal.folder / "vase.glb")
    assert check(terminal.folder / "vase.glb").meshes == 1
    code, out, _ = terminal.run("tasks", "--json")
    assert [task["state"] for task in json.loads(out)] == ["ready"]


def test_a_picture_to_a_blend_and_nothing_but_json_on_stdout(terminal, tmp_path):
    import bpy

    image = bpy.data.images.new("test card", 64, 64)
    image.filepath_raw, image.file_format = str(tmp_path / "card.png"), "PNG"
    image.save()
    code, out, _ = terminal.run(
        "generate", "--image", str(tmp_path / "card.png"), "--option", "protocol=Triverse",
        "--option", "polygons=1500", "--output", "card.blend", "--json",
    )  # fmt: skip
    assert code == 0
    (task,) = json.loads(out)
    assert task["output"] == str(terminal.folder / "card.blend")
    assert task["triangles"] <= 1500
    bpy.ops.wm.open_mainfile(filepath=task["output"])
    assert [obj["maquette_task"] for obj in bpy.data.objects] == [task["task"]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["generate"], "nothing to make a model from"),
        (["generate", "--prompt", "x", "--option", "polygons=7"], "outside its range"),
        (["generate", "--prompt", "x", "--option", "polygons=many"], "polygons takes"),
        (["generate", "--prompt", "x", "--option", "shiny=1"], "no option 'shiny'"),
        (["generate", "--image", "/nowhere/x.png"], "not there"),
        (["generate", "--prompt", "x", "--output", "vase.fbx"], ".glb or .blend"),
        (["generate", "--prompt", "x", "--output", "/nowhere/x.glb"], "does not exist"),
        (["generate", "--service", "meshy", "--prompt", "x"], "invalid choice"),
        (["bogus"], "invalid choice"),
        ([], "required"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_wrong_usage_is_2_with_a_sentence_and_sends_nothing(terminal, arguments, words):
    before = terminal.states()
    code, out, err = terminal.run(*arguments)
    assert code == 2
    assert out == ""
    assert words in err
    assert "Traceback" not in err
    assert terminal.states() == before


def test_no_key_is_1_with_one_line(terminal):
    code, out, err = terminal.run("generate", "--service", "rodin", "--prompt", "a vase")
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "needs a key" in err


def test_offline_is_said_and_nothing_is_sent(terminal):
    code, _, err = terminal.run(
        "generate", "--service", "triverse", "--prompt", "a vase", TRIVERSE_API_KEY="secret-key"
    )
    assert code == 1
    assert "offline" in err
    assert "secret-key" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_an_interrupted_task_is_finished_by_resume(terminal, number):
    before = set(terminal.states())
    process = terminal.start("generate", "--prompt", f"a vase for {number.name}")
    until = time.monotonic() + 60
    while not (set(terminal.states()) - before - {None}):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert "resume" in err
    assert out == ""
    code, out, _ = terminal.run("resume", "--json")
    assert code == 0
    (task,) = json.loads(out)
    assert task["state"] == "ready"
    assert task["title"] == f"a vase for {number.name}"
    assert Path(task["model"]).is_file()
    assert terminal.run("resume")[0] == 0  # nothing is open any more


def test_a_time_limit_leaves_it_to_resume(terminal):
    code, out, err = terminal.run("generate", "--prompt", "a slow vase", "--timeout", "0.4")
    assert (code, out) == (1, "")
    assert "resume" in err
    code, out, _ = terminal.run("resume")
    assert code == 0
    assert out.strip().endswith("model.glb")


def test_what_failed_after_it_was_paid_is_fetched_by_resume(terminal):
    """The library folder could not be made; then it can."""
    library = terminal.user / "library"
    kept = library.rename(terminal.user / "kept") if library.exists() else None
    terminal.user.mkdir(parents=True, exist_ok=True)
    library.write_text("in its place")
    code, out, err = terminal.run("generate", "--prompt", "a vase for a full shelf")
    assert (code, out) == (1, "")
    assert "Check the disk and the folder" in err
    library.unlink()
    if kept:
        kept.rename(library)
    charged = len(terminal.states())
    code, out, _ = terminal.run("resume")
    assert code == 0
    assert Path(out.strip()).is_file()
    assert len(terminal.states()) == charged


def test_what_is_not_confirmed_is_named_by_resume(terminal):
    with sqlite3.connect(terminal.user / "tasks.sqlite3") as db:
        db.execute(
            "UPDATE tasks SET state = 'unconfirmed', task = json_set(task, '$.state',"
            " 'unconfirmed', '$.message', 'Nobody knows.') WHERE rowid = 1"
        )
    db.close()
    code, out, err = terminal.run("resume")
    assert (code, out) == (1, "")
    assert "Nobody knows." in err
    assert "Nothing else is open" in err


def test_the_balance_is_printed(terminal):
    code, out, _ = terminal.run("balance", "--service", "sandbox", "--json")
    assert code == 0
    assert json.loads(out)["credits"] > 0
