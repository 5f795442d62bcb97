"""What CONTRIBUTING.md shows works as it stands there."""

import re
import sys
from types import ModuleType

import numpy as np

from isru import paths

PAGE = (paths.root() / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_activation_on_the_page_is_short_and_right(monkeypatch):
    source = re.search(r"```python\n(\"\"\".*?)```", PAGE, re.DOTALL)[1]
    assert len(source.splitlines()) <= 40
    page = ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", page)  # an activation knows its module
    exec(compile(source, "CONTRIBUTING.md", "exec"), page.__dict__)
    entry = page.HALF_RUNG
    x = np.linspace(-6, 6, 301)
    exact = np.tanh(np.arcsinh(2 * x) / 2)
    np.testing.assert_allclose(entry.value(x), exact, rtol=0, atol=1e-15)
    _, saved = entry.forward(x.copy())
    slope = (1 - exact**2) / np.sqrt(1 + 4 * x**2)
    np.testing.assert_allclose(entry.derivative(saved), slope, rtol=0, atol=1e-14)
