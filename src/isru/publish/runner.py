"""Run notebooks: order, parallelism, progress, and nothing lost on a failure."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout
from tqdm import tqdm

from isru import paths
from isru.errors import CompendiumError, in_words
from isru.publish.job import Job
from isru.publish.notebooks import Notebook, all_notebooks
from isru.publish.parameters import read_profile
from isru.publish.pending import install_all, pending, pending_folder
from isru.publish.staleness import (
    make_stamp,
    present_notes,
    profile_parameters,
    read_manifest,
)

PROFILES = ("smoke", "quick", "full")


def make_jobs(notebooks: list[Notebook], profile: str) -> list[Job]:
    """Return the jobs of a profile's run; the whole profile is checked here."""
    read_profile(profile)
    return [Job(n, profile, profile, profile_parameters(n, profile)) for n in notebooks]


def with_missing_needs(notebooks: list[Notebook], run: str) -> list[Notebook]:
    """Return the notebooks and those that they need and the run has no result of."""
    everything = all_notebooks()
    wanted = {n.name for n in notebooks}
    for notebook in reversed(everything):
        if notebook.name in wanted:
            needed = (n for n in everything if n.name in notebook.needs)
            wanted |= {n.name for n in needed if not read_manifest(paths.run(run), n.name)}
    return [n for n in everything if n.name in wanted]


def execute(jobs: list[Job]) -> None:
    """Run jobs: those that need the machine alone, the others side by side, all or nothing.

    Raises
    ------
    CompendiumError
        If a notebook failed or another run is under way. What had finished is kept for the next
        run; the run itself stays as it was.
    """
    with alone():
        for run in {job.run for job in jobs}:
            _discard_stale(run)
        waiting = _unfinished(jobs)
        _announce(jobs, waiting)
        _Schedule(waiting).run()
        for run in {job.run for job in jobs}:
            install_all(run)


@contextmanager
def alone() -> Iterator[None]:
    """Hold the lock of runs.

    Raises
    ------
    CompendiumError
        If another run is under way.
    """
    paths.build().mkdir(parents=True, exist_ok=True)
    lock = FileLock(paths.build() / "run.lock")
    try:
        held = lock.acquire(timeout=0)
    except Timeout:
        raise CompendiumError(
            "another run of this compendium is under way, and timings must not share the machine: "
            f"wait for it, or end it. Its lock is {lock.lock_file}"
        ) from None
    with held:
        yield


def _discard_stale(run: str) -> None:
    """Remove what an interrupted run left and the sources have outgrown since."""
    known = {n.name: n for n in all_notebooks()}
    for half in pending_folder(run).glob(".*"):  # a move that was broken off
        shutil.rmtree(half)
    for name, unit in pending(run).items():
        manifest = read_manifest(unit, name)
        if manifest and run != "adhoc" and name in known:
            job = Job(known[name], run, run, profile_parameters(known[name], run))
            notes = present_notes(manifest["stamp"])
            if make_stamp(job.notebook, job.parameters, notes, job.upstream()) == manifest["stamp"]:
                continue
        shutil.rmtree(unit)


def _unfinished(jobs: list[Job]) -> list[Job]:
    """Return the jobs to run; a finished one that needs one of these is removed and among them."""
    waiting: list[Job] = []
    for job in jobs:  # what a notebook needs stands before it
        finished = pending(job.run).get(job.notebook.name)
        if finished and not {j.notebook.name for j in waiting} & set(job.notebook.needs):
            continue
        if finished:
            shutil.rmtree(finished)
        waiting.append(job)
    return waiting


def _announce(jobs: list[Job], waiting: list[Job]) -> None:
    minutes = sum(job.expected_s() for job in waiting) / 60
    names = ", ".join(job.notebook.name for job in waiting) or "nothing"
    kept = len(jobs) - len(waiting)
    resumed = f" ({kept} finished before the interruption, kept)" if kept else ""
    tqdm.write(f"Running {names}{resumed}: expected to take {minutes:.1f} minutes")


class _Schedule:
    """The jobs of one run: those that wait, those that run, those that failed."""

    def __init__(self, jobs: list[Job]):
        self.waiting = list(jobs)
        self.running: list[tuple[Job, tqdm]] = []
        self.failures: list[str] = []
        self.lost: set[str] = set()

    def run(self) -> None:
        """Run to the end; after a failure finish everything that does not depend on it."""
        try:
            while self.waiting or self.running:
                self._drop_dependents()
                for job in self._startable():
                    self._start(job)
                time.sleep(0.1)
                for job, bar in list(self.running):
                    self._follow(job, bar)
        except KeyboardInterrupt:
            raise CompendiumError(
                "interrupted: the run is as it was; what had finished is kept, and the same "
                "command resumes with it"
            ) from None
        finally:
            for job, bar in self.running:
                bar.close()
                job.stop()
        if self.failures:
            raise CompendiumError("\n\n".join(self.failures))

    def _drop_dependents(self) -> None:
        for job in list(self.waiting):
            needed = sorted(self.lost & set(job.notebook.needs))
            if needed:
                self.waiting.remove(job)
                self._fail(job, f"{job.notebook.name} not run: it needs {', '.join(needed)}")

    def _startable(self) -> list[Job]:
        """Return the jobs that may start now: one that is to be alone on a machine at rest."""
        running = [job for job, _ in self.running]
        if any(job.alone for job in running):
            return []
        unfinished = {job.notebook.name for job in [*self.waiting, *running]}
        ready = [job for job in self.waiting if not unfinished & set(job.notebook.needs)]
        quiet = [job for job in ready if not job.alone]
        if quiet:
            return quiet[: max(0, (os.cpu_count() or 1) - len(running))]
        return ready[:1] if not running else []

    def _start(self, job: Job) -> None:
        self.waiting.remove(job)
        bar = tqdm(desc=job.notebook.name, unit="cell", disable=None, leave=False)
        self.running.append((job, bar))
        try:
            job.start()
        except Exception as error:
            self._end(job, bar, f"{job.notebook.name} could not be started: {in_words(error)}")

    def _follow(self, job: Job, bar: tqdm) -> None:
        done, bar.total = job.cells
        bar.update(done - bar.n)
        if job.process.poll() is None:
            return
        job.end_processes()
        if job.process.returncode:
            self._end(job, bar, job.failure())
            return
        try:
            job.complete()
        except Exception as error:
            self._end(
                job, bar, f"{job.notebook.name} ran, but could not be kept: {in_words(error)}"
            )
        else:
            self._end(job, bar)

    def _end(self, job: Job, bar: tqdm, failure: str = "") -> None:
        self.running.remove((job, bar))
        bar.close()
        if failure:
            self._fail(job, failure)
        else:
            tqdm.write(_summary(job))

    def _fail(self, job: Job, message: str) -> None:
        self.failures.append(message)
        self.lost.add(job.notebook.name)
        tqdm.write(f"  {job.notebook.name}: failed")


def _summary(job: Job) -> str:
    minutes, budget = job.seconds() / 60, job.budget_s() / 60
    over = f" (its share of the profile is {budget:g})" if minutes > budget else ""
    return f"  {job.notebook.name}: {minutes:.2f} minutes{over}"
