"""Code for bash and zsh, which a plain sh understands as well."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from workflow.environment.activation.target import FOREIGN

if TYPE_CHECKING:
    from workflow.environment.activation.target import Target

_KEPT = ("PATH", "PS1", *FOREIGN)
# no command here may fail or read an unset variable: people eval this under `set -eu`
_TEMPLATE = """\
if [ -n "${{_TFJS_ACTIVE-}}" ]; then _tfjs_restore; fi
{keep}
_TFJS_OLD_DEACTIVATE="$(typeset -f deactivate 2>/dev/null || :)"
_TFJS_ACTIVE=1
_tfjs_restore() {{
{restore}
unset -f deactivate 2>/dev/null || :
if [ -n "${{_TFJS_OLD_DEACTIVATE-}}" ]; then eval "$_TFJS_OLD_DEACTIVATE"; fi
unset _TFJS_OLD_DEACTIVATE _TFJS_ACTIVE
unset -f _tfjs_restore
hash -r 2>/dev/null || :
}}
deactivate() {{ _tfjs_restore; }}
unset {foreign} || :
{exports}
PATH={search_path}"${{PATH:+:$PATH}}"
export PATH
if [ -n "${{PS1+x}}" ]; then PS1={prompt}"$PS1"; fi
hash -r 2>/dev/null || :
"""
_KEEP = """\
_TFJS_OLD_{0}="${{{0}-}}"
_TFJS_HAD_{0}="${{{0}+x}}\""""
_RESTORE = """\
if [ -n "${{_TFJS_HAD_{0}-}}" ]; then {1}{0}="$_TFJS_OLD_{0}"; else unset {0}; fi
unset _TFJS_OLD_{0} _TFJS_HAD_{0}"""


def code(target: Target) -> str:
    """Return what ``eval`` enters the environment with; ``deactivate`` undoes all of it."""
    kept = (*target.variables, *_KEPT)
    return _TEMPLATE.format(
        keep="\n".join(_KEEP.format(name) for name in kept),
        # PS1 is the one that is no environment variable
        restore="\n".join(_RESTORE.format(name, "" if name == "PS1" else "export ") for name in kept),
        foreign=" ".join(FOREIGN),
        exports="\n".join(f"export {name}={shlex.quote(value)}" for name, value in target.variables.items()),
        search_path=shlex.quote(":".join(map(str, target.search_path))),
        prompt=shlex.quote(f"({target.name}) "),
    )
