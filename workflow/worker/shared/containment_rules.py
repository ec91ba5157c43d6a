"""What a model may point at and what it may claim: the rules by which host and worker refuse, before either reads it.

Python 3.8, of the standard library alone. What is found is a ``Fault``; whoever looked makes an error of its own of it.
"""

from __future__ import annotations

import os
import stat
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Callable, Dict, Iterator, NamedTuple, Optional, Sequence

FREE = 256 << 20
"""Bytes that any model may claim, however small its files are: zeros compress a thousandfold."""

MOST_PACKED = 50
"""How many times more than its files a model may claim beyond that; trained weights hardly shrink."""

LARGEST_JSON = 32 << 20
"""Bytes of a description inside an archive, which compresses well and takes twenty times as much once it is read."""

LINKS: Dict[str, str] = {
    "soft link": "a soft link, which leads to another place",
    "external link": "an external link, which leads to another file",
}
"""The links of HDF5 that lead away, in words."""

ELSEWHERE = "takes its values from another file"
"""What is wrong with an array of HDF5 whose numbers are not in it."""

WEIGHTS = "model.weights.h5"
_MEMBERS = ("config.json", "metadata.json", WEIGHTS)
_ASSETS = "assets/"
_MOST_MEMBERS = 10_000
_ENCRYPTED = 0x1
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")
_THOUSAND = 1000

Named = Callable[[str], str]
"""Puts a name out of a model into a sentence."""


class Fault(NamedTuple):
    """What is wrong with a model: ``kind`` is leads_out for what is no part of it, too_much for what it cannot hold."""

    kind: str
    text: str
    is_link: bool = False


def is_likely(claimed: int, held: int) -> bool:
    """Tell whether so many bytes can be what ``held`` bytes of a file stand for."""
    return claimed <= most_likely(held)


def most_likely(held: int) -> int:
    """Return the most bytes that ``held`` bytes of a file can stand for."""
    return max(FREE, held * MOST_PACKED)


def in_words(count: int) -> str:
    """Return a number of bytes as people say it: "7.8 GB"."""
    size, unit = float(count), 0
    while size >= _THOUSAND and unit < len(_UNITS) - 1:
        size, unit = size / _THOUSAND, unit + 1
    return f"{size:,.1f} {_UNITS[unit]}" if unit else f"{count} bytes"


def claim_fault(what: str, claimed: int, *, held: int, is_packed: bool = True) -> Optional[Fault]:
    """Return what is wrong where something claims more bytes than the ``held`` ones can stand for, or are."""
    if is_likely(claimed, held) and (is_packed or claimed <= held):
        return None
    return Fault("too_much", f"{what} claims {in_words(claimed)}, and the file holds {in_words(held)} for it")


def why_outside(name: str) -> str:
    """Return what is wrong with a path written in a model that does not stay below where it starts, on any system."""
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    if "://" in name:
        return "is a web address"
    if posix.is_absolute() or windows.anchor:
        return "is an absolute path"
    return "leads out of the model's folder" if ".." in posix.parts or ".." in windows.parts else ""


def is_below(name: str) -> bool:
    """Tell whether a path that is written in a model stays below where it starts, on any system."""
    return bool(name) and "\0" not in name and not why_outside(name)


def is_asset(name: str) -> bool:
    """Tell whether a SavedModel's asset of this name is one of the files in its folder ``assets``."""
    return is_below(name) and "\\" not in name


def member_fault(members: Sequence[Any], where: str, *, held: int, named: Named = repr) -> Optional[Fault]:
    """Return what is wrong with the members (``ZipInfo``) of an archive of ``held`` bytes; ``where`` names it.

    They are to be a model's, each there once, and to fit into the archive.
    """
    if len(members) > _MOST_MEMBERS:
        return Fault("too_much", f"{where} has {len(members):,} members, which no model has")
    seen = set()
    for member in members:
        problem = _problem(member) or ("is there twice" if member.filename in seen else "")
        if problem:
            return Fault("leads_out", f"{where}: its member {named(member.filename)} {problem}")
        seen.add(member.filename)
        if member.filename.endswith(".json") and member.filename in _MEMBERS and member.file_size > LARGEST_JSON:
            words = f"claims {in_words(member.file_size)}, which no model needs"
            return Fault("too_much", f"{where}: its member {named(member.filename)} {words}")
    return _total_fault(members, where, held=held, named=named)


def _problem(member: Any) -> str:
    name = member.filename
    if not is_below(name) or "\\" in name or ":" in name:
        return "leads out of it"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link"
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if name not in _MEMBERS and not name.startswith(_ASSETS):
        return f"is none of {', '.join(_MEMBERS)} and {_ASSETS}"
    return ""


def _total_fault(members: Sequence[Any], where: str, *, held: int, named: Named) -> Optional[Fault]:
    beyond = [member for member in members if member.compress_size > held]
    if beyond:
        words = f"{named(beyond[0].filename)} would take more bytes than it has"
        return Fault("too_much", f"{where} is damaged: {words}")
    if sum(member.compress_size for member in members) > held:
        return Fault("too_much", f"{where}: its members lie on top of each other")
    claimed = sum(member.file_size for member in members)
    if is_likely(claimed, held):
        return None
    largest = named(max(members, key=lambda member: int(member.file_size)).filename)
    words = f"would be unpacked to {in_words(claimed)}, most of it {largest}, and has {in_words(held)}"
    return Fault("too_much", f"{where} {words}")


def folder_fault(folder: str, *, named: Named = repr) -> Optional[Fault]:
    """Return what is wrong with a model's folder: a link that leads out of it, or what is neither file nor folder.

    A folder that is itself come by through a link is none of the model's doing.
    """
    root = os.path.realpath(folder)
    for path in entries(root):
        where = named(os.path.relpath(path, root).replace(os.sep, "/"))
        if os.path.islink(path) and not (os.path.realpath(path) + os.sep).startswith(root.rstrip(os.sep) + os.sep):
            return Fault("leads_out", f"{where} is a link that leads out of the model's folder", is_link=True)
        mode = os.stat(path).st_mode if os.path.exists(path) else os.lstat(path).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            return Fault("leads_out", f"{where} is neither a file nor a folder")
    return None


def entries(root: str) -> Iterator[str]:
    """Yield everything below a folder; links to folders are not followed."""
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            yield os.path.join(folder, name)
