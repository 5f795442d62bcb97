"""The arms of the activation-cost measurement in TensorFlow: calls one by one, and XLA.

``eager`` runs each operation of a formula when Python reaches it, each with an array of its own;
``xla`` compiles the whole function into one loop (``tf.function(jit_compile=True)``). Tracing
and compiling happen while the arm is set up. TensorFlow takes seconds to start in a process.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from isru.bench.activation_arms import draw
from isru.bench.protocol import Arm

FORMS = ("eager", "xla")
POSITIVE = ("rsqrt",)  # timed on |x|


def functions() -> dict[str, Callable]:
    """Return what is timed, by name: TensorFlow's own function where it has one.

    ``isru_plain`` is the formula in its fewest operations, ``isru`` the registry's, right
    for large inputs, too; ``identity`` is one addition, the least that makes a new array.
    """
    from isru.keras_bridge.activations import KerasActivation
    from isru.keras_bridge.loading import load_tensorflow

    tf = load_tensorflow()

    def isru_plain(x):
        return x * tf.math.rsqrt(x * x + 1)

    return {
        "tanh": tf.math.tanh,
        "isru_plain": isru_plain,
        "isru": KerasActivation("isru"),
        "rational_tanh": KerasActivation("rational_tanh"),
        "hard_tanh": lambda x: tf.clip_by_value(x, -1, 1),
        "softsign": tf.nn.softsign,
        "sigmoid": tf.math.sigmoid,
        "relu": tf.nn.relu,
        "leaky_relu": partial(tf.nn.leaky_relu, alpha=0.01),
        "elu": tf.nn.elu,
        "isrlu": lambda x: tf.where(x < 0, isru_plain(x), x),
        "rsqrt": tf.math.rsqrt,
        "identity": lambda x: x + 0,
    }


def tensorflow_call(
    *, rng: np.random.Generator, size: int, dtype: str, input: str, name: str, form: str
) -> Callable[[], object]:
    """Return a call of one of `functions` on a tensor.

    Parameters
    ----------
    rng, size, dtype, input
        As for `isru.bench.activation_arms.draw`.
    name : str
    form : {"eager", "xla"}

    Raises
    ------
    ValueError
        For an unknown name or form.
    """
    from isru.keras_bridge.loading import load_tensorflow

    known = functions()
    if name not in known or form not in FORMS:
        raise ValueError(
            f"expected a function of {', '.join(known)} and a form of {FORMS}, "
            f"got {name!r} and {form!r}"
        )
    tf = load_tensorflow()
    x = draw(rng, size, dtype, input)
    x = tf.constant(np.abs(x) if name in POSITIVE else x)
    function = known[name]
    if form == "xla":
        # None of them branches in Python; translating their sources would take most of the set-up.
        function = tf.function(function, jit_compile=True, autograph=False)
        function(x)
    return partial(function, x)


def tensorflow_arms(names: list[str] | tuple[str, ...]) -> list[Arm]:
    """Return an arm ``form_name`` for each name and form, tanh with its A/A arm."""
    factory = "isru.bench.tensorflow_arms:tensorflow_call"
    return [
        Arm(f"{form}_{label}", factory, {"name": name, "form": form})
        for form in FORMS
        for label, name in {**dict(zip(names, names, strict=True)), "tanh_again": "tanh"}.items()
    ]
