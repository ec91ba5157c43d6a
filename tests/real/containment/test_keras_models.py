"""Small Keras files that ask for gigabytes are refused by either Keras before it makes anything, and by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.real.containment import bombs
from tests.unit.models.hostile import CLAIMING, LEADING_OUT, as_archive, as_hdf5, hdf5

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.bridge.warm_worker import Worker

pytestmark = pytest.mark.real


@pytest.mark.parametrize("bomb", bombs.UNMADE)
def test_weights_that_are_not_in_the_file_are_counted_before_they_are_made(
    bomb: str, worker_of_keras: Worker, workers: dict[str, Worker], refusal: Callable[..., str], tmp_path: Path
) -> None:
    path = bombs.write_hdf5(tmp_path / "m.h5", bombs.UNMADE[bomb])
    if bomb in bombs.OF_KERAS_2 and worker_of_keras is not workers["tfjs"]:
        refusal(worker_of_keras, "source", {"path": str(path), "format": "keras"})
        return
    said = refusal(worker_of_keras, "source", {"path": str(path), "format": "keras"})
    assert "and the file holds 0 bytes of weights" in said
    assert "bomb" in said or "held" in said


@pytest.mark.parametrize("job", ["source", "graph", "saved_model"])
@pytest.mark.parametrize("bomb", bombs.UNMADE)
def test_so_are_those_of_layers_models(
    bomb: str, job: str, workers: dict[str, Worker], refusal: Callable[..., str], tmp_path: Path
) -> None:
    path = bombs.write_layers_model(tmp_path / "m", bombs.UNMADE[bomb])
    said = refusal(workers["tfjs"], job, {"path": str(path), "format": "tfjs_layers_model"})
    assert "and the file holds 16 bytes of weights" in said


@pytest.mark.parametrize("bomb", bombs.UNFED)
def test_what_makes_gigabytes_of_one_example_is_not_run(
    bomb: str, worker_of_keras: Worker, refusal: Callable[..., str], tmp_path: Path
) -> None:
    path = bombs.write_hdf5(tmp_path / "m.h5", bombs.UNFED[bomb])
    assert "of one example" in refusal(worker_of_keras, "source", {"path": str(path), "format": "keras"})


@pytest.mark.parametrize("packing", [as_hdf5, as_archive])
@pytest.mark.parametrize("attack", [*LEADING_OUT, *CLAIMING])
def test_hdf5_that_leads_out_or_claims_too_much_is_never_read(
    attack: str, packing: Any, worker_of_keras: Worker, refusal: Callable[..., str], tmp_path: Path
) -> None:
    fill, words = {**LEADING_OUT, **CLAIMING}[attack]
    path, kind = packing(hdf5(fill, tmp_path), tmp_path)
    assert words in refusal(worker_of_keras, "source", {"path": str(path), "format": kind})
