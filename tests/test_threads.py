"""Threads: the shared step is the network's own, whoever does its tasks; predictions add up."""

import numpy as np
import pandas as pd
import pytest

from isru.chapters.precision_threads_frameworks import threads, threads_setups
from isru.chapters.precision_threads_frameworks.threads_setups import RUNNERS, KeptThreads, in_turn
from isru.chapters.precision_threads_frameworks.threads_step import SharedStep
from isru.lstm import LSTMNetwork
from isru.stats import Interval

pytestmark = pytest.mark.slow


def problem(activation="tanh", layers=2, batch=3):
    rng = np.random.default_rng(0)
    network = LSTMNetwork(5, [6] * layers, 2, activation=activation, dtype="float64", rng=rng)
    x, target = rng.standard_normal((batch, 4, 5)), rng.standard_normal((batch, 2))
    return network, x, target


@pytest.mark.parametrize("tasks", [1, 2, 4])
@pytest.mark.parametrize("runner", ["in_turn", "kept", "new"])
@pytest.mark.parametrize("activation", ["tanh", "isru"])
def test_the_shared_step_computes_the_networks_loss_and_gradients(activation, runner, tasks):
    network, x, target = problem(activation)
    expected = network.loss_and_gradients(x, target)
    step = SharedStep(network, x, target, RUNNERS[runner](tasks), tasks)
    for _ in range(2):  # the arrays are used again
        assert step.loss_and_gradients() == pytest.approx(expected[0], rel=1e-12)
        for found, gradient in zip(step.gradients(), expected[1], strict=True):
            np.testing.assert_allclose(found, gradient, rtol=1e-9, atol=1e-13)


def test_updates_lower_the_loss_and_hand_off_as_often_as_stated():
    network, x, target = problem()
    calls = []
    step = SharedStep(network, x, target, lambda tasks: calls.append(0) or in_turn(tasks), 2)
    losses = [step() for _ in range(50)]
    assert losses[-1] < losses[0]
    assert len(calls) == 50 * step.hand_offs == 50 * (2 * (2 * 4 + 1) + 1)


def test_what_a_task_raises_reaches_the_caller_and_the_threads_go_on():
    run, done = KeptThreads(2), []
    with pytest.raises(ZeroDivisionError):
        run([done.clear, lambda: 1 / 0])
    run([lambda: done.append(1), lambda: done.append(2)])
    assert sorted(done) == [1, 2]
    run.close()


def test_a_number_of_tasks_that_does_not_divide_the_gates_is_refused():
    with pytest.raises(ValueError, match=r"expected one of \(1, 2, 4\), got 3"):
        SharedStep(*problem(), in_turn, 3)


def samples(one, alone, in_turn, empty, kept, processes=6):
    """Return a measurement in which each arm takes a known time, in us, at each size."""
    return pd.DataFrame(
        [
            {"process": p, "arm": arm, "batch": 1, "layers": 1, "units": units}
            | {"seconds": 1e-6 * times[place]}
            for p in range(processes)
            for place, units in enumerate((50, 200))
            for arm, times in {
                "gates_one": one,
                "gates_one_again": one,
                "in_turn": in_turn,
                "alone": alone,
                "kept": kept,
                "kept_empty": empty,
                "new_empty": empty,
            }.items()
        ]
    )


def test_the_prediction_is_amdahls_law_with_hand_offs():
    frame = samples((100, 400), (20, 40), (120, 440), (210, 210), (250, 300))
    cores = {1: Interval(2.0, 2.0, 2.0)}
    rng = np.random.default_rng(0)
    table = threads.speedups(frame, ["kept"], steps=10, cores=cores, rng=rng)
    assert table["predicted"].tolist() == pytest.approx([100 / (20 + 210 + 50), 400 / 450])
    assert table["speedup"].tolist() == pytest.approx([0.4, 4 / 3])
    assert table["direction"].tolist() == ["slower", "faster"]
    assert table["shared_us"].tolist() == pytest.approx([100 / 22, 400 / 22])
    found = threads.hand_off_us(frame, steps=10, rng=rng)["kept"]
    assert found.estimate == pytest.approx(210 / 22)
    assert threads.break_evens(table).iloc[0].tolist()[3:] == ["144", "above 200"]


def test_break_even_is_interpolated_in_logarithms():
    assert threads.break_even([16, 64, 256], [0.5, 0.5, 2.0]) == pytest.approx(128)
    assert threads.break_even([64, 16, 256], [1.5, 1.1, 2.0]) == 0.0
    assert threads.break_even([16, 64], [1.5, 0.9]) == float("inf")


@pytest.mark.parametrize("arms", [threads.thread_arms, threads.blas_arms])
def test_every_arm_runs(arms):
    for arm in arms(steps=3, features=4, tasks=2):
        setup = getattr(threads_setups, arm.factory.partition(":")[2])
        call = setup(rng=np.random.default_rng(0), layers=1, units=5, batch=2, **arm.arguments)
        call()
        call()


def test_a_table_of_both_measurements_tells_them_apart():
    gates, blas = (
        {arm.label for arm in arms(steps=3, features=4, tasks=2)}
        for arms in (threads.thread_arms, threads.blas_arms)
    )
    assert not gates & blas


def test_long_tasks_run_in_threads():
    for arm in threads.core_arms(tasks=2):
        threads_setups.setup_long_tasks(rng=np.random.default_rng(0), batch=1, **arm.arguments)()


def test_published_speedups_are_medians_and_their_work_is_counted():
    table = threads.published_speedups(91).set_index(["cpu", "units"])
    assert table.loc[("i7", 100), "speedup"] == pytest.approx(0.80675)
    assert len(table) == 3 * 7
    one_layer, upper = 4 * 16 * (91 + 17), 4 * 16 * (16 + 17)
    means = [(one_layer + (count - 1) * upper) / count for count in range(1, 7)]
    expected = 1.5e-3 * 0.7 * np.median(means)
    assert table.loc[("m1", 16), "shared_us"] == pytest.approx(expected)
