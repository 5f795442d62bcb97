"""Checks of what a user passes to a network: each error says what was expected and what came."""

from __future__ import annotations

import numbers

import numpy as np

from isru.registry import registered

_INTEGERS = "iu"
_REALS = "fiub"


def check_sequence(x, input_size: int) -> np.ndarray:
    """Return `x` as an array (B, T, F) of real numbers, or (B, T) of symbols.

    Raises
    ------
    ValueError
        For another shape or type, an empty batch, no time step, a number that is not finite, or
        a symbol outside 0 to F - 1.
    """
    x = np.asarray(x)
    symbols = x.ndim == 2 and x.dtype.kind in _INTEGERS
    if not symbols and (x.ndim != 3 or x.shape[2] != input_size):
        raise ValueError(
            f"x: expected shape (B, T, {input_size}), or (B, T) of integers, "
            f"got {x.shape} of {x.dtype}"
        )
    if x.dtype.kind not in _REALS:
        raise ValueError(f"x: expected real numbers, got {x.dtype}")
    if not x.size:
        raise ValueError(f"x: expected at least one sequence and one time step, got {x.shape}")
    if symbols:
        _check_range("x", x, input_size, "symbols")
    else:
        check_finite("x", x)
    return x


def check_state(state, batch: int, hidden_sizes) -> list:
    """Return one pair (h, c) or None for each layer.

    Raises
    ------
    ValueError
        If there is not one pair for each layer, or a shape is not (B, H).
    """
    if state is None:
        return [None] * len(hidden_sizes)
    state = list(state)
    if len(state) != len(hidden_sizes):
        raise ValueError(f"state: expected {len(hidden_sizes)} pairs (h, c), got {len(state)}")
    checked = []
    for number, (pair, units) in enumerate(zip(state, hidden_sizes, strict=True)):
        pair = [np.asarray(array) for array in pair]
        shapes = [array.shape for array in pair]
        if shapes != [(batch, units)] * 2:
            raise ValueError(
                f"state of layer {number}: expected h and c of shape ({batch}, {units}), "
                f"got {shapes}"
            )
        for array in pair:
            check_finite(f"state of layer {number}", array)
        checked.append(pair)
    return checked


def check_target(target, shape: tuple, loss: str, dtype: np.dtype) -> np.ndarray:
    """Return the target of a loss for outputs of `shape`.

    Raises
    ------
    ValueError
        For another shape, a number that is not finite, or a class outside 0 to C - 1.
    """
    target = np.asarray(target)
    if loss == "cross_entropy":
        if target.shape != shape[:-1] or target.dtype.kind not in _INTEGERS:
            raise ValueError(
                f"target: expected integer classes of shape {shape[:-1]}, "
                f"got {target.shape} of {target.dtype}"
            )
        _check_range("target", target, shape[-1], "classes")
        return target
    if target.shape != shape or target.dtype.kind not in _REALS:
        raise ValueError(
            f"target: expected real numbers of shape {shape}, got {target.shape} of {target.dtype}"
        )
    check_finite("target", target)
    return target.astype(dtype, copy=False)


def check_masks(masks, shape: tuple[int, int], hidden_sizes) -> list:
    """Return one dropout mask (T, B, H) or None for each layer, given (B, T) as `shape`.

    Raises
    ------
    ValueError
        If there is not one for each layer, or one cannot be broadcast to (B, T, H).
    """
    if masks is None:
        return [None] * len(hidden_sizes)
    masks = list(masks)
    if len(masks) != len(hidden_sizes):
        raise ValueError(
            f"masks: expected one for each of {len(hidden_sizes)} layers, got {len(masks)}"
        )
    checked = []
    for number, (mask, units) in enumerate(zip(masks, hidden_sizes, strict=True)):
        if mask is None:
            checked.append(None)
            continue
        mask, wanted = np.asarray(mask), (*shape, units)
        try:
            checked.append(np.broadcast_to(mask, wanted).swapaxes(0, 1))
        except ValueError:
            raise ValueError(
                f"mask of layer {number}: expected a shape that broadcasts to {wanted}, "
                f"got {mask.shape}"
            ) from None
    return checked


def check_finite(name: str, array: np.ndarray) -> None:
    """Raise a ValueError if `array` holds NaN or infinity; it names the first place."""
    finite = np.isfinite(array)
    if not finite.all():
        place = tuple(int(index) for index in np.argwhere(~finite)[0])
        raise ValueError(
            f"{name}: expected finite numbers, got {array[place]} at index {place} "
            f"({np.count_nonzero(~finite)} such elements)"
        )


def _check_range(name: str, array: np.ndarray, count: int, what: str) -> None:
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= count:
        raise ValueError(f"{name}: expected {what} from 0 to {count - 1}, got {low} to {high}")


def check_size(name: str, value) -> int:
    """Return `value` if it is an integer of at least 1; else raise a ValueError."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name}: expected an integer of at least 1, got {value!r}")
    return int(value)


def check_choice(name: str, value, known):
    """Return `value` if it is one of `known`; else raise a ValueError that lists them."""
    if value not in known:
        raise ValueError(f"{name}: expected one of {sorted(known)}, got {value!r}")
    return value


def check_dtype(dtype) -> np.dtype:
    """Return float32 or float64 as a dtype; raise a ValueError for any other."""
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = dtype
    return np.dtype(check_choice("dtype", name, ("float32", "float64")))


def check_gate_activation(activation):
    """Return the registry's entry of a function into [0, 1]; raise a ValueError for another."""
    entry = registered(activation)
    low, high = entry.range
    if low < 0 or high > 1:
        raise ValueError(
            f"recurrent_activation: expected a function into [0, 1], such as 'sigmoid', "
            f"got {entry.name!r} with range ({low:g}, {high:g})"
        )
    return entry
