"""Run every command under every odd condition of a machine and tell what ended as a bug; takes about two minutes."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.unit.machines.conditions import COMMANDS, NOBODY, Ended, conditions, lay_out, run


def main() -> int:
    """Print a line for each command that ended as a bug (all with ``-v``), and the counts."""
    top = Path(tempfile.mkdtemp(prefix="sweep-machines-"))
    top.chmod(0o755)
    ended: dict[tuple[str, str], Ended] = {}
    for name, variables in conditions(top / "odd").items():
        folder = lay_out(top / str(len(ended)))
        for words in COMMANDS:
            home: dict[str, str | None] = {"TFJS_WORKFLOW_HOME": str(folder / "home")}
            ended[name, " ".join(words)] = run(words, folder, {**home, **variables}, before=NOBODY)
    for (name, line), found in ended.items():
        if found.is_a_bug or "-v" in sys.argv:
            word = "BUG" if found.is_a_bug else "ok"
            print(f"{word:4} {found.code:3} {name:36} {line:40} {found.said.strip()[-300:]!r}")
    bugs = sum(found.is_a_bug for found in ended.values())
    print(f"{len(ended)} runs, {bugs} bugs")
    for odd in ("unread", "readonly"):
        (top / "odd" / odd).chmod(0o755)
    shutil.rmtree(top)
    return min(bugs, 1)


if __name__ == "__main__":
    sys.exit(main())
