"""The tasks: parts that share nothing, units from the training part alone, known properties."""

import numpy as np
import pytest

from isru.chapters.accuracy.tasks import (
    TASKS,
    characters,
    dyck,
    mackey_glass,
    narma,
    vowels,
    watch,
)
from isru.chapters.accuracy.tasks.entry import draws
from isru.chapters.accuracy.tasks.series import forecast_split
from isru.data import sequences

# Sequences that train and test, steps, features.
SHAPES = {
    "vowels": (270, 290, 29, 12),
    "watch": (None, None, 20, 6),  # as many as the people have windows
    "digits": (900, 697, 8, 8),
    "laser": (1792, 1184, 16, 1),
    "mackey_glass": (1223, 765, 16, 1),
    "narma": (2400, 1149, 20, 1),
    "dyck": (600, 400, 24, 4),
    "characters": (1800, 500, 32, None),  # symbols
}
EVERY = pytest.mark.parametrize("name", TASKS)


def arrays(split):
    return [array for part in split for array in part]


def as_rows(part):
    """Return a part's sequences as a set, to see which two parts share."""
    return {row.tobytes() for row in part.inputs}


@EVERY
def test_parts_have_the_shapes_and_targets_that_the_task_states(name):
    task = TASKS[name]
    train, validation, test = task.split(1)
    expected = SHAPES[name]
    assert expected[0] in (None, len(train.inputs))
    assert expected[1] in (None, len(test.inputs))
    for inputs, targets in (train, validation, test):
        assert inputs.shape[1:] == tuple(size for size in expected[2:] if size)
        assert np.isfinite(inputs).all()
        assert len(targets) == len(inputs)
        if task.classes:
            assert targets.shape[1:] == (inputs.shape[1:2] if task.sequences else ())
            assert targets.dtype.kind == "i"
            assert set(np.unique(targets)) <= set(range(task.classes))
        else:
            assert (targets.dtype, targets.shape[1:]) == (np.float32, (1,))
            assert np.isfinite(targets).all()
        if inputs.ndim == 3:
            assert inputs.dtype == np.float32
    if task.classes:
        assert len(np.unique(train.targets)) == task.classes


@EVERY
def test_a_seed_gives_the_same_split_each_time_and_another_seed_another(name):
    task = TASKS[name]
    for first, second in zip(arrays(task.split(3)), arrays(task.split(3)), strict=True):
        np.testing.assert_array_equal(first, second)
    same = len(task.split(3).train.inputs) == len(task.split(4).train.inputs) and np.array_equal(
        task.split(3).train.inputs, task.split(4).train.inputs
    )
    assert same == (name == "laser")  # there is one series


@pytest.mark.parametrize("name", [name for name in TASKS if name != "characters"])
@pytest.mark.parametrize("seed", [1, 2])
def test_no_sequence_is_in_two_parts(name, seed):
    train, validation, test = map(as_rows, TASKS[name].split(seed))
    assert not train & validation
    assert not train & test
    assert not validation & test


@EVERY
def test_a_task_says_in_two_sentences_what_it_is_and_who_meets_it(name):
    task = TASKS[name]
    assert task.about.count(". ") == 1
    assert task.about.endswith(".")
    assert task.loss == ("cross_entropy" if task.classes else "log_mse")
    assert list(task.rates) == sorted(task.rates)


def test_of_the_vowels_the_training_part_alone_decides_the_units(monkeypatch):
    utterances, speakers = sequences.japanese_vowels()
    before = vowels.split(1)
    filled = before.train.inputs.any(2)
    np.testing.assert_allclose(before.train.inputs[filled].mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(before.train.inputs[filled].std(0), 1, atol=1e-5)
    trains = draws(1).permutation(640)[:270]
    louder = [u if row in trains else 100 * u for row, u in enumerate(utterances)]
    monkeypatch.setattr(vowels, "japanese_vowels", lambda: (louder, speakers))
    after = vowels.split(1)
    np.testing.assert_array_equal(after.train.inputs, before.train.inputs)
    assert abs(after.test.inputs).max() > 20 * abs(before.test.inputs).max()


def test_an_utterance_ends_at_the_last_step_and_zeros_come_before_it(monkeypatch):
    utterances = [np.full((length, 12), length, np.float32) for length in (7, 29)] * 320
    monkeypatch.setattr(vowels, "japanese_vowels", lambda: (utterances, np.arange(640) % 9))
    inputs = vowels.split(1).train.inputs
    filled = inputs.any(2)
    assert filled[:, -1].all()
    assert set(filled.sum(1)) == {7, 29}
    assert (np.diff(filled.astype(int), axis=1) >= 0).all()


def test_nobody_who_wears_the_watch_is_in_two_parts(monkeypatch):
    inputs, exercises, subjects = watch.windows()
    named = np.broadcast_to(subjects[:, None, None], inputs.shape).astype(np.float32)
    monkeypatch.setattr(watch, "windows", lambda: (named, exercises, subjects))
    people = [set(np.unique(part.inputs)) for part in watch.split(1)]
    assert [len(group) for group in people] == [5, 2, 3]
    assert len(set.union(*people)) == 10
    assert TASKS["watch"].overlap == 3 / 5
    assert not any(task.overlap for task in TASKS.values() if task.name != "watch")


def test_of_the_watch_the_training_part_alone_decides_the_units():
    train, _, test = watch.split(1)
    np.testing.assert_allclose(train.inputs.mean((0, 1)), 0, atol=1e-4)
    np.testing.assert_allclose(train.inputs.std((0, 1)), 1, atol=1e-4)
    assert abs(test.inputs.mean((0, 1))).max() > 1e-3


def test_windows_of_the_watch_are_means_of_samples_that_follow_each_other(monkeypatch):
    recording = np.repeat(np.arange(257.0)[:, None], 6, axis=1)
    given = (recording,), np.array([4]), np.array([9])
    monkeypatch.setattr(watch, "watch_recordings", lambda: given)
    inputs, exercises, subjects = watch.windows.__wrapped__()
    assert (inputs.shape, list(exercises), list(subjects)) == ((2, 20, 6), [4, 4], [9, 9])
    np.testing.assert_array_equal(inputs[:, :, 0].ravel(), 5 * np.arange(40) + 2)


def test_a_window_of_a_series_and_its_target_lie_in_one_part():
    split = forecast_split(np.arange(500.0), step=3, ahead=7)
    mean, scale = np.arange(300).mean(), np.arange(300).std()
    for (inputs, targets), (first, last) in zip(
        split, [(0, 300), (300, 400), (400, 500)], strict=True
    ):
        places = np.rint(inputs[..., 0] * scale + mean)
        ahead = np.rint(targets * scale + mean)
        assert (np.diff(places) == 3).all()
        np.testing.assert_array_equal(ahead[:, 0], places[:, -1] + 7)
        assert places.min() == first
        assert last - 2 <= ahead.max() < last


def test_the_start_of_a_series_alone_decides_its_unit():
    series = np.sin(np.arange(500.0))
    changed = np.where(np.arange(500) < 300, series, 50)
    one, other = (forecast_split(each, step=1, ahead=1) for each in (series, changed))
    np.testing.assert_array_equal(one.train.inputs, other.train.inputs)
    np.testing.assert_array_equal(one.train.targets, other.train.targets)


def test_mackey_glass_agrees_with_a_finer_integration_while_chaos_allows():
    coarse, fine = (mackey_glass.mackey_glass(1.25, 60, steps=steps) for steps in (10, 160))
    np.testing.assert_allclose(coarse, fine, atol=0.01)
    assert np.ptp(fine) > 0.3


def test_mackey_glass_rests_at_one_is_bounded_and_forgets_nothing():
    np.testing.assert_allclose(mackey_glass.mackey_glass(1.0, 200), 1, atol=1e-12)
    one, other = (mackey_glass.mackey_glass(start, 3000) for start in (1.2, 1.2 + 1e-6))
    assert one[500:].min() > 0.2
    assert one.max() < 1.5
    assert abs(one - other)[:50].max() < 1e-4
    assert abs(one - other)[-500:].max() > 0.1


def test_narma_settles_where_its_equation_has_its_fixed_point():
    u = 0.2
    rest = (0.7 - np.sqrt(0.49 - 2 * (1.5 * u**2 + 0.1))) / 1.0  # 0.5 y^2 - 0.7 y + c = 0
    assert narma.narma10(np.full(300, u))[-1] == pytest.approx(rest)


def test_a_target_of_narma_answers_to_the_last_input_of_its_window():
    inputs, answers = narma._driven(draws(1))
    train = narma.split(1).train
    u = inputs[: 2400 + 20]
    y, last = answers[19:2419], u[19:2419]
    sums = np.array([answers[t - 9 : t + 1].sum() for t in range(19, 2419)])
    expected = 0.3 * y + 0.05 * y * sums + 1.5 * u[10:2410] * last + 0.1
    np.testing.assert_allclose(
        train.targets[:, 0], (expected - expected.mean()) / expected.std(), atol=1e-5
    )
    np.testing.assert_allclose(train.inputs[:, -1, 0], (last - 0.25) * np.sqrt(48), atol=1e-5)


def test_a_filter_that_ran_away_is_driven_anew(monkeypatch):
    found = iter([np.full(4600, np.inf), np.full(4600, np.nan), np.zeros(4600)])
    monkeypatch.setattr(narma, "narma10", lambda _: next(found))
    assert narma._driven(draws(1))[1].max() == 0


def test_brackets_close_what_was_opened_last_and_are_at_most_four_deep():
    words = dyck.bracket_words(draws(1), 300, 60)
    depths = set()
    for word in words:
        stack = []
        for symbol in word:
            if symbol < 2:
                stack.append(symbol)
            else:
                assert symbol - 2 == stack.pop()
            depths.add(len(stack))
    assert depths == {0, 1, 2, 3, 4}
    assert np.bincount(words[:, 0]).tolist()[:2] == pytest.approx([150, 150], abs=40)


def test_the_next_bracket_is_the_target():
    train = dyck.split(1).train
    np.testing.assert_array_equal(train.inputs.argmax(2)[:, 1:], train.targets[:, :-1])


def test_windows_of_text_lie_in_their_own_part_and_the_next_letter_is_the_target():
    texts = ["".join(characters._ALPHABET.decode(part)) for part in characters._parts()]
    for text, (inputs, targets) in zip(texts, characters.split(1), strict=True):
        np.testing.assert_array_equal(inputs[:, 1:], targets[:, :-1])
        for row, last in zip(inputs[:100], targets[:100, -1], strict=True):
            assert characters._ALPHABET.decode([*row, last]) in text


def test_the_vowels_are_those_of_the_publication():
    utterances, speakers = sequences.japanese_vowels()
    assert np.bincount(speakers[:270]).tolist() == [30] * 9
    assert np.bincount(speakers[270:]).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    lengths = [len(utterance) for utterance in utterances]
    assert (min(lengths), max(lengths)) == (7, 29)
    assert utterances[0][0, 0] == np.float32(1.860936)


def test_the_watch_was_worn_by_ten_people_for_seven_exercises():
    recordings, exercises, subjects = sequences.watch_recordings()
    assert len(recordings) == len(exercises) == len(subjects) == 140
    assert set(exercises) == set(range(7))
    assert set(subjects) == set(range(1, 11))
    assert all(recording.shape[1] == 6 for recording in recordings)
    assert all(np.isfinite(recording).all() for recording in recordings)


def test_the_laser_begins_as_in_the_competition():
    assert sequences.santa_fe_laser()[:10].tolist() == [86, 141, 95, 41, 22, 21, 32, 72, 138, 111]
