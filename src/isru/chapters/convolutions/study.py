"""How much of a layer's step its activation takes: a convolution beside an LSTM.

A *step* is the forward pass of one layer over its input. The *saving of a free activation* is

    100 (t_tanh - t_free) / t_tanh ,

in %: the free activation is still called, and copies its numbers where they must move; it only
computes nothing. The factories follow `isru.bench`: everything is prepared outside, the returned
call is timed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from isru.activations import ACTIVATIONS, Activation, get_activation
from isru.bench import Arm
from isru.bench.activation_arms import draw
from isru.studies.timed_steps import setup_step

KERNELS = (1, 3, 5, 7)
USUAL_KERNEL = 3
FORMS = ("numpy", "compiled")
IMAGE = 8  # side of the images, as those of the digits
FUNCTION_SIZE = 10_000  # fewer, repeated numbers flatter a library's branches
_HERE = "isru.chapters.convolutions.study"


class Convolution:
    """A convolutional layer as NumPy calls: windows into rows, one product, one activation.

    Stride 1; a border of zeros keeps the side of the images.

    Parameters
    ----------
    channels, kernel, image, batch : int
        C in and out, k (odd), S, B.
    activation : str or Activation
        One whose derivative needs its output alone.
    rng : numpy.random.Generator
        Draws the weights, such that inputs of variance 1 give sums of variance 1.
    """

    def __init__(self, channels, kernel, image, batch, *, activation, rng):
        if kernel % 2 == 0:
            raise ValueError(f"expected an odd kernel, got {kernel}: it has no middle")
        inputs = kernel * kernel * channels
        self.weights = (rng.standard_normal((inputs, channels)) / inputs**0.5).astype(np.float32)
        self.bias = np.zeros(channels, np.float32)
        self.border = kernel // 2
        side = image + 2 * self.border
        self.x = np.zeros((batch, side, side, channels), np.float32)
        self.rows = np.empty((batch * image * image, inputs), np.float32)
        self.y = np.empty((len(self.rows), channels), np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(self.x, (kernel, kernel), (1, 2))
        self.windows = windows.transpose(0, 1, 2, 4, 5, 3)
        self.target = self.rows.reshape(self.windows.shape)
        self.activation = get_activation(activation)
        if not self.activation.saves_output:
            name = self.activation.name
            raise ValueError(f"expected an activation that saves its output, got {name!r}")

    def put(self, images: np.ndarray) -> None:
        """Put images (B, S, S, C) inside the border."""
        inside = slice(self.border, self.x.shape[1] - self.border)
        self.x[:, inside, inside] = images

    def forward(self) -> np.ndarray:
        """Return g(windows W + b), shape (B S S, C)."""
        np.copyto(self.target, self.windows)
        np.dot(self.rows, self.weights, out=self.y)
        np.add(self.y, self.bias, out=self.y)
        self.activation.kernel(self.y, self.y, None)
        return self.y

    def compiled(self) -> Callable[[], None]:
        """Return the same as one compiled call."""
        from isru.kernels.activations import compiled_pair
        from isru.kernels.convolution import convolve

        g, _ = compiled_pair(self.activation, "float32")
        return partial(convolve, self.x, self.rows, self.weights, self.bias, self.y, g)


def convolution_macs(channels: int, kernel: int, *, image: int = IMAGE) -> int:
    """Return the multiply-accumulates of a layer for one image, bias included."""
    return image * image * channels * (kernel * kernel * channels + 1)


def setup_convolution(
    *,
    rng: np.random.Generator,
    batch: int,
    size: int,
    kernel: int,
    form: str,
    activation: str,
    image: int = IMAGE,
) -> Callable[[], object]:
    """Return one step of a convolutional layer of ``size`` channels; see `setup_layer`."""
    entry = _entry(form, activation)
    layer = Convolution(size, kernel, image, batch, activation=entry, rng=rng)
    layer.put(rng.standard_normal((batch, image, image, size)))
    return layer.forward if _known(form) == "numpy" else layer.compiled()


def setup_lstm(
    *, rng: np.random.Generator, batch: int, size: int, form: str, activation: str, **settings
) -> Callable[[], object]:
    """Return one step of an LSTM: a forward pass of `isru.studies.timed_steps.setup_step`."""
    engine = {"numpy": "numpy", "compiled": "numba"}[_known(form)]
    names = {"step": "predict", "activation": _entry(form, activation), "engine": engine}
    return setup_step(rng=rng, units=size, batch=batch, **names, **settings)


def setup_layer(
    *,
    rng: np.random.Generator,
    layer: str,
    batch: int,
    units: int,
    kernel: int,
    form: str,
    activation: str,
) -> Callable[[], object]:
    """Return one step of a layer.

    Parameters
    ----------
    rng : numpy.random.Generator
    layer : {"convolution", "lstm"}
    batch, units : int
        B; channels or units.
    kernel : int
        k of a convolution; 0 for an LSTM.
    form : {"numpy", "compiled"}
    activation : str
        Of the registry, or "free".
    """
    settings = {"rng": rng, "batch": batch, "size": units, "form": form, "activation": activation}
    if layer == "convolution":
        return setup_convolution(kernel=kernel, **settings)
    if layer == "lstm":
        return setup_lstm(**settings)
    raise ValueError(f"expected a layer convolution or lstm, got {layer!r}")


def setup_function(
    *, rng: np.random.Generator, size: int, form: str, name: str
) -> Callable[[], object]:
    """Return a call of one function on ``size`` typical numbers, in place of nothing else.

    ``form`` is "numpy" (the registry's NumPy calls) or a form of `isru.kernels.forms`.
    """
    x = draw(rng, size, "float32", "typical")
    if form == "numpy":
        return partial(_entry(form, name).kernel, x, np.empty_like(x), None)
    from isru.kernels.forms import KERNELS as LOOPS

    return partial(LOOPS[name][form].loop("float32"), x, np.empty_like(x))


def function_cases(units: Sequence[int]) -> list[dict]:
    """Return the lengths of the arrays: the LSTM's own, and one for everything long."""
    return [{"size": size} for size in sorted({*units, FUNCTION_SIZE})]


def layer_arms(forms: Sequence[str] = FORMS) -> list[Arm]:
    """Return three arms a form: with tanh, the same again, and with a free activation.

    Labels are ``form_tanh``, ``form_again`` and ``form_free``.
    """
    functions = {"tanh": "tanh", "again": "tanh", "free": "free"}
    return [
        Arm(
            f"{form}_{label}",
            f"{_HERE}:setup_layer",
            {"form": _known(form), "activation": activation},
        )
        for form in forms
        for label, activation in functions.items()
    ]


def layer_cases(units: Sequence[int], swept: Sequence[int], batches: Sequence[int]) -> list[dict]:
    """Return an LSTM and a convolution with the usual kernel for ``units``, all for ``swept``."""
    cases = [
        {"layer": "lstm", "batch": batch, "units": count, "kernel": 0}
        for batch in batches
        for count in units
    ]
    return cases + [
        {"layer": "convolution", "batch": batch, "units": count, "kernel": kernel}
        for batch in batches
        for count in sorted({*units, *swept})
        for kernel in KERNELS
        if count in swept or (count in units and kernel == USUAL_KERNEL)
    ]


def function_arms() -> list[Arm]:
    """Return the functions alone: `setup_function` of each form, labels ``form_name``."""
    names = {"numpy": ("tanh", "free"), "simd": ("tanh", "identity", "sigmoid")}
    names["libm"] = ("tanh", "identity", "sigmoid")
    return [
        Arm(f"{form}_{name}", f"{_HERE}:setup_function", {"form": form, "name": name})
        for form, wanted in names.items()
        for name in wanted
    ]


def _entry(form: str, activation: str) -> Activation:
    """Return an activation; "free" is, for NumPy calls, a copy where numbers must move."""
    if activation != "free":
        return get_activation(activation)
    identity = ACTIVATIONS["identity"]  # in compiled code a loop that does nothing
    return replace(identity, name="move", kernel=_move) if form == "numpy" else identity


def _move(x, out, saved):
    if out is not x:
        np.copyto(out, x)
    return out, out


def _known(form: str) -> str:
    if form not in FORMS:
        raise ValueError(f"expected a form of {FORMS}, got {form!r}")
    return form
