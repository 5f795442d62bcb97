"""From a trained network to the files of other runtimes: ONNX and TensorFlow Lite.

Public:

- ``to_onnx(network, path, *, fused=False) -> Written(path, size_bytes, operators,
  types)``; ``run_onnx(path, sequences)``, ``onnx_operators(path)``
- ``to_tflite(network, path, *, steps, quantise="none"|"dynamic"|"int8", representative=None,
  unroll=None) -> Written``; ``run_tflite(path, sequences)``, ``tflite_contents(path)``
- ``compare(network, sequences, folder, *, representative=None, formats=FORMATS) -> DataFrame``
- ``export_integer(network, directory, *, arm, largest, name="network") -> Exported``: C in integers
- the errors: ``DeployError``, ``ConversionError``

The C form is `isru.embedded.export_c`. The packages (extra ``deploy``) are imported when they are
first used. All files compute in float32 and start every sequence from the zero state.
"""

from __future__ import annotations

_HOME = {
    "checks": ("ConversionError", "DeployError", "Written"),
    "onnx_file": ("onnx_operators", "run_onnx", "to_onnx"),
    "tflite_file": ("run_tflite", "tflite_contents", "to_tflite"),
    "comparing": ("FORMATS", "compare"),
    "c_integer": ("export_integer",),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(_MODULE)


def __getattr__(name):
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULE[name]}"), name)


def __dir__():
    return __all__
