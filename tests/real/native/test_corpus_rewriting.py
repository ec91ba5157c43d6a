"""Every TensorFlow.js model of the corpus, cut anew, quantized and restored; values as the reference reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.real.conftest import CORPUS
from tests.unit.conversion.native.models import document, entries, numbers, rewrite
from workflow.base.errors import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[Any]

pytestmark = pytest.mark.real

MODELS = [
    *("layers/crepe", "layers/doodlenet", "layers/gru_sentiment", "layers/nsfw_mobilenet_v2", "layers/tfjs_made"),
    *("layers/xor", "graph/basic_pitch", "graph/blazeface/blazeface.json", "graph/faceboxes/faceboxes.json"),
    "graph/structured_outputs/model_structured_outputs.json",
]


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest, corpus: Path) -> Path:
    return corpus / str(request.param)


def flavour(model: Path) -> str:
    return model.relative_to(CORPUS).parts[0]


def same(left: dict[str, Array], right: dict[str, Array]) -> bool:
    return left.keys() == right.keys() and all(left[name].tobytes() == right[name].tobytes() for name in left)


@pytest.mark.parametrize("size", [1_000_003, 4 << 20])
def test_cut_anew_it_holds_the_same(model: Path, tmp_path: Path, size: int) -> None:
    rewrite(model, tmp_path / "out", flavour=flavour(model), weight_shard_size_bytes=size)
    assert same(numbers(tmp_path / "out"), numbers(model))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16"])
def test_quantized_it_is_as_near_as_the_dtype_allows(model: Path, tmp_path: Path, dtype: str) -> None:
    wish: dict[str, Any] = {f"quantize_{dtype}": ["*"]}
    facts = rewrite(model, tmp_path / "out", flavour=flavour(model), **wish)
    caught = set(facts["quantization"]["globs"][0]["quantized"])
    before, after, entry = numbers(model), numbers(tmp_path / "out"), entries(tmp_path / "out")
    for name, exact in before.items():
        if name not in caught:
            assert after[name].tobytes() == exact.tobytes()
            continue
        how = entry[name]["quantization"]
        assert how["dtype"] == dtype
        largest = np.abs(exact).max(initial=0)
        step = how["scale"] / 2 + 3 * np.spacing(largest) if dtype != "float16" else largest / 2**11
        assert np.abs(after[name] - exact).max(initial=0) <= step, name


def test_restored_it_holds_what_the_reference_reads(
    model: Path, tmp_path: Path, reference: Callable[..., None]
) -> None:
    rewrite(model, tmp_path / "quantized", flavour=flavour(model), quantize_uint16=["*"])
    rewrite(tmp_path / "quantized", tmp_path / "out", flavour=flavour(model), dequantize=True)
    assert not any("quantization" in entry for entry in entries(tmp_path / "out").values())
    reference("read", tmp_path / "quantized/model.json", tmp_path / "read.npz")
    with np.load(tmp_path / "read.npz") as expected:
        for number, array in enumerate(numbers(tmp_path / "out").values()):
            assert expected[str(number)].tobytes() == array.tobytes()


def test_a_goal_is_reached_or_said_to_be_out_of_reach(model: Path, tmp_path: Path) -> None:
    facts = rewrite(model, tmp_path / "out", flavour=flavour(model), quantize_auto={"max_error": 0.01})
    assert facts["quantization"]["weight_bytes"] == facts["bytes"]
    assert max(facts["quantization"]["errors"].values(), default=0) <= 0.01


def test_split_by_layer_it_holds_the_same(model: Path, tmp_path: Path) -> None:
    if flavour(model) == "graph":
        pytest.skip("a graph has no layers")
    rewrite(model, tmp_path / "out", split_weights_by_layer=True)
    assert same(dict(sorted(numbers(tmp_path / "out").items())), dict(sorted(numbers(model).items())))
    assert len(document(tmp_path / "out")["weightsManifest"]) > 1


def test_missing_shards_are_refused(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="missing"):
        rewrite(corpus / "broken/missing_shards", tmp_path / "out")
    assert not (tmp_path / "out").exists()
