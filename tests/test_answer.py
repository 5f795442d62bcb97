"""The first page: whether to switch, the picture, and what may stand there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "_ext"))

from isru_book.answer import places_in_words

from isru import paths
from isru.addresses import split
from isru.answer import (
    PLACES,
    PLATFORMS,
    Answer,
    Mark,
    Place,
    Platform,
    answer,
    change,
    device_saving,
    step_times,
)
from isru.answer.figure import step_times_figure, step_times_words
from isru.answer.places import limits, names_with, rivals_of
from isru.answer.steps import waiting_saving
from isru.claims import (
    load_claims,
    plainly,
    read_run_values,
    rule_in_words,
    verdicts,
    what_to_do,
)
from isru.claims.history import load_history
from isru.claims.rules import Limits
from isru.recorded import NotRecorded, Recorded, read_value
from isru.wording import formatted

INTRO = (paths.root() / "book" / "intro.md").read_text(encoding="utf-8")
MARGINS = Limits(2, 2)
QUOTED = re.compile(r"\{(?:val|change)\}`([^`]+)`")
_CHAPTERS: dict[str, Recorded] = {}


def published(address: str):
    """Return what the published run recorded at an address."""
    chapter, name = split(address)
    try:
        if chapter not in _CHAPTERS:
            _CHAPTERS[chapter] = Recorded(paths.results(), chapter)
        return _CHAPTERS[chapter][name]
    except (FileNotFoundError, NotRecorded):
        return None


def reader(entries: dict):
    """Return a reader of savings ``{address: (value, low, high)}``."""
    keys = ("value", "low", "high")
    return lambda at: dict(zip(keys, entries[at], strict=True)) if at in entries else None


def word(**entries) -> str:
    """Return the word for a place whose savings and rivals are given by their short names."""
    rivals = {name: f"a.{name}" for name in entries if name.startswith("rival")}
    place = Place(
        "there",
        Mark("a.saving"),
        {"for small networks": Mark("a.other")},
        {name: at + ("[x=1].ratio" if "ratio" in name else "") for name, at in rivals.items()},
    )
    known = {f"a.{name}": ends for name, ends in entries.items()}
    known |= {f"a.{name}[x=1].ratio": entries[name] for name in rivals if "ratio" in name}
    return answer(reader(known), place, MARGINS).word


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ({"saving": (20, 15, 25)}, "yes"),
        ({"saving": (20, 15, 25), "other": (9, 5, 12)}, "yes"),
        ({"saving": (20, 15, 25), "other": (3, -1, 7)}, "yes, for small networks"),
        (
            {"saving": (20, 15, 25), "other": (3, -1, 7), "rival": (-1, -5, 4)},
            "yes, for small networks, or rival",
        ),
        ({"saving": (20, 15, 25), "rival": (-9, -12, -5)}, "yes, or rival"),
        ({"saving": (20, 15, 25), "rival": (-1, -5, 4)}, "yes, or rival"),
        ({"saving": (20, 15, 25), "rival": (-1, -25, 30)}, "yes, or rival"),
        ({"saving": (20, 15, 25), "rival": (9, 5, 12)}, "yes"),
        ({"saving": (20, 15, 25), "rival_ratio": (0.4, 0.3, 0.5)}, "yes, or rival_ratio"),
        ({"saving": (20, 15, 25), "rival_ratio": (1.4, 1.3, 1.5)}, "yes"),
        ({"saving": (-60, -75, -47), "rival": (9, 5, 12)}, "no"),
        ({"saving": (0.0, 0.0, 0.0)}, "no difference"),
        ({"saving": (3, -9, 14)}, "not settled"),
        ({}, "not settled"),
    ],
)
def test_a_word_follows_from_the_savings_by_the_rule(entries, expected):
    assert word(**entries) == expected


def test_the_margins_are_those_of_the_claim_on_a_steps_time():
    claims = load_claims()
    (claim,) = (one for one in claims if one.id == "C3")
    assert limits(claims) == Limits(claim.margin, claim.relevance_margin)
    wider = [replace(one, relevance_margin=90.0) for one in claims]
    place = PLACES["m4f"]
    assert answer(published, place, limits(claims)).plain == "yes"
    assert answer(published, place, limits(wider)).word == "no difference"


def test_the_readme_gives_the_answer_of_the_book():
    margins = limits(load_claims())
    found = {key: answer(published, place, margins) for key, place in PLACES.items()}
    finding = re.search(r":::\{div\} isru-answer\n(.*)\n\n", INTRO)[1].replace("**", "")
    finding = re.sub(r"\{places\}`([^`]+)`", lambda at: places_in_words(found, at[1]), finding)
    finding = re.sub(r"\{rivals\}`([^`]+)`", lambda at: rivals_of(found[at[1]]), finding)
    readme = (paths.root() / "README.md").read_text(encoding="utf-8")
    assert f"**{finding}**" in " ".join(readme.split())


def test_a_list_of_no_places_is_nowhere_and_nothing_open_is_not_worth_a_sentence():
    assert names_with({}, "yes") == "nowhere"
    assert places_in_words({}, "yes") == "nowhere" and places_in_words({}, "open") == ""
    said = places_in_words({"keras": Answer("not settled")}, "open")
    assert said == "It stays open in TensorFlow without its compiler XLA. "
    one = Answer("yes, or a table", faster=("lines", "roots"), as_fast=("a table",))
    said = "a table is as fast within a few per cent and lines and roots are faster"
    assert rivals_of(one) == said
    assert rivals_of(Answer("yes")) == "no rival that was timed is as fast as ISRU"


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((-9, -12, -5), "is faster"),
        ((-4, -6, 2.5), "is as fast within a few per cent"),
        ((-4, -6, 25), "is not shown to be slower"),
        ((4, 2, 6), "no rival that was timed is as fast as ISRU"),
    ],
)
def test_a_rival_is_as_fast_only_where_both_ends_are_near(ends, said):
    known = reader({"a.saving": (20, 15, 25), "a.rival": ends})
    place = Place("there", Mark("a.saving"), rivals={"a rival": "a.rival"})
    found = rivals_of(answer(known, place, MARGINS))
    assert found.removeprefix("a rival ") == said
    open_ = reader({"a.saving": (3, -9, 14), "a.rival": ends})
    found = rivals_of(answer(open_, place, MARGINS))
    assert found.removeprefix("a rival ") == said, "also where ISRU's own saving is open"


def test_every_published_place_has_a_word_and_its_rivals_are_recorded():
    for key, place in PLACES.items():
        found = answer(published, place, limits(load_claims()))
        if f"{place.decides.saving} optional" in INTRO and found.saving is None:
            continue  # its chapter is not published yet
        assert found.saving is not None, key
        assert re.search(rf"{{switch}}`[^`]*\b{key}\b", INTRO), key
        for address in (
            *place.rivals.values(),
            *(mark.saving for mark in place.elsewhere.values()),
        ):
            assert published(address) is not None, address


def test_it_pays_only_where_tanh_is_slow():
    """The finding's first words: there a call of tanh takes longer than one of ISRU.

    The reverse does not hold: where each call costs a microsecond, ISRU's four calls lose what
    their arithmetic wins.
    """
    calls = {"m4f": "libm", "loops": "simd", "numpy": "numpy", "keras": "eager"}
    for key, form in calls.items():
        address = f"activation-cost.ratios[pair=plain, form={form}, dtype=float32].direction"
        pays = answer(published, PLACES[key], limits(load_claims())).plain == "yes"
        assert not pays or read_value(address, paths.results()) == "faster", key


def test_memory_that_makes_the_core_wait_belongs_to_the_range():
    found = step_times(published).query("platform == 'Cortex-M4F'").set_index("arm")
    waiting = read_value("microcontrollers.by-units[units=25].wait_saving", paths.results())
    assert 100 * (1 - found.loc["exp_free", "high"]) == pytest.approx(waiting)
    assert found.loc["exp_free", "ratio"] < found.loc["exp_free", "high"]
    cycles = "microcontrollers.battery[units=25, arm={}].cycles"
    known = {cycles.format("libm"): 300, cycles.format("exp_free"): 100, cycles.format("isru"): 200}
    share = 100 * (1 - (100 + 60) / (300 + 60))
    known["microcontrollers.by-units[units=25].wait_saving"] = share
    read = reader({at: (value, value, value) for at, value in known.items()})
    assert waiting_saving(read, "exp_free") == pytest.approx(share)
    assert waiting_saving(read, "isru") == pytest.approx(100 * (1 - 260 / 360))


def test_what_an_arm_saves_on_the_device_holds_each_reading_and_the_waiting():
    steps = Recorded(paths.results(), "microcontrollers").table("steps").rows
    gains = "microcontrollers.gains[measure=cycles, core=m4f, arm=exp_free, against=libm, units=25]"
    recorded = published(f"{gains}.saving")
    waiting = read_value("microcontrollers.by-units[units=25].wait_saving", paths.results())
    found = device_saving(published, steps, "exp_free")
    assert found.value == pytest.approx(recorded["value"])
    assert (found.low, found.high) == pytest.approx((waiting, recorded["high"]))
    for arm in ("table", "hard", "polynomial", "rational", "softsign"):  # any of them avoids libm
        assert device_saving(published, steps, arm).low > limits(load_claims()).relevance, arm
    assert device_saving(published, [], "table") is None
    assert device_saving(reader({}), steps, "table") is None


def prose() -> dict[str, str]:
    """Return what a reader reads: pages, claims, and the markdown of the notebooks."""
    root = paths.root()
    pages = [root / "README.md", root / "book" / "claims.yml", *(root / "book").glob("*.md")]
    found = {page.name: page.read_text(encoding="utf-8") for page in pages}
    for path in (root / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        found[path.name] = "\n\n".join(text)
    return found


def test_no_headline_for_the_device_leaves_the_waiting_out():
    """The recorded interval holds readings of the table alone: a range is said by `device`."""
    readings = r"\{val\}`microcontrollers\.gains\[[^`]*core=m4f[^`]*against=libm[^`]*interval"
    for page, text in prose().items():
        assert not re.search(readings, text), f"{page}: say {{device}}`exp_free` instead"
    chapter = prose()["microcontrollers.ipynb"].split("## ")
    verdict = next(part for part in chapter if part.startswith("Verdict"))
    for headline in (chapter[0], verdict):
        assert "{device}`exp_free`" in headline
        assert re.search(r"two (wait states|cycles)", headline), "what the range holds"
    assert "two wait states" in INTRO


@pytest.mark.parametrize("arm", ["exp_free", "isru"])
@pytest.mark.parametrize("units", [10, 25, 50, 100])
def test_the_range_holds_none_to_two_wait_states(arm, units):
    steps = Recorded(paths.results(), "microcontrollers").table("steps").rows
    found = device_saving(published, steps, arm, units)
    of_steps = {row["arm"]: row for row in steps if row["units"] == units}
    for states in (0, 1, 2):  # for each weight: of four gates, 10 inputs, the units and a bias
        waiting = states * 4 * units * (10 + units + 1)
        ratio = (of_steps[arm]["cycles"] + waiting) / (of_steps["libm"]["cycles"] + waiting)
        assert found.low <= 100 * (1 - ratio) + 1e-3 and 100 * (1 - ratio) <= found.high


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((35.06, 45.47), "35 to 45 % less time"),
        ((-75.4, -46.6), "47 to 75 % more time"),
        ((-0.9, 10.6), "between 1 % more and 11 % less time"),
        ((-3.0, 0.1), "0 to 3 % more time"),
        ((45.3, 45.3), "45 % less time"),
        ((0.0, 0.0), "unchanged"),
        ((-0.2, 0.3), "unchanged"),
    ],
)
def test_a_saving_in_words(ends, said):
    assert change(*ends) == said


def test_the_picture_has_a_row_for_each_platform_and_the_line_at_one():
    more = Platform("A new one", "analysed", {"isru": Mark("a.saving")})
    read = reader({"a.saving": (10, 5, 20)})

    def both(address):
        return read(address) or published(address)

    table = step_times(both, (*PLATFORMS, more))
    (axes,) = step_times_figure(table).axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert sorted(names) == sorted(platform.name for platform in (*PLATFORMS, more))
    said = [text.get_text() for text in axes.texts]
    assert {"Measured", "Analysed: one call in a loop", "Emulated"} <= set(said)
    left, right = (next(t for t in axes.texts if word in t.get_text()) for word in ("fas", "slo"))
    assert (left.get_ha(), right.get_ha()) == ("right", "left"), "each on its side of the line"
    assert axes.get_xscale() == "log" and axes.lines[0].get_xdata()[0] == 1
    assert table[["low", "ratio", "high"]].apply(lambda row: list(row) == sorted(row), axis=1).all()
    said = "A new one, analysed: 0.90 (0.80 to 0.95) with ISRU for tanh over tanh."
    assert said in step_times_words(table)


def test_a_platform_that_a_run_did_not_measure_has_no_row():
    table = step_times(reader({"a.saving": (10, 5, 20)}), PLATFORMS)
    assert isinstance(table, pd.DataFrame) and table.empty


def chapters_quoted() -> set[str]:
    """Return the chapters whose values the answer shows, in words or in the picture."""
    advice = [advice_on_accuracy(read_run_values("results"))[1]]
    answer = INTRO.split("## Which formula")[0]
    found = [at for text in (answer, *advice) for at in QUOTED.findall(text)]
    addresses = [part for at in found for part in at.split(" and ")]
    addresses += [mark.saving for one in PLATFORMS for mark in one.marks.values()]
    addresses += [place.decides.saving for place in PLACES.values()]
    chapters = {address.split(".")[0] for address in addresses}
    return chapters & read_run_values(paths.results()).keys()  # one may not be published yet


def test_no_quick_result_stands_beside_a_full_one():
    """Chapters whose values are exact are the same in every profile."""
    found = chapters_quoted()
    assert {"forecaster", "microcontrollers"} <= found
    for chapter in found:
        source = paths.root() / "notebooks" / f"{chapter}.ipynb"
        kind = json.loads(source.read_text(encoding="utf-8"))["metadata"]["isru"]["kind"]
        profile = Recorded(paths.results(), chapter).provenance["profile"]
        assert kind == "exact" or profile == "full", chapter


def test_no_word_above_the_fold_needs_a_dictionary():
    shown = re.sub(r"\{\w+\}`[^`]*`", "", INTRO.split("## Which formula")[0])
    for text in (shown, *(claim.sentence for claim in load_claims() if claim.id == "C5")):
        odd = r"\b(?:libm|skill|pp|ULP|eager|SIMD|arm|A/A)\b|(?<!percentage )\bpoints\b"
        assert not re.search(odd, text), re.search(odd, text)
    assert "compiler XLA" in PLACES["keras"].name, "the box says what the table names"


def test_the_first_page_has_at_most_900_words():
    """A value counts as one word, however long its address."""
    assert len(re.sub(r"\{\w+\}`[^`]*`", "value", INTRO).split()) <= 900
    rows = [line for line in INTRO.split("## Your case")[0].splitlines() if line.startswith("|")]
    assert len(rows) - 2 <= 5, "head and rule, then at most five rows"


def advice_on_accuracy(values) -> tuple[str, str]:
    """Return the answer of the first page on accuracy, and the sentence below its table."""
    claims = [claim for claim in load_claims() if claim.id == "C5"]
    (claim,), (verdict,) = claims, verdicts(claims, values)
    return plainly(verdict.word), what_to_do(claim, verdict)


def made_up(low, high, gates=True):
    """Return what a chapter on accuracy might record: octaves of units from low to high."""
    ends = {"value": (low + high) / 2, "low": low, "high": high, "kind": "tolerance"}
    row = "summaries[arm=isru]"
    known = {f"{row}.octaves": ends, f"{row}.tasks": {"value": 8, "kind": "exact"}}
    known[f"{row}.gates"] = {"value": gates, "kind": "exact"}
    known[f"{row}.reason"] = {"value": "five tasks count", "kind": "exact"}
    known |= {f"{row}.{end}": {"value": ends[end]} for end in ("low", "high")}
    return {"accuracy": known}


@pytest.mark.parametrize(
    ("values", "said", "begins"),
    [
        ({}, "not measured", "Try ISRU on your own task: the tasks that can tell were not"),
        (made_up(-0.1, 0.3), "unknown so far", "Try ISRU on your own task: over 8 tasks it costs"),
        (made_up(-0.1, 0.1, False), "unknown so far", "Try ISRU on your own task: over 8 tasks"),
        (made_up(-0.5, 0.1), "yes", "Expect no loss that matters on average: over 8 tasks ISRU"),
        (made_up(-0.1, 0.1), "yes", "Expect no difference on average: over 8 tasks ISRU in"),
        (made_up(0.3, 0.5), "no", "Expect a loss at the same size: over 8 tasks ISRU in tanh's"),
    ],
)
def test_the_first_page_says_of_accuracy_whatever_comes_out(values, said, begins):
    answer, sentence = advice_on_accuracy(values)
    known = values.get("accuracy", {})

    def shown(role):
        address, _, form = role[1].removesuffix(" optional").partition(":")
        entry = known.get(split(address)[1]) or published(address)
        return formatted(entry["value"], form)

    sentence = QUOTED.sub(shown, " ".join(sentence.split()))
    assert answer == said
    assert sentence.startswith(begins) and sentence.endswith(".")
    if known:
        octaves = known["summaries[arm=isru].octaves"]
        at, low, high = (formatted(octaves[end], ".2f") for end in ("value", "low", "high"))
        assert f"costs {at} (95 % interval {low} to {high}) times" in sentence


def test_the_weather_that_stands_for_what_was_not_measured_hardly_needs_a_network():
    network = published("forecaster.means[metric=skill, arm=tanh, units=25].mean")["value"]
    linear = published("forecaster.baselines[metric=skill, rule=linear].score")["value"]
    assert linear > 0.9 * network


def test_each_published_verdict_has_a_sentence_of_its_own():
    claims = load_claims()
    for claim, verdict in zip(claims, verdicts(claims, read_run_values("results")), strict=True):
        sentence = what_to_do(claim, verdict)
        assert sentence in claim.apply.values() or not verdict.measured, claim.id
        assert what_to_do(replace(claim, apply={}), verdict) != sentence or not verdict.measured


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("equivalent", "yes"),
        ("depends on form and dtype", "it depends"),
        ("inconclusive", "unknown so far"),
        ("refuted", "no"),
        ("not measured yet", "not measured"),
    ],
)
def test_a_verdict_in_plain_words(verdict, said):
    assert plainly(verdict) == said


def test_a_word_that_is_no_verdict_is_refused():
    with pytest.raises(ValueError, match="expected a verdict, such as 'confirmed', got 'depends'"):
        plainly("depends")


def test_the_history_names_claims_and_commits_that_there_are():
    known = {claim.id for claim in load_claims()}
    shallow = git("rev-parse", "--is-shallow-repository") == "true"  # it lacks old commits
    for entry in load_history():
        assert set(entry.claims) <= known
        date = git("show", "-s", "--format=%cs", entry.commit)
        assert date == entry.date.isoformat() or (shallow and not date), entry.commit


def test_the_page_of_changes_says_when_the_rules_were_written():
    page = (paths.root() / "book" / "history-of-rules.md").read_text(encoding="utf-8")
    commit, date = re.search(r"commit `(\w+)`", page)[1], re.search(r"on (\d+ \w+ \d+)", page)[1]
    told = git("show", "-s", "--format=%cs", commit)
    if not told:
        pytest.skip("the history does not reach back to the first rules")
    assert datetime.strptime(date, "%d %B %Y").date().isoformat() == told
    first = git("show", f"{commit}:book/claims.yml")
    assert all(f"- id: {claim.id}\n" in first for claim in load_claims())


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ("C1", "surely above 1; it matters beyond a factor of 1.02"),
        ("C5", "surely no more is lost than the margin; the margin is 0.2 octaves"),
        ("C7", "in parts, all of which must hold: confirmed where the effect is surely below 1;"),
        (
            "C7",
            "; confirmed where the effect is surely above 1; it matters beyond a factor of 1.02",
        ),
        ("C8", "surely lies between 3 and 6"),
    ],
)
def test_a_rule_is_told_in_words(claim, words):
    (found,) = (rule_in_words(one) for one in load_claims() if one.id == claim)
    assert words in found
    assert "between" not in found or "matters" not in found, "no margin widens a range"


def git(*words):
    done = subprocess.run(["git", *words], capture_output=True, text=True, cwd=paths.root())
    return done.stdout.strip()


def test_the_other_rival_on_the_device_is_the_hard_tanh_that_the_page_names():
    gains = Recorded(paths.results(), "microcontrollers")
    cell = "gains[measure=cycles, core=m4f, arm=exp_free, against=other, units=25].rival"
    assert gains[cell]["value"] == "hard"


ENTRY = """
- claims: [C4]
  date: 2026-11-21
  commit: d5d8a4b
  kind: rule
  after: pilot runs
  what: It presumes a saving.
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ENTRY.replace("kind: rule", "kind: luck"), "entry 1, field kind: expected one of rule, "),
        (ENTRY.replace("2026-11-21", "late"), "entry 1, field date: expected a date such as"),
        (ENTRY.replace("d5d8a4b", "it"), "entry 1, field commit: expected seven or more hex"),
        (ENTRY.replace("[C4]", "C4"), "entry 1, field claims: expected a list of claims"),
        (ENTRY.replace("  after: pilot runs\n", ""), "field after: expected a value"),
        (ENTRY.replace("after:", "before:"), "field before: expected a field of claims"),
        (ENTRY + ENTRY.replace("11-21", "11-20"), "expected the oldest first, got 2026-11-20"),
        ("a: 1", "expected a list of changes"),
    ],
)
def test_a_broken_history_is_named_with_its_field(tmp_path, text, message):
    path = tmp_path / "history-of-rules.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        load_history(path)
