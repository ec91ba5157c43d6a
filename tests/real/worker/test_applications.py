"""Networks of keras.applications: seeded ones are alive and repeatable, missing weights are said."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.real.worker.jobs import compare, reference, side
from workflow.base.errors import DownloadError, ModelFileError, UsageError
from workflow.verification import exchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.bridge.warm_worker import Worker

pytestmark = pytest.mark.real

SMALL = {"input_shape": [64, 64, 3], "classes": 10}


def build(worker: Worker, output: Path, **more: Any) -> dict[str, Any]:
    job = {"application": "MobileNet", "weights": "seeded", "offline": "fail", "seed": 3, "options": {}, **more}
    return worker.run("application", {**job, "output": str(output)}, log=output.with_suffix(".log"), timeout=300)


@pytest.mark.parametrize("application", ["MobileNetV3Small", "RegNetX002", "ConvNeXtTiny"])
def test_seeded_networks_of_every_make_are_alive(worker: Worker, tmp_path: Path, application: str) -> None:
    found = build(worker, tmp_path / "net.h5", application=application, options=SMALL)
    assert found["liveliness"]["relative_spread"] > 0.02
    assert found["liveliness"]["distinct_answers"] > 1


def test_the_same_seed_gives_the_same_network_and_another_seed_another(worker: Worker, tmp_path: Path) -> None:
    options = {**SMALL, "alpha": 0.25}
    for name, seed in (("one", 3), ("again", 3), ("other", 4)):
        build(worker, tmp_path / f"{name}.h5", seed=seed, options=options)
    one, again, other = (
        hashlib.sha256((tmp_path / f"{name}.h5").read_bytes()).hexdigest() for name in ("one", "again", "other")
    )
    assert one == again != other


def test_weights_from_a_file_are_those(worker: Worker, tmp_path: Path) -> None:
    options = {**SMALL, "alpha": 0.25}
    build(worker, tmp_path / "first.h5", options=options)
    build(worker, tmp_path / "second.h5", options=options, weights=str(tmp_path / "first.h5"))
    first, second = (side("keras", tmp_path / name) for name in ("first.h5", "second.h5"))
    answers = reference(worker, first, tmp_path / "answers")
    assert [output.max_abs for output in compare(worker, answers, result=second)] == [0.0]


def test_unreachable_weights_are_replaced_only_where_the_recipe_says_so(
    make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    proxies = dict.fromkeys(("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"), "http://127.0.0.1:9")
    with make_worker(HOME=str(tmp_path), USERPROFILE=str(tmp_path), no_proxy="", NO_PROXY="", **proxies) as offline:
        with pytest.raises(DownloadError, match="ImageNet weights of MobileNet"):
            build(offline, tmp_path / "net.h5", weights="imagenet")
        options = {"input_shape": [128, 128, 3], "alpha": 0.25}
        found = build(offline, tmp_path / "net.h5", weights="imagenet", offline="seeded", options=options)
    assert found["weights"] == "seeded"
    assert "recognise nothing" in found["degraded"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"application": "MobilNet"}, "near: MobileNet"),
        ({"options": {"alfa": 1}}, "alfa"),
        ({"weights": "imagenet", "options": {"classes": 3}}, "classes"),
    ],
)
def test_mistakes_in_the_recipe_are_not_taken_for_a_missing_network(
    worker: Worker, tmp_path: Path, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        build(worker, tmp_path / "net.h5", offline="seeded", **more)
    assert not (tmp_path / "net.h5").exists()


def test_given_samples_and_their_labels_are_taken_as_they_are(worker: Worker, mobilenet: Path, tmp_path: Path) -> None:
    given = np.random.default_rng(0).random((6, 96, 96, 3), dtype=np.float32)
    np.save(tmp_path / "x.npy", given)
    np.savez(tmp_path / "y.npz", y=np.arange(6))
    more = {"inputs": str(tmp_path / "x.npy"), "labels": str(tmp_path / "y.npz"), "batches": [1, 6]}
    found = reference(worker, side("keras", mobilenet), tmp_path / "run", **more)
    assert (found["samples"], found["labels"]) == (6, [0, 1, 2, 3, 4, 5])
    taken = [exchange.read(Path(feed["inputs"])) for feed in found["feeds"]]
    assert np.array_equal(np.concatenate([array for one in taken for array in one.values()]), given)


def test_inputs_that_do_not_fit_are_refused(worker: Worker, mobilenet: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((6, 28, 28, 1), dtype=np.float32))
    with pytest.raises(ModelFileError, match=r"\(6, 28, 28, 1\)"):
        reference(worker, side("keras", mobilenet), tmp_path / "run", inputs=str(tmp_path / "x.npy"))
