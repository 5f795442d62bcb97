"""TensorFlow, imported when it is first needed and without its messages."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import warnings
from functools import cache


@cache
def load_tensorflow():
    """Import TensorFlow without its messages, register our activations, and return it.

    TensorFlow writes to file descriptor 2 at import and at its first operation; both happen
    here with that descriptor turned to a scratch file.

    Raises
    ------
    ImportError
        If TensorFlow or Keras is missing or cannot be loaded; its messages are in the error.
    """
    with _file_descriptor_2_to_scratch() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import keras
            import tensorflow as tf

            tf.constant(0.0)
        except ImportError as error:
            scratch.seek(0)
            raise ImportError(
                f"expected TensorFlow and Keras 3 (pip install 'isru[keras]'): {error}\n"
                + scratch.read().decode(errors="replace")
            ) from error
    from isru.keras_bridge.activations import KerasActivation  # it needs this function

    keras.saving.register_keras_serializable("isru", "activation")(KerasActivation)
    return tf


@contextlib.contextmanager
def _file_descriptor_2_to_scratch():
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as scratch:
        os.dup2(scratch.fileno(), 2)
        try:
            yield scratch
        finally:
            os.dup2(kept, 2)
            os.close(kept)
