"""Measure this machine round by round; what a round measured is kept until the record is whole."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from isru.bench import machine_metadata, measure, problems
from isru.bench.worker import CPU_CLOCK
from isru.machine_records.page import check_record
from isru.machine_records.plans import Part, all_parts
from isru.machine_records.schema import SAMPLE, SCHEMA, cells, file_name, make_record, text_of
from isru.records import write_atomically

FEWEST_ROUNDS, MOST_ROUNDS = 6, 12  # fewer than 6 processes give no 95 % interval
BLOCKS, WARMUP, MIN_SECONDS = 2, 2, 1e-3
MOST_MINUTES = 24 * 60
_UNFINISHED = "unfinished"
LOGGER = logging.getLogger(__name__)


class Interrupted(KeyboardInterrupt):
    """The measurement was interrupted; the message says what is kept."""


def record_machine(
    folder: str | Path,
    *,
    minutes: float = 5.0,
    rounds: tuple[int, int] = (FEWEST_ROUNDS, MOST_ROUNDS),
    parts: list[Part] | None = None,
    min_seconds: float = MIN_SECONDS,
    seed: int = 0,
    progress: bool = True,
) -> Path:
    """Measure this machine and write its record.

    A round measures every part in a fresh process of its own; rounds go on until the time is
    used up. After an interruption the same call goes on where the last one stopped, as long as
    machine, code and settings are the same. Let nothing run beside it.

    Parameters
    ----------
    folder : str or Path
        Where ``<cpu>-<hash>.json`` is written; made if missing. ``unfinished/`` in it holds the
        rounds until then.
    minutes : float
        Time to spend, a resumed measurement's earlier sittings not counted.
    rounds : (int, int)
        Fewest and most rounds, whatever the time.
    parts : list of Part, optional
        By default `all_parts`.
    min_seconds : float
        Shortest sample.
    seed : int
    progress : bool
        Show a bar.

    Returns
    -------
    Path
        The record's file.

    Raises
    ------
    ValueError
        If the minutes are no time, the clock is too coarse, or what was measured makes no record
        that `isru.machine_records.check_record` accepts; the file stays then.
    Interrupted
        On Ctrl-C; the message says how many rounds are kept.
    """
    if not 0 <= minutes <= MOST_MINUTES:
        raise ValueError(f"minutes: expected 0 to {MOST_MINUTES}, got {minutes:g}")
    _check_clock(min_seconds)
    parts = all_parts() if parts is None else parts
    settings = {"seed": seed, "blocks": BLOCKS, "warmup": WARMUP, "min_seconds": min_seconds}
    kept = _Kept(Path(folder) / _UNFINISHED, parts, settings)
    try:
        _measure_rounds(kept, 60 * minutes, rounds, progress)
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted: {kept.count()} measurements ({kept.rounds()} whole rounds) are kept in "
            f"{kept.folder}, and the same command goes on from there"
        ) from None
    record = _assemble(kept)
    path = Path(folder) / file_name(record)
    write_atomically(path, text_of(record))
    check_record(path)
    shutil.rmtree(kept.folder)
    return path


def _check_clock(min_seconds: float) -> None:
    """Refuse a clock of processor time whose steps a sample could fall between."""
    begin, start = time.monotonic(), CPU_CLOCK()
    while (step := CPU_CLOCK() - start) == 0 and time.monotonic() - begin < 1:
        pass
    step = step or 1.0
    if step > min_seconds:
        raise ValueError(
            f"expected a clock of processor time finer than a sample of {1000 * min_seconds:g} ms, "
            f"got steps of {1000 * step:g} ms: this machine's times cannot be recorded"
        )


def rounds_kept(folder: str | Path) -> int:
    """Return how many measurements of an unfinished record lie in a folder."""
    return len(list((Path(folder) / _UNFINISHED).glob("round-*.json")))


class _Kept:
    """What is measured already: one file a round and part, beside ``plan.json``."""

    def __init__(self, folder: Path, parts: list[Part], settings: dict):
        self.folder, self.parts, self.settings = folder, parts, settings
        machine = machine_metadata()  # before the measurement, which raises the load itself
        plan = {"schema": SCHEMA, "settings": settings, "parts": [part.plain() for part in parts]}
        same = {key: machine[key] for key in ("cpu", "system", "python", "versions", "compiler")}
        same["code"] = {key: machine["provenance"][key] for key in ("commit", "dirty")}
        digest = hashlib.sha256(json.dumps([plan, same], sort_keys=True).encode()).hexdigest()
        self.about = _read(folder / "plan.json", {"digest": str, "machine": dict, "sittings": int})
        if self.about is None or self.about["digest"] != digest:
            if folder.is_dir():
                LOGGER.warning(
                    "what was measured before belongs to other code, settings or versions: "
                    "it is dropped, the measurement starts anew"
                )
                shutil.rmtree(folder)
            self.about = {"digest": digest, "machine": machine, "sittings": 0}
        for path in sorted(folder.glob("round-*.json")):
            if _read(path, dict.fromkeys(("arm", *SAMPLE), list)) is None:  # after a power cut
                LOGGER.warning("%s is broken: this part is measured again", path)
                path.unlink()
        self.about["sittings"] += 1
        write_atomically(folder / "plan.json", json.dumps(self.about))

    def path(self, round_: int, part: Part) -> Path:
        return self.folder / f"round-{round_:02d}-{part.name}.json"

    def read(self, part: Part) -> pd.DataFrame:
        """Return a part's samples over the whole rounds."""
        frames = []
        for round_ in range(self.rounds()):
            content = json.loads(self.path(round_, part).read_text(encoding="utf-8"))
            frames.append(pd.DataFrame(content).assign(process=round_))
        return pd.concat(frames, ignore_index=True)

    def count(self) -> int:
        return len(list(self.folder.glob("round-*.json")))

    def rounds(self) -> int:
        """Return how many rounds are whole, from the first on."""
        count = 0
        while all(self.path(count, part).is_file() for part in self.parts):
            count += 1
        return count


def _read(path: Path, kinds: dict[str, type]) -> dict | None:
    """Return an object of JSON that has these keys, None where there is no such file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    whole = isinstance(content, dict) and all(type(content.get(k)) is v for k, v in kinds.items())
    return content if whole else None


def _measure_rounds(kept: _Kept, budget_s: float, limits: tuple[int, int], progress: bool) -> None:
    """Measure until the next round would probably end later than the budget allows."""
    fewest, most = limits
    start, done, longest = time.monotonic(), kept.rounds(), 0.0
    total = fewest * len(kept.parts)
    with tqdm(total=total, initial=kept.count(), unit="part", disable=not progress) as bar:
        while done < most:
            begin = time.monotonic()
            if done >= fewest and begin - start + longest > budget_s:
                return
            if longest:
                more = int((budget_s - (begin - start)) / longest)
                bar.total = len(kept.parts) * min(most, max(fewest, done + more))
            for part in kept.parts:
                if not kept.path(done, part).is_file():
                    bar.set_description(f"round {done + 1}, {part.name.replace('_', ' ')}")
                    write_atomically(kept.path(done, part), json.dumps(_one(kept, part, done)))
                    bar.update()
            done += 1
            longest = max(longest, time.monotonic() - begin)


def _one(kept: _Kept, part: Part, round_: int) -> dict:
    """Measure a part in one fresh process and return its samples by column."""
    frame = measure(
        part.arms,
        part.cases,
        processes=1,
        blocks=BLOCKS,
        warmup=WARMUP,
        min_seconds=kept.settings["min_seconds"],
        threads=part.threads,
        seed=kept.settings["seed"] + round_,
        progress=False,
    )
    return frame.to_dict("list")


def _assemble(kept: _Kept) -> dict:
    found, complaints = {}, []
    for part in kept.parts:
        frame = kept.read(part)
        clock = "cpu_seconds" if part.threads == 1 else "seconds"
        complaints += [f"{part.name}: {problem}" for problem in problems(frame, clock=clock)]
        found[part.name] = cells(frame, part)
    settings = kept.settings | {"sittings": kept.about["sittings"]}
    return make_record(kept.about["machine"], settings, found, complaints)
