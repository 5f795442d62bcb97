"""The sliders for alpha and k: complete without a network, their presets within reach."""

import json
import re

import pandas as pd
import pytest

from isru import paths
from isru.analysis.symbolic import FORMULAS, sample
from isru.chapters.isru.slider import alpha_slider

pytestmark = pytest.mark.slow

TABLE = pd.DataFrame(sample({"tanh": FORMULAS["tanh"]}, [-5, 0, 5]))


def test_the_curves_travel_with_the_page_and_nothing_remote_is_named():
    page = alpha_slider(TABLE, {"ISRU": (1, 1)}).data
    data = json.loads(re.search(r"application/json\">(.*?)</script>", page)[1])
    assert data["x"] == [-5, 0, 5]
    assert data["tanh"][2] == pytest.approx(0.999909)
    script = paths.root() / "book" / "_static" / "alpha-slider.js"
    code = script.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|fetch\(|import\(|src=\"//", page + code)


def test_every_slider_has_a_label_and_every_preset_a_button():
    page = alpha_slider(TABLE, {"ISRU": (1, 1), "a < b": (2 / 3, 1)}).data
    assert page.count("<label") == page.count('type="range"') == 2
    assert "a &lt; b</button>" in page


def test_a_preset_beyond_the_sliders_is_refused():
    with pytest.raises(ValueError, match=r"expected k in 0\.5\.\.2, got 3"):
        alpha_slider(TABLE, {"steep": (1, 3)})
