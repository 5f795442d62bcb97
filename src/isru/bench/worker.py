"""One fresh process of a measurement: a JSON job on stdin, a JSON answer a line on stdout.

    python -m isru.bench.worker < job.json

The job, one line, names the arms, the cases and how often to time them; the answers are one line
a case (its samples), then one line ``{"environment": ...}`` or ``{"error": ...}``. What an arm
prints goes to stderr, so that it cannot spoil an answer.
"""

from __future__ import annotations

import gc
import importlib
import itertools
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np

from isru.lifeline import end_with_stdin

MAX_LOOPS = 10_000_000
# Windows counts processor time in steps of 16 ms, too coarse for a sample.
CPU_CLOCK = time.perf_counter if sys.platform == "win32" else time.process_time


class ArmError(RuntimeError):
    """An arm could not be set up or called; the message names the arm and the case."""


def run_job(
    job: dict,
    *,
    clock: Callable[[], float] = time.perf_counter,
    cpu_clock: Callable[[], float] = CPU_CLOCK,
) -> Iterator[dict]:
    """Time every case of a job, in random order, and yield its samples.

    Parameters
    ----------
    job : dict
        ``arms`` (each with ``label``, ``factory`` and ``arguments``), ``cases`` (keyword
        arguments), ``seed``, ``process``, ``blocks``, ``warmup`` (untimed calls),
        ``min_seconds`` (shortest sample).
    clock, cpu_clock : callable
        Seconds of wall-clock and of processor time; replaced in tests.

    Yields
    ------
    dict
        ``case``: index; ``samples``: rows of block, position in the block, arm's index, loops,
        seconds per call, processor seconds per call.
    """
    rng = np.random.default_rng([job["seed"], job["process"]])
    for index in rng.permutation(len(job["cases"])).tolist():
        yield {"case": index, "samples": _time_case(job, index, rng, clock, cpu_clock)}


def block_order(count: int, rng: np.random.Generator) -> list[int]:
    """Return one block's order of ``count`` arms: a random order, then its reverse (A B B A).

    Each arm stands twice in a block, at the same mean position, so that a linear drift of the
    machine's speed cancels.
    """
    order = rng.permutation(count).tolist()
    return order + order[::-1]


def calibrate(call: Callable, min_seconds: float, clock: Callable[[], float]) -> int:
    """Return how many calls a sample needs to last ``min_seconds``; 0 asks for one, uncalled."""
    loops = 1
    while min_seconds > 0 and loops < MAX_LOOPS:
        # The shorter of two: an interruption must not pass for a slow call.
        elapsed = min(_elapsed(call, loops, clock) for _ in range(2))
        if elapsed >= min_seconds:
            break
        wanted = 1.2 * loops * min_seconds / elapsed if elapsed > 0 else math.inf
        loops = min(max(loops + 1, math.ceil(min(wanted, 10 * loops))), MAX_LOOPS)
    return loops


def _time_case(job, index, rng, clock, cpu_clock) -> list[list]:
    calls = []
    for arm in job["arms"]:
        # Every arm gets an equal generator: the inputs differ between processes, not arms.
        inputs = np.random.default_rng([job["seed"], job["process"], index])
        calls.append(_set_up(arm, job["cases"][index], inputs, job["warmup"]))
    gc.collect()
    gc.disable()
    try:
        loops = [calibrate(call, job["min_seconds"], clock) for call in calls]
        samples = []
        for block in range(job["blocks"]):
            for position, arm in enumerate(block_order(len(calls), rng)):
                times = _sample(calls[arm], loops[arm], clock, cpu_clock)
                samples.append([block, position, arm, loops[arm], *times])
    finally:
        gc.enable()
    return samples


def _set_up(arm: dict, case: dict, rng: np.random.Generator, warmup: int) -> Callable:
    where = f"arm {arm['label']!r} ({arm['factory']}) with {case}"
    try:
        module, _, function = arm["factory"].partition(":")
        factory = getattr(importlib.import_module(module), function)
        call = factory(rng=rng, **case, **arm["arguments"])
        if not callable(call):
            raise TypeError(f"the factory must return a callable, got {type(call).__name__}")
        for _ in range(warmup):
            call()
    except Exception as error:
        raise ArmError(f"{where}: {type(error).__name__}: {error}") from error
    return call


def _sample(call, loops, clock, cpu_clock) -> tuple[float, float]:
    """Return the wall-clock and processor seconds per call of one sample."""
    if loops > 1:
        call()  # the other arms have emptied the caches since this one's last turn
    cpu_start = cpu_clock()
    elapsed = _elapsed(call, loops, clock)
    return elapsed / loops, (cpu_clock() - cpu_start) / loops


def _elapsed(call, loops, clock) -> float:
    start = clock()
    for _ in itertools.repeat(None, loops):
        call()
    return clock() - start


def environment() -> dict:
    """Return what this process computes with: NumPy's SIMD targets, BLAS libraries, threads."""
    from threadpoolctl import threadpool_info

    simd = np.show_config(mode="dicts")["SIMD Extensions"]
    fields = ("internal_api", "version", "architecture", "num_threads")
    return {
        "numpy": np.__version__,
        "numpy_simd": [*simd.get("baseline", []), *simd.get("found", [])],
        "thread_pools": [
            {field: pool[field] for field in fields if pool.get(field) is not None}
            for pool in threadpool_info()
        ],
    }


def main() -> int:
    """Answer the job on stdin; return 0, or 1 after an ``error`` line."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)

        def send(answer: dict) -> None:
            answers.write(json.dumps(answer) + "\n")
            answers.flush()

        try:
            job = json.loads(sys.stdin.readline())
            if job.pop("attended", False):
                end_with_stdin()
            for answer in run_job(job):
                send(answer)
            send({"environment": environment()})
        except ArmError as error:
            send({"error": str(error)})
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
