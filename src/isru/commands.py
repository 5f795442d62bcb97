"""What each command does, once it runs in the environment of the compendium."""

from __future__ import annotations

import functools
import http.server
import shutil
import subprocess
import sys
import time
from argparse import Namespace
from pathlib import Path

import numpy as np

from isru import paths
from isru.publish.compare import account
from isru.publish.environment import say
from isru.publish.errors import CompendiumError
from isru.publish.job import Job
from isru.publish.machines import publish_record, record_folder
from isru.publish.notebooks import all_notebooks, select
from isru.publish.parameters import declared_parameters, given_parameters
from isru.publish.release import keep_repeats, report
from isru.publish.release import publish as publish_results
from isru.publish.runner import PROFILES, make_jobs, with_missing_needs
from isru.publish.runner import execute as execute_jobs
from isru.publish.staleness import stale_reasons


def execute(options: Namespace) -> None:
    """Run notebooks, then build the book of that run beside the published one."""
    began = time.monotonic()
    notebooks = select(options.notebook)
    if options.parameters:
        if not options.notebook or len(notebooks) != 1:
            raise CompendiumError("parameters need the one notebook that they are for: NB=06")
        run = "adhoc"
        execute_jobs([Job(notebooks[0], run, run, _given(notebooks[0], options.parameters))])
    else:
        run = options.profile
        execute_jobs(make_jobs(with_missing_needs(notebooks, run), run))
    _build(run)
    say(f"Done in {(time.monotonic() - began) / 60:.1f} minutes")


def _given(notebook, text: str) -> dict:
    """Return the checked parameters of a text such as ``hidden_sizes=[10, 20]; seed=7``."""
    return given_parameters(notebook.name, declared_parameters(notebook.path), text)


def refresh(options: Namespace) -> None:
    """Run what is stale in a profile's run, and what rests on it."""
    folder = paths.run(options.profile)
    stale = {n.number for n in all_notebooks() if stale_reasons(n, folder)}
    for notebook in all_notebooks():
        if stale & set(notebook.needs):
            stale.add(notebook.number)
    if not stale:
        say(f"nothing is stale in {folder.name}")
        return
    execute_jobs(make_jobs([n for n in all_notebooks() if n.number in stale], options.profile))
    _build(options.profile)


def status(options: Namespace) -> None:
    """Say how every result of the published run, and of yours, stands."""
    runs = [options.run] if options.run else ["published", *PROFILES]
    for run in runs:
        if run in ("published", options.run) or paths.run(run).is_dir():
            sys.stdout.write("\n".join([f"{run}:", *(f"  {line}" for line in report(run)), ""]))


def verify(options: Namespace) -> int:
    """Compare a run with the published one; exit code 1 if a value that must agree differs."""
    lines, differing = _told(account, paths.results(), _existing(options.run))
    for line in lines:
        say(line)
    return int(differing > 0)


def publish(options: Namespace) -> None:
    """Take results into the published run, or one machine record into the book."""
    if options.record:
        say(f"published: {publish_record(options.record)}. Look at the book (make book), commit it")
        return
    _existing(options.run)
    if options.repeat:
        kept = keep_repeats(options.run, select(options.notebook))
        say(f"kept beside the published: {'; '.join(kept)}. Commit results/")
        return
    names = ", ".join(publish_results(options.run, select(options.notebook)))
    more = "Look at the book (make book), then commit results/"
    say(f"published: {names}. {more}" if names else "all of these are published already")


def book(options: Namespace) -> None:
    """Build a book without executing anything."""
    _existing(options.run)
    _build(options.run)


def _existing(run: str):
    folder = paths.run(run)
    if not (folder / "manifest").is_dir():
        have = [p.parent.name for p in sorted((paths.root() / "runs").glob("*/manifest"))]
        raise CompendiumError(f"no run {run!r} at {folder}. Runs here: {', '.join(have) or 'none'}")
    return folder


def _build(run: str) -> None:
    """Build the book of a run, then the published one beside it where there is one.

    The published book may lack what only this run has so far, such as a new chapter: then it is
    told, and the book of the run is there all the same.
    """
    from isru.publish.book import build_book
    from isru.publish.staging import outside_contents

    index = build_book(run)
    own = run != "published"
    say(f"The book of your run ({run}): {index}" if own else f"The published book: {index}")
    for name in outside_contents(run):
        say(
            f"warning: the page of {name} is in no book, since _toc.yml does not name it. "
            f"To see it, add '- file: results/notebooks/{name}' there"
        )
    if own and (paths.results() / "manifest").is_dir():
        try:
            say(f"The published book: {build_book('published')}")
        except CompendiumError as error:
            say(f"warning: the published book was not built: {error}")


def bench(options: Namespace) -> None:
    """Measure the goals of our own implementation."""
    from isru.bench.goals import measure

    measure()


def record(options: Namespace) -> None:
    """Measure this machine and keep the record under runs/machines."""
    from isru.machine_records import Interrupted, record_machine, rounds_kept

    folder = record_folder("own")
    say(f"Measuring this machine: about {options.minutes:g} minutes; leave it alone meanwhile")
    if kept := rounds_kept(folder):
        say(f"{kept} measurements are kept from before an interruption")
    try:
        path = record_machine(folder, minutes=options.minutes)
    except Interrupted as error:
        raise CompendiumError(str(error)) from None
    say(
        f"The record: {path}\nIt holds no user or host name. To see it beside the others, build a "
        "book of a run of yours (make execute). To contribute it, copy it to results/machines "
        "and open a pull request with this one file"
    )


def check_record(options: Namespace) -> int:
    """Check machine records, by default all that are published; exit code 1 if one is refused."""
    from isru.machine_records import check_record as check_one

    files = options.files or sorted(record_folder("published").glob("*.json"))
    refused = 0
    for file in files:
        try:
            record = check_one(file)
        except (ValueError, FileNotFoundError) as error:
            say(f"refused: {error}")
            refused += 1
            continue
        say(f"accepted: {file} ({len(record['problems'])} remarks of its measurement on itself)")
        for problem in record["problems"]:
            say(f"  {problem}")
    if not files:
        say("no machine record is published yet; name the files to check")
    return int(refused > 0)


def certify(options: Namespace) -> int:
    """Look at every float32 input of activations; an interruption loses one part at most.

    The certificates go to runs/certificates; those in data/certificates are published ones.
    """
    from isru.activations import ACTIVATIONS, get_activation
    from isru.certify import certify as certify_one

    names = list(ACTIVATIONS) if options.names == ["all"] else options.names
    folder = paths.root() / "runs" / "certificates"
    broken = []
    for entry in map(_known(get_activation), names):
        record = certify_one(entry, folder)
        say(f"{entry.name}: at most {record['max_ulp']:.4g} ULP (stated: {record['stated_ulp']:g})")
        broken += [] if record["keeps_stated_ulp"] else [entry.name]
    say(f"The certificates: {folder}")
    return int(bool(broken))


def _known(look_up):
    """Return ``look_up`` with its ValueError turned into a message."""

    def find(name: str):
        try:
            return look_up(name)
        except ValueError as error:
            raise CompendiumError(str(error)) from None

    return find


def sample(options: Namespace) -> None:
    """Write a prompt and what a character model makes of it."""
    from isru.experiments.characters_model import CharacterModel

    path = options.model or paths.results() / "models" / "07-isru.npz"
    model = _told(CharacterModel.load, path)
    about = {"prompt": options.prompt, "temperature": options.temperature}
    if options.seed < 0:
        raise CompendiumError(f"seed: expected at least 0, got {options.seed}")
    rng = np.random.default_rng(options.seed)
    written = _told(model.sample, options.length, **about, rng=rng)
    sys.stdout.write(f"{options.prompt}{written}\n")


def train_characters(options: Namespace) -> None:
    """Train a character model that exists, or a new one, and save it as it goes."""
    from isru.experiments.characters_session import DEFAULTS, open_session, train_and_save

    path = Path(options.model or paths.root() / "runs" / "characters" / "model.npz")
    if paths.results() in path.resolve().parents:
        raise CompendiumError(
            f"{path} is published and stays as it is: give it as --start, and another --model"
        )
    given = {name: getattr(options, name) for name in DEFAULTS}
    given = {name: value for name, value in given.items() if value is not None}
    for name, least in {"updates": 1, "layers": 1, "seed": 0}.items():
        value = getattr(options, name)
        if value is not None and value < least:
            raise CompendiumError(f"{name}: expected at least {least}, got {value}")
    model, parts = _told(open_session, path, source=options.text, start=options.start, **given)
    made = _told(train_and_save, model, path, parts.training, options.updates)
    bits = _told(model.bits_per_character, parts.validation)
    ended = "interrupted after " if made < options.updates else ""
    say(f"{ended}{made} updates, {model.updates} in all; {bits:.3f} bits per character held out")
    say(f"The model: {path}. Repeat the command to go on; look at it with: sample --model {path}")


def smallest(options: Namespace) -> int:
    """Say which published network is the cheapest that fits, and write its C; 1 if none does."""
    from isru.experiments.smallest_answer import answer_in_words

    folder = Path(options.out or paths.root() / "runs" / "smallest")
    fits, text = _told(answer_in_words, options, folder)
    sys.stdout.write(f"{text}\n")
    return int(not fits)


def _told(function, *arguments, **named):
    """Return what a call returns; what a person can put right becomes a message."""
    try:
        return function(*arguments, **named)
    except (ValueError, FileNotFoundError, FloatingPointError) as error:
        raise CompendiumError(str(error)) from None


def test(options: Namespace) -> int:
    """Run the tests; the browser tests run where there is a Chromium."""
    chosen = ["-k", options.select] if options.select else []
    command = [sys.executable, "-m", "pytest", "--durations=10", *chosen]
    return subprocess.run(command, cwd=paths.root(), check=False).returncode


def test_browser(options: Namespace) -> int:
    """Open every page of a built book in a headless Chromium, the network cut."""
    if not (paths.html(options.run) / "index.html").is_file():
        _build(options.run)
    command = [sys.executable, "-m", "pytest", "-m", "browser", "tests/test_browser.py"]
    return subprocess.run(command, cwd=paths.root(), check=False).returncode


def serve(options: Namespace) -> None:
    """Serve a built book on this machine alone."""
    folder = paths.html(options.run)
    if not (folder / "index.html").is_file():
        raise CompendiumError(f"no book at {folder}: build it first (make book)")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", options.port), handler) as server:
        say(f"http://127.0.0.1:{options.port}/  (Ctrl-C ends it)")
        server.serve_forever()


def lint(options: Namespace) -> int:
    """Check the form of the code."""
    steps = (["check", "."], ["format", "--check", "."])
    return max(
        subprocess.run([sys.executable, "-m", "ruff", *s], cwd=paths.root(), check=False).returncode
        for s in steps
    )


def clean(options: Namespace) -> None:
    """Remove everything that can be made again; results/ and the environment stay."""
    for folder in (paths.build(), paths.root() / "runs"):
        shutil.rmtree(folder, ignore_errors=True)
