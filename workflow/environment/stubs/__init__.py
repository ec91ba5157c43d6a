"""Stand-ins for the packages that the lean set leaves out and that tensorflowjs imports at start-up."""

from __future__ import annotations

from pathlib import Path

# tensorflowjs 4.22 imports these when it starts, and uses none of them for the conversions of this tool
MODULES = (
    "tensorflow_decision_forests",
    "jax",
    "jax.experimental",
    "jax.experimental.jax2tf",
)


def install(packages: Path) -> None:
    """Write the stand-ins into a folder of installed packages; a package that is there is left alone."""
    source = Path(__file__).with_name("absent.py").read_text(encoding="utf-8")
    taken = {name for name in {module.partition(".")[0] for module in MODULES} if (packages / name).exists()}
    for module in MODULES:
        if module.partition(".")[0] in taken:
            continue
        folder = packages.joinpath(*module.split("."))
        folder.mkdir()
        (folder / "__init__.py").write_text(source, encoding="utf-8")
