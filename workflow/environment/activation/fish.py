"""Code for fish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.environment.activation.target import FOREIGN

if TYPE_CHECKING:
    from workflow.environment.activation.target import Target

_KEPT = ("PATH", *FOREIGN)
# the last line: what is assigned leaves the status as it was, and that of a variable that was not there is 4
_TEMPLATE = """\
functions -q _tfjs_restore; and _tfjs_restore
{keep}
functions -q deactivate; and functions -c deactivate _tfjs_old_deactivate
functions -q fish_prompt; or function fish_prompt; echo '> '; end
functions -c fish_prompt _tfjs_old_prompt
function _tfjs_restore
{restore}
functions -e deactivate
if functions -q _tfjs_old_deactivate
functions -c _tfjs_old_deactivate deactivate
functions -e _tfjs_old_deactivate
end
functions -e fish_prompt
functions -c _tfjs_old_prompt fish_prompt
functions -e _tfjs_old_prompt _tfjs_code _tfjs_restore
end
function deactivate
_tfjs_restore
end
function _tfjs_code
return $argv[1]
end
function fish_prompt
set -l code $status
printf '%s' {prompt}
_tfjs_code $code
_tfjs_old_prompt
end
set -e {foreign}
{exports}
set -gx PATH {search_path} $PATH
true
"""
_KEEP = "set -q {0}; and set -g _TFJS_OLD_{0} ${0}"
_RESTORE = """\
set -e {0}
if set -q _TFJS_OLD_{0}
set -gx {0} $_TFJS_OLD_{0}
set -e _TFJS_OLD_{0}
end"""


def code(target: Target) -> str:
    """Return what ``source`` enters the environment with; ``deactivate`` undoes all of it."""
    kept = (*target.variables, *_KEPT)
    return _TEMPLATE.format(
        keep="\n".join(_KEEP.format(name) for name in kept),
        restore="\n".join(_RESTORE.format(name) for name in kept),
        foreign=" ".join(FOREIGN),
        exports="\n".join(f"set -gx {name} {_quoted(value)}" for name, value in target.variables.items()),
        search_path=" ".join(_quoted(str(folder)) for folder in target.search_path),
        prompt=_quoted(f"({target.name}) "),
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
