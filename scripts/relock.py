"""Make the locks of this project anew, or tell which of them are stale.

python scripts/relock.py --check            every lock against its sources; no network
python scripts/relock.py                    the stale pip locks (keeps locked versions where they still fit)
python scripts/relock.py --upgrade          every pip lock, with the newest versions
python scripts/relock.py --conda            conda-lock.yml (needs conda-lock and a conda, mamba or micromamba)
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from workflow.base.errors import WorkflowError  # noqa: E402
from workflow.environment.pins import regeneration  # noqa: E402  the line above makes it importable


class _Printer:
    def say(self, text: str) -> None:
        print(text, flush=True)

    def warn(self, text: str) -> None:
        print(f"warning: {text}", file=sys.stderr, flush=True)

    def advance(self, what: str, done: int, total: int) -> None:
        """Print nothing: resolving shows no figures."""


def main() -> int:
    """Return 0 when all locks are fresh at the end, 1 when not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--upgrade", action="store_true")
    parser.add_argument("--conda", action="store_true")
    wanted = parser.parse_args()
    try:
        if not wanted.check:
            regeneration.regenerate(ROOT, upgrade=wanted.upgrade, with_conda=wanted.conda, listener=_Printer())
        findings = regeneration.staleness(ROOT)
    except WorkflowError as error:
        print(error.message, error.details, error.hint, sep="\n", file=sys.stderr)
        return error.exit_code
    print("\n".join(findings) or "all locks are fresh")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
