"""Training: one update, and epochs with early stopping."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from isru.lstm.checkpoints import load_training, save_training
from isru.lstm.inputs import check_size, read_array, takes_symbols
from isru.lstm.network import LSTMNetwork, State
from isru.lstm.optimizers import Adam, check_limit, clip_by_global_norm, clip_by_value


@dataclass
class History:
    """What a training run went through.

    Attributes
    ----------
    training_loss : list of float
        Mean over each epoch's batches, each before its update.
    validation_loss : list of float
        After each epoch; empty without validation data.
    best_epoch : int
        Index of the epoch whose weights the network has now; -1 stands for the initial ones.
    stopped_early : bool
    iterations : int
        Updates made.
    """

    training_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    best_epoch: int = -1
    stopped_early: bool = False
    iterations: int = 0


class DivergenceError(ArithmeticError):
    """The loss is no longer finite; the network has the last good weights.

    Attributes
    ----------
    iteration, epoch : int
        Where it happened, both counted from 0.
    history : History
        Of the epochs before.
    """

    def __init__(self, loss: float, iteration: int, epoch: int, history: History):
        kept = "the initial weights" if history.best_epoch < 0 else f"epoch {history.best_epoch}"
        super().__init__(
            f"expected a finite loss, got {loss} at iteration {iteration} (epoch {epoch}); the "
            f"network is back at {kept}. Lower the learning rate or clip the gradient"
        )
        self.loss, self.iteration, self.epoch, self.history = loss, iteration, epoch, history

    def __reduce__(self):
        """Let the error pass between processes."""
        return type(self), (self.loss, self.iteration, self.epoch, self.history)


def train_step(
    network: LSTMNetwork,
    optimizer: Adam,
    x: ArrayLike,
    target: ArrayLike,
    loss: str = "mse",
    *,
    state: State | None = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    masks: Sequence[np.ndarray | None] | None = None,
    symbols: bool | None = None,
) -> tuple[float, State]:
    """Make one update: forward, backward, clipping, optimizer.

    For truncated back-propagation through a long sequence, give each call the state that the
    call before returned.

    Parameters
    ----------
    network : LSTMNetwork
    optimizer : Adam
    x, target, loss, state, masks, symbols
        As in :meth:`LSTMNetwork.loss_and_gradients`.
    clip_norm, clip_value : float, optional
        Limits for the norm of the whole gradient and, after that, for each element.

    Returns
    -------
    loss : float
        Before the update.
    state : list of (h, c)
        After the last step.

    Examples
    --------
    >>> from isru.lstm import Adam, LSTMNetwork
    >>> network, optimizer = LSTMNetwork(3, 8, 1, activation="isru"), Adam(0.01)
    >>> x, target = np.ones((4, 6, 3)), np.ones((4, 1))
    >>> losses = [train_step(network, optimizer, x, target)[0] for _ in range(50)]
    >>> losses[-1] < losses[0] / 10
    True
    """
    value, state = network.backpropagate(x, target, loss, state, masks=masks, symbols=symbols)
    if clip_norm is not None:
        clip_by_global_norm(network.gradients, clip_norm)
    if clip_value is not None:
        clip_by_value(network.gradients, clip_value)
    compiled = network.layers[0].adam_update
    optimizer.update(network.parameters, network.gradients, *([compiled] if compiled else []))
    return value, state


def train(
    network: LSTMNetwork,
    data: tuple[ArrayLike, ArrayLike],
    *,
    loss: str = "mse",
    optimizer: Adam,
    batch_size: int = 128,
    epochs: int,
    rng: np.random.Generator,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    patience: int | None = None,
    clip_norm: float | None = None,
    progress: bool = False,
    checkpoint: str | Path | None = None,
    symbols: bool | None = None,
) -> History:
    """Train for some epochs; keep the weights of the best one.

    The order of the data depends on `rng` alone: networks that are trained with equal generators
    see the same batches. The best epoch is the one with the lowest validation loss or, without
    validation data, the last.

    Parameters
    ----------
    network : LSTMNetwork
    data : (x, target)
        All training sequences; the first axis of both is shuffled anew for each epoch. The last
        batch of an epoch may be smaller.
    loss : {"mse", "cross_entropy"}
    optimizer : Adam
    batch_size, epochs : int
    rng : numpy.random.Generator
    validation : (x, target), optional
    patience : int, optional
        Stop after so many epochs without a lower validation loss; None never stops early.
    clip_norm : float, optional
        Limit for the norm of the gradient.
    progress : bool
        Show a bar.
    checkpoint : path-like, optional
        A file that is written after each epoch. If it exists, the run goes on from there, to the
        same numbers, bit for bit, as one that was never interrupted; `optimizer` and `rng` are
        put into the state that they had.
    symbols : bool, optional
        As in :meth:`LSTMNetwork.forward`.

    Returns
    -------
    history : History

    Raises
    ------
    ValueError
        For data of unequal lengths or none, masked elements, `batch_size`, `epochs` or `patience`
        below 1, `patience` without validation data, or a rate or limit that the network's dtype
        cannot hold.
    DivergenceError
        If a loss or a weight is not finite; the network then has the weights of the best epoch
        before, and the checkpoint is that of the last epoch before.
    CheckpointError
        If the checkpoint is damaged or belongs to another run: other data, network or settings.

    Examples
    --------
    >>> from isru.lstm import Adam, LSTMNetwork
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((64, 6, 3))
    >>> data = x, x.mean(axis=(1, 2))[:, None]
    >>> network = LSTMNetwork(3, 8, 1, activation="isru")
    >>> history = train(network, data, optimizer=Adam(0.01), batch_size=16, epochs=5, rng=rng)
    >>> history.iterations, history.training_loss[-1] < history.training_loss[0]
    (20, True)
    """
    _check_sizes(batch_size, epochs, patience)
    if patience is not None and validation is None:
        raise ValueError("patience: expected validation data to judge by, got none")
    if clip_norm is not None:
        check_limit("clip_norm", clip_norm, network.dtype)
    optimizer.check_dtype(network.dtype)
    x, target = data = _check_pair("data", data)
    validation = None if validation is None else _check_pair("validation", validation)
    symbols = takes_symbols(x, network.input_size) if symbols is None else symbols
    history, best = History(), network.parameters.copy()
    if checkpoint is not None:
        run = {
            "loss": loss,
            "batch_size": batch_size,
            "patience": patience,
            "clip_norm": clip_norm,
            "data": _digest(data, validation),
        }
        if Path(checkpoint).exists():
            notes, arrays = load_training(
                checkpoint,
                network=network,
                optimizer=optimizer,
                rng=rng,
                run=run,
                notes=list(asdict(history)),
                arrays={"best": best},
            )
            history, best = History(**notes), arrays["best"]
    done = len(history.training_loss)
    # Overflow on the way to a loss that is not finite is reported as divergence, not as warnings.
    with _bar(epochs, done, progress) as bar, np.errstate(over="ignore", invalid="ignore"):
        for epoch in range(done, epochs):
            if history.stopped_early:
                break
            losses = []
            order = rng.permutation(len(x))
            for start in range(0, len(x), batch_size):
                chosen = order[start : start + batch_size]
                batch = x[chosen], target[chosen], loss
                value, _ = train_step(
                    network, optimizer, *batch, clip_norm=clip_norm, symbols=symbols
                )
                _check_loss(value, network, best, epoch, history)
                history.iterations += 1
                losses.append(value * len(chosen))
            # The last update may have spoilt the weights; no loss would tell before the next.
            _check_weights(network, best, epoch, history)
            history.training_loss.append(sum(losses) / len(x))
            if validation is not None:
                value = network.evaluate(validation[0], validation[1], loss, symbols=symbols)
                _check_loss(value, network, best, epoch, history)
                history.validation_loss.append(value)
            if _is_best(history):
                history.best_epoch = epoch
                best[...] = network.parameters
            history.stopped_early = patience is not None and epoch - history.best_epoch >= patience
            if checkpoint is not None:
                save_training(
                    checkpoint,
                    network=network,
                    optimizer=optimizer,
                    rng=rng,
                    run=run,
                    notes=asdict(history),
                    arrays={"best": best},
                )
            bar.update()
    network.parameters[...] = best
    return history


def _digest(*pairs) -> str:
    """Return a hash of all data, so that a run is never continued on other data."""
    digest = hashlib.sha256()
    for array in (array for pair in pairs if pair is not None for array in pair):
        array = np.ascontiguousarray(array)
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(array.data)
    return digest.hexdigest()


def _is_best(history: History) -> bool:
    losses = history.validation_loss
    return not losses or losses[-1] < min(losses[:-1], default=math.inf)


def _check_loss(value, network, best, epoch, history):
    if not math.isfinite(value):
        network.parameters[...] = best
        raise DivergenceError(value, history.iterations, epoch, history)


def _check_weights(network, best, epoch, history):
    if not np.isfinite(network.parameters).all():
        network.parameters[...] = best
        raise DivergenceError(math.nan, history.iterations, epoch, history)


def _check_sizes(batch_size, epochs, patience):
    for name, value in (("batch_size", batch_size), ("epochs", epochs), ("patience", patience)):
        if value is not None or name != "patience":
            check_size(name, value)


def _check_pair(name, pair):
    """Return sequences and targets as two arrays of one length."""
    try:
        x, target = pair
    except (TypeError, ValueError):
        raise ValueError(f"{name}: expected a pair (x, target), got {type(pair)}") from None
    x, target = read_array(f"{name}, x", x), read_array(f"{name}, target", target)
    if not (x.ndim and target.ndim and len(x)) or len(x) != len(target):
        counts = [len(array) if array.ndim else "no" for array in (x, target)]
        raise ValueError(
            f"{name}: expected as many targets as sequences, and at least one, "
            f"got {counts[0]} sequences and {counts[1]} targets"
        )
    return x, target


class _NoBar:
    """Stands in for a progress bar that was not asked for."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def update(self):
        """Show nothing."""


def _bar(epochs: int, done: int, progress: bool):
    if not progress:
        return _NoBar()
    from tqdm import tqdm  # not needed by the library itself

    return tqdm(total=epochs, initial=done, unit="epoch", leave=False)
