"""A process of its own, behind a wall, that lets libhdf5 read a file and writes what is in it as a plain one.

Run by path: ``python -I -X utf8 .../rewriting.py FILE FOLDER``. FOLDER gets ``plain.h5``, which our own reader knows,
and ``facts.json``: what is no longer to be seen in it. libhdf5 may crash, hang or do worse here, and nowhere else.
"""

from __future__ import annotations

import contextlib
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN, FACTS = "plain.h5", "facts.json"
_REFUSED = 3
_DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, OverflowError, MemoryError)
_SLACK = 64 << 20
_MEMORY = 2 << 30
_PIECE = 32 << 20
_LONGEST_FIXED = 60_000
"""Bytes of an attribute that fit into a header of the first version."""
_KINDS = "fiub"


class _RefusedError(Exception):
    """The file is not to be read any further."""


def main(file: str, folder: str) -> int:
    """Rewrite a file; what is wrong with it goes to standard error."""
    size = Path(file).stat().st_size
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
    from workflow.worker.shared import containment_rules as rules  # noqa: PLC0415  found only now
    from workflow.worker.shared import wall  # noqa: PLC0415  likewise

    _limit(size, rules.most_likely(size))

    wall.stand(reads=[file], writes=[folder])
    import h5py  # noqa: PLC0415  behind the wall

    try:
        with h5py.File(file, "r") as source, h5py.File(Path(folder, PLAIN), "w", libver="earliest") as target:
            copy = _Copy(source, target, is_likely=rules.is_likely)
            copy.run(size)
    except (*_DAMAGE, _RefusedError) as error:
        sys.stderr.write(f"{error}\n")
        return _REFUSED
    Path(folder, FACTS).write_text(json.dumps(copy.facts), encoding="utf-8")
    return 0


def _limit(size: int, most: int) -> None:
    """Limit the memory, and the file that is written to ``most`` bytes of values beside what describes them."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows; limits that are lower already
        import resource  # noqa: PLC0415  not on Windows

        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY + size, _MEMORY + size))
        resource.setrlimit(resource.RLIMIT_FSIZE, (most + size + _SLACK, most + size + _SLACK))


class _Copy:
    """One file on its way: each object once, however many names it has.

    ``facts`` has, by the offset of an object in the new file, what an array was; ``held`` the bytes that the old file
    holds for all arrays by all their names.
    """

    def __init__(self, source: Any, target: Any, *, is_likely: Callable[[int, int], bool]) -> None:
        self.facts: dict[str, dict[str, Any]] = {"arrays": {}, "links": {}}
        self.held = 0
        self._is_likely = is_likely
        self._claimed = self._room = 0
        self._made: dict[int, Any] = {_address(source): target}
        self._waiting = [(source, target)]

    def run(self, size: int) -> None:
        """Copy everything; raises ``_RefusedError`` where a file of this size cannot hold what it claims to."""
        _copy_attributes(self._waiting[0][0], self._waiting[0][1])
        while self._waiting:
            source, target = self._waiting.pop()
            for name in source:
                self._member(source, target, name)
        if self.held > size:
            raise _RefusedError(f"its arrays claim {self.held:,} bytes, and it has {size:,}")

    def _member(self, source: Any, target: Any, name: str) -> None:
        import h5py  # noqa: PLC0415  as above

        link = source.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            is_away = isinstance(link, h5py.ExternalLink)
            self.facts["links"].setdefault(str(_address(target)), {})[name] = (
                "external link" if is_away else "soft link"
            )
            target[name] = h5py.SoftLink("/elsewhere")
            return
        found = source[name]
        self.held += found.id.get_storage_size() if isinstance(found, h5py.Dataset) else 0
        made = self._made.get(_address(found))
        if made is not None:
            target[name] = made
        elif isinstance(found, h5py.Group):
            made = target.create_group(name)
            self._waiting.append((found, made))
        elif isinstance(found, h5py.Dataset):
            made = self._array(found, target, name)
        else:
            self.facts["links"].setdefault(str(_address(target)), {})[name] = "other"
            target[name] = h5py.SoftLink("/elsewhere")
            return
        if _address(found) not in self._made:
            self._made[_address(found)] = made
            _copy_attributes(found, made)

    def _array(self, found: Any, target: Any, name: str) -> Any:
        is_numeric = found.dtype.kind in _KINDS
        is_away = bool(found.is_virtual or found.external)
        room = int(found.id.get_storage_size())
        made = self._numbers(found, target, name) if is_numeric else target.create_dataset(name, (), "u1")
        self.facts["arrays"][str(_address(made))] = {
            "shape": None if found.shape is None else list(found.shape),
            "dtype": str(found.dtype.str if is_numeric else found.dtype),
            "is_numeric": is_numeric,
            "leads_away": is_away,
            "is_packed": found.chunks is not None,
            "room": room,
        }
        return made

    def _numbers(self, found: Any, target: Any, name: str) -> Any:
        if found.shape is None:
            return target.create_dataset(name, dtype=found.dtype)  # without room
        claimed = math.prod(found.shape) * found.dtype.itemsize
        room = int(found.id.get_storage_size())
        is_sound = self._is_likely(claimed, room) and (found.chunks is not None or room >= claimed)
        is_sound = is_sound and self._is_likely(self._claimed + claimed, self._room + room)
        if found.is_virtual or found.external or not is_sound:
            return target.create_dataset(name, (), found.dtype)  # nobody will read that: it is told, and refused
        self._claimed, self._room = self._claimed + claimed, self._room + room
        made = target.create_dataset(name, found.shape, found.dtype)
        for place in _pieces(found):
            made[place] = found[place]
        return made


def _pieces(found: Any) -> Any:
    """Return the places of an array in pieces that fit into memory: its own, or rows."""
    if not found.shape or not found.size:
        return [()] if found.size else []
    if found.chunks is not None:
        return found.iter_chunks()
    rows = max(1, _PIECE // max(1, found.dtype.itemsize * math.prod(found.shape[1:])))
    return [slice(begin, begin + rows) for begin in range(0, found.shape[0], rows)]


def _copy_attributes(source: Any, target: Any) -> None:
    import h5py  # noqa: PLC0415  as above

    for name in source.attrs:
        value = source.attrs[name]
        if isinstance(value, h5py.Empty):
            target.attrs.create(name, [], dtype="u1")
        elif getattr(value, "dtype", None) is not None and value.dtype.kind in "OS" and value.shape:
            _copy_texts(target, name, value)
        else:
            target.attrs[name] = value


def _copy_texts(target: Any, name: str, value: Any) -> None:
    """Write a list of texts, of their own lengths where they would not fit into a header."""
    import h5py  # noqa: PLC0415  as above

    if value.dtype.kind == "S" and value.nbytes <= _LONGEST_FIXED:
        target.attrs[name] = value
        return
    texts = value.astype(object)
    kind = "ascii" if all(isinstance(text, bytes) for text in texts.flat) else "utf-8"
    target.attrs.create(name, texts, dtype=h5py.string_dtype(kind))


def _address(found: Any) -> int:
    import h5py  # noqa: PLC0415  as above

    return int(h5py.h5o.get_info(found.id).addr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
