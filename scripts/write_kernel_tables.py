"""Write the tables of kernels that TensorFlow.js has, read from its installed npm packages.

``python scripts/write_kernel_tables.py FOLDER`` where FOLDER holds ``node_modules`` with tfjs-core, tfjs-converter and
the four backends, all of one version. Writes ``workflow/worker/shared/kernels/{ops,backends}.json``:

- ops: for each TensorFlow op that the converter's runtime takes, the kernels that it may need;
- backends: for each backend its kernels, and the activations that its fused kernels know.

The packages are read as text. What an op needs follows from its case in the executors, and from what the functions of
the core that it calls import from each other. That is a little more than what runs: it can only make a report stricter.
"""

from __future__ import annotations

import argparse
import json
import re
from functools import cache
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "workflow" / "worker" / "shared" / "kernels"
BACKENDS = ("cpu", "wasm", "webgl", "webgpu")
ACTIVATIONS = {
    "cpu": ("dist/utils/fused_utils.js", r"activation === '(\w+)'"),
    "wasm": ("dist/kernels/types.js", r'FusableActivation\["(\w+)"\]'),
    "webgl": ("dist/kernel_utils/kernel_funcs_utils.js", r"activation === '(\w+)'"),
    "webgpu": ("dist/activation_util.js", r"activation === '(\w+)'"),
}
"""Where each backend decides which activations it can fuse."""
_CASE = re.compile(r"^\s*case '([^']+)':")
_CALL = re.compile(r"\b(?:ops|tfOps)\.([A-Za-z0-9_.]+)\(")
_KERNEL = re.compile(r"runKernel\(\s*'?([A-Za-z0-9_]+)")
_IMPORT = re.compile(r"^import \{([^}]+)\} from '(\.[^']+)'", re.MULTILINE)
_OBJECT = re.compile(r"^const (\w+) = \{([^}]+)\}", re.MULTILINE)


@cache
def text_of(path: Path) -> str:
    """Return a script without its source map."""
    return path.read_text(encoding="utf-8").split("//# sourceMappingURL")[0]


def version_of(package: Path) -> str:
    """Return the version of an installed package."""
    return str(json.loads((package / "package.json").read_text(encoding="utf-8"))["version"])


def accepted_ops(converter: Path) -> set[str]:
    """Return the TensorFlow ops in the runtime's own tables."""
    found: set[str] = set()
    for path in (converter / "dist/operations/op_list").glob("*.js"):
        found.update(re.findall(r"'tfOpName': '([^']+)'", text_of(path)))
    return found


def calls_by_op(converter: Path) -> dict[str, set[str]]:
    """Return which functions of the core each op's case calls, by their dotted names."""
    found: dict[str, set[str]] = {}
    for path in (converter / "dist/operations/executors").glob("*_executor.js"):
        labels: list[str] = []
        open_case = False
        for line in text_of(path).splitlines():
            label = _CASE.match(line)
            if label:
                labels = [label[1]] if not open_case else [*labels, label[1]]
                open_case = not line.rstrip().endswith("{")
                found.setdefault(label[1], set())
                continue
            open_case = False
            for name in labels:
                found[name].update(_CALL.findall(line))
    return found


class Core:
    """The ops of tfjs-core: where each function is, and which kernels its file leads to."""

    def __init__(self, package: Path) -> None:
        self._root = package / "dist/ops"
        index = text_of(self._root / "ops.js")
        exports = re.findall(r"export \{([^}]+)\} from '\./([^']+)'", index)
        self._files = {name: self._root / f"{file}.js" for names, file in exports for name in split(names)}
        for file in re.findall(r"export \* from '\./([^']+)'", index):
            path = self._root / f"{file}.js"
            names = re.findall(r"export (?:const|function|async function) (\w+)|export \{([^}]+)\}", text_of(path))
            self._files.update({name: path for one, many in names for name in split(one or many)})
        imports = {name: self._root / f"{file}.js" for names, file in _IMPORT.findall(index) for name in split(names)}
        for group, members in _OBJECT.findall(index):
            for member in split(members):
                name = member.split(":")[0].strip()
                self._files[f"{group}.{name}"] = imports[member.split(":")[-1].strip()]
        fused = text_of(self._root / "fused_ops.js")
        for names, file in re.findall(r"import \{([^}]+)\} from '\./([^']+)'", fused):
            self._files.update({f"fused.{name}": self._root / f"{file}.js" for name in split(names)})

    def kernels(self, function: str) -> set[str]:
        """Return the kernels that a function may run; raises ``KeyError`` for what is no function of the core."""
        return self._reached(self._files[function], frozenset())

    def _reached(self, path: Path, seen: frozenset[Path]) -> set[str]:
        if path in seen or not path.is_file():
            return set()
        text = text_of(path)
        found = set(_KERNEL.findall(text)) - {"kernelName"}
        for _, file in _IMPORT.findall(text):
            neighbour = (path.parent / f"{file}.js").resolve()
            training = path.parent.name == "fused" and _GRADIENT in neighbour.stem
            if neighbour.is_relative_to(self._root) and neighbour.stem not in _NOT_OPS and not training:
                found |= self._reached(neighbour, seen | {path})
        return found


_NOT_OPS = {"operation", "operations", "ops", "fused_util", "broadcast_util", "axis_util", "conv_util"}
_GRADIENT = "_backprop_"  # in a fused op's file: what only training runs
_COMPLEX = {"Complex", "ComplexAbs", "Imag", "Real"}
_ABOUT_COMPLEX = {*_COMPLEX, "FFT", "IFFT", "RFFT", "IRFFT"}
"""Ops that always need complex numbers; others that lead there do so only when they are given some."""


def split(names: str) -> list[str]:
    """Return the names in a list of imports, the local ones where they are renamed."""
    return [name.split(" as ")[-1].strip() for name in names.split(",") if name.strip()]


def kernels_of(backend: Path) -> set[str]:
    """Return the kernels that a backend registers."""
    register = text_of(backend / "dist/register_all_kernels.js")
    listed = set(re.findall(r"^\s+(\w+Config),?$", register, re.MULTILINE))
    found = set()
    for names, file in _IMPORT.findall(register):
        text = text_of(backend / "dist" / f"{file}.js")
        for name in split(names):
            made = re.search(rf"export const {name} = (.*?);", text, re.DOTALL)
            if name not in listed or made is None:
                raise SystemExit(f"{backend.name}: cannot make out {name} in {file}")
            found.add(kernel_name(made[1]))
    return found


def kernel_name(definition: str) -> str:
    """Return the kernel that a registration is about: a field of an object, or a builder's first argument."""
    match = re.search(r"kernelName: '?(\w+)", definition) or re.search(r"\w+\((\w+)", definition)
    if match is None:
        raise SystemExit(f"cannot make out the kernel in: {definition}")
    return match[1]


def activations_of(packages: Path, name: str) -> list[str]:
    """Return the activations that a backend's fused kernels know."""
    file, pattern = ACTIVATIONS[name]
    return sorted(set(re.findall(pattern, text_of(packages / f"tfjs-backend-{name}" / file))))


def ops_table(packages: Path) -> dict[str, list[str]]:
    """Return the kernels for each op that the runtime takes."""
    core, calls = Core(packages / "tfjs-core"), calls_by_op(packages / "tfjs-converter")
    table = {}
    for op in sorted(accepted_ops(packages / "tfjs-converter") & calls.keys()):
        kernels: set[str] = set()
        for function in calls[op]:
            kernels |= core.kernels(function)
        table[op] = sorted(kernels if op in _ABOUT_COMPLEX else kernels - _COMPLEX)
    return table


def write(path: Path, table: dict[str, object]) -> None:
    """Write one table, one line for each entry."""
    path.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def main() -> None:
    """Read the packages and write both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--into", type=Path, default=TARGET)
    chosen = parser.parse_args()
    packages = (chosen.folder / "node_modules" / "@tensorflow").resolve()
    versions = {version_of(packages / name) for name in ("tfjs-core", "tfjs-converter")}
    versions |= {version_of(packages / f"tfjs-backend-{name}") for name in BACKENDS}
    if len(versions) != 1:
        raise SystemExit(f"the packages are of several versions: {', '.join(sorted(versions))}")
    version = versions.pop()
    table = ops_table(packages)
    addons = sorted(accepted_ops(packages / "tfjs-converter") - table.keys())  # another package brings what runs them
    write(chosen.into / "ops.json", {"version": version, "ops": table, "addons": addons})
    backends = {
        name: {
            "kernels": sorted(kernels_of(packages / f"tfjs-backend-{name}")),
            "activations": activations_of(packages, name),
        }
        for name in BACKENDS
    }
    write(chosen.into / "backends.json", {"version": version, "backends": backends})
    print(f"tables of TensorFlow.js {version} written to {chosen.into}")


if __name__ == "__main__":
    main()
