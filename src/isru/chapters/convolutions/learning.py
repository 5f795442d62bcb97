"""Does a convolutional network learn faster, or end better, with ISRLU than with ELU?

The network: two convolutions of 3 x 3, each followed by the activation and by the mean of 2 x 2
places, a dense layer of `DENSE` units with the activation, dropout of one half, and a dense layer
of ten. The pooling is a mean, since a maximum is no linear function: with it the identity would
be no control. A seed gives every arm the same images in its parts, the same batches, dropout
masks and, at equal channels, starting weights.

Two measures, both held-out cross-entropy in nats, less is better:

- *area*: the mean of the test losses after each of the fixed epochs, the area under that curve
  over its width;
- *end*: the mean of the test losses after the last quarter of the epochs, since single epochs
  jump.

Of the rates each measure takes, inside each seed, the one with the least such mean of the
validation losses.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.special import log_softmax

from isru.activations import Activation, get_activation
from isru.data.images import CLASSES, SOURCES, Images, read_images
from isru.keras_bridge import keras_activation, load_tensorflow, make_train_step
from isru.lstm.inputs import check_choice
from isru.studies import octaves
from isru.sweep import run_sweep

CHANNELS = (8, 16)
DENSE = 64
FINEST = 16
"""Pixels a side; finer images are first averaged over 2 x 2 pixels."""
DROPOUT = 0.5
SHARES = (6, 2, 2)
"""Of the images for training, validation and test, in tenths."""
OVERLAP = SHARES[2] / SHARES[0]
"""What two seeds' parts share enters the variance (Nadeau and Bengio; `octaves.ratios`)."""
BASELINE, HALF = "elu", "half_channels"
MEASURES = ("area", "end")


@dataclass(frozen=True)
class Arm:
    """An activation, its parameters, and the part of the channels that the network keeps."""

    activation: str
    alpha: float | None = None
    share: float = 1.0

    def entry(self) -> Activation:
        """Return the registry's activation."""
        own = {} if self.alpha is None else {"alpha": self.alpha}
        return get_activation(self.activation).with_parameters(**own)


ARMS = {
    BASELINE: Arm("elu"),
    HALF: Arm("elu", share=0.5),
    "isrlu_1": Arm("isrlu", alpha=1.0),
    "isrlu_3": Arm("isrlu", alpha=3.0),
    # Falls to -1/sqrt(3), as ISRLU of alpha 3 does: against it that one differs in shape alone.
    "elu_58": Arm("elu", alpha=3**-0.5),
    "relu": Arm("relu"),
    "leaky_relu": Arm("leaky_relu"),
    "identity": Arm("identity"),
}


@dataclass(frozen=True)
class Case:
    """One training run.

    Attributes
    ----------
    arm : str
        A name in `ARMS`.
    seed : int
        Draws the parts, the starting weights, the order and the dropout masks.
    rate : float
        Of Adam.
    images : str
        A name in `isru.data.images.SOURCES`.
    folder : str
        Of the files of ``images``, where they are given.
    epochs, batch_size : int
        What is left of the training part after whole batches waits for the next epoch's order.
    """

    arm: str
    seed: int
    rate: float
    images: str = "mnist-5000"
    folder: str = ""
    epochs: int = 12
    batch_size: int = 64

    def __post_init__(self):
        check_choice("arm", self.arm, ARMS)
        check_choice("images", self.images, SOURCES)


def learn(case: Case) -> dict:
    """Train one network on one thread, with TensorFlow's deterministic operations.

    Returns
    -------
    dict
        arm, seed, rate, and the numbers of `summary`.
    """
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, "1")  # read when TensorFlow is loaded
    tf = load_tensorflow()
    tf.config.experimental.enable_op_determinism()
    images = _images(case.images, case.folder)
    training, validation, test = parts(len(images.classes), case.seed)
    pixels = tf.constant(images.pixels[..., None])
    network = build_network(case.arm, images.pixels.shape[1], case.seed)
    step = make_train_step(network, "cross_entropy", learning_rate=case.rate)
    held_out = np.concatenate([validation, test])
    curves = []
    for order in orders(training, case):
        for batch in order:
            step(tf.gather(pixels, batch), tf.constant(images.classes[batch]))
        logits = network(tf.gather(pixels, held_out), training=False).numpy()
        curves.append(_rated(logits, images.classes[held_out], len(validation)))
    return {"arm": case.arm, "seed": case.seed, "rate": case.rate} | summary(
        *zip(*curves, strict=True)
    )


def build_network(arm: str, side: int, seed: int):
    """Return the network of an arm for images of ``side`` x ``side``, as a Keras model.

    Each layer has a seed of its own for its weights (Glorot's uniform), and so has the dropout:
    layers of one shape start alike in every arm, and mask alike in every step.
    """
    load_tensorflow()
    from keras import Input, Sequential, initializers, layers

    kind = ARMS[arm]
    function = keras_activation(kind.entry())
    draws = np.random.default_rng([seed, 0]).integers(2**31, size=5).tolist()
    starts = [initializers.GlorotUniform(seed=draw) for draw in draws[:4]]
    network = [Input((side, side, 1))]
    if side > FINEST:
        network.append(layers.AveragePooling2D(2))
    for channels, start in zip(CHANNELS, starts[:2], strict=True):
        kept = int(channels * kind.share)
        network += [
            layers.Conv2D(kept, 3, activation=function, kernel_initializer=start),
            layers.AveragePooling2D(2, padding="same"),  # at an edge the mean of what is there
        ]
    network += [
        layers.Flatten(),
        layers.Dense(DENSE, activation=function, kernel_initializer=starts[2]),
        layers.Dropout(DROPOUT, seed=draws[4]),
        layers.Dense(CLASSES, kernel_initializer=starts[3]),
    ]
    return Sequential(network)


def parts(count: int, seed: int) -> list[np.ndarray]:
    """Return which of ``count`` images are for training, validation and test, drawn by the seed."""
    drawn = np.random.default_rng([seed, 5]).permutation(count)
    cuts = np.cumsum(SHARES)[:-1] * count // sum(SHARES)
    return np.split(drawn, cuts)


def orders(training: np.ndarray, case: Case):
    """Yield for each epoch the batches, shape (steps, B), in an order that the seed draws."""
    rng = np.random.default_rng([case.seed, 1])
    steps = len(training) // case.batch_size
    if not steps:
        raise ValueError(
            f"batch_size: expected at most the {len(training)} images for training, "
            f"got {case.batch_size}"
        )
    for _ in range(case.epochs):
        yield rng.permutation(training)[: steps * case.batch_size].reshape(steps, -1)


def summary(
    validation: Sequence[float], test: Sequence[float], accuracy: Sequence[float]
) -> dict[str, object]:
    """Return what is kept of a run's curves, one number an epoch.

    Returns
    -------
    dict
        ``area_validation``, ``area`` (mean losses over all epochs), ``validation``, ``test`` and
        ``accuracy`` (mean losses and test accuracy over the last quarter of them),
        ``best_accuracy`` (the largest of the test part in any epoch, as the paper reports it),
        ``diverged``. Losses are infinite where one of the run's was not finite.
    """
    diverged = not np.isfinite([*validation, *test]).all()
    last = max(1, len(validation) // 4)
    losses = {
        "area_validation": np.mean(validation),
        "area": np.mean(test),
        "validation": np.mean(validation[-last:]),
        "test": np.mean(test[-last:]),
    }
    return {
        **{name: np.inf if diverged else float(loss) for name, loss in losses.items()},
        "accuracy": float(np.mean(accuracy[-last:])),
        "best_accuracy": max(accuracy),
        "diverged": diverged,
    }


def cases(
    arms: Sequence[str], seeds: int, first_seed: int, rates: Sequence[float], **settings
) -> list[Case]:
    """Return the cases: every arm with the same seeds, each with every rate."""
    wanted = dict.fromkeys([BASELINE, HALF, *arms])
    return [
        Case(arm, first_seed + k, rate, **settings)
        for k in range(seeds)
        for arm in wanted
        for rate in rates
    ]


def train(wanted: Sequence[Case], **where) -> pd.DataFrame:
    """Train the networks of many cases; ``where`` as for `isru.sweep.run_sweep`."""
    return run_sweep(learn, wanted, **where)


def by_measure(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the run with the chosen rate of each measure, arm and seed.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `train`.

    Returns
    -------
    pandas.DataFrame
        That of `octaves.chosen`, with the measure as its task.
    """
    area = rows.drop(columns=["validation", "test"]).rename(
        columns={"area_validation": "validation", "area": "test"}
    )
    tasks = zip(MEASURES, (area, rows), strict=True)
    return octaves.chosen(
        pd.concat([part.assign(task=measure) for measure, part in tasks], join="inner")
    )


def against_elu(chosen: pd.DataFrame) -> pd.DataFrame:
    """Return how much worse each arm is than ELU, in octaves of channels.

    Returns
    -------
    pandas.DataFrame
        That of `octaves.by_task`, with a column measure in place of the task.
    """
    overlap = dict.fromkeys(MEASURES, OVERLAP)
    found = octaves.by_task(chosen, overlap, baseline=BASELINE, half=HALF)
    return found.rename(columns={"task": "measure"})


def single_runs(chosen: pd.DataFrame) -> pd.DataFrame:
    """Return the largest test accuracy of each run minus that of ELU with the same seed, in pp.

    Parameters
    ----------
    chosen : pandas.DataFrame
        From `by_measure`; the runs of the measure "end".

    Returns
    -------
    pandas.DataFrame
        Columns arm, seed, best_accuracy (%), difference.
    """
    end = chosen[chosen["task"] == "end"]
    wide = end.pivot(index="seed", columns="arm", values="best_accuracy")
    change = wide.sub(wide[BASELINE], axis=0).stack().rename("difference")
    return wide.stack().rename("best_accuracy").to_frame().join(change).reset_index()


def _rated(logits: np.ndarray, classes: np.ndarray, count: int) -> tuple[float, float, float]:
    """Return the loss of the first ``count`` rows, that of the rest, and the rest's accuracy."""
    losses = -log_softmax(logits.astype(float), axis=1)[np.arange(len(classes)), classes]
    right = logits[count:].argmax(axis=1) == classes[count:]
    return float(losses[:count].mean()), float(losses[count:].mean()), 100.0 * float(right.mean())


@lru_cache(maxsize=1)
def _images(source: str, folder: str) -> Images:
    return read_images(source, folder)
