"""ISRU, x / sqrt(1 + x^2): the function, its neighbours, and LSTMs that use it.

The public names are loaded on first use, so that ``import isru`` needs NumPy only.
"""

__version__ = "0.1.0"

_HOME = {
    "isru": "isru.activations",
    "ACTIVATIONS": "isru.activations",
    "LSTMNetwork": "isru.lstm",
    "export_c": "isru.firmware",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError("module 'isru' has no attribute %r" % name)  # noqa: UP031
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)


def __dir__():
    return sorted(__all__)
