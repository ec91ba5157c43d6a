"""Small inputs that once failed, from ../shared/cases: each ends as its README line wants, as a user would run it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from tests.real.verification.endings import IN_PYTHON, PROVEN, SmallCase, convert, require_endings, steps

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

CASES = ROOT.parent / "shared" / "cases"

SMALL_CASES = [
    SmallCase(
        "01-js-truth",
        steps(
            "js_to_python: {name: h5, input: up, output: o/up.h5}",
            "js_to_python: {name: archive, input: up, output: o/up.keras}",
            "js_to_python: {name: saved, input: up, output: o/up_saved}",
            "graph: {name: graph, input: up, output: o/up_graph}",
            "quantize: {name: quantized, input: up, output: o/up_q, dtype: uint16}",
            "shard: {name: shard, input: up, output: o/up_s, shard_size: 100B}",
            "js_to_python: {name: normalized, input: bn1, output: o/bn1.h5}",
            "graph: {name: normalized_graph, input: bn1, output: o/bn1_graph}",
        ),
        {
            **dict.fromkeys(("h5", "archive", "saved", "graph", "quantized", "shard"), PROVEN),
            **dict.fromkeys(("normalized", "normalized_graph"), "over axis 1, TensorFlow.js computes one thing"),
        },
    ),
    SmallCase(
        "02-js-to-keras3",
        steps(
            *(
                f"js_to_python: {{name: {model}_{ending}, input: {model}, output: o/{model}.{ending}}}"
                for model in ("dense", "cnn")
                for ending in ("h5", "keras")
            ),
            places=IN_PYTHON,
        ),
        dict.fromkeys(("dense_h5", "dense_keras", "cnn_h5", "cnn_keras"), PROVEN),
    ),
    SmallCase(
        "04-lowered-layer-last",
        steps(
            *(
                f"python_to_js: {{name: {name}, input: {name}.keras, output: o/{name}, format: auto}}"
                for name in ("autoencoder", "features", "bn1")
            )
        ),
        dict.fromkeys(("autoencoder", "features", "bn1"), PROVEN),
    ),
    SmallCase(
        "05-grouped-and-1d-transposed-h5",
        steps(
            *(
                f"python_to_js: {{name: {name}, input: {name}.h5, output: o/{name}, format: auto}}"
                for name in ("grouped", "c1t")
            )
        ),
        dict.fromkeys(("grouped", "c1t"), PROVEN),
    ),
    SmallCase(
        "08-keras213-archive",
        steps(*(f"python_to_js: {{name: {name}, input: {name}.keras, output: o/{name}}}" for name in ("hs", "lstm"))),
        dict.fromkeys(("hs", "lstm"), PROVEN),
    ),
    SmallCase(
        "09-stateful",
        steps(
            "python_to_js: {name: layers, input: m.h5, output: o/layers}",
            "graph: {name: graph, input: m.h5, output: o/graph}",
        ),
        {"layers": PROVEN, "graph": "keeps no state from call to call"},
    ),
    SmallCase(
        "10-bfloat16",
        steps("python_to_js: {name: layers, input: m.keras, output: o/m, format: auto}"),
        {"layers": PROVEN},
    ),
    SmallCase(
        "14-gelu-new",
        steps(
            "js_to_python: {name: h5, input: m, output: o/m.h5}",
            "graph: {name: graph, input: m, output: o/graph}",
            "quantize: {name: quantized, input: m, output: o/q, dtype: uint16}",
        ),
        {"h5": "gelu_new", "graph": "gelu_new", "quantized": "not run"},
    ),
    SmallCase("22-dict-outputs", steps("graph: {name: graph, input: dict.keras, output: o/graph}"), {"graph": PROVEN}),
    SmallCase(
        "24-mixed-float16",
        steps(
            "python_to_js: {name: archive, input: mix_m1.keras, output: o/archive}",
            "python_to_js: {name: h5, input: m.h5, output: o/h5}",
        ),
        {"archive": PROVEN, "h5": PROVEN},
    ),
    SmallCase(
        "29-outlier-quantized",
        steps(
            "python_to_js: {name: layers, input: outlier.h5, output: o/layers}",
            "quantize: {name: quantized, input: o/layers, output: o/q, dtype: uint8}",
            "quantize: {name: accepted, input: o/layers, output: o/q2, dtype: uint8, verify: {agreement: 0.1}}",
        ),
        {"layers": PROVEN, "quantized": "quantizing costs more than is allowed", "accepted": PROVEN},
    ),
    SmallCase(
        "30-spatial-from-js",
        steps(
            "js_to_python: {name: archive, input: model, output: o/m.keras}",
            "js_to_python: {name: h5, input: model, output: o/m.h5}",
            "js_to_python: {name: saved, input: model, output: o/saved}",
        ),
        dict.fromkeys(("archive", "h5", "saved"), PROVEN),
    ),
    *(
        SmallCase(
            "40-rnn-weight-names",
            steps(
                f"python_to_js: {{name: layers, input: {name}.h5, output: o/web}}",
                "shard: {name: shard, input: o/web, output: o/shard, shard_size: 100B}",
                "quantize: {name: quantized, input: o/web, output: o/q, dtype: uint16}",
                "js_to_python: {name: h5, input: o/web, output: o/m.h5}",
                "js_to_python: {name: archive, input: o/web, output: o/m.keras}",
                "js_to_python: {name: saved, input: o/web, output: o/saved}",
                "graph: {name: graph, input: o/web, output: o/graph}",
            ),
            dict.fromkeys(("layers", "shard", "quantized", "h5", "archive", "saved", "graph"), PROVEN),
            scripts=("make.py",),
        )
        for name in ("plain", "numbered")
    ),
    SmallCase(
        "41-amplified-rounding",
        steps(
            "python_to_js: {name: layers, input: chaos.h5, output: o/web, verify: {samples: 16}}",
            "quantize: {name: quantized, input: o/web, output: o/q, dtype: uint16, verify: {samples: 16}}",
            "graph: {name: graph, input: chaos.h5, output: o/graph, verify: {samples: 16}}",
        ),
        dict.fromkeys(("layers", "quantized", "graph"), PROVEN),
        scripts=("make.py",),
    ),
    SmallCase(
        "50-mask-of-keras-2",
        steps("python_to_js: {name: layers, input: mask.h5, output: o/m, format: auto}"),
        {"layers": PROVEN},
        scripts=("make.py",),
    ),
]


@pytest.mark.parametrize("case", SMALL_CASES, ids=lambda case: f"{case.folder}-{next(iter(case.endings))}")
def test_a_small_case_ends_as_it_should(case: SmallCase, converter_python: Path, tmp_path: Path) -> None:
    if not CASES.is_dir():
        pytest.skip("the small cases (../shared/cases) are not here")
    folder = shutil.copytree(CASES / case.folder, tmp_path / "case")
    require_endings(case, folder, python=converter_python)


def test_weight_files_that_somebody_sorted_are_doubted_when_a_model_is_converted(tmp_path: Path) -> None:
    if not CASES.is_dir():
        pytest.skip("the small cases (../shared/cases) are not here")
    folder = shutil.copytree(CASES / "15-shard-order", tmp_path / "case")
    done = convert(folder, steps("quantize: {input: m, output: o/q, dtype: uint16}", places=IN_PYTHON))
    assert "the weight files are not listed by their numbers (10, 11, 12, 1, 2 ...)" in " ".join(done.stderr.split())


def test_a_source_that_answers_otherwise_in_python_is_said_to(tmp_path: Path) -> None:
    if not CASES.is_dir():
        pytest.skip("the small cases (../shared/cases) are not here")
    folder = shutil.copytree(CASES / "01-js-truth", tmp_path / "case")
    done = convert(folder, steps("shard: {input: up, output: o/up, shard_size: 100B}"))
    said = " ".join(done.stderr.split())
    assert "a fact about the source, and no fault of the result: in Python its output up_sampling2d" in said
    assert "from what it answers in node wasm, where it lives" in said
