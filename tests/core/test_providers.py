"""How services are found."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_what_lies_beside_a_service_is_none(tmp_path: Path) -> None:
    copy = tmp_path / "core"
    shutil.copytree(ROOT / "core", copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("._rodin.py", ".#rodin.py", "rodin (1).py", "rodin.py.orig"):
        (copy / "providers" / name).write_text("raise SystemExit('imported')")
    code = "from core.providers import all_providers; print([p.id for p in all_providers()])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "['sandbox', 'rodin', 'triverse']", done.stderr
