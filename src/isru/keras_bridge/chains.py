"""A Keras model as a plain chain of calls, from its one input to its one output."""

from __future__ import annotations

from typing import Any, NamedTuple

_CALLS = {
    "initial_state": "start every sequence from the zero state, or hand states to forward",
    "mask": "a network has no masks: cut the sequences to their length",
    "training": "a network is for use: build the model without training=True",
}
"""Arguments of a layer's call that no network has -> what to do instead."""


class Step(NamedTuple):
    """One call of a layer, or of an operation that is none, on one tensor.

    Attributes
    ----------
    operation : keras.Operation
        What is called: mostly a layer.
    args, kwargs
        With what, the symbolic tensor among them.
    tensor : keras.KerasTensor
        The one input.
    output : keras.KerasTensor
        What goes on from here.
    output_index : int
        Which one that is of the operation's outputs.
    """

    operation: Any
    args: tuple
    kwargs: dict
    tensor: Any
    output: Any
    output_index: int

    @property
    def is_layer(self) -> bool:
        """Whether a layer is called."""
        import keras

        return isinstance(self.operation, keras.layers.Layer)

    @property
    def name(self) -> str:
        """What messages call it by."""
        return f"{'layer' if self.is_layer else 'operation'} {self.operation.name}"

    def run(self, value: Any) -> Any:
        """Return what the step makes of a real tensor."""
        import keras

        def real(argument):
            return value if argument is self.tensor else argument

        args, kwargs = keras.tree.map_structure(real, (self.args, self.kwargs))
        return keras.tree.flatten(self.operation(*args, **kwargs))[self.output_index]


def read_chain(model: Any) -> list[Step]:
    """Return the calls that lead from a model's input to its output, models inside it included.

    Raises
    ------
    TypeError
        For anything but a Keras model.
    ValueError
        For a model that is not built or has no graph, has several inputs or outputs, joins
        tensors, calls a layer twice, or calls it with more than its input; the message names the
        layer.
    """
    steps = _steps(model)
    seen = set()
    for step in steps:
        if id(step.operation) in seen:
            raise ValueError(
                f"{step.name}: expected a layer that is called once, got one that is called "
                "again on its own way: each layer of a network has weights of its own"
            )
        seen.add(id(step.operation))
    return steps


def _steps(model):
    import keras

    start, tensor = _ends(model)
    steps: list[Step] = []
    while tensor is not start:
        operation, call, index = tensor._keras_history
        node = operation._inbound_nodes[call]
        if node.is_input:
            raise ValueError(f"model {model.name}: expected an output that depends on the input")
        arguments = node.arguments
        tensors, output = arguments.keras_tensors, tensor
        tensor = tensors[0]
        step = Step(operation, arguments.args, arguments.kwargs, tensor, output, index)
        _check_call(step, tensors)
        inner = isinstance(operation, keras.Model)
        steps += reversed(_steps(operation)) if inner else [step]
    return steps[::-1]


def _ends(model):
    """Return the symbolic input and output of a model."""
    _check_model(model)
    try:
        ends = model.inputs, model.outputs
    except AttributeError:
        ends = None, None
    if None in ends:
        raise ValueError(
            f"model {model.name}: expected a built model, got one without an input shape: begin "
            "it with keras.Input((steps, features)), or call it once"
        )
    for what, tensors in zip(("input", "output"), ends, strict=True):
        if len(tensors) != 1:
            names = ", ".join(tensor._keras_history.operation.name for tensor in tensors)
            raise ValueError(
                f"model {model.name}: expected one {what}, got {len(tensors)} (of {names}): "
                "make a model of the part that is wanted, keras.Model(input, output)"
            )
    return ends[0][0], ends[1][0]


def _check_model(model):
    import keras

    if not isinstance(model, keras.Model):
        raise TypeError(
            f"expected a Keras model, got {type(model).__name__}: a file is read by "
            "keras.models.load_model"
        )
    if isinstance(model, keras.Sequential):
        base = keras.Sequential
    else:  # the class of models with a graph, which keras.Model(inputs, outputs) makes
        kinds = [kind for kind in type(model).__mro__ if kind.__module__.startswith("keras.")]
        base = next((kind for kind in kinds if kind.__name__ == "Functional"), None)
    own = base is None or any(
        getattr(type(model), method) is not getattr(base, method) for method in ("call", "__call__")
    )
    if own:
        raise ValueError(
            f"model {model.name}: expected keras.Sequential or keras.Model(input, output), got "
            f"{type(model).__name__}, whose call is its own: there is no chain of layers to read"
        )


def _check_call(step, tensors):
    """Refuse a call on several tensors, or with arguments that no network has."""
    operation = step.operation
    if step.is_layer:
        names = operation.call_signature_parameters
        given = dict(zip(names, step.args, strict=False)) | step.kwargs
        given.pop(names[0], None)
        for name, value in given.items():
            if value is None or (name == "training" and value is False):
                continue
            raise ValueError(
                f"{step.name}: expected a call with the input alone, got one with {name}: "
                f"{_CALLS.get(name, 'a network has no such argument')}"
            )
    if len(tensors) != 1:
        sources = ", ".join(tensor._keras_history.operation.name for tensor in tensors)
        raise ValueError(
            f"{step.name}: expected one input, from the layer before it, got {len(tensors)} "
            f"(of {sources}): a network is a chain of layers without branches"
        )
