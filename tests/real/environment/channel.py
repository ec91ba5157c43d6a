"""Makes a conda channel in a folder: packages packed from a CPython 3.8 of this machine, and a lock of them.

Nothing is compressed: a zstd frame may consist of raw blocks, which needs no compressor and no time.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_BLOCK = 128 * 1024
_UNWANTED = {
    "__pycache__",
    "test",
    "tests",
    "idlelib",
    "lib2to3",
    "ensurepip",
    "tkinter",
    "turtledemo",
    "site-packages",
}
_UNWANTED_PREFIX = "config-3.8"
_RELATIVE_RUNPATH = b"$ORIGIN/../lib"


@dataclass(frozen=True)
class Item:
    """One file of a package: its bytes, or the target of a symbolic link."""

    path: str
    content: bytes = b""
    link: str | None = None
    executable: bool = False
    placeholder: str | None = None


@dataclass(frozen=True)
class Spec:
    """What a package says about itself."""

    name: str
    version: str
    subdir: str = "noarch"
    noarch: str | None = None
    depends: tuple[str, ...] = ()
    entry_points: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()

    @property
    def stem(self) -> str:
        return f"{self.name}-{self.version}-0"


@dataclass(frozen=True)
class Packed:
    """A package in a channel and how to lock it."""

    spec: Spec
    path: Path
    category: str = "main"

    def entry(self, base: str, platform: str) -> dict[str, Any]:
        data = self.path.read_bytes()
        return {
            "name": self.spec.name,
            "version": self.spec.version,
            "manager": "conda",
            "platform": platform,
            "dependencies": {},
            "url": f"{base}/{self.spec.subdir}/{self.path.name}",
            "hash": {
                "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
                "sha256": hashlib.sha256(data).hexdigest(),
            },
            "category": self.category,
            "optional": self.category != "main",
        }


@dataclass(frozen=True)
class Channel:
    """A channel folder with its packages."""

    folder: Path
    packages: tuple[Packed, ...] = field(default=())

    def package(self, name: str) -> Packed:
        return next(packed for packed in self.packages if packed.spec.name == name)

    def write_lock(
        self, path: Path, base: str, *, platform: str, hashes: Mapping[str, Mapping[str, str]] | None = None
    ) -> Path:
        """Write a conda-lock.yml of URLs below ``base``; ``hashes`` replaces those of some packages."""
        entries = [packed.entry(base, platform) for packed in self.packages]
        for entry in entries:
            entry["hash"] = dict((hashes or {}).get(entry["name"], entry["hash"]))
        lock = {
            "version": 1,
            "metadata": {
                "content_hash": {platform: "0" * 64},
                "channels": [{"url": base, "used_env_vars": []}],
                "platforms": [platform],
                "sources": ["environment.yml"],
            },
            "package": entries,
        }
        path.write_text(yaml.safe_dump(lock, sort_keys=False), "utf-8")
        return path


def pack(spec: Spec, folder: Path) -> Packed:
    """Write one package in the format that its place asks for (.conda) and return it."""
    place = folder / spec.subdir
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{spec.stem}.conda"
    info = [Item(f"info/{name}", json.dumps(content).encode()) for name, content in _info(spec).items()]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"conda_pkg_format_version": 2}))
        archive.writestr(f"pkg-{spec.stem}.tar.zst", _frame(_tar(spec.items)))
        archive.writestr(f"info-{spec.stem}.tar.zst", _frame(_tar(info)))
    return Packed(spec, path)


def python_package(root: Path, version: str, platform: str) -> Spec:
    """Describe the CPython installed at ``root`` as a conda package, without what no test needs."""
    library = root / "lib" / "python3.8"
    files = [
        root / "bin" / "python3.8",
        *sorted((root / "lib").glob("libpython3*.so*")),
        *_standard_library(library),
    ]
    items = [_item(path, root) for path in files]
    items += [Item("bin/python", link="python3.8"), Item("bin/python3", link="python3.8")]
    items.append(Item("lib/python3.8/site-packages/README.txt", b"site-packages\n"))
    return Spec("python", version, subdir=platform, items=tuple(items))


def wheel_package(wheel: Path) -> Spec:
    """Describe a pure-Python wheel as a noarch conda package with its console scripts."""
    name, version = wheel.name.split("-")[:2]
    with zipfile.ZipFile(wheel) as archive:
        names = [entry for entry in archive.namelist() if not entry.endswith("/")]
        items = tuple(Item(f"site-packages/{entry}", archive.read(entry)) for entry in names)
    scripts = ("pip = pip._internal.cli.main:main",) if name == "pip" else ()
    return Spec(name, version, noarch="python", depends=("python",), entry_points=scripts, items=items)


def _standard_library(library: Path) -> Iterable[Path]:
    for path in sorted(library.rglob("*")):
        parts = path.relative_to(library).parts
        if path.is_dir() or _UNWANTED & set(parts) or parts[0].startswith(_UNWANTED_PREFIX):
            continue
        yield path


def _item(path: Path, root: Path) -> Item:
    name = path.relative_to(root).as_posix()
    if path.is_symlink():
        return Item(name, link=str(path.readlink()))
    content = path.read_bytes()
    if content.startswith(b"\x7fELF"):
        return Item(name, _relocatable(content, str(root / "lib").encode()), executable=True)
    mentions = str(root).encode() in content
    return Item(name, content, placeholder=str(root) if mentions else None)


def _relocatable(elf: bytes, runpath: bytes) -> bytes:
    """Point the run path of a binary at the lib folder beside it, in place: it must not get longer."""
    if len(runpath) < len(_RELATIVE_RUNPATH):
        return elf
    return elf.replace(runpath + b"\0", _RELATIVE_RUNPATH.ljust(len(runpath), b"\0") + b"\0")


def _info(spec: Spec) -> dict[str, Any]:
    index: dict[str, Any] = {
        "name": spec.name,
        "version": spec.version,
        "build": "0",
        "build_number": 0,
        "depends": list(spec.depends),
        "subdir": spec.subdir,
        "arch": None,
        "platform": None,
        "license": "test",
    }
    if spec.noarch:
        index["noarch"] = spec.noarch
    paths = {"paths_version": 1, "paths": [_path_entry(item) for item in spec.items]}
    info: dict[str, Any] = {"index.json": index, "paths.json": paths, "about.json": {}}
    if spec.noarch == "python":
        noarch = {"type": "python", "entry_points": list(spec.entry_points)}
        info["link.json"] = {"noarch": noarch, "package_metadata_version": 1}
    return info


def _path_entry(item: Item) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "_path": item.path,
        "path_type": "hardlink" if item.link is None else "softlink",
        "sha256": hashlib.sha256(item.content).hexdigest(),
        "size_in_bytes": len(item.content),
    }
    if item.placeholder:
        entry |= {"file_mode": "text", "prefix_placeholder": item.placeholder}
    return entry


def _tar(items: Iterable[Item]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for item in items:
            entry = tarfile.TarInfo(str(PurePosixPath(item.path)))
            if item.link is None:
                entry.size, entry.mode = len(item.content), 0o755 if item.executable else 0o644
                archive.addfile(entry, io.BytesIO(item.content))
            else:
                entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, item.link, 0o777
                archive.addfile(entry)
    return buffer.getvalue()


def _frame(data: bytes) -> bytes:
    """Wrap bytes into a zstd frame of raw blocks (RFC 8878, 3.1.1): magic, no options, window of 128 KiB."""
    chunks = [data[start : start + _BLOCK] for start in range(0, len(data), _BLOCK)] or [b""]
    frame = [b"\x28\xb5\x2f\xfd", b"\x00", bytes([7 << 3])]
    for number, chunk in enumerate(chunks, 1):
        header = (len(chunk) << 3) | (number == len(chunks))
        frame += [header.to_bytes(3, "little"), chunk]
    return b"".join(frame)
