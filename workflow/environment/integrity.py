"""Whether an environment still holds the files that its packages brought: each is hashed, for ``env verify --deep``.

pip's packages list their files with sha256 in RECORD, conda's in conda-meta. What is listed stands in the environment
itself: this finds what was changed by accident or by another program, not who forges the lists as well.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.base import locations
from workflow.base.records import Record
from workflow.base.wording import size_text, some
from workflow.environment.health import Check

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workflow.environment.entries import Environment

_BLOCK = 1 << 20
_SITES = ("lib/python*/site-packages", "Lib/site-packages")
_BYTECODE = ".pyc"
# what uv and we put beside the packages
_OURS = frozenset({"_virtualenv.py", "_virtualenv.pth", "jax", "jaxlib", "flax", "tensorflow_decision_forests"})


class Listed(Record):
    """A file as a package brought it: its sha256 in hex (empty: it must only be there), and whose it is."""

    path: Path
    sha256: str
    package: str


class HashedPackages(Record):
    """What hashing found: ``wrong`` holds a line for each file that is not as listed, with its package."""

    files: int
    bytes: int
    wrong: tuple[tuple[str, str], ...]
    linked: bool
    """Whether a changed file is linked to from elsewhere, as from uv's cache: then it was changed there, too."""


def checks(environment: Environment) -> Iterator[Check]:
    """Hash what is listed and yield a check for each kind of package that is there."""
    prefix = environment.prefix
    sites = [folder for pattern in _SITES for folder in prefix.glob(pattern)]
    by_pip = [listed for site in sites for listed in _of_pip(site)]
    yield _checked("files of Python packages", "RECORD", by_pip, prefix=prefix, further=_unlisted(sites, by_pip))
    if (prefix / "conda-meta").is_dir():
        vouched = {listed.path for listed in by_pip}
        of_conda = [listed for listed in _of_conda(prefix) if listed.path not in vouched]
        yield _checked("files of conda packages", "conda-meta", of_conda, prefix=prefix)


def compared(listed: Iterable[Listed]) -> HashedPackages:
    """Hash files, several at once, and return which are not as listed."""
    every = list(listed)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        results = list(pool.map(_compared, every))
    wrong = tuple((each.package, f"{each.path} {why}") for each, (why, _, _) in zip(every, results, strict=True) if why)
    return HashedPackages(
        files=len(every),
        bytes=sum(size for _, size, _ in results),
        wrong=wrong,
        linked=any(why and linked for why, _, linked in results),
    )


def as_check(title: str, found: HashedPackages, *, against: str, seconds: float, mend: str = "") -> Check:
    """Return what was found as a check: its note counts, its output names each file that differs."""
    note, command = f"{found.files:,} files, {size_text(found.bytes)}", f"sha256 against {against}"
    if not found.wrong:
        return Check(title, command, seconds, "ok", "", note)
    packages = some(sorted({package for package, _ in found.wrong}))
    note = f"{len(found.wrong)} of {note} differ, of {packages}"
    return Check(title, command, seconds, "failed", "\n".join(line for _, line in found.wrong), note, mend)


def _checked(title: str, against: str, listed: list[Listed], *, prefix: Path, further: tuple[str, ...] = ()) -> Check:
    begin = time.monotonic()
    found = compared(listed)
    outside = [each for each in listed if not each.path.is_relative_to(prefix)]
    found = found.replaced(wrong=(*found.wrong, *((each.package, f"{each.path} lies outside") for each in outside)))
    seconds, name = time.monotonic() - begin, prefix.name
    mend = _IN_THE_CACHE.format(cache=locations.cache() / "uv", name=name) if found.linked else ""
    check = as_check(title, found, against=against, seconds=seconds, mend=mend)
    if check.verdict == "ok" and further:
        note = f"{check.note}; no package lists {some(further)}"
        return replace(check, verdict="marked", output="\n".join(further), note=note)
    return check


_IN_THE_CACHE = (
    "changed files are links into the cache of packages, where they are changed as well: "
    "delete {cache}, then make it anew: tfjs-workflow env create {name}"
)


def _compared(listed: Listed) -> tuple[str, int, bool]:
    """Return why a file is not as listed (empty: it is), its size, and whether it has further links."""
    try:
        facts = listed.path.stat()
        if not listed.sha256:
            return "", facts.st_size, False
        changed = _sha256(listed.path) != listed.sha256
    except FileNotFoundError:
        return "is missing", 0, False
    except OSError as error:
        return f"cannot be read: {error.strerror}", 0, False
    return "was changed" if changed else "", facts.st_size, facts.st_nlink > 1


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _of_pip(site: Path) -> Iterator[Listed]:
    """Yield what the packages of a folder list; what they do not hash (RECORD itself) need only be there."""
    for record in sorted(site.glob("*.dist-info/RECORD")):
        package = record.parent.name.removesuffix(".dist-info")
        with record.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            for row in csv.reader(file):
                if row and not row[0].endswith(_BYTECODE):
                    path = Path(os.path.normpath(site / row[0]))
                    yield Listed(path=path, sha256=_hex(row[1] if len(row) > 1 else ""), package=package)


def _hex(hashed: str) -> str:
    """Return a hash of RECORD (``sha256=`` and URL-safe base64 without its end) in hex; empty for other kinds."""
    kind, _, text = hashed.partition("=")
    if kind != "sha256":
        return ""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex()


def _of_conda(prefix: Path) -> Iterator[Listed]:
    """Yield what conda's packages list, less those that pip has replaced since: their metadata is gone."""
    for record in sorted((prefix / "conda-meta").glob("*.json")):
        package = json.loads(record.read_bytes())
        files = [str(name) for name in package.get("files", ())]
        metadata = [name for name in files if name.endswith(".dist-info/METADATA")]
        if metadata and not any((prefix / name).exists() for name in metadata):
            continue
        for entry in (package.get("paths_data") or {}).get("paths", ()):
            if entry.get("path_type") == "hardlink" and not entry["_path"].endswith(_BYTECODE):
                hashed = entry.get("sha256_in_prefix") or entry.get("sha256") or ""
                yield Listed(path=prefix / entry["_path"], sha256=hashed, package=str(package.get("name")))


def _unlisted(sites: Iterable[Path], listed: Iterable[Listed]) -> tuple[str, ...]:
    """Return what Python would import from beside the packages and none of them lists."""
    known = {each.path for each in listed}
    folders = {parent for path in known for parent in path.parents}
    tops = (path for site in sites for path in site.iterdir() if path.name not in _OURS)
    return tuple(sorted(path.name for path in tops if path not in known and path not in folders and _has_files(path)))


def _has_files(path: Path) -> bool:
    """Tell whether there is more than bytecode and the empty folders that installers leave."""
    if not path.is_dir():
        return True
    return any(each.is_file() and not each.name.endswith(_BYTECODE) for each in path.rglob("*"))
