"""The interactive figure "move alpha and k": a self-contained piece of HTML.

The curves travel inside it as JSON. ``book/_static/alpha-slider.js`` draws them; nothing is
fetched, and without that script a sentence stands in its place.
"""

from __future__ import annotations

import json
from html import escape

from isru.drawing.style import COLOURS

_SLIDERS = {"alpha": ("α", 0.3, 2), "k": ("k", 0.5, 2)}
_SLIDER = """<label style="display:flex;gap:0.6em;align-items:center">
<span style="width:1em">{text}</span>
<input type="range" name="{name}" min="{low}" max="{high}" step="0.01" value="1" style="flex:1">
<span class="{name}-value" style="width:4em"></span></label>"""
_BUTTON = """<button type="button" data-alpha="{}" data-k="{}"
 style="margin:0.3em 0.3em 0 0;padding:0.1em 0.5em">{}</button>"""
_PAGE = """<div class="alpha-slider"
 style="background:#fff;color:#222;color-scheme:light;padding:0.6em;max-width:680px">
<script type="application/json">{data}</script>
<div class="drawing"><p>Here two sliders move α and k, in the book and with JavaScript.</p></div>
<div class="controls" hidden>
{sliders}
<p>{buttons}</p>
<p class="report" role="status"></p>
</div>
<script src="../../_static/alpha-slider.js" defer></script>
</div>"""


def alpha_slider(table, presets: dict[str, tuple[float, float]]):
    """Return the sliders for alpha and k as an object that a notebook displays.

    Parameters
    ----------
    table : DataFrame
        Columns ``x``, symmetric about 0, and ``tanh``.
    presets : dict
        Text of a button -> (alpha, k), within the sliders' 0.3..2 and 0.5..2.

    Raises
    ------
    ValueError
        If a preset lies outside the sliders.
    """
    from IPython.display import HTML

    for preset, values in presets.items():
        for value, (text, low, high) in zip(values, _SLIDERS.values(), strict=True):
            if not low <= value <= high:
                raise ValueError(f"{preset!r}: expected {text} in {low}..{high}, got {value}")
    data = {
        "x": table["x"].round(6).tolist(),
        "tanh": table["tanh"].round(6).tolist(),
        "colours": {name: COLOURS[name] for name in ("tanh", "isru")},
    }
    sliders = "\n".join(
        _SLIDER.format(name=name, text=text, low=low, high=high)
        for name, (text, low, high) in _SLIDERS.items()
    )
    buttons = "".join(_BUTTON.format(*values, escape(name)) for name, values in presets.items())
    return HTML(_PAGE.format(data=json.dumps(data), sliders=sliders, buttons=buttons))
