"""The running example: one network, and numbers of it that nobody types."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "_ext"))

from isru_book.example import ANCHOR, CHAPTER, UNITS, example
from isru_book.numbers import CannotShow
from isru_book.run import Run

from isru.lstm import LSTMNetwork
from isru.records import Record, to_json

ROOT = Path(__file__).parents[1]


@pytest.fixture
def run(tmp_path):
    """A run whose forecaster reads 4 features for 6 hours."""
    record = Record(CHAPTER, tmp_path / "results")
    record.value("features", 4, kind="exact")
    record.value("window", 6, kind="exact")
    return Run(tmp_path)


def test_its_numbers_are_those_of_a_network_with_the_runs_inputs(run):
    facts = example(run)
    network = LSTMNetwork(4, UNITS, 1, rng=np.random.default_rng(0))
    count = sum(array.size for array in network.get_weights())
    assert facts["parameters"] == f"{count:,}"
    assert facts["bytes"] == f"{4 * count:,}"
    assert (facts["inputs"], facts["window"]) == ("4", "6")
    assert (facts["gates"], facts["activations"]) == (str(3 * UNITS), str(2 * UNITS))
    assert facts["network"] == f"{UNITS}-unit forecaster"


def test_the_published_one_takes_the_bytes_that_a_microcontroller_was_found_to_need():
    table = pd.read_csv(ROOT / "results" / "tables" / "microcontrollers-bytes.csv")
    weights = table[(table["units"] == UNITS) & (table["arm"] == "libm")]["weights"]
    assert {f"{size:,}" for size in weights} == {example(Run(ROOT))["bytes"]}


def test_a_run_without_the_forecaster_has_no_example(tmp_path):
    (tmp_path / "run.json").write_text(to_json({"run": "quick", "missing": [CHAPTER]}), "utf-8")
    assert example(Run(tmp_path)) is None


def test_a_forecaster_that_does_not_say_what_it_reads_is_told(tmp_path):
    Record(CHAPTER, tmp_path / "results").value("window", 6, kind="exact")
    with pytest.raises(CannotShow, match=r"no value 'forecaster\.features'"):
        example(Run(tmp_path))


def test_its_definition_is_where_the_links_lead():
    source = (ROOT / "notebooks" / f"{CHAPTER}.ipynb").read_text("utf-8")
    assert f'"({ANCHOR})=\\n"' in source
