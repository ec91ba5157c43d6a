"""Code that enters an environment, in the words of each shell; ``deactivate`` undoes all of it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from workflow.environment.activation.target import ACTIVE, FOREIGN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.environment.activation.target import Target

_POSIX_KEPT = ("PATH", "PS1", *FOREIGN)
# no command here may fail or read an unset variable: people eval this under `set -eu`
_POSIX = """\
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
_POSIX_KEEP = """\
_TFJS_OLD_{0}="${{{0}-}}"
_TFJS_HAD_{0}="${{{0}+x}}\""""
_POSIX_RESTORE = """\
if [ -n "${{_TFJS_HAD_{0}-}}" ]; then {1}{0}="$_TFJS_OLD_{0}"; else unset {0}; fi
unset _TFJS_OLD_{0} _TFJS_HAD_{0}"""


def posix(target: Target) -> str:
    """Return what ``eval`` enters the environment with; ``deactivate`` undoes all of it."""
    kept = (*target.variables, *_POSIX_KEPT)
    return _POSIX.format(
        keep="\n".join(_POSIX_KEEP.format(name) for name in kept),
        # PS1 is the one that is no environment variable
        restore="\n".join(_POSIX_RESTORE.format(name, "" if name == "PS1" else "export ") for name in kept),
        foreign=" ".join(FOREIGN),
        exports="\n".join(f"export {name}={shlex.quote(value)}" for name, value in target.variables.items()),
        search_path=shlex.quote(":".join(map(str, target.search_path))),
        prompt=shlex.quote(f"({target.name}) "),
    )


_FISH_KEPT = ("PATH", *FOREIGN)
# the last line: what is assigned leaves the status as it was, and that of a variable that was not there is 4
_FISH = """\
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
_FISH_KEEP = "set -q {0}; and set -g _TFJS_OLD_{0} ${0}"
_FISH_RESTORE = """\
set -e {0}
if set -q _TFJS_OLD_{0}
set -gx {0} $_TFJS_OLD_{0}
set -e _TFJS_OLD_{0}
end"""


def fish(target: Target) -> str:
    """Return what ``source`` enters the environment with; ``deactivate`` undoes all of it."""
    kept = (*target.variables, *_FISH_KEPT)
    return _FISH.format(
        keep="\n".join(_FISH_KEEP.format(name) for name in kept),
        restore="\n".join(_FISH_RESTORE.format(name) for name in kept),
        foreign=" ".join(FOREIGN),
        exports="\n".join(f"set -gx {name} {_fish_quoted(value)}" for name, value in target.variables.items()),
        search_path=" ".join(_fish_quoted(str(folder)) for folder in target.search_path),
        prompt=_fish_quoted(f"({target.name}) "),
    )


def _fish_quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


_POWERSHELL_KEPT = ("PATH", *FOREIGN)
_POWERSHELL = """\
if (Test-Path Function:_tfjs_restore) {{ _tfjs_restore }}
$global:_TfjsOld = @{{}}
foreach ($name in {kept}) {{ $global:_TfjsOld[$name] = [Environment]::GetEnvironmentVariable($name) }}
$global:_TfjsOldPrompt = $function:prompt
$global:_TfjsOldDeactivate = $function:deactivate
function global:_tfjs_restore {{
    foreach ($name in $global:_TfjsOld.Keys) {{
        [Environment]::SetEnvironmentVariable($name, $global:_TfjsOld[$name])
    }}
    $function:global:prompt = $global:_TfjsOldPrompt
    if ($global:_TfjsOldDeactivate) {{ $function:global:deactivate = $global:_TfjsOldDeactivate }}
    else {{ Remove-Item Function:deactivate }}
    Remove-Variable -Scope Global _TfjsOld, _TfjsOldPrompt, _TfjsOldDeactivate
    Remove-Item Function:_tfjs_restore
}}
function global:deactivate {{ _tfjs_restore }}
function global:prompt {{ {prompt} + (& $global:_TfjsOldPrompt) }}
foreach ($name in {foreign}) {{ [Environment]::SetEnvironmentVariable($name, $null) }}
{exports}
$env:PATH = (@({search_path}) + $env:PATH) -join [IO.Path]::PathSeparator
"""


def powershell(target: Target) -> str:
    """Return what ``Invoke-Expression`` enters the environment with; ``deactivate`` undoes all of it."""
    return _POWERSHELL.format(
        kept=", ".join(map(_powershell_quoted, (*target.variables, *_POWERSHELL_KEPT))),
        foreign=", ".join(map(_powershell_quoted, FOREIGN)),
        exports="\n".join(f"$env:{name} = {_powershell_quoted(value)}" for name, value in target.variables.items()),
        search_path=", ".join(_powershell_quoted(str(folder)) for folder in target.search_path),
        prompt=_powershell_quoted(f"({target.name}) "),
    )


def _powershell_quoted(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


_CMD_KEPT = ("PATH", "PROMPT", *FOREIGN)
_CMD_OLD = "_TFJS_OLD_"
_CMD_DEFAULTS = {"PROMPT": "$P$G"}


def cmd(target: Target, environ: Mapping[str, str]) -> str:
    """Return lines that enter the environment and define the macro ``deactivate``, which undoes them."""
    kept = (*(name for name in target.variables if name != ACTIVE), *_CMD_KEPT)
    before = {name: _before_cmd(name, environ) for name in kept}
    search_path = ";".join([*map(str, target.search_path), *filter(None, [before["PATH"]])])
    settings = {
        **{f"{_CMD_OLD}{name}": value for name, value in before.items()},
        **dict.fromkeys(FOREIGN, ""),
        "PATH": search_path,
        "PROMPT": f"({target.name}) {before['PROMPT']}",
        **target.variables,
    }
    undo = [*(f'set "{name}=%{_CMD_OLD}{name}%"' for name in kept if before[name])]
    undo += [f'set "{name}="' for name in target.variables if not before.get(name)]
    undo += [f'set "{_CMD_OLD}{name}="' for name in kept]
    lines = [f'set "{name}={value}"' for name, value in settings.items()]
    return "\n".join([*lines, f"doskey deactivate={' $T '.join(undo)} $T doskey deactivate=", ""])


def _before_cmd(name: str, environ: Mapping[str, str]) -> str:
    """Return the value from before the activation that may already be in force."""
    found = environ.get(f"{_CMD_OLD}{name}" if ACTIVE in environ else name, "")
    return found or _CMD_DEFAULTS.get(name, "")
