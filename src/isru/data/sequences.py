"""Measured sequences from wheels: spoken vowels, a watch on a moving arm, a chaotic laser."""

from __future__ import annotations

import io
from functools import cache

import numpy as np

from isru.data.wheels import member, unpickle_arrays

WATCH_HERTZ = 50
"""Samples a second of `watch_recordings`."""


@cache
def japanese_vowels() -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Return the utterances of nine men, each as its frames, and who spoke.

    The parts for training and for testing that the file makes come one after the other.

    Returns
    -------
    utterances : tuple of ndarray of float32, shape (7 to 29, 12)
        Cepstrum coefficients from a linear prediction, a frame every 6.4 ms.
    speakers : ndarray of int, shape (640,)
        0 to 8.

    References
    ----------
    Kudo, M., Toyama, J. and Shimbo, M. (1999), Multidimensional curve classification using
    passing-through regions, Pattern Recognition Letters 20. Data: UCI 128, CC BY 4.0.
    """
    lines = [
        line
        for part in ("train", "test")
        for line in member(f"japanese-vowels-{part}").decode("latin-1").splitlines()
        if line.strip() and not line.startswith(("#", "@"))
    ]
    rows = [line.strip().split(":") for line in lines]  # the coefficients' courses, the speaker
    utterances = tuple(
        np.array([course.split(",") for course in courses], np.float32).T for *courses, _ in rows
    )
    return utterances, np.array([int(row[-1]) - 1 for row in rows])


@cache
def watch_recordings() -> tuple[tuple[np.ndarray, ...], np.ndarray, np.ndarray]:
    """Return the recordings of a watch during shoulder exercises, which exercise, and whose.

    Returns
    -------
    recordings : tuple of ndarray of float32, shape (steps, 6)
        Acceleration and angular velocity along three axes, `WATCH_HERTZ` times a second.
    exercises : ndarray of int, shape (140,)
        0 to 6.
    subjects : ndarray of int, shape (140,)
        1 to 10.

    References
    ----------
    Burns, D. et al. (2018), Shoulder physiotherapy exercise recognition: machine learning the
    inertial signals from a smartwatch, Physiological Measurement 39. Data: seglearn, BSD-3.
    """
    file = io.BytesIO(member("watch"))
    np.lib.format.read_magic(file)
    np.lib.format.read_array_header_1_0(file)
    held = unpickle_arrays(file.read()).item()
    recordings = tuple(np.asarray(recording, np.float32) for recording in held["X"])
    return recordings, np.asarray(held["y"], int), np.asarray(held["subject"], int)


@cache
def santa_fe_laser() -> np.ndarray:
    """Return the intensity of a far-infrared laser in a chaotic state, shape (10093,).

    Whole numbers from 0 to 255, as float64.

    References
    ----------
    Huebner, U., Abraham, N. B. and Weiss, C. O. (1989), Dimensions and entropies of chaotic
    intensity pulsations in a single-mode far-infrared NH3 laser, Physical Review A 40. Data: set
    A of the Santa Fe competition, from reservoirpy, MIT.
    """
    file = io.BytesIO(member("santa-fe-laser"))
    return np.load(file, allow_pickle=False).ravel().astype(float)
