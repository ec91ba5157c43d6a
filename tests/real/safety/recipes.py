"""Recipes, records and sidecars of strangers: a repository brings them along with its models."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.real.safety.attacks import Attack
from tests.real.safety.crafting import entry, functional, layers_model, relu

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.real.safety.scene import Scene

_STEP = "steps:\n  - shard: {input: model, output: out, shard_size: 1kB, verify: off}\n"


def _recipe(text: Callable[[Scene], str], scene: Scene) -> Path:
    layers_model(scene, functional([entry(), relu()]))
    path = scene.here / "recipe.yml"
    path.write_text(text(scene))
    return path


def _laughs(_: Scene) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    return "\n".join(lines) + "\n" + _STEP


def _up(scene: Scene) -> str:
    return "../" * 12 + str(scene.marker).lstrip("/")


_TEXTS: dict[str, tuple[Callable[[Scene], str], tuple[str, ...], bool]] = {
    "python-tag": (lambda s: f"name: !!python/object/apply:os.system ['{s.command}']\n{_STEP}", ("python",), False),
    "python-new": (lambda s: f"x: !!python/object/new:subprocess.Popen [['touch', '{s.marker}']]\n{_STEP}",
                   ("python",), False),
    "python-name": (lambda _: f"name: !!python/name:os.system\n{_STEP}", ("python",), False),
    "include-tag": (lambda s: f"name: !include {s.secret}\n{_STEP}", ("include",), False),
    "laughs": (_laughs, ("a0", "alias", "`a", "large", "recipe.yml"), False),
    "alias-of-itself": (lambda _: f"name: &a [*a]\n{_STEP}", ("recipe.yml",), False),
    "deep": (lambda _: "x: " + "[" * 20_000 + "\n" + _STEP, ("recipe.yml",), False),
    "long-number": (lambda _: _STEP.replace("1kB", "9" * 10_000), ("shard_size", "recipe.yml"), False),
    "name-climbs": (lambda s: f"name: '{_up(s)}'\n{_STEP}", ("name", ".."), True),
    "name-absolute": (lambda s: f"name: '{s.marker}'\n{_STEP}", ("name", "marker"), True),
    "step-name-climbs": (lambda s: _STEP.replace("input:", f"name: '{_up(s)}', input:"), ("name", ".."), True),
    "step-name-with-nul": (lambda _: _STEP.replace("input:", 'name: "a\\0b", input:'), ("name",), True),
    "environment-climbs": (lambda s: f"environment: '{_up(s)}'\n{_STEP.replace(', verify: off', '')}",
                           ("environment", ".."), False),
    "environment-absolute": (lambda s: f"environment: '{s.outside}'\n{_STEP.replace(', verify: off', '')}",
                             ("environment",), False),
    "url-of-ftp": (lambda s: f"model: {{url: 'ftp://127.0.0.1:{s.port}/m.h5', sha256: '{'0' * 64}', output: m.h5}}\n"
                   f"{_STEP}", ("url", "http", "ftp:"), False),
    "application-is-module": (lambda _: "model: {keras_application: imagenet_utils, weights: seeded, output: m.h5}\n"
                              f"{_STEP}", ("imagenet_utils",), False),
    "application-is-private": (lambda _: "model: {keras_application: __builtins__, weights: seeded, output: m.h5}\n"
                               f"{_STEP}", ("__builtins__",), False),
    "application-with-dots": (lambda _: "model: {keras_application: 'imagenet_utils.data_utils.get_file', "
                              f"weights: seeded, output: m.h5}}\n{_STEP}", ("imagenet_utils",), False),
    "flag-in-metadata": (lambda s: "steps:\n  - python_to_js: {input: m.h5, output: o, engine: reference, metadata: "
                         f"{{'a,b:{s.secret}': '{s.secret}'}}}}\n", ("metadata",), False),
    "flag-in-names": (lambda s: "steps:\n  - graph: {input: model, output: o, engine: reference, verify: off, "
                      f"signature_name: '--output_node_names={s.marker}'}}\n", ("signature_name",), False),
}  # fmt: skip


def _sidecar(scene: Scene) -> Path:
    """Say in a sidecar that this tool made files outside, which a new run would then replace."""
    path = _recipe(lambda _: _STEP, scene)
    up = "../../" + str(scene.victim.relative_to(scene.here.parent))
    ingredients = {"kind": "shard", "options": {}, "inputs": {}, "environment": "x"}
    for name in ("out.tfjs-workflow.json", ".out.tfjs-workflow.json.next"):
        told = {"scheme": 1, "step": "shard", "key": "x", "ingredients": ingredients, "facts": {},
                "files": {key: {"sha256": "0" * 64, "bytes": 1} for key in (up, str(scene.victim))}}  # fmt: skip
        (scene.here / name).write_text(json.dumps(told))
    return path


def _link(name: str, scene: Scene) -> Path:
    """Put a link to the folder outside where the tool would make a folder, or sweep one."""
    path = _recipe(lambda _: _STEP, scene)
    (scene.here / name).symlink_to(scene.outside)
    return path


def _attack(name: str, make: Any, names: tuple[str, ...], *, harmless: bool, commands: Any = ()) -> Attack:
    return Attack(f"recipe-{name}", "recipe", make, names=names, harmless=harmless, commands=commands)


_LINKS = {
    "staging": ".out.tfjs-workflow-staging",
    "state": ".tfjs-workflow",
    "rejected": "out.rejected",
}
ATTACKS = [
    *(_attack(n, partial(_recipe, text), names, harmless=ok) for n, (text, names, ok) in _TEXTS.items()),
    _attack("sidecar-names-others-files", _sidecar, ("out",), harmless=True, commands=("recipe",)),
    *(_attack(f"link-as-{n}", partial(_link, link), (link,), harmless=True, commands=("recipe",))
      for n, link in _LINKS.items()),
]  # fmt: skip
