"""TensorFlow, imported when it is first needed and without its messages."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

AFTER_LOADING: list[Callable[[Any], None]] = []
"""What is told of Keras as soon as it is there."""


@cache
def load_tensorflow() -> Any:
    """Import TensorFlow without its messages, tell `AFTER_LOADING` of Keras, and return it.

    TensorFlow writes to file descriptor 2 at import and at its first operation: both happen
    here, with it turned to a scratch file.

    Raises
    ------
    ImportError
        If TensorFlow or Keras is missing or cannot be loaded (its messages are in the error), or
        Keras computes with another backend.
    """
    with error_stream_to_scratch() as scratch, warnings.catch_warnings():
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
    backend = keras.config.backend()
    if backend != "tensorflow":
        raise ImportError(
            f"expected Keras with the backend tensorflow, got {backend}: set the environment "
            "variable KERAS_BACKEND=tensorflow before Python starts; it overrides keras.json"
        )
    for tell in AFTER_LOADING:
        tell(keras)
    return tf


@contextlib.contextmanager
def error_stream_to_scratch():
    """Turn file descriptor 2 to a scratch file, which is given, while the block runs.

    Libraries in C++ write to that descriptor past ``sys.stderr``.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as scratch:
        os.dup2(scratch.fileno(), 2)
        try:
            yield scratch
        finally:
            os.dup2(kept, 2)
            os.close(kept)
