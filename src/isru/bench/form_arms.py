"""The activation arms in one process: NumPy calls beside three forms of compiled loops.

An arm is labelled ``form_name``, `FORMS` and the names as in the registry, and

- ``form_tanh_again``: the A/A arm of its form;
- ``numpy_isru_plain`` and ``numpy_isru_naive``: see `isru.bench.activation_arms`;
  ``numpy_isru_safe`` is the registry's ``value``, ``numpy_isru_network`` its ``forward``;
- ``form_copy``: the least that any function of an array must do;
- ``form_rsqrt``: 1/sqrt alone; the compiled ones, and ``simd_horner``, ``simd_roots`` and
  ``simd_divisions``, the limits of the processor, are C loops (`isru.bench.c_loops`), as the
  kernels hold activations only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from isru.activations import ACTIVATIONS
from isru.bench import activation_arms as numpy_arms
from isru.bench.activation_arms import draw
from isru.bench.protocol import Arm

COMPILED = ("libm", "simd", "fast")
FORMS = ("numpy", *COMPILED)
_NUMPY = "isru.bench.activation_arms"
_NUMPY_CALLS = ("tanh", "isru_plain", "isru_naive", "copy")


def compiled(
    *, rng: np.random.Generator, size: int, dtype: str, input: str, name: str, form: str
) -> Callable[[], object]:
    """Return a call of ``isru.kernels.KERNELS[name][form]``, compiled when the arm is set up."""
    from isru.kernels import KERNELS

    x = draw(rng, size, dtype, input)
    out = np.empty_like(x)
    return partial(KERNELS[name][form].loop(dtype), x, out)


def numpy_arm(label: str) -> Arm:
    """Return the arm ``numpy_{label}``."""
    name = label.removesuffix("_again")
    if name in _NUMPY_CALLS:
        return Arm(f"numpy_{label}", f"{_NUMPY}:numpy_calls", {"form": name})
    if name in (*numpy_arms.OPERATIONS, "rsqrt"):
        return Arm(f"numpy_{label}", f"{_NUMPY}:operation", {"name": name})
    name, method = {"isru_safe": ("isru", "value"), "isru_network": ("isru", "forward")}.get(
        name, (name, "forward")
    )
    return Arm(f"numpy_{label}", f"{_NUMPY}:activation", {"name": name, "method": method})


def compiled_arm(form: str, label: str, libraries: Mapping[str, str]) -> Arm:
    """Return the arm ``{form}_{label}``; what the kernels lack comes from a C library's loop."""
    name = {"copy": "identity"}.get(label, label.removesuffix("_again"))
    if name in ACTIVATIONS:
        arguments = {"name": name, "form": form}
        return Arm(f"{form}_{label}", "isru.bench.form_arms:compiled", arguments)
    arguments = {"name": name, "library": libraries[form]}
    return Arm(f"{form}_{label}", "isru.bench.c_loops:c_loop", arguments)


def form_arms(labels: Mapping[str, tuple[str, ...]], libraries: Mapping[str, str]) -> list[Arm]:
    """Return the arms of each form's labels.

    Parameters
    ----------
    labels : mapping
        Form -> labels without the form.
    libraries : mapping
        Form -> path of `isru.bench.c_loops.build`; needed for what the kernels lack.

    Raises
    ------
    ValueError
        For an unknown form.
    """
    unknown = set(labels) - set(FORMS)
    if unknown:
        raise ValueError(f"expected forms of {FORMS}, got {sorted(unknown)}")
    return [
        numpy_arm(label) if form == "numpy" else compiled_arm(form, label, libraries)
        for form, names in labels.items()
        for label in names
    ]
