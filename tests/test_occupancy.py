"""Room occupancy: files checked, windows without leakage, rules, and a study that may be empty."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from isru.chapters.forecaster import occupancy as experiment
from isru.chapters.forecaster.figures import rules_and_networks
from isru.chapters.forecaster.occupancy import OccupancyCase, occupancy_row, occupancy_study
from isru.data import occupancy
from isru.data.occupancy import occupancy_folder, occupancy_windows, read_occupancy
from isru.studies.occupancy_rules import best_threshold, confusion, rules

pytestmark = pytest.mark.slow

WHERE = {"processes": 1, "progress": False}
STUDY = {"seed": 0, "learning_rates": [0.003], "choice_seeds": 1, "where": WHERE}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return three made-up files: somebody is there while the light exceeds 300."""
    rng, digests = np.random.default_rng(0), {}
    for name, count in {"datatraining.txt": 400, "datatest.txt": 120, "datatest2.txt": 90}.items():
        light = np.where(np.arange(count) // 30 % 2, 400.0, 10.0) + rng.normal(0, 5, count)
        rows = [
            f'"{n}","2015-02-04 17:51:00",{21 + n / 100},27,{one},{600 + n},{5000 + n}e-6,'
            f"{int(one > 300)}"
            for n, one in enumerate(light)
        ]
        header = '"date","Temperature","Humidity","Light","CO2","HumidityRatio","Occupancy"'
        text = "\n".join([header, *rows]) + "\n"
        (tmp_path / name).write_text(text)
        digests[name] = hashlib.sha256(text.encode()).hexdigest()
    monkeypatch.setattr(occupancy, "SHA256", digests)
    monkeypatch.setattr(occupancy, "ORIGINAL_ROWS", 100)
    experiment._windows.cache_clear()
    yield tmp_path
    experiment._windows.cache_clear()


def test_without_the_files_there_is_no_folder_but_a_given_one_must_have_them(tmp_path, monkeypatch):
    monkeypatch.setenv("ISRU_DATA", str(tmp_path))
    assert occupancy_folder() is None
    with pytest.raises(FileNotFoundError, match=r"expected the files datatraining\.txt.*unpack"):
        occupancy_folder(tmp_path / "elsewhere")


def test_a_changed_file_is_refused(folder):
    (folder / "datatest.txt").write_text("something else\n")
    with pytest.raises(ValueError, match=r"datatest\.txt: expected the file with SHA-256"):
        read_occupancy(folder)


def test_a_failed_download_says_where_to_put_the_files(tmp_path, monkeypatch):
    import pooch

    def offline(*_, **__):
        raise ConnectionError("no network")

    monkeypatch.setenv("ISRU_DATA", str(tmp_path))
    monkeypatch.setattr(pooch, "retrieve", offline)
    with pytest.raises(FileNotFoundError, match=r"could not be fetched .*put its files into"):
        occupancy_folder(download=True)


def test_a_window_ends_in_the_minute_that_it_is_asked_about(folder):
    windows = occupancy_windows(folder, window=4, stride=3)
    for part, rows in ((windows.after, 90), (windows.original, 100)):
        assert part.inputs.shape == (rows - 3, 4, 5)
        np.testing.assert_array_equal(part.last[:, 2] > 300, part.occupied)
        np.testing.assert_array_equal(part.before[1:], part.occupied[:-1])
        np.testing.assert_array_equal(part.inputs[1:, 0], part.inputs[:-1, 1])
    minutes = windows.train.last[:, 0], windows.validation.last[:, 0]
    assert minutes[0].max() < minutes[1].min() - 0.04 and len(minutes[0]) == 98
    assert abs(windows.train.inputs.mean()) < 0.1
    dark = occupancy_windows(folder, light=False)
    assert "Light" not in dark.features and dark.after.inputs.shape[2] == 4


def test_the_best_threshold_is_found_and_the_answers_are_counted():
    rng = np.random.default_rng(1)
    values = rng.standard_normal((200, 3))
    column, threshold = best_threshold(values, values[:, 1] > 0.3)
    below = values[:, 1][values[:, 1] <= 0.3].max()
    assert column == 1 and below < threshold < values[:, 1][values[:, 1] > 0.3].min()
    said, true = np.array([1, 1, 0, 0, 0]) == 1, np.array([1, 0, 1, 0, 0]) == 1
    assert confusion(said, true) == {"accuracy": 60.0, "tp": 1, "tn": 2, "fp": 1, "fn": 1}


def test_the_rules_know_what_they_know(folder):
    table = rules(occupancy_windows(folder)).set_index(["rule", "test"])["accuracy"]
    assert table["threshold", "after"] == 100 > table["persistence", "after"] > 90
    assert table["majority", "after"] < 70


def test_a_row_is_repeatable_and_silent_about_the_tests_unless_asked(folder):
    case = OccupancyCase("isru", "dark", 1, str(folder), units=3, epochs=1)
    row = occupancy_row(case)
    assert row == occupancy_row(case) and not any("original" in name for name in row)
    with pytest.raises(ValueError, match=r"inputs: expected one of .*got 'light'"):
        OccupancyCase("isru", "light", 1, str(folder))


def test_a_study_pairs_all_arms_on_both_tests(folder):
    rng = np.random.default_rng(0)
    study = occupancy_study(folder, seeds=2, rng=rng, **STUDY, units=3, epochs=1)
    assert len(study.networks) == 7 * 2 * 2 * 2 and len(study.pairs) == 6 * 2 * 2 * 2
    counts = study.networks.groupby("test")[["tp", "tn", "fp", "fn"]].sum().sum(axis=1)
    assert (counts / 28).to_dict() == {"after": 86, "original": 96}
    wide = study.networks.set_index(["inputs", "test", "seed", "arm"])["accuracy"]
    one = study.pairs.set_index(["inputs", "test", "seed", "arm"])["difference"]
    key = ("all", "after", 1000)
    assert one[(*key, "isru")] == pytest.approx(wide[(*key, "isru")] - wide[(*key, "tanh")])
    assert len(study.summary) == 6 * 4 and set(study.summary["word"]) == {"undecided"}
    assert set(study.rules["inputs"]) == {"all", "dark"}
    figure = rules_and_networks(study.networks, study.rules)
    assert "LSTM, ISRU" in [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_without_data_the_study_is_empty_and_the_figure_says_so():
    study = occupancy_study(None, seeds=2, rng=np.random.default_rng(0), **STUDY)
    assert all(table.empty for table in vars(study).values())
    (axes,) = rules_and_networks(study.networks, study.rules).axes
    assert "were not there" in axes.texts[0].get_text()


@pytest.mark.skipif(
    occupancy_folder() is None,
    reason="the room-occupancy data (UCI) are not in the folder of downloads",
)
def test_the_rows_of_the_original_are_those_that_score_what_it_reports():
    frame: pd.DataFrame = read_occupancy(occupancy_folder())["datatest.txt"][:2000]
    occupied = frame["Occupancy"] == 1
    assert round(100 * (1 - occupied.mean()), 1) == 59.9
    assert 100 * ((frame["Light"] > 364.5) == occupied).mean() == pytest.approx(98.0, abs=0.005)
