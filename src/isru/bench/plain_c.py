"""One training step as a plain loop in C: the yardstick of the speed goals.

One layer, a dense layer at every step, softmax cross-entropy, clipping by the gradient's norm,
Adam: written down without any thought of speed. The layer's two functions are C forms of the
registry. The yardstick has tanh and the logistic function, and is compiled by the system's
compiler with -O3 -ffast-math.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from isru import paths
from isru.firmware.c_forms import training_form
from isru.firmware.export import prologue
from isru.registry import registered

FLAGS = ("-O3", "-ffast-math")
COMPILERS = ("gcc", "clang", "cc")

_STEP = r"""
/* Weights: W (4H, F + H + 1), gates i f c o, each row for x, h and 1; then V (C, H + 1).
   Room: h (T + 1, H), c (T + 1, H), gates (T, 4H), activation(c) (T, H), y (T, C), 7H,
   slopes of the gates (T, 4H) and of activation(c) (T, H), where outputs do not give them. */
float step(long B, long T, long F, long H, long C, float *p, float *g, float *m, float *v,
           const float *x, const int *target, float *room, long iteration, float rate, float clip)
{
    const long K = F + H + 1, n = 4 * H * K + C * (H + 1);
    const float *W = p, *V = p + 4 * H * K;
    float *dW = g, *dV = g + 4 * H * K;
    float *h = room, *c = h + (T + 1) * H, *gates = c + (T + 1) * H, *out = gates + T * 4 * H;
    float *y = out + T * H, *dz = y + T * C, *dh = dz + 4 * H, *dc = dh + H, *dh_tm1 = dc + H;
    float *slopes = dh_tm1 + H, *out_slopes = slopes + T * 4 * H, loss = 0;
    memset(g, 0, n * sizeof(float));
    for (long b = 0; b < B; b++) {
        memset(h, 0, H * sizeof(float));
        memset(c, 0, H * sizeof(float));
        for (long t = 0; t < T; t++) {
            const float *xt = x + (b * T + t) * F, *ht = h + t * H, *ct = c + t * H;
            float *a = gates + t * 4 * H, *yt = y + t * C, *hn = h + (t + 1) * H, sum = 0;
            float *cn = c + (t + 1) * H, *ot = out + t * H, top;
            float *st = slopes + t * 4 * H, *sot = out_slopes + t * H;
            for (long j = 0; j < 4 * H; j++) {
                const float *w = W + j * K;
                float z = w[F + H];
                for (long k = 0; k < F; k++) z += w[k] * xt[k];
                for (long k = 0; k < H; k++) z += w[F + k] * ht[k];
                a[j] = j / H == 2 ? activation(z, st + j) : gate(z, st + j);
            }
            for (long j = 0; j < H; j++) {
                cn[j] = a[H + j] * ct[j] + a[j] * a[2 * H + j];
                ot[j] = activation(cn[j], sot + j);
                hn[j] = a[3 * H + j] * ot[j];
            }
            for (long j = 0; j < C; j++) {
                const float *w = V + j * (H + 1);
                float z = w[H];
                for (long k = 0; k < H; k++) z += w[k] * hn[k];
                yt[j] = z;
            }
            top = yt[0];
            for (long j = 1; j < C; j++) top = yt[j] > top ? yt[j] : top;
            loss -= yt[target[b * T + t]] - top;
            for (long j = 0; j < C; j++) sum += yt[j] = expf(yt[j] - top);
            loss += logf(sum);
            for (long j = 0; j < C; j++) yt[j] /= sum * B * T;
            yt[target[b * T + t]] -= 1.0f / (B * T);
        }
        memset(dh, 0, H * sizeof(float));
        memset(dc, 0, H * sizeof(float));
        for (long t = T - 1; t >= 0; t--) {
            const float *xt = x + (b * T + t) * F, *ht = h + t * H, *ct = c + t * H;
            const float *a = gates + t * 4 * H, *dy = y + t * C, *hn = h + (t + 1) * H;
            const float *ot = out + t * H, *of_gates = @of_gates@ + t * 4 * H;
            const float *of_candidate = @of_candidate@ + t * 4 * H + 2 * H;
            const float *of_output = @of_output@ + t * H;
            for (long j = 0; j < C; j++) {
                const float *w = V + j * (H + 1);
                float *dw = dV + j * (H + 1);
                for (long k = 0; k < H; k++) dh[k] += w[k] * dy[j];
                for (long k = 0; k < H; k++) dw[k] += hn[k] * dy[j];
                dw[H] += dy[j];
            }
            for (long j = 0; j < H; j++) {
                const float i = a[j], f = a[H + j], u = a[2 * H + j], o = a[3 * H + j];
                const float of_i = of_gates[j], of_f = of_gates[H + j];
                const float of_u = of_candidate[j], of_o = of_gates[3 * H + j];
                dc[j] += activation_back(dh[j] * o, of_output[j]);
                dz[j] = gate_back(dc[j] * u, of_i);
                dz[H + j] = gate_back(dc[j] * ct[j], of_f);
                dz[2 * H + j] = activation_back(dc[j] * i, of_u);
                dz[3 * H + j] = gate_back(dh[j] * ot[j], of_o);
                dc[j] *= f;
            }
            memset(dh_tm1, 0, H * sizeof(float));
            for (long j = 0; j < 4 * H; j++) {
                const float *w = W + j * K;
                float *dw = dW + j * K;
                for (long k = 0; k < F; k++) dw[k] += xt[k] * dz[j];
                for (long k = 0; k < H; k++) dw[F + k] += ht[k] * dz[j];
                for (long k = 0; k < H; k++) dh_tm1[k] += w[F + k] * dz[j];
                dw[F + H] += dz[j];
            }
            memcpy(dh, dh_tm1, H * sizeof(float));
        }
    }
    float norm = 0;
    for (long k = 0; k < n; k++) norm += g[k] * g[k];
    norm = sqrtf(norm);
    const float scale = norm > clip ? clip / norm : 1;
    const float r = rate * sqrt(1 - pow(0.999, iteration)) / (1 - pow(0.9, iteration));
    for (long k = 0; k < n; k++) {
        const float d = g[k] * scale;
        m[k] += 0.1f * (d - m[k]);
        v[k] += 0.001f * (d * d - v[k]);
        p[k] -= r * m[k] / (sqrtf(v[k]) + 1e-7f);
    }
    return loss / (B * T);
}
"""


def compiler() -> str | None:
    """Return the path of the system's C compiler, or None where there is none to be used."""
    if sys.platform == "win32":
        return None
    return next(filter(None, map(shutil.which, COMPILERS)), None)


def source(activation: str = "tanh", gate: str = "sigmoid") -> str:
    """Return the loop as C, with the functions of two activations of the registry.

    Raises
    ------
    ExportError
        For an activation without a form in C or without a formula.
    """
    functions = f"{training_form(activation, 'activation')}\n{training_form(gate, 'gate')}"
    by_output = {"activation": registered(activation).saves_output}
    by_output["gate"] = registered(gate).saves_output
    kept = {
        "@of_gates@": "gates" if by_output["gate"] else "slopes",
        "@of_candidate@": "gates" if by_output["activation"] else "slopes",
        "@of_output@": "out" if by_output["activation"] else "out_slopes",
    }
    text = f"#include <math.h>\n#include <string.h>\n{prologue(functions)}\n{functions}{_STEP}"
    for word, array in kept.items():
        text = text.replace(word, array)
    return text


def build(folder) -> Path:
    """Compile the yardstick into a shared library in `folder` and return its path.

    Raises
    ------
    RuntimeError
        If there is no compiler, or it fails; the message holds what it said.
    """
    program = compiler()
    if program is None:
        raise RuntimeError(f"expected a C compiler on the path, one of {', '.join(COMPILERS)}")
    text, library = Path(folder) / "step.c", Path(folder) / "step.so"
    text.write_text(source(), encoding="utf-8")
    compile_library([program], FLAGS, text, library)
    return library


def compile_library(
    command: list[str],
    flags: Iterable[str],
    source: Path,
    library: Path,
    *,
    linking: Iterable[str] = ("-lm",),
) -> None:
    """Compile one C file into a shared library, in two steps.

    Linking by ``-ffast-math`` adds code that, when the library is loaded, makes the processor
    take subnormal numbers for 0: in the whole process, for every arm beside it.

    Parameters
    ----------
    command : list of str
        The compiler's.
    flags : iterable of str
        Of the first step.
    source, library : Path
    linking : iterable of str
        Flags of the second step.

    Raises
    ------
    RuntimeError
        If the compiler fails; the message holds its command and what it said first.
    """
    code = library.with_suffix(".o")
    for step in (
        [*flags, "-std=gnu11", "-fPIC", "-c", source, "-o", code],
        ["-shared", code, "-o", library, *linking],
    ):
        words = [*command, *map(os.fspath, step)]
        caches = {**paths.compiler_caches(), **os.environ}  # of the packaged compiler
        done = subprocess.run(words, env=caches, capture_output=True, text=True)
        if done.returncode:
            said = "\n".join(done.stderr.splitlines()[:10])
            raise RuntimeError(f"the compiler failed: {' '.join(words)}\n{said}")


class PlainStep:
    """Training steps of the C loop, from the weights of a network of ours.

    Parameters
    ----------
    library : path-like
        What :func:`build` returned.
    network : LSTMNetwork
        One layer, float32, an output at every step; its functions are those of the library.
    x : ndarray, shape (B, T, F)
    target : ndarray of int, shape (B, T)
    learning_rate, clip_norm : float
    """

    def __init__(self, library, network, x, target, *, learning_rate=1e-3, clip_norm=1.0):
        kernel, recurrent, bias, dense, dense_bias = network.get_weights()
        (batch, steps, features), units, classes = x.shape, len(recurrent), len(dense_bias)
        rows = np.vstack([kernel, recurrent, bias]).T, np.vstack([dense, dense_bias]).T
        self.parameters = np.concatenate([part.reshape(-1) for part in rows]).astype(np.float32)
        self.gradients, self._m, self._v = np.zeros((3, self.parameters.size), np.float32)
        room = (2 * (steps + 1) + 10 * steps + 7) * units + steps * classes
        self._x, self._room = np.ascontiguousarray(x, np.float32), np.zeros(room, np.float32)
        self._target = np.ascontiguousarray(target, np.int32)
        self._step = ctypes.CDLL(os.fspath(library)).step
        pointer = ctypes.c_void_p
        self._step.argtypes = [ctypes.c_long] * 5 + [pointer] * 7 + [ctypes.c_long]
        self._step.argtypes += [ctypes.c_float] * 2
        self._step.restype = ctypes.c_float
        arrays = self.parameters, self.gradients, self._m, self._v
        arrays = [a.ctypes.data for a in (*arrays, self._x, self._target, self._room)]
        self._arguments = batch, steps, features, units, classes, *arrays
        self._iteration, self._rates = 0, (learning_rate, clip_norm)

    def __call__(self) -> float:
        """Make one update; return the loss before it."""
        self._iteration += 1
        return self._step(*self._arguments, self._iteration, *self._rates)
