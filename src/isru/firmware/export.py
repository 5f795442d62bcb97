"""A network as C99: the texts of header and source, and the files."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from isru import __version__
from isru.firmware.arms import Arm, forms_of
from isru.firmware.c_forms import LIBRARY, CForm
from isru.firmware.c_names import check_name
from isru.firmware.c_text import c_array
from isru.firmware.errors import BudgetError
from isru.firmware.model import Model, read_model
from isru.lstm import LSTMNetwork
from isru.records import write_atomically


class Exported(NamedTuple):
    """What :func:`export_c` wrote.

    Attributes
    ----------
    header, source : Path
    flash_bytes : int
        Constants, without code.
    ram_bytes : int
        The caller's state.
    digest : str
        Of all constants; also in the comment of both files.
    """

    header: Path
    source: Path
    flash_bytes: int
    ram_bytes: int
    digest: str


def export_c(
    network: LSTMNetwork,
    directory: str | Path,
    *,
    arm: str | Arm | None = None,
    weights: str = "float32",
    flash: int | None = None,
    ram: int | None = None,
    name: str = "network",
) -> Exported:
    """Write a network as a C99 header and source; also valid C++.

    The weights are ``const``, the state is the caller's, nothing is allocated. A network whose
    activations need no exponential needs no C library.

    Parameters
    ----------
    network : isru.lstm.LSTMNetwork
        Of LSTM or GRU cells, any number of layers. A Keras model comes by
        ``isru.keras_bridge.read_keras``.
    directory : path-like
        Made if it does not exist; files of the same names are replaced.
    arm : str or Arm, optional
        Whose functions compute activation and gates, in place of the network's own: a name in
        `isru.firmware.LSTM_ARMS`, ``"table"`` say, whose table stands in for tanh. The weights
        stay; they must be right for these functions.
    weights : {"float32", "int8"}
        int8 takes a quarter of the flash; the arithmetic stays float32. Each weight is then off
        by at most half of its row's scale, the row's largest weight / 127.
    flash, ram : int, optional
        Bytes that there are, for the constants and for the state.
    name : str
        Of the files and what every C name begins with: a-z, 0-9 and _. No word of C or C++, no
        header or function of the library's, no name that the generated C uses itself.

    Returns
    -------
    Exported

    Raises
    ------
    ExportError
        For a cell that is neither LSTM nor GRU, an output activation of its own or a learned
        alpha, an activation without C form, an arm that computes in integers, weights that are
        not finite in float32, or a name that C does not allow.
    BudgetError
        If the constants or the state are larger than what there is; with both numbers.
    ValueError
        For an unknown arm; the message lists the known ones.

    Notes
    -----
    An LSTM's gate order is i, f, c, o, side by side for every input of a unit; a GRU's gates
    u, r come first, then its candidates, of two units side by side. The outputs are those of the
    NumPy network within 1e-5 over a sequence, with int8 those of the network with the rounded
    weights (see `isru.firmware.dequantised`).

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from isru import LSTMNetwork, export_c
    >>> network = LSTMNetwork(3, 4, 1, activation="isru", rng=np.random.default_rng(0))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     done = export_c(network, folder, arm="exp_free", name="filter")
    ...     done.source.name, "expf" in done.source.read_text()
    ('filter.c', False)
    """
    check_name(name)
    model = read_model(network, weights)
    _check_budget(model, flash, ram)
    texts = c_texts(model, forms_of(network, arm), name)
    header, source = write_texts(directory, texts)
    return Exported(header, source, model.weight_bytes, model.state_bytes, model.digest)


def write_texts(directory: str | Path, texts: dict[str, str]) -> list[Path]:
    """Write files into a folder, which is made if it does not exist; return their paths."""
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        write_atomically(folder / file, text)
    return [folder / file for file in texts]


def _check_budget(model, flash, ram):
    """Refuse a model that is too large."""
    needs = (("flash", model.weight_bytes, flash), ("RAM", model.state_bytes, ram))
    for kind, needed, available in needs:
        if available is not None and needed > available:
            raise BudgetError(
                f"expected a network that fits {available} bytes of {kind}, got one that needs "
                f"{needed} (units {model.hidden_sizes}, "
                f"{'int8' if model.quantised else 'float32'} weights): take fewer units"
                + ("" if model.quantised or kind == "RAM" else " or weights='int8'")
            )


def c_texts(model: Model, forms: tuple[CForm, CForm], name: str) -> dict[str, str]:
    """Return the texts of ``name.h`` and ``name.c``, with the forms of activation and gates."""
    comment = _comment(model, name, *forms)
    return {
        f"{name}.h": _header(model, name, comment),
        f"{name}.c": _source(model, name, *forms, comment),
    }


def _header(model, name, comment):
    upper = name.upper()
    form, states = model.form, ""
    for number, units in enumerate(model.hidden_sizes):
        arrays = ", ".join(f"{array}{number}[{units}]" for array in form.states)
        states += f"    float {arrays};\n"
    scratch = f", {form.scratch}[{model.scratch_size}]" if form.scratch else ""
    return f"""\
{comment}
#ifndef {upper}_H
#define {upper}_H

#define {upper}_INPUTS {model.input_size}
#define {upper}_OUTPUTS {model.output_size}

/* {form.kept} of each layer, and room for one step's inputs. Yours to place. */
typedef struct {{
{states}    float work[{model.work_size}]{scratch};
}} {name}_state;

#ifdef __cplusplus
extern "C" {{
#endif

/* Forget the past: call it before the first step of a sequence. */
void {name}_reset({name}_state *state);

/* Take one time step. */
void {name}_step({name}_state *state, const float input[{upper}_INPUTS]);

/* Compute the outputs from the state after the last step. */
void {name}_output(const {name}_state *state, float output[{upper}_OUTPUTS]);

#ifdef __cplusplus
}}
#endif

#endif
"""


def _source(model, name, activation, gate, comment):
    gate_name = _gate_name(activation, gate)
    functions = _functions(activation, gate, gate_name)
    parts = [
        comment,
        f'#include "{name}.h"\n\n#include <stddef.h>\n' + prologue(functions),
        functions,
        _constants(model),
        model.form.kernel(model.quantised),
        _entries(model, name),
    ]
    text = "\n".join(parts)
    return text.replace("@activation@", activation.c_name).replace("@gate@", gate_name)


def prologue(functions: str) -> str:
    """Return the declarations that functions need before them."""
    lines = ["#include <stdint.h>", ""]
    if any(f"{word}(" in functions for word in LIBRARY):
        lines[:0] = ["#include <math.h>"]
    for word, builtin in (("SQRTF", "sqrtf"), ("FABSF", "fabsf")):
        if f"{word}(" in functions:
            lines += [
                "#if defined(__GNUC__)",
                f"#define {word}(x) __builtin_{builtin}(x)",
                "#else",
                "#include <math.h>",
                f"#define {word}(x) {builtin}(x)",
                "#endif",
            ]
    if "ALWAYS_INLINE" in functions:
        lines += [
            "/* In place even where the compiler saves bytes: so all activations are compared. */",
            "#if defined(__GNUC__)",
            "#define ALWAYS_INLINE static inline __attribute__((always_inline))",
            "#else",
            "#define ALWAYS_INLINE static inline",
            "#endif",
        ]
    return "\n".join(lines) + "\n"


def _gate_name(activation, gate):
    """Return the gate's name in C: another one where both are of one family, not one function."""
    shared = gate.c_name == activation.c_name and gate.body != activation.body
    return f"{gate.c_name}_gate" if shared else gate.c_name


def _functions(activation, gate, gate_name):
    forms = {activation.c_name: activation, gate_name: gate}
    tables = dict.fromkeys(form.tables for form in forms.values() if form.tables)
    return "\n".join([*tables, *(form.definition(name) for name, form in forms.items())])


def _constants(model):
    form = model.form
    texts = [f"/* {form.layout[model.quantised]} */\n"]
    for number, layer in enumerate(model.layers):
        texts.append(c_array(f"weights{number}", layer["weights"], per_line=form.rows))
        for key in ("scales", "biases"):
            if key in layer:
                texts.append(f"/* {form.scaling[key]} */\n")
                texts.append(c_array(f"{key}{number}", layer[key], per_line=form.rows))
    texts.append("/* Per output: a weight for every unit of the last layer. */\n")
    for key in ("weights", "scales", "biases"):
        if key in model.dense:
            texts.append(c_array(f"dense_{key}", model.dense[key]))
    return "".join(texts)


def _layer_call(model, number, inputs):
    units = model.hidden_sizes[number]
    state = model.form.arguments(number, units, inputs)
    if model.quantised:
        constants = f"weights{number}, scales{number}, biases{number}, state->work"
        return f"    layer_step({constants}, {inputs + units},\n               {state});\n"
    count = model.layers[number]["weights"].shape[1]
    return f"    layer_step(weights{number}, state->work, {count}, {state});\n"


def _entries(model, name):
    dense_scale = "dense_scales[j], " if model.quantised else ""
    steps, inputs, source = [], model.input_size, "input"
    for number, units in enumerate(model.hidden_sizes):
        steps.append(
            f"    gather(state->work, {source}, {inputs}, state->h{number}, {units});\n"
            + _layer_call(model, number, inputs)
        )
        inputs, source = units, f"state->h{number}"
    clears = "".join(
        f"    clear(state->{array}{number}, {units});\n"
        for number, units in enumerate(model.hidden_sizes)
        for array in model.form.states
    )
    last = len(model.hidden_sizes) - 1
    upper = name.upper()
    return f"""\
static void clear(float *to, size_t count)
{{
    for (; count > 0; count--) *to++ = 0.0f;
}}

void {name}_reset({name}_state *state)
{{
{clears}}}

void {name}_step({name}_state *state, const float input[{upper}_INPUTS])
{{
{"".join(steps)}}}

void {name}_output(const {name}_state *state, float output[{upper}_OUTPUTS])
{{
    size_t j;
    for (j = 0; j < {upper}_OUTPUTS; j++)
        output[j] = dense_sum(dense_weights + j * {inputs}, {dense_scale}dense_biases[j],
                              state->h{last}, {inputs});
}}
"""


def _comment(model, name, activation, gate):
    """Return the comment at the head of both files."""
    kind = "int8 weights, float32 arithmetic" if model.quantised else "float32"
    lines = [
        f"{name}: {model.form.title}. Written by isru {__version__}; do not edit.",
        "",
        f"Inputs {model.input_size}, units {', '.join(map(str, model.hidden_sizes))}, "
        f"outputs {model.output_size}; {kind}.",
        model.form.functions.format(activation=activation.name, gate=gate.name),
        f"Model hash (SHA-256, first digits): {model.digest}",
        f"Constants: {model.weight_bytes} bytes of flash.",
        f"State: {model.state_bytes} bytes of RAM, the caller's; no malloc.",
        f"Needs {_needs(activation, gate)}.",
    ]
    body = "\n".join(f" * {line}".rstrip() for line in lines[1:])
    return f"/* {lines[0]}\n{body}\n */"


def _needs(activation, gate):
    libm = sorted({*activation.libm, *gate.libm})
    if libm:
        return f"{' and '.join(libm)} of the C library (link with -lm)"
    if activation.square_root or gate.square_root:
        return "no C library on a core with an FPU (compile with -fno-math-errno), else its sqrtf"
    return "no C library"
