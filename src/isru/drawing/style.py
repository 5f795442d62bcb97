"""The style sheet of every figure: the same function has the same colour on every page."""

from __future__ import annotations

# Okabe and Ito's palette, distinguishable with every common colour blindness.
COLOURS = {
    "tanh": "#0072B2",
    "isru": "#D55E00",
    "isru_plain": "#E69F00",
    "softsign": "#009E73",
    "identity": "#999999",
    "exp_free": "#CC79A7",
    "ladder": "#56B4E9",
    "copy": "#555555",
    "prediction": "#000000",
    "floor": "#BBBBBB",
}

# Arms that no figure draws beside the one whose colour they have.
_SHARED = {
    "coupled": "exp_free",
    "exp_free_best": "isru_plain",
    "gru": "softsign",
    "ladder2": "ladder",
    "isru_gates": "softsign",
}

OTHERS = ("#222222", "#44AA99", "#999933")
"""For what is no activation, as threads, precisions and engines: no function has these colours."""

# Shapes and dashes tell the functions apart where a print has no colours.
_DASHED = (0, (5, 2))
_DOTTED = (0, (1, 1.2))
_MARKERS = {
    "tanh": "o",
    "isru": "s",
    "exp_free": "D",
    "softsign": "^",
    "gru": "^",
    "coupled": "D",
    "identity": "X",
}
_DASHES = {"isru": _DASHED, "exp_free": _DOTTED, "identity": (0, (3, 1.5, 1, 1.5))}

# A white ground under the axes keeps a figure readable on a dark page, too.
_STYLE = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "figure.figsize": (7.0, 3.6),
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "grid.alpha": 0.3,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "isru",
}


def arm_colour(arm: str) -> str:
    """Return the colour of an arm of `isru.studies.arms`; grey for what has none of its own."""
    return COLOURS.get(_SHARED.get(arm, arm), COLOURS["copy"])


def arm_marker(arm: str) -> str:
    """Return the shape of an arm's marks; a triangle downwards for what has none of its own."""
    return _MARKERS.get(arm, "v")


def arm_dash(arm: str) -> str | tuple:
    """Return the dashes of an arm's lines; solid for tanh and for what has none of its own."""
    return _DASHES.get(arm, "-")


def use_style() -> None:
    """Make the compendium's style Matplotlib's current one."""
    import matplotlib as mpl

    mpl.rcdefaults()
    mpl.rcParams.update(_STYLE)
