"""TensorFlow's arms compute the activations, each operation alone and compiled."""

import numpy as np
import pytest

from isru.activations import ACTIVATIONS
from isru.bench import tensorflow_arms as arms
from isru.bench.activation_arms import draw

pytestmark = pytest.mark.slow

CASE = {"size": 60, "dtype": "float64", "input": "typical"}


def call(name, form):
    rng = np.random.default_rng(2)
    return arms.tensorflow_call(rng=rng, name=name, form=form, **CASE)


@pytest.mark.parametrize("form", arms.FORMS)
def test_every_function_is_the_registrys(form):
    x = draw(np.random.default_rng(2), 60, "float64", "typical")
    for name in arms.functions():
        expected = ACTIVATIONS[name].value(x) if name != "rsqrt" else np.abs(x) ** -0.5
        found = call(name, form)().numpy()
        assert found.dtype == "float64"
        # TensorFlow keeps the slope of its leaky ReLU in float32.
        assert np.allclose(found, expected, rtol=1e-7, atol=1e-12), name


def test_a_form_or_name_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="got 'tanh' and 'torch'"):
        call("tanh", "torch")
    with pytest.raises(ValueError, match="got 'table_tanh' and 'xla'"):
        call("table_tanh", "xla")


def test_each_form_has_an_arm_twice_for_its_floor():
    labels = [arm.label for arm in arms.tensorflow_arms(("tanh", "relu"))]
    assert labels == [
        *("eager_tanh", "eager_relu", "eager_tanh_again"),
        *("xla_tanh", "xla_relu", "xla_tanh_again"),
    ]
