"""The README's tables of kinds and options, made of what is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.catalogue.formats import EDGES, FORMATS, JAVASCRIPT
from workflow.catalogue.kinds import KINDS
from workflow.catalogue.options import listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workflow.catalogue.formats import Format
    from workflow.catalogue.kinds import KindOfStep
    from workflow.catalogue.options import Option, Setting

_KINDS = "| kind | what it does | from | to | its own keys |"
_OPTIONS = "| option | what it does |"
_WORDS: dict[Format, str] = {
    "keras": "`.h5`",
    "keras_keras": "`.keras`",
    "keras_saved_model": "SavedModel",
    "tf_saved_model": "SavedModel",
    "tf_hub": "TF Hub",
    "tf_frozen_model": "frozen graph",
    "tfjs_layers_model": "layers model",
    "tfjs_graph_model": "graph model",
}


def with_tables(text: str) -> str:
    """Return the README with its tables as they are to be; raises ``ValueError`` when it lacks one of them."""
    kinds = [_kind_row(f"`{name}`", kind) for name, kind in KINDS.items()]
    options = [_option_row(option) for option in listed(EDGES) if not option.deprecated]
    return _with_table(_with_table(text, _KINDS, kinds), _OPTIONS, options)


def _with_table(text: str, head: str, rows: list[str]) -> str:
    before, after = text.split(f"{head}\n")
    rest = after.splitlines(keepends=True)
    end = next(number for number, line in enumerate(rest) if not line.startswith("|"))
    rule = "|".join("---" for _ in range(head.count("|") - 1))
    return before + "\n".join([head, f"|{rule}|", *rows, ""]) + "".join(rest[end:])


def _kind_row(name: str, kind: KindOfStep) -> str:
    target = "the same" if kind.keeps_format else _formats(kind.targets)
    own = ", ".join(_setting(setting) for setting in kind.settings)
    return f"| {name} | {kind.about} | {_formats(kind.sources)} | {target} | {own} |"


def _formats(formats: tuple[Format, ...]) -> str:
    if formats in (FORMATS, JAVASCRIPT):
        return "any model" if formats == FORMATS else "layers or graph model"
    return ", ".join(dict.fromkeys(_WORDS[name] for name in formats))


def _setting(setting: Setting) -> str:
    """Return a key as the table names it, with its words where they are no formats."""
    words = [word for word in setting.words if isinstance(word, str)]
    return f"`{setting.name}`" + ("" if set(words) & set(FORMATS) else _in_brackets(words))


def _in_brackets(words: Iterable[str]) -> str:
    named = ", ".join(f"`{word}`" for word in words)
    return f" ({named})" if named else ""


def _option_row(option: Option) -> str:
    return f"| `{option.name}` | {option.about}{' *' if option.ours else ''} |"
