"""Run a measurement: what to time, in which processes, into one table of raw samples."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

# Columns of a measurement besides the case's own.
COLUMNS = ("process", "block", "position", "arm", "loops", "seconds", "cpu_seconds")
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


class WorkerError(RuntimeError):
    """A measuring process failed; the message holds what it said."""


@dataclass(frozen=True)
class Arm:
    """One thing to time: a label and the factory that prepares the timed call.

    Parameters
    ----------
    label : str
        Its name in the table. The A/A arm is a second arm with another label and all else equal.
    factory : str
        ``"module:function"``, importable in a fresh process. The worker calls
        ``function(rng=rng, **case, **arguments)`` outside the timed region; it must return a
        callable without arguments, which is what is timed. ``rng`` (numpy.random.Generator) is
        equal for all arms of a case, so that they see the same inputs.
    arguments : dict
        Keyword arguments of this arm, JSON types only.
    """

    label: str
    factory: str
    arguments: dict = field(default_factory=dict)

    def __post_init__(self):
        if not re.fullmatch(r"[\w.]+:\w+", self.factory):
            raise ValueError(
                f"arm {self.label!r}: expected a factory 'module:function', got {self.factory!r}"
            )


def measure(
    arms: Sequence[Arm],
    cases: Sequence[dict],
    *,
    processes: int = 6,
    blocks: int = 5,
    warmup: int = 2,
    min_seconds: float = 1e-3,
    threads: int = 1,
    seed: int = 0,
    budget_seconds: float | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Time arms over cases in fresh processes and return every sample.

    In each process the cases come in random order. Within a case all arms are set up and warmed
    up, then timed in blocks, each a random order followed by its reverse (A B B A). A sample is
    as many calls as last ``min_seconds``, the same number for an arm throughout the process.
    Nothing is subtracted and nothing dropped. Do not run anything beside a measurement.

    Parameters
    ----------
    arms : sequence of Arm
        At least two, labels unique; one pair of equal arms gives the A/A floor.
    cases : sequence of dict
        Conditions under which all arms are compared, as keyword arguments of the factories, e.g.
        ``{"size": 1000, "dtype": "float32", "input": "typical"}``; all with the same keys.
    processes, blocks : int
        Fresh processes (6 or more for a 95 % interval) and blocks in each; an arm is sampled
        2 x ``blocks`` times in each process.
    warmup : int
        Untimed calls after an arm's set-up.
    min_seconds : float
        Shortest duration of a sample.
    threads : int
        Threads of OpenMP, BLAS, Numba and TensorFlow in the processes.
    seed : int
        Inputs, orders of cases and of arms follow from it.
    budget_seconds : float, optional
        No further process is started that would probably end later; two always run.
    progress : bool
        Show a bar.

    Returns
    -------
    pandas.DataFrame
        One row a sample: process, block, position (in the block), arm, one column for each key
        of the cases, loops, seconds (wall-clock, per call), cpu_seconds (processor, per call; the
        wall-clock on Windows, which counts processor time too coarsely).

    Raises
    ------
    ValueError
        For fewer than two arms, equal labels, no cases or cases with unequal keys.
    WorkerError
        If a process fails; the message holds the arm, the case and the worker's own message.
    """
    # Not at the top: the measuring processes import this module, and need neither.
    import pandas as pd
    from tqdm import tqdm

    _check(arms, cases)
    job = {
        "arms": [asdict(arm) for arm in arms],
        "cases": [dict(case) for case in cases],
        "seed": seed,
        "blocks": blocks,
        "warmup": warmup,
        "min_seconds": min_seconds,
    }
    rows, longest, start = [], 0.0, time.monotonic()
    with tqdm(total=processes * len(cases), unit="case", disable=not progress) as bar:
        for process in range(processes):
            begin = time.monotonic()
            if budget_seconds and process > 1 and begin - start + longest > budget_seconds:
                break
            for answer in run_worker({**job, "process": process}, threads=threads):
                if "samples" in answer:
                    rows += _rows(answer, process, arms, cases)
                    bar.update()
            longest = max(longest, time.monotonic() - begin)
    return pd.DataFrame(rows)


def run_worker(job: dict, *, threads: int = 1) -> Iterator[dict]:
    """Start a fresh worker process with a job and yield its answers as they come.

    Raises
    ------
    WorkerError
        If it reports an error or ends without its last answer.
    """
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            [sys.executable, "-m", "isru.bench.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(threads, seed=[job["seed"], job["process"]]),
            text=True,
            encoding="utf-8",
        ) as worker,
    ):
        finished = False
        try:
            # Standard input stays open: when it ends, so does the worker, and at no other time.
            worker.stdin.write(json.dumps({**job, "attended": True}) + "\n")
            worker.stdin.flush()
            for line in worker.stdout:
                answer = json.loads(line)
                if "error" in answer:
                    raise WorkerError(f"measuring process {job['process']}: {answer['error']}")
                finished = "environment" in answer
                yield answer
        except BrokenPipeError:
            pass  # it ended before it read its job; the code below says why
        finally:
            if not finished:
                worker.kill()
        if not finished:
            code = worker.wait()
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip()[-2000:] or "(nothing)"
            raise WorkerError(
                f"measuring process {job['process']} ended with exit code {code} before its last "
                f"answer; it wrote to stderr:\n{said}"
            )


def _environment(threads: int, seed: list[int]) -> dict[str, str]:
    """Return a worker's environment variables: fixed threads, a random size.

    The size of the environment moves the stack and can bias a timing (Mytkowicz et al. 2009,
    DOI 10.1145/1508244.1508275); a random one turns the bias into variation between processes.
    """
    padding = "x" * int(np.random.default_rng(seed).integers(4096))
    fixed = dict.fromkeys(_THREAD_VARIABLES, str(threads))
    return {**os.environ, **fixed, "ISRU_BENCH_PADDING": padding}


def _rows(answer: dict, process: int, arms: Sequence[Arm], cases: Sequence[dict]) -> list[dict]:
    return [
        {
            "process": process,
            "block": block,
            "position": position,
            "arm": arms[arm].label,
            **cases[answer["case"]],
            "loops": loops,
            "seconds": seconds,
            "cpu_seconds": cpu_seconds,
        }
        for block, position, arm, loops, seconds, cpu_seconds in answer["samples"]
    ]


def _check(arms: Sequence[Arm], cases: Sequence[dict]) -> None:
    labels = [arm.label for arm in arms]
    if len(labels) < 2 or len(set(labels)) < len(labels):
        raise ValueError(f"expected at least two arms with different labels, got {labels}")
    if not cases or any(set(case) != set(cases[0]) for case in cases):
        raise ValueError("expected at least one case, and the same keys in every case")
    reserved = {"rng", *COLUMNS} & set(cases[0])
    if reserved:
        raise ValueError(f"a case may not use the names {sorted(reserved)}: rename them")
