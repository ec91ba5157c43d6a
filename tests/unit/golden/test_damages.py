"""What is said of models with one thing wrong, to the letter; ``scripts/write_golden.py`` writes it anew.

A value of model.json, an option of a layer of Keras, a byte of an HDF5 file: each has its turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.golden import (
    damaged_conversions,
    damaged_documents,
    damaged_hdf5,
    damaged_keras,
    folded_weights,
    quantizations,
    refused_files,
    verified_damages,
)
from tests.unit.golden.store import require_equal

if TYPE_CHECKING:
    from pathlib import Path


def test_every_value_of_a_model_json_that_is_gone_or_replaced_has_its_words(tmp_path: Path) -> None:
    require_equal(damaged_documents.FILE, damaged_documents.all_outcomes(tmp_path))


def test_every_layer_of_keras_becomes_what_it_became_and_is_declined_in_the_same_words(tmp_path: Path) -> None:
    require_equal(damaged_keras.FILE, damaged_keras.all_outcomes(tmp_path))


def test_every_byte_of_an_hdf5_file_that_is_changed_has_its_words(tmp_path: Path) -> None:
    require_equal(damaged_hdf5.FILE, damaged_hdf5.all_outcomes(tmp_path))


def test_every_model_with_a_fault_has_its_whole_report(tmp_path: Path) -> None:
    require_equal(verified_damages.FILE, verified_damages.all_reports(tmp_path))


def test_every_file_that_is_no_sound_model_is_refused_in_the_words_of_before(tmp_path: Path) -> None:
    require_equal(refused_files.FILE, refused_files.all_refusals(tmp_path))


def test_every_value_of_a_configuration_that_is_gone_or_replaced_makes_the_same_of_a_conversion(tmp_path: Path) -> None:
    require_equal(damaged_conversions.FILE, damaged_conversions.all_outcomes(tmp_path))


def test_every_weight_of_a_graph_that_is_folded_or_wrong_is_told_as_it_was(tmp_path: Path) -> None:
    require_equal(folded_weights.FILE, folded_weights.all_comparisons(tmp_path))


def test_every_plan_of_a_quantization_and_every_comparison_of_weights_is_as_it_was(tmp_path: Path) -> None:
    require_equal(quantizations.FILE, quantizations.all_outcomes(tmp_path))
