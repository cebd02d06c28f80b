"""Hostile content: models, links, pictures, and who asks the Sandbox.

Every file of hostile_glbs.py is refused in words or taken, in bounded memory; what is taken is
imported by a real Blender in tests/blender/test_hostile.py. MAQUETTE_CAMPAIGN=1 takes the whole
corpus, and asks Khronos' glTF-Validator (npm) as a referee.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import socket
import subprocess
import tracemalloc
from collections import Counter, defaultdict
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from core.errors import BadModel
from core.glb import check
from core.http import load_requests
from tests.services.scripted import HEAR, Scripted, answer

from .hostile_bytes import MIB
from .hostile_glbs import corpus
from .outcomes import MESSAGE, OTHER, Wrong, all_hold, caught, note, note_ends

FULL = bool(os.environ.get("MAQUETTE_CAMPAIGN"))
BASE, FACTOR = 4 * MIB, 24  # bytes a check may take: so many, and so many for each of the file


def verdict(path: Path) -> BadModel | None:
    """Anything else that is raised is a crash."""
    try:
        check(path)
    except BadModel as error:
        return error
    return None


@pytest.mark.timeout(900)
def test_every_hostile_file_is_refused_in_words_or_taken(tmp_path):
    path, ends, wrong = tmp_path / "model.glb", defaultdict(Counter), defaultdict(list)
    for case in corpus(FULL):
        path.write_bytes(case.make())
        found, outcome = [], "broke off"
        tracemalloc.start()
        with caught(found):
            error = verdict(path)
            outcome = "refused" if error else "taken"
            if error and not (error.message.endswith(".") and error.advice.endswith(".")):
                found.append(Wrong(MESSAGE, "no sentence"))
            if case.bad and not error:
                found.append(Wrong(OTHER, "taken"))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        if peak > BASE + FACTOR * path.stat().st_size:
            found.append(Wrong(OTHER, f"took {peak:,} bytes"))
        group = case.name.partition(":")[0]
        ends[group][outcome] += 1
        wrong[group] += [each._replace(what=f"{case.name}: {each.what}") for each in found]
    for group in ends:
        note_ends("content", "", f"GLB, {group}", ends[group], wrong[group])
    sums = sum(ends.values(), Counter())
    print(f"hostile GLBs: {sum(sums.values())} tried, {dict(sums)}")
    all_hold(each for group in wrong.values() for each in group)


# --- the referee ------------------------------------------------------------------------------

VALIDATOR = "gltf-validator@2.0.0-dev.3.10"
PATIENCE = 20.0  # seconds; it follows every path through the nodes of a file, which may be 2 ** 60
SHOWN = 100_000  # bytes; it would take minutes for some of the larger ones
REFEREE = """
const { validateBytes } = require("gltf-validator"), fs = require("fs");
(async () => {
  for await (const path of require("readline").createInterface({ input: process.stdin })) {
    let codes = ["UNREADABLE"];
    try {
      const report = await validateBytes(new Uint8Array(fs.readFileSync(path)), { maxIssues: 0 });
      codes = report.issues.messages.filter((each) => each.severity === 0).map((each) => each.code);
    } catch (error) {}
    console.log(JSON.stringify([...new Set(codes)]));
  }
})();
"""
# What we take although it calls it an error: beginnings of its codes, and why.
TOLERATED = {
    "ACCESSOR_ANIMATION_": "an odd motion is still a model that was paid for",
    "ACCESSOR_ELEMENT_OUT_OF_": "nobody trusts the stated bounds: all numbers are looked at",
    "ACCESSOR_M": "the same: min and max are not read (MIN_, MAX_MISMATCH)",
    "ACCESSOR_INVALID_FLOAT": "in normals, colors, weights: shades oddly, stands where it should",
    "ACCESSOR_INVALID_IBM": "odd bones: Blender takes them, or says that the size is no number",
    "ACCESSOR_JOINTS_": "the same bone twice: Blender adds them up",
    "ACCESSOR_VECTOR3_NON_UNIT": "normals and tangents are made anew by Blender",
    "ACCESSOR_WEIGHTS_": "Blender normalizes",
    "ACCESSOR_SPARSE_INDICES_NON_INCREASING": "any order will do",
    "ACCESSOR_OFFSET_ALIGNMENT": "numpy reads from any byte",
    "ACCESSOR_TOTAL_OFFSET_ALIGNMENT": "the same",
    "ANIMATION_SAMPLER_INPUT_ACCESSOR_WITHOUT_BOUNDS": "the same",
    "ARRAY_": "of lists that Blender does not look into",
    "BUFFER_": "a part longer than it says is not read further",
    "DUPLICATE_ELEMENTS": "Blender takes the second for the first",
    "EMPTY_ENTITY": "nothing to read is nothing to fail on",
    "IMAGE_": "Blender tells kinds by content; a picture that breaks off is a picture missing",
    "INVALID_": "of words and numbers that Blender does not look at, or knows a default for",
    "KHR_": "a variant named twice",
    "MESH_PRIMITIVE_": "attributes that Blender ignores; no bounds stated; modes mixed",
    "NODE_": "a matrix that is none of place, turn and size comes as the nearest",
    "NON_REQUIRED_EXTENSION": "what it needs is judged by what is used",
    "ROTATION_NON_UNIT": "Blender normalizes",
    "SKIN_": "Blender makes one armature of it or several",
    "TEXTURE_INVALID_IMAGE_MIME_TYPE": "Blender tells kinds by content",
    "TYPE_MISMATCH": "null for absent, and values that Blender does not look at",
    "UNDECLARED_EXTENSION": "Blender goes by what is there",
    "UNDEFINED_PROPERTY": "of what Blender does not look at",
    "UNREADABLE": "it fails itself, in its own code",
    "UNSATISFIED_DEPENDENCY": "of what Blender ignores then",
    "UNRESOLVED_REFERENCE": "of what Blender does not follow",
    "VALUE_": "a factor beyond 1 is cut by Blender, a word it does not know has a default",
}
# What we refuse although it finds no error: parts of our sentence, and why.
STRICTER = {
    "an addition to glTF that Blender cannot read": "it judges files, not Blender",
    "too big for Blender": "the same",
    "neither PNG nor JPEG nor WebP": "a picture without a size is only a warning to it",
    "a number in it is not possible": "1e18 and beyond, which Blender computes squares of",
    "a word in it is unknown": "a number for a word, where it goes by the nearest",
    "holds no mesh": "a scene without one is valid, and not what was ordered",
    "has no points": "points that are all zeros are valid, and no model",
    "a list that is not there": "it does not know EXT_mesh_gpu_instancing",
    "numbers in it are of the wrong kind": "the same",
    "its triangles are missing": "indices that are all zeros are valid, and no model",
    "lacks a corner": "a warning to it; Blender dies of some",
    "a point that is not there": "bytes that it does not look at, since another thing is wrong",
    "the file is longer than it says": "a warning to it; it may be two files in one",
}


class Referee:
    """Khronos' validator, one file after the other. Skips the test where it is not to be had."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.given_up = folder, 0
        missing = [name for name in ("node", "npm") if not shutil.which(name)]
        if not missing:
            command = [
                "npm",
                "install",
                "--prefix",
                str(folder),
                "--no-audit",
                "--no-fund",
                VALIDATOR,
            ]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                missing = [f"{VALIDATOR} from npm"]
        if missing:
            print(f"no referee: {', '.join(missing)} not found")
            pytest.skip(f"no referee: {', '.join(missing)} not found")
        (folder / "referee.cjs").write_text(REFEREE)
        self.start()

    def start(self) -> None:
        self.node = subprocess.Popen(
            ["node", "referee.cjs"], cwd=self.folder, stdin=-1, stdout=-1, stderr=-3, text=True
        )

    def end(self) -> None:
        self.node.kill()
        self.node.wait()

    def errors(self, path: Path) -> list[str] | None:
        """The codes of what it calls errors; None if it does not come to an end."""
        assert self.node.stdin
        assert self.node.stdout
        self.node.stdin.write(f"{path}\n")
        self.node.stdin.flush()
        answers = select.select([self.node.stdout], [], [], PATIENCE)[0]
        if answers and (line := self.node.stdout.readline()):
            return json.loads(line)
        self.given_up += 1
        self.end()
        self.start()
        return None


@pytest.mark.skipif(not FULL, reason="a matter of minutes: make campaign")
@pytest.mark.timeout(1800)
def test_where_the_referee_sees_it_otherwise_the_reason_is_known(tmp_path):
    referee, path, ends = Referee(tmp_path), tmp_path / "model.glb", Counter()
    taken, refused = defaultdict(list), defaultdict(list)
    for case in corpus(FULL):
        path.write_bytes(case.make())
        if path.stat().st_size > SHOWN:
            continue
        codes = referee.errors(path)
        if codes is None:
            continue
        error = verdict(path)
        ends["refused" if error else "taken", "errors" if codes else "no errors"] += 1
        if error and not codes:
            refused[error.message].append(case.name)
        for code in codes if not error else ():
            taken[code].append(case.name)
    referee.end()
    print(f"referee: {dict(ends)}, without an end: {referee.given_up}")
    for code, names in sorted(taken.items()):
        print(f"  taken in spite of {code}: {len(names)}, e.g. {names[0]}")
    for message, names in sorted(refused.items()):
        print(f"  refused without an error: {message} {len(names)}, e.g. {names[0]}")
    unknown = [code for code in taken if not code.startswith(tuple(TOLERATED))]
    unknown += [said for said in refused if not any(part in said for part in STRICTER)]
    for (ours, theirs), count in ends.items():
        note("content", "", f"GLB, referee: {theirs}", ours, tried=count)
    assert not unknown, "\n".join(unknown)


def test_what_others_ask_is_logged_as_ever(caplog):
    """Only the queries of our own requests are cut out of urllib3's log; see test_secrets.py."""
    load_requests()
    with Scripted([HEAR, answer()]) as server, caplog.at_level("DEBUG"):
        requests.get(f"{server.url}/x?theirs=1")
    assert "/x?theirs=1" in caplog.text


# --- who asks the Sandbox ---------------------------------------------------------------------

RODIN = ("rodin", "status", "download", "check_balance", "")
TRIVERSE = ("tasks/text-to-model", "tasks/image-to-model", "tasks/url/x", "tasks/download/x",
            "tasks/x", "upload/image", "users/balance", "tasks/pricing/quote", "")  # fmt: skip
OUTSIDE = ("../secret", "..%2fsecret", "../../etc/passwd", "/etc/passwd", "..\\secret", ".", "%00",
           "....//secret", "secret", "job.json", "\u2025/secret")  # fmt: skip


def test_no_door_of_the_sandbox_opens_without_its_key(sandbox):
    urls = [f"{sandbox.rodin_url}/{path}" for path in RODIN]
    urls += [f"{sandbox.triverse_url}/{path}" for path in TRIVERSE]
    wrong = ({}, {"Authorization": sandbox.key}, {"Authorization": "Bearer "})
    wrong += ({"Authorization": f"Bearer {sandbox.key[:-1]}"}, {"X-Api-Key": sandbox.key})
    wrong += ({"Cookie": f"key={sandbox.key}"}, {"Authorization": f"Basic {sandbox.key}"})
    for url in urls:
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
            for headers in wrong:
                reply = requests.request(method, url, headers=headers, json={})
                assert reply.status_code in (401, 403, 404, 405), (method, url)
        assert requests.post(f"{url}?key={sandbox.key}", json={}).status_code >= 400
    assert sandbox.charges == []


def test_the_sandbox_listens_on_one_address_only(sandbox):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: asks which address it would use
            own = {probe.getsockname()[0]} - {"127.0.0.1"}
        except OSError:
            own = set()
    for url in (sandbox.rodin_url, sandbox.files.base_url):
        port = urlsplit(url).port
        for host in {"127.0.0.2", "::1", *own}:
            with pytest.raises(OSError):
                socket.create_connection((host, port), timeout=2).close()


def test_the_sandbox_gives_away_no_file_but_its_models(sandbox, tmp_path):
    (tmp_path / "secret").write_text("not yours")
    (sandbox.folder / "secret.txt").write_text("not yours")
    kept = (sandbox.folder / "secret").read_bytes()
    key = {"Authorization": f"Bearer {sandbox.key}"}
    answers: list[requests.Response] = []
    for path in OUTSIDE:
        for name in ("download", "status"):
            body = {"task_uuid": path, "subscription_key": path}
            answers.append(requests.post(f"{sandbox.rodin_url}/{name}", headers=key, json=body))
        for name in ("", "url/", "download/"):
            url = f"{sandbox.triverse_url}/tasks/{name}{path}"
            answers.append(requests.get(url, headers=key))
        for protocol in ("rodin", "triverse", ".."):
            link = sandbox.files.link(protocol, path, "model.glb", "x", 60)
            answers += [requests.get(link), requests.get(link.replace("model.glb", path))]
    for reply in answers:
        assert b"not yours" not in reply.content
        assert kept not in reply.content
        assert not reply.content.startswith(b"glTF")
    note("content", "sandbox", "file outside its folder", "refused", tried=len(answers))
    print(f"sandbox: {len(answers)} questions for files that are not its models")
