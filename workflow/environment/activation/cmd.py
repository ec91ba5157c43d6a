"""Lines for the command prompt of Windows, which cannot eval: a ``for`` runs them one by one.

There a line is not expanded again, so every value is written out, from the variables of this process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.environment.activation.target import ACTIVE, FOREIGN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.environment.activation.target import Target

_KEPT = ("PATH", "PROMPT", *FOREIGN)
_OLD = "_TFJS_OLD_"
_DEFAULTS = {"PROMPT": "$P$G"}


def code(target: Target, environ: Mapping[str, str]) -> str:
    """Return lines that enter the environment and define the macro ``deactivate``, which undoes them."""
    kept = (*(name for name in target.variables if name != ACTIVE), *_KEPT)
    before = {name: _before(name, environ) for name in kept}
    search_path = ";".join([*map(str, target.search_path), *filter(None, [before["PATH"]])])
    settings = {
        **{f"{_OLD}{name}": value for name, value in before.items()},
        **dict.fromkeys(FOREIGN, ""),
        "PATH": search_path,
        "PROMPT": f"({target.name}) {before['PROMPT']}",
        **target.variables,
    }
    undo = [*(f'set "{name}=%{_OLD}{name}%"' for name in kept if before[name])]
    undo += [f'set "{name}="' for name in target.variables if not before.get(name)]
    undo += [f'set "{_OLD}{name}="' for name in kept]
    lines = [f'set "{name}={value}"' for name, value in settings.items()]
    return "\n".join([*lines, f"doskey deactivate={' $T '.join(undo)} $T doskey deactivate=", ""])


def _before(name: str, environ: Mapping[str, str]) -> str:
    """Return the value from before the activation that may already be in force."""
    found = environ.get(f"{_OLD}{name}" if ACTIVE in environ else name, "")
    return found or _DEFAULTS.get(name, "")
