"""Other numbers, other words: the sentences of the figures follow what is drawn."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from figure_checks import message

from isru.chapters.processors.figures import predicted_against_found

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def test_a_prediction_counts_where_it_is_near_what_was_found():
    """25 % of what was found, not of what was predicted."""
    calls = pd.DataFrame({"found": [1.0, 1.0, 1.0], "unseen": [1.24, 1.3, 0.76]})
    calls["group"] = "measured"
    said = "of 3 predictions by a rule that had not seen the platform lie within 25 % of what was"
    assert f"2 {said} found" == message(predicted_against_found(calls))
    turned = calls.rename(columns={"found": "unseen", "unseen": "found"})
    assert f"2 {said} found" == message(predicted_against_found(turned.assign(unseen=0.94)))
