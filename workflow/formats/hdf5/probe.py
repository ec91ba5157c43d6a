"""A process of its own that lets libhdf5 read a file from end to end: it may crash or hang here, and nowhere else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

_KEPT = 0
_REFUSED = 3
_DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, OverflowError, MemoryError)
_FREE = 64 << 20
_MOST_PACKED = 100


def main() -> int:
    """Read all of the file named on the command line; what is wrong with it goes to standard error."""
    import h5py  # noqa: PLC0415  this module is imported only by the process that needs it

    try:
        with h5py.File(sys.argv[1], "r") as root:
            total = _visit(root, {h5py.h5o.get_info(root.id).addr})
    except _DAMAGE as error:
        sys.stderr.write(str(error))
        return _REFUSED
    size = Path(sys.argv[1]).stat().st_size
    if total > size:
        sys.stderr.write(f"its arrays claim {total:,} bytes, and it has {size:,}")
        return _REFUSED
    return _KEPT


def _visit(root: Any, seen: set[int]) -> int:
    """Read everything, each object once; return the bytes of all arrays by all their names."""
    import h5py  # noqa: PLC0415  as above

    total = 0
    waiting = [root]
    while waiting:
        node = waiting.pop()
        for name in node.attrs:
            node.attrs[name]
        if isinstance(node, h5py.Dataset):
            _read(node)
        for name in node if isinstance(node, h5py.Group) else ():
            if isinstance(node.get(name, getlink=True), h5py.HardLink):
                inner = node[name]
                total += inner.id.get_storage_size() if isinstance(inner, h5py.Dataset) else 0
                address = h5py.h5o.get_info(inner.id).addr
                if address not in seen:
                    seen.add(address)
                    waiting.append(inner)
    return total


def _read(data: Any) -> None:
    """Read an array chunk by chunk; one in a single piece is only bytes, on which nothing can go wrong."""
    if data.chunks is None or data.is_virtual or data.external:
        return
    if data.nbytes > _FREE and data.nbytes > data.id.get_storage_size() * _MOST_PACKED:
        return  # nobody will read that
    for place in data.iter_chunks():
        data[place]


if __name__ == "__main__":
    sys.exit(main())
