"""Code for PowerShell, both the one of Windows and the one of elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.environment.activation.target import FOREIGN

if TYPE_CHECKING:
    from workflow.environment.activation.target import Target

_KEPT = ("PATH", *FOREIGN)
_TEMPLATE = """\
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


def code(target: Target) -> str:
    """Return what ``Invoke-Expression`` enters the environment with; ``deactivate`` undoes all of it."""
    return _TEMPLATE.format(
        kept=", ".join(map(_quoted, (*target.variables, *_KEPT))),
        foreign=", ".join(map(_quoted, FOREIGN)),
        exports="\n".join(f"$env:{name} = {_quoted(value)}" for name, value in target.variables.items()),
        search_path=", ".join(_quoted(str(folder)) for folder in target.search_path),
        prompt=_quoted(f"({target.name}) "),
    )


def _quoted(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
