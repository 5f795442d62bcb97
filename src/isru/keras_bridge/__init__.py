"""The activations and the networks in Keras. Only here TensorFlow is imported.

Not here: what a network is; that is `isru.lstm`.

Weights pass unchanged: the arrays of :meth:`isru.lstm.LSTMNetwork.get_weights` have Keras's
layout and gate order. For integer inputs Keras wants one-hot rows.

Where Keras is loaded already, importing this package tells it of our activations, so that
``keras.models.load_model`` finds them; where it is loaded later, `load_tensorflow` does.
"""

import sys
from types import ModuleType

from isru.keras_bridge.activations import (
    KerasActivation,
    has_keras_form,
    keras_activation,
    known_to_keras,
)
from isru.keras_bridge.loading import AFTER_LOADING, load_tensorflow
from isru.keras_bridge.networks import (
    build_keras,
    make_train_step,
)
from isru.keras_bridge.reading import read_keras
from isru.keras_bridge.recognising import registry_entry
from isru.keras_bridge.training import train_keras

__all__ = [
    "KerasActivation",
    "build_keras",
    "has_keras_form",
    "keras_activation",
    "known_to_keras",
    "load_tensorflow",
    "make_train_step",
    "read_keras",
    "registry_entry",
    "train_keras",
]


def register_activations(keras: ModuleType) -> None:
    """Tell Keras of our activations, so that it loads saved models that have them."""
    keras.saving.register_keras_serializable("isru", "activation")(KerasActivation)


AFTER_LOADING.append(register_activations)
if "keras" in sys.modules:
    register_activations(sys.modules["keras"])
