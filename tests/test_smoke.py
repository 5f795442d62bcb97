"""The whole road on this machine: every notebook runs in the smoke profile, and its book builds."""

import json

import numpy as np
import pytest

from isru import paths
from isru.publish.compare import differences
from isru.publish.notebooks import all_notebooks
from isru.publish.release import state

pytestmark = pytest.mark.slow

EXACT = [n for n in all_notebooks() if n.kind == "exact"]


@pytest.mark.slow
def test_every_notebook_has_a_current_result(smoke):
    states = {n.name: state(n, smoke) for n in all_notebooks()}
    assert all(text.startswith("current") for text in states.values()), states


@pytest.mark.slow
@pytest.mark.parametrize("notebook", EXACT, ids=lambda n: n.name)
def test_an_exact_notebook_gives_what_is_published(smoke, notebook):
    assert differences(notebook, paths.results(), smoke) == []


@pytest.mark.slow
def test_every_recorded_interval_holds_its_value(smoke):
    for path in (smoke / "values").glob("*.json"):
        for name, entry in json.loads(path.read_text())["values"].items():
            if "low" in entry and "high" in entry:
                low, value, high = entry["low"], entry["value"], entry["high"]
                assert np.nextafter(low, -np.inf) <= value <= np.nextafter(high, np.inf), name
