"""A model on its way: cut and continued, by servers that keep to HTTP and by such that do not; and
what files may be called. What comes of it, as in test_wire.py."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import core.sandbox.jobs
from core.sandbox.messages import Request
from tests.services import faults

from .meanings import REQUESTS, Ends
from .outcomes import all_hold
from .road import Road, Wreck
from .story import FULL, Story, made, play, some

pytestmark = pytest.mark.timeout(600)  # hundreds of stories in a test
SERVICES = list(REQUESTS)
SIZE = (200 if FULL else 20) << 20
CUTS = 10


def whole(road: Road) -> faults.Fault:
    """A server without Range."""

    def fault(request: Request, carry_out: Any) -> Any:
        headers = {name: value for name, value in request.headers.items() if name != "range"}
        return road.sandbox.files.answer(replace(request, headers=headers))

    return fault


def lie(**headers: str) -> faults.Fault:
    """The part that was asked for, with false headers. {size}: of the file."""

    def fault(request: Request, carry_out: Any) -> Any:
        reply = carry_out()
        size = reply.headers.get("Content-Range", "/0").rpartition("/")[2]
        sent = {name.replace("_", "-"): value.format(size=size) for name, value in headers.items()}
        return replace(reply, headers={**reply.headers, **sent})

    return fault


def all_as_part(road: Road) -> faults.Fault:
    """The whole file, called the part that was asked for."""

    def fault(request: Request, carry_out: Any) -> Any:
        return replace(carry_out(), body=whole(road)(request, carry_out).body)

    return fault


def ways(road: Road) -> dict[str, list[faults.Fault | None]]:
    """What happens to the first request for the model, the second …"""
    cut = faults.cut_body(3000)
    gone = faults.answer(403)
    return {
        "cut, continued": [cut],
        "cut again and again": [cut, cut, cut],
        "cut by a reset": [faults.cut_body(3000, reset=True)],
        "link expired on the way": [cut, gone],
        "link expired, twice": [cut, gone, gone],
        "no Range": [cut, whole(road)],
        "no Range, cut": [cut, lambda r, c: replace(whole(road)(r, c), cut=2000)],
        "another file meanwhile": [
            lambda r, c: replace(lie(ETag='"other"')(r, c), cut=3000),
        ],
        "weak ETag": [lambda r, c: replace(lie(ETag='W/"weak"')(r, c), cut=3000)],
        "no ETag": [lambda r, c: replace(faults.with_headers(ETag="")(r, c), cut=3000)],
        "206 from elsewhere": [cut, lie(Content_Range="bytes 1-2/{size}")],
        "206 of another size": [cut, lie(Content_Range="bytes 3000-3999/4000")],
        "206 of unknown size": [cut, lie(Content_Range="bytes 3000-3999/*")],
        "206 without Content-Range": [cut, faults.with_headers(Content_Range="")],
        "206 of another file": [cut, lie(ETag='"other"')],
        "206 with the whole file": [cut, all_as_part(road)],
        "206, cut": [cut, faults.cut_body(500)],
        "206 unasked": [faults.status(206)],
        "416": [cut, faults.answer(416)],
        "200, empty, then more": [faults.cut_body(0), cut],
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_download_that_breaks_off(road: Road, service: str) -> None:
    wrong = []
    for name, turns in some(list(ways(road).items()), f"ways {service}", 3):
        wreck, ends, times = Wreck(faults.in_turn(*turns)), Ends.GOES_ON, len(turns)
        with Story(road, service) as story:
            wrong += play(story, "model", wreck, ends, name=name, taken=True, times=times)
    all_hold(wrong)


NAMES = {
    "two of one name": ("base.glb", "base.glb", "preview.png"),
    "with /": ("a/b/base.glb", "a/preview.png"),
    "with ..": ("../../../../base.glb", "../preview.png"),
    "absolute": ("/etc/base.glb", "C:\\windows\\preview.png"),
    "NUL": ("ba\0se.glb", "preview\0.png"),
    "CON": ("CON.glb", "preview.png"),
    "line breaks": ("ba\r\nse.glb", "preview.png"),
    "300 characters": ("x" * 300 + ".glb", "preview.png"),
    "a leading dot": (".glb", "preview.png"),
    "from right to left": ("base\u202eblg.glb", "preview.png"),
    "as a link": ("https://elsewhere.example/base.glb?sig=1#x", "preview.png"),
    "upper case": ("BASE.GLB", "PREVIEW.PNG"),
}


def test_names_of_files(road: Road) -> None:
    """Only Rodin tells any; none of them becomes a name here. Nothing is outside the library."""
    wrong = []
    for name, names in some(list(NAMES.items()), "names", 3):
        # The last is the picture's, which is the second file of the job.
        which = [0] * (len(names) - 1) + [1]

        def renamed(answer: Any, names: Any = names, which: Any = which) -> None:
            pairs = zip(names, which, strict=True)
            answer["list"] = [{"name": n, "url": answer["list"][w]["url"]} for n, w in pairs]

        listed, ends = Wreck(faults.edit(renamed)), Ends.GOES_ON
        with Story(road, "rodin") as story:
            wrong += play(story, "links", listed, ends, name=f"names: {name}", taken=True)
            all_hold(wrong)
            found = {path.name for path in Path(story.task.folder).iterdir()}
            assert found == {"model.glb", "preview.png", "input_1.png", "task.json"}, name
            assert {path.name for path in story.folder.iterdir()} == {"user", "library"}, name


def test_names_in_headers(road: Road) -> None:
    road.sandbox.triverse.links = False
    fault = Wreck(faults.with_headers(Content_Disposition='attachment; filename="../../evil.glb"'))
    with Story(road, "triverse") as story:
        all_hold(play(story, "model by key", fault, Ends.PLAIN, name="file name", taken=True))
        assert not list(story.folder.parent.rglob("evil*"))


# --- how much is transferred ---------------------------------------------------------------------


def heavy(size: int) -> bytes:
    """The model with `size` bytes more that nothing uses."""
    content = made("model.glb")["model.glb"]

    def grow(gltf: dict[str, Any]) -> None:
        gltf["buffers"][0]["byteLength"] += size

    content = faults.altered_glb(content, grow)
    at = 12 + 8 + struct.unpack_from("<I", content, 12)[0]
    count = struct.unpack_from("<I", content, at)[0] + size
    head = content[:8] + struct.pack("<I", len(content) + size) + content[12:at]
    return head + struct.pack("<I", count) + content[at + 4 :] + bytes(size)


# A reset takes away what was in the sockets' buffers, which may be all of a small piece.
@pytest.mark.parametrize("reset", [False, True] if FULL else [False])
@pytest.mark.parametrize("service", SERVICES)
def test_a_large_download_cut_ten_times(
    road: Road, monkeypatch: pytest.MonkeyPatch, service: str, reset: bool
) -> None:
    """It goes on by itself, and hardly anything is received twice."""
    content = heavy(SIZE)
    files = {**made("preview.png"), "model.glb": content, "shaded.glb": b""}
    monkeypatch.setattr(core.sandbox.jobs, "make_model", lambda order, name: {name: files[name]})
    received = 0
    read_chunks = core.download.read_chunks

    def counted(*arguments: Any) -> Any:
        nonlocal received
        for chunk in read_chunks(*arguments):
            received += len(chunk)
            yield chunk

    monkeypatch.setattr(core.download, "read_chunks", counted)
    share = len(content) // (CUTS + 1)
    cut = Wreck(faults.cut_body(share, reset=reset))
    with Story(road, service) as story:
        wrong = play(
            story, "model", cut, Ends.GOES_ON, name="large, cut ten times", taken=True, times=CUTS
        )
    print(
        f"{service}: {len(content) / 1e6:.0f} MB cut {road.hits} times"
        f" ({'reset' if reset else 'closed'}): {received / len(content):.4f} × its size received"
    )
    all_hold(wrong)
    assert road.hits == CUTS
    assert received <= 1.05 * len(content)
