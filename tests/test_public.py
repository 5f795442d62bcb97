"""What other programs may import says its types."""

import importlib
import inspect

import pytest

PACKAGES = (
    "isru.activations",
    "isru.cost",
    "isru.emulator",
    "isru.firmware",
    "isru.keras_bridge",
    "isru.kernels",
    "isru.lstm",
    "isru.records",
    "isru.stats",
    "isru.sweep",
)


def functions(package):
    """Yield name and function of all that a package offers, methods included."""
    module = importlib.import_module(package)
    for name in getattr(module, "__all__", None) or [n for n in vars(module) if n[0] != "_"]:
        offered = getattr(module, name)
        if not getattr(offered, "__module__", "").startswith(package):
            continue
        if inspect.isfunction(offered):
            yield name, offered
        elif inspect.isclass(offered):
            for part, method in vars(offered).items():
                if isinstance(method, property):
                    method = method.fget
                method = getattr(method, "__func__", method)
                if inspect.isfunction(method) and (part[0] != "_" or part == "__init__"):
                    yield f"{name}.{part}", method


@pytest.mark.parametrize("package", PACKAGES)
def test_every_parameter_and_every_result_has_a_type(package):
    untyped = []
    for name, function in functions(package):
        signature = inspect.signature(function)
        types = {
            parameter.name: parameter.annotation
            for parameter in signature.parameters.values()
            if parameter.name not in ("self", "cls")
        }
        if not name.endswith("__init__"):
            types["result"] = signature.return_annotation
        untyped += [f"{name}: {one}" for one, given in types.items() if given is inspect._empty]
    assert untyped == []
