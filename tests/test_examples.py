"""The examples in docstrings give what they say, and what a reader may call has one."""

import doctest
import importlib
import inspect

import pytest

pytestmark = pytest.mark.slow

MODULES = (
    "isru.activations",
    "isru.activations.entry",
    "isru.cost",
    "isru.data.text",
    "isru.firmware.export",
    "isru.lstm.cell",
    "isru.lstm.checking",
    "isru.lstm.checkpoints",
    "isru.lstm.network",
    "isru.lstm.optimizers",
    "isru.lstm.stream",
    "isru.lstm.training",
    "isru.lstm.workspace",
    "isru.records",
    "isru.stats.days",
    "isru.stats.multiplicity",
    "isru.stats.paired",
    "isru.stats.ratios",
    "isru.stats.runs",
    "isru.stats.samples",
    "isru.stats.tables",
    "isru.sweep.costs",
    "isru.sweep.table",
)
SLOW = (
    "isru.keras_bridge.activations",
    "isru.keras_bridge.networks",
    "isru.keras_bridge.reading",
    "isru.keras_bridge.recognising",
    "isru.keras_bridge.training",
    "isru.kernels",
)
NEEDED = ("isru.cost", "isru.lstm", "isru.stats", "isru.keras_bridge")


@pytest.mark.parametrize(
    "name", [*MODULES, *(pytest.param(n, marks=pytest.mark.slow) for n in SLOW)]
)
def test_the_examples_give_what_they_say(name):
    done = doctest.testmod(importlib.import_module(name), raise_on_error=False)
    assert done.attempted > 0
    assert done.failed == 0


@pytest.mark.parametrize("name", NEEDED)
def test_every_function_has_an_example(name):
    module = importlib.import_module(name)
    offered = getattr(module, "__all__", None) or [n for n in vars(module) if n[0] != "_"]
    functions = {n: getattr(module, n) for n in offered if inspect.isfunction(getattr(module, n))}
    own = {n: f for n, f in functions.items() if f.__module__.startswith(name)}
    lacking = [n for n, f in own.items() if "Examples\n" not in (inspect.getdoc(f) or "")]
    assert lacking == []
