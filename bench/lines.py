"""Lines per part: code, without blank lines, comments and docstrings, beside all lines.

python bench/lines.py
"""

import ast
import io
import subprocess
import tokenize
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def code_lines(source: str) -> int:
    prose: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            prose.update(range(node.lineno, node.end_lineno + 1))
    skip = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in skip and token.string:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - prose)


def main() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    parts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for name in listed.stdout.split():
        path = Path(name)
        if len(path.parts) == 1:
            part = "top level"
        elif path.parts[0] in ("core", "tests") and len(path.parts) > 2:
            part = "/".join(path.parts[:2])
        else:
            part = path.parts[0]
        source = (ROOT / path).read_text()
        counts = parts[part]
        counts[0] += 1
        counts[1] += code_lines(source)
        counts[2] += len(source.splitlines())
    print(f"{'part':20}{'files':>6}{'code':>8}{'all lines':>11}")
    for part, (files, code, all_lines) in sorted(parts.items()):
        print(f"{part:20}{files:>6}{code:>8}{all_lines:>11}")
    totals = [sum(counts[i] for counts in parts.values()) for i in range(3)]
    print(f"{'total':20}{totals[0]:>6}{totals[1]:>8}{totals[2]:>11}")


if __name__ == "__main__":
    main()
