"""Can a scenario fail at all? Each of broken.py has to, for its reason."""

import re
from pathlib import Path

import pytest

from tests.window import broken, host
from tests.window.scenario import scenario_of

FILE = Path(broken.__file__)

REASONS = {
    "raises": ["AssertionError: there is no model"],
    "waits_in_vain": ["waited 0.5 s in vain for the impossible"],
    "misses_a_button": ["shows no maquette.no_such_thing"],
    "leaves_things": [
        "timer <function .*left_behind.* although nothing is open",
        "timer .*left_behind.* after disabling",
        "handler load_post: .*left_behind",
        "menu entry in VIEW3D_MT_add",
        "thread left-behind after disabling",
        "process sleep after disabling",
    ],
    "says_wrong_things": [
        "Traceback (.*\n)*OSError: in a thread",
        "/maquette/__init__.py:1: DeprecationWarning: old",
        "Something is rotten",
    ],
    "crashes": ["Blender ended with 139"],
    "hangs": ["Blender hung and was killed"],
}
# What they print is worded otherwise in each Blender.
DIFFERENT = ("leaves_things", "says_wrong_things", "crashes")


@pytest.mark.parametrize("name", REASONS)
def test_failure_is_told(name: str, blender: host.windows.Blender) -> None:
    first = host.windows.names()[0]
    if name not in DIFFERENT and blender.name != first:
        pytest.skip(f"nothing in it depends on the Blender: played in {first}")
    scenario = scenario_of(getattr(broken, name))
    with pytest.raises(host.Failed) as failed:
        host.perform(blender, FILE, name, scenario, grace=0.0)
    told = str(failed.value)
    for reason in REASONS[name]:
        assert re.search(reason, told), told
    folder = Path(re.search(r"Log and pictures: (.*)", told)[1])
    assert (folder / "log.txt").is_file()
    if name not in ("leaves_things", "says_wrong_things", "crashes", "hangs"):
        assert (folder / "failure.png").stat().st_size > 10_000


def test_a_killed_blender_starts_again(blender: host.windows.Blender) -> None:
    host.perform(blender, FILE, "is_killed", scenario_of(broken.is_killed))
