"""HDF5 files before Keras reads them: nothing in them leads out, and what they claim is there."""

from __future__ import annotations

from typing import Any, Iterator, List, Set, Tuple

from ..shared import containment_rules as rules
from . import bounds, texts

_FILTERS = {1: "deflate", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf"}
"""Filters that libhdf5 and h5py have in them; all others are code that would be searched for on this machine."""
_LINKS = {0: "", 1: rules.LINKS["soft link"], 64: rules.LINKS["external link"]}
_MOST_OBJECTS = 1_000_000
_LARGEST_TEXTS = 64 << 20


def require_contained(file: Any, where: str, *, held: int) -> int:
    """Return the bytes of all arrays in an open ``h5py.File`` by all their names.

    ``held`` is the size of the file on the disk. Raises ``JobError`` (leads_out, too_much) for links, for values that
    lie in other files or are packed by foreign filters, and for arrays that claim more than there is for them.
    """
    claims: List[Tuple[int, str]] = []
    stored = 0
    for name, found in _objects(file, where):
        _require_moderate_texts(found, f"{where}: {name}", held=held)
        size, room = _array(found, f"{where}: {name}")
        claims.append((size, name))
        stored += room
    total, (largest, name) = sum(size for size, _ in claims), max(claims)
    bounds.require_likely(f"{where}: {name}", largest, held=min(stored, held))
    bounds.require_likely(f"{where}: its arrays together (the largest is {name})", total, held=min(stored, held))
    return total


def _objects(file: Any, where: str) -> Iterator[Tuple[str, Any]]:
    """Yield every object by each of its names, and go into each group once."""
    import h5py

    waiting: List[Tuple[str, Any]] = [("/", h5py.h5o.open(file.id, b"/"))]
    seen: Set[int] = set()
    count = 0
    while waiting:
        path, found = waiting.pop()
        yield path, found
        address = h5py.h5o.get_info(found).addr
        if not isinstance(found, h5py.h5g.GroupID) or address in seen:
            continue
        seen.add(address)
        for raw in found:
            count += 1
            name = f"{path.rstrip('/')}/{raw.decode('utf-8', 'replace')}"
            _require_hard(found.links.get_info(raw).type, f"{where}: {name}")
            waiting.append((name, h5py.h5o.open(found, raw)))
        if count > _MOST_OBJECTS:
            raise bounds.too_much(f"{where} holds more than {_MOST_OBJECTS:,} things")


def _require_hard(kind: int, what: str) -> None:
    told = _LINKS.get(kind, "a link of a kind that is not HDF5's own")
    if told:
        raise bounds.leads_out(f"{what} is {told}")


def _array(found: Any, what: str) -> Tuple[int, int]:
    """Return the bytes that an array claims and those that the file has for it; of another object, none."""
    import h5py

    if not isinstance(found, h5py.h5d.DatasetID):
        return 0, 0
    plan = found.get_create_plist()
    if plan.get_layout() == h5py.h5d.VIRTUAL or plan.get_external_count():
        raise bounds.leads_out(f"{what} {rules.ELSEWHERE}")
    for number in range(plan.get_nfilters()):
        code, _, _, name = plan.get_filter(number)
        if code not in _FILTERS:
            words = f" ({name.decode('utf-8', 'replace')})" if name else ""
            raise bounds.leads_out(f"{what} is packed by the filter {code}{words}, which HDF5 does not have in it")
    claimed, room = (
        found.get_space().get_simple_extent_npoints() * found.get_type().get_size(),
        int(found.get_storage_size()),
    )
    if plan.get_layout() == h5py.h5d.CHUNKED:
        bounds.require_likely(
            f"{what}, one chunk of it", bounds.count(plan.get_chunk()) * found.get_type().get_size(), held=room
        )
    else:
        bounds.refuse(rules.claim_fault(what, claimed, held=room, is_packed=False))
    return claimed, room


def _require_moderate_texts(found: Any, what: str, *, held: int) -> None:
    """Lists of texts of variable length may all point to one long text: nobody can tell before they are read."""
    import h5py

    for number in range(h5py.h5a.get_num_attrs(found)):
        attribute = h5py.h5a.open(found, index=number)
        kind, count = attribute.get_type(), attribute.get_space().get_simple_extent_npoints()
        name = attribute.name.decode("utf-8", "replace")
        if kind.get_class() == h5py.h5t.REFERENCE:
            continue
        size = count * kind.get_size()
        if size > held:
            raise bounds.too_much(
                f"{what}: the attribute {name} claims {rules.in_words(size)}, and the file has {rules.in_words(held)}"
            )
        of_any_length = isinstance(kind, h5py.h5t.TypeStringID) and kind.is_variable_str()
        if of_any_length and count > 1 and count * held > _LARGEST_TEXTS:
            _require_moderate_total(h5py.h5i.get_file_id(found), f"{what}: the attribute {name}", held=held)


def _require_moderate_total(file: Any, what: str, *, held: int) -> None:
    named = texts.bytes_named(file.get_file_image())
    if named > held + _LARGEST_TEXTS:
        raise bounds.too_much(
            f"{what} and others name {rules.in_words(named)} of texts, and the file has {held:,} bytes"
        )
