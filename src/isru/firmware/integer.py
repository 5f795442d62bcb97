"""An LSTM as C that computes in integers, as product firmware does, and its definition in NumPy.

int8 weights, inputs and outputs, int16 cells, activations by table. As in TensorFlow Lite Micro
and CMSIS-NN: the sums are int32, the arguments of the activations int16 in steps of 2^-12, their
values int16 in steps of 2^-15, read from tables of 513 entries with linear interpolation, or from
those of CMSIS-NN (`isru.firmware.cmsis`). tanh and ISRU differ in the numbers of the table only,
so that they cost the same by construction. Plain C, without the DSP instructions of CMSIS-NN.
The dense layer stays float32. The caller divides its inputs by the scale that the header names
and rounds them.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isru.firmware.arms import LSTM_ARMS
from isru.firmware.c_names import check_name
from isru.firmware.c_text import c_array, c_float
from isru.firmware.cmsis import IntegerForm, integer_form
from isru.firmware.errors import ExportError
from isru.firmware.export import Exported, write_texts
from isru.firmware.model import check_network
from isru.lstm import LSTMNetwork
from isru.lstm.inputs import in_dtype, read_array

ARMS = tuple(name for name, arm in LSTM_ARMS.items() if arm.kind == "integer")
_ARGUMENT, _VALUE = 2.0**-12, 2.0**-15  # what one step of int16 stands for; of the cell 2^-11
_HIDDEN = 2.0**-7
_SHIFT = 20  # of the multipliers that turn sums into arguments
_SPACING = 128  # int16 steps between two entries of a table


@dataclass(frozen=True)
class IntegerModel:
    """A network in integers.

    A layer has ``weights`` int8 (H, F + H, 4), ``biases`` int32 (H, 4), ``input_multipliers`` and
    ``state_multipliers`` int32 (4,).
    """

    layers: tuple[dict, ...]
    input_scale: float  # what one step of an input stands for
    input_size: int
    hidden_sizes: tuple[int, ...]

    @property
    def weight_bytes(self) -> int:
        """Bytes of all constants but the tables."""
        return sum(array.nbytes for part in self.layers for array in part.values())

    @property
    def work_size(self) -> int:
        """Bytes of the longest input row of a layer."""
        inputs = (self.input_size, *self.hidden_sizes)
        return max(f + h for f, h in zip(inputs, self.hidden_sizes, strict=False))

    @property
    def state_bytes(self) -> int:
        """Bytes of the caller's state, the compiler's padding included."""
        return 2 * -(-(3 * sum(self.hidden_sizes) + self.work_size) // 2)


def quantise(network, sequence) -> IntegerModel:
    """Turn a network into integers; the inputs' scale is that of a sequence (T, F).

    Raises
    ------
    ExportError
        For another cell than the LSTM; and see `isru.firmware.model.check_network`.
    """
    check_network(network, ("lstm",), ExportError)
    arrays = [array.astype(np.float64) for array in network.get_weights()]
    sequence = in_dtype("sequence", read_array("sequence", sequence), np.dtype(float))
    scale = max(float(np.abs(sequence).max()), 1e-6) / 127
    layers, below = [], scale
    for number, units in enumerate(network.hidden_sizes):
        kernel, recurrent, bias = arrays[3 * number : 3 * number + 3]
        parts = [_rounded(part, units) for part in (kernel, recurrent)]
        (input_weights, input_scales), (state_weights, state_scales) = parts
        layers.append(
            {
                "weights": np.concatenate([input_weights, state_weights], axis=1),
                "biases": np.rint(bias.reshape(4, units).T / (below * input_scales)).astype("i4"),
                "input_multipliers": _multipliers(below * input_scales),
                "state_multipliers": _multipliers(_HIDDEN * state_scales),
            }
        )
        below = _HIDDEN
    return IntegerModel(tuple(layers), scale, network.input_size, network.hidden_sizes)


def _rounded(kernel, units):
    """Return int8 weights (H, inputs, 4) and a scale for each gate."""
    rows = kernel.reshape(-1, 4, units).transpose(2, 0, 1)
    scales = np.maximum(np.abs(rows).max(axis=(0, 1)), 1e-9) / 127
    return np.rint(rows / scales).astype(np.int8), scales


def _multipliers(scales):
    return np.rint(scales / _ARGUMENT * 2.0**_SHIFT).astype(np.int32)


def table(function) -> np.ndarray:
    """Return a function's 513 values from -8 to 8, as int16 in steps of 2^-15."""
    places = np.arange(-256, 257) * _SPACING * _ARGUMENT
    return np.clip(np.rint(function(places) / _VALUE), -32768, 32767).astype(np.int16)


def functions_of(arm: str) -> tuple[IntegerForm, IntegerForm]:
    """Return the activation and the gates of one of `ARMS` in integers."""
    chosen = LSTM_ARMS[arm]
    if chosen.table:
        return integer_form(f"{chosen.table}_tanh"), integer_form(f"{chosen.table}_sigmoid")
    activation, gate = (table(form.reference) for form in chosen.forms)
    return _looked_up_in("activation_table", activation), _looked_up_in("gate_table", gate)


def _looked_up_in(name: str, values: np.ndarray) -> IntegerForm:
    """Return the function of a table of 513 values."""
    call = f"look_up({name}, {{x}})"
    return IntegerForm({name: values}, _LOOK_UP, call, lambda z: _looked_up(values, z))


def run(model: IntegerModel, forms: tuple[IntegerForm, IntegerForm], sequence) -> np.ndarray:
    """Compute in NumPy what the C code computes, to the bit.

    Parameters
    ----------
    model : IntegerModel
    forms : pair of IntegerForm
        The activation and the gates: see `functions_of`.
    sequence : ndarray of int8, shape (..., T, F)
        One sequence, or many of equal length.

    Returns
    -------
    ndarray of int8, shape (..., T, H)
        The last layer's hidden state after every step.
    """
    activation, gate = (form.function for form in forms)
    sequence = np.moveaxis(read_array("sequence", sequence).astype(np.int64), -2, 0)
    batch = sequence.shape[1:-1]
    states = [(np.zeros((*batch, h), np.int64),) * 2 for h in model.hidden_sizes]
    found = []
    for x in sequence:
        for number, (layer, (h, c)) in enumerate(zip(model.layers, states, strict=True)):
            of_input, of_state = np.split(layer["weights"], [x.shape[-1]], axis=1)
            from_input = layer["biases"] + _products(of_input, x)
            z = _rescaled(from_input, layer["input_multipliers"])
            z = _saturated(z + _rescaled(_products(of_state, h), layer["state_multipliers"]))
            i, f, o = (gate(z[..., place]) for place in (0, 1, 3))
            c = _saturated(((f * c) >> 15) + ((i * activation(z[..., 2])) >> 19))
            y = activation(_saturated(2 * c))
            x = np.clip((o * y + (1 << 22)) >> 23, -128, 127)
            states[number] = x, c
        found.append(x)
    return np.moveaxis(np.array(found, np.int8), 0, -2)


def _products(weights, inputs):
    """Return the sums (..., H, 4) of weights (H, K, 4) times inputs (..., K), exact in float64."""
    flat = weights.transpose(1, 0, 2).reshape(weights.shape[1], -1).astype(np.float64)
    sums = (inputs.astype(np.float64) @ flat).astype(np.int64)
    return sums.reshape(*inputs.shape[:-1], -1, 4)


def _rescaled(sums, multipliers):
    return (sums * multipliers.astype(np.int64) + (1 << (_SHIFT - 1))) >> _SHIFT


def _saturated(x):
    return np.clip(x, -32768, 32767)


def _looked_up(values, z):
    wide = values.astype(np.int64)
    place = (z >> 7) + 256
    return wide[place] + (((wide[place + 1] - wide[place]) * (z & 127) + 64) >> 7)


def export_integer(
    network: LSTMNetwork,
    directory: str | Path,
    *,
    arm: str,
    largest: float,
    name: str = "network",
) -> Exported:
    """Write an LSTM network as a C99 header and source that compute in integers.

    Parameters
    ----------
    network : isru.lstm.LSTMNetwork
    directory : path-like
        Made if it does not exist; files of the same names are replaced.
    arm : str
        Of `ARMS`: whose tables stand for the activations.
    largest : float
        The largest magnitude of an input, of the training data: it becomes 127, and what is
        larger must be clipped.
    name : str
        Of the files and what every C name begins with.

    Returns
    -------
    Exported
        ``flash_bytes`` without code.

    Raises
    ------
    ValueError
        For an unknown arm, or a scale that is not positive.
    ExportError
        For a network that has no such form.
    """
    check_name(name)
    if arm not in ARMS or not largest > 0:
        raise ValueError(f"expected an arm of {ARMS} and largest > 0, got {arm!r} and {largest}")
    model = quantise(network, np.full((1, network.input_size), float(largest)))
    forms = functions_of(arm)
    dense, bias = (array.astype(np.float32) for array in network.get_weights()[-2:])
    numbers = program_text(model, forms, name).encode() + dense.tobytes() + bias.tobytes()
    digest = hashlib.sha256(numbers).hexdigest()[:16]
    state = _state(model, name)
    source = _INCLUDES + f'#include "{name}.h"\n\n' + _functions(model, forms, name)
    source += c_array("dense_weights", dense.T) + c_array("dense_biases", bias)
    source += _output(name, f"h{len(model.hidden_sizes) - 1}", *dense.shape)
    header = _header(name, arm, digest, model, state, len(bias))
    paths = write_texts(directory, {f"{name}.h": header, f"{name}.c": source})
    tables = _tables(forms).values()
    constants = model.weight_bytes + sum(array.nbytes for array in (*tables, dense, bias))
    return Exported(paths[0], paths[1], constants, model.state_bytes, digest)


def program_text(model: IntegerModel, forms, name: str) -> str:
    """Return the C of the kernel alone, without the dense layer: what is counted."""
    return _INCLUDES + _state(model, name) + _functions(model, forms, name)


def _tables(forms) -> dict[str, np.ndarray]:
    """Return the tables of the activation and of the gates; they may share one."""
    activation, gate = forms
    return {**activation.tables, **gate.tables}


_INCLUDES = "#include <stddef.h>\n#include <stdint.h>\n\n"


def _state(model, name):
    """Return the type of the caller's state."""
    sizes = list(enumerate(model.hidden_sizes))
    cells = "".join(f"    int16_t c{number}[{units}];\n" for number, units in sizes)
    outputs = "".join(f"    int8_t h{number}[{units}];\n" for number, units in sizes)
    work = f"    int8_t work[{model.work_size}];\n"
    return f"typedef struct {{\n{cells}{outputs}{work}}} {name}_state;\n"


def _functions(model, forms, name):
    """Return the constants, the kernel, and the two functions that the caller calls."""
    constants = "".join(c_array(*item) for item in _tables(forms).items())
    for number, layer in enumerate(model.layers):
        for key, values in layer.items():
            constants += c_array(f"{key}{number}", values)
    steps, inputs, source, clears = "", model.input_size, "input", ""
    for number, units in enumerate(model.hidden_sizes):
        steps += f"""\
    gather(state->work, {source}, {inputs}, state->h{number}, {units});
    layer_step(weights{number}, biases{number}, input_multipliers{number},
               state_multipliers{number}, state->work, {inputs}, state->c{number},
               state->h{number}, {units});
"""
        clears += f"    for (k = 0; k < {units}; k++) state->h{number}[k] = 0;\n"
        clears += f"    for (k = 0; k < {units}; k++) state->c{number}[k] = 0;\n"
        inputs, source = units, f"state->h{number}"
    entries = f"""
void {name}_reset({name}_state *state)
{{
    size_t k;
{clears}}}

void {name}_step({name}_state *state, const int8_t *input)
{{
{steps}}}
"""
    return constants + _kernel(*forms) + entries


def _kernel(activation, gate):
    """Return the C of one step of a layer with its functions."""
    helpers = "\n".join(dict.fromkeys([activation.helper, gate.helper]))
    text = _KERNEL.replace("@helpers@", helpers)
    return _with_calls(_with_calls(text, "activation", activation), "gate", gate)


def _with_calls(text, place, form):
    return re.sub(rf"@{place}@<(.*?)>", lambda found: form.call.format(x=found[1]), text)


def _header(name, arm, digest, model, state, outputs):
    guard = f"{name.upper()}_H"
    return f"""/* An LSTM in integers, generated by the isru package. Numbers: {digest}.
 * {model.input_size} inputs, units {model.hidden_sizes}, {outputs} outputs, arm {arm}; gate order
 * i, f, c, o. An input x enters as the whole number nearest to x / {name.upper()}_INPUT_SCALE,
 * clipped to -127..127. Call reset before each sequence, step for each input, then output. */
#ifndef {guard}
#define {guard}

#include <stdint.h>

#define {name.upper()}_INPUT_SCALE {c_float(model.input_scale)}

{state}
void {name}_reset({name}_state *state);
void {name}_step({name}_state *state, const int8_t *input);
void {name}_output(const {name}_state *state, float *output);

#endif
"""


def _output(name, hidden, units, outputs):
    return f"""
void {name}_output(const {name}_state *state, float *output)
{{
    size_t c, k;
    for (c = 0; c < {outputs}; c++) {{
        float sum = 0.0f;
        for (k = 0; k < {units}; k++) sum += dense_weights[c * {units} + k] * state->{hidden}[k];
        output[c] = sum * {c_float(1 / 128)} + dense_biases[c];
    }}
}}
"""


_LOOK_UP = """\
static int32_t look_up(const int16_t *table, int16_t x)
{
    const int16_t *entry = table + 256 + (x >> 7);
    return entry[0] + (((entry[1] - entry[0]) * (x & 127) + 64) >> 7);
}
"""
_KERNEL = f"""
static int16_t saturate(int32_t x)
{{
    return (int16_t)(x < -32768 ? -32768 : x > 32767 ? 32767 : x);
}}

static int32_t rescale(int32_t sum, int32_t multiplier)
{{
    return (int32_t)(((int64_t)sum * multiplier + (1 << {_SHIFT - 1})) >> {_SHIFT});
}}

@helpers@
static void gather(int8_t *v, const int8_t *x, size_t inputs, const int8_t *h, size_t units)
{{
    for (; inputs > 0; inputs--) *v++ = *x++;
    for (; units > 0; units--) *v++ = *h++;
}}

/* Add the products of one unit's weights to the sums of its gates; return the weights behind. */
static const int8_t *add_products(const int8_t *weights, const int8_t *v, size_t count,
                                  int32_t sums[4])
{{
    int32_t i = sums[0], f = sums[1], g = sums[2], o = sums[3];
    for (; count > 0; count--) {{
        const int32_t x = *v++;
        i += weights[0] * x;
        f += weights[1] * x;
        g += weights[2] * x;
        o += weights[3] * x;
        weights += 4;
    }}
    sums[0] = i;
    sums[1] = f;
    sums[2] = g;
    sums[3] = o;
    return weights;
}}

static void layer_step(const int8_t *weights, const int32_t *biases,
                       const int32_t *input_multipliers, const int32_t *state_multipliers,
                       const int8_t *v, size_t inputs, int16_t *c, int8_t *h, size_t units)
{{
    size_t u, k;
    for (u = 0; u < units; u++) {{
        int32_t sums[4], past[4] = {{0, 0, 0, 0}}, y;
        int16_t z[4];
        for (k = 0; k < 4; k++) sums[k] = *biases++;
        weights = add_products(weights, v, inputs, sums);
        weights = add_products(weights, v + inputs, units, past);
        for (k = 0; k < 4; k++)
            z[k] = saturate(rescale(sums[k], input_multipliers[k])
                            + rescale(past[k], state_multipliers[k]));
        c[u] = saturate(((@gate@<z[1]> * c[u]) >> 15)
                        + ((@gate@<z[0]> * @activation@<z[2]>) >> 19));
        y = @gate@<z[3]> * @activation@<saturate(2 * c[u])>;
        y = (y + (1 << 22)) >> 23;
        h[u] = (int8_t)(y > 127 ? 127 : y);
    }}
}}
"""
