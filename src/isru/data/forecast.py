"""Weather forecasting as a learning task: 24 hours in, the temperature or the rain ahead out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isru.data.weather import features, hourly_weather, read_weather
from isru.data.windows import Scaler, carry_forward, parts_in_time, window_starts


@dataclass(frozen=True)
class WindowSet:
    """The windows of one part (training, validation or test), n of them.

    Attributes
    ----------
    inputs : ndarray, shape (n, T, F), float32
        Scaled `isru.data.weather.FEATURES`; T = window.
    change : ndarray, shape (n, 1), float32
        Temperature change from the window's last hour to ``horizon`` hours later, in units of
        ``ForecastWindows.change_scale``. Persistence predicts 0.
    rain : ndarray, shape (n, 1), float32
        1 where any precipitation falls in the ``horizon`` hours after the window, else 0.
    end : ndarray of datetime64[h], shape (n,)
        The window's last hour, UTC.
    airport : ndarray of str, shape (n,)
    """

    inputs: np.ndarray
    change: np.ndarray
    rain: np.ndarray
    end: np.ndarray
    airport: np.ndarray


@dataclass(frozen=True)
class ForecastWindows:
    """Three parts in time order, with what was fitted on the first.

    Attributes
    ----------
    train, validation, test : WindowSet
    scaler : Scaler
        Of the inputs, fitted on the hours of the training part.
    change_scale : float
        Standard deviation of the training windows' temperature change, degrees F.
    window, horizon : int
        Hours.
    dropped : dict of {str: int}
        Windows of each part left out because a gap is too long or a target unknown.
    """

    train: WindowSet
    validation: WindowSet
    test: WindowSet
    scaler: Scaler
    change_scale: float
    window: int
    horizon: int
    dropped: dict[str, int]

    @property
    def spans(self) -> dict[str, tuple[np.datetime64, np.datetime64]]:
        """First input hour and last target hour (UTC) of each part."""
        before = np.timedelta64(self.window - 1, "h")
        after = np.timedelta64(self.horizon, "h")
        return {
            name: (part.end.min() - before, part.end.max() + after)
            for name, part in (
                ("training", self.train),
                ("validation", self.validation),
                ("test", self.test),
            )
        }


def forecast_windows(
    airports: Sequence[str] = ("JFK",),
    *,
    window: int = 24,
    horizon: int = 6,
    fill_hours: int = 6,
    shares: Sequence[float] = (0.6, 0.2, 0.2),
    path: str | Path | None = None,
) -> ForecastWindows:
    """Cut the year into windows for training, validation and test, in time order.

    All airports are cut at the same hours, with ``window + horizon`` unused hours between the
    parts. A missing input is carried forward from the past for at most ``fill_hours``; a window
    with a longer gap is dropped. Targets are observed, never filled. Rainy hours lack the
    pressure seven times as often as dry ones, so that dropping instead of filling would drop
    the rain.

    Parameters
    ----------
    airports : sequence of str
        Some of ``"EWR"``, ``"JFK"`` and ``"LGA"``, each once.
    window, horizon : int
        Hours of input, and hours ahead.
    fill_hours : int
        Longest gap that is filled, hours; 0 fills nothing.
    shares : sequence of 3 float
        Lengths of the three parts, relative to each other.
    path : str or Path, optional
        See `isru.data.weather.read_weather`.

    Raises
    ------
    FileNotFoundError, ValueError
        See `read_weather` and `hourly_weather` in `isru.data.weather`, and
        `isru.data.windows.parts_in_time`; also if a part has no window at all.
    """
    if not airports or len(set(airports)) != len(airports):
        raise ValueError(f"expected some different airports, got {list(airports)}")
    frame = read_weather(path)
    grids = {airport: hourly_weather(frame, airport) for airport in airports}
    raw = {airport: features(grid) for airport, grid in grids.items()}
    hours = len(next(iter(grids.values())))
    parts = dict(
        zip(
            ("train", "validation", "test"),
            parts_in_time(hours, shares, gap=window + horizon),
            strict=True,
        )
    )
    scaler = Scaler.fit(np.concatenate([values[parts["train"]] for values in raw.values()]))
    inputs = {
        airport: scaler.apply(carry_forward(values, fill_hours)) for airport, values in raw.items()
    }
    sets, dropped = {}, {}
    for name, part in parts.items():
        pieces = [
            _windows(inputs[airport], grids[airport], airport, part, window, horizon)
            for airport in airports
        ]
        sets[name] = WindowSet(*(np.concatenate(arrays) for arrays in zip(*pieces, strict=True)))
        possible = max(part.stop - part.start - window - horizon + 1, 0) * len(grids)
        dropped[name] = possible - len(sets[name].change)
        if dropped[name] == possible:
            raise ValueError(
                f"expected windows in the {name} part, got none in its "
                f"{part.stop - part.start} hours; shorten the window or raise fill_hours"
            )
    scale = float(sets["train"].change.std()) or 1.0
    for one in sets.values():
        one.change[:] /= scale
    return ForecastWindows(
        **sets, scaler=scaler, change_scale=scale, window=window, horizon=horizon, dropped=dropped
    )


def _windows(values, grid, airport: str, part: slice, window: int, horizon: int) -> tuple:
    """Return the arrays of a `WindowSet` of one airport, the change in degrees F."""
    starts = window_starts(np.isfinite(values).all(axis=1), window, part, horizon)
    temp, precip = grid["temp"].to_numpy(), grid["precip"].to_numpy()
    last = starts + window - 1
    change = temp[last + horizon] - temp[last]
    falling = precip[last[:, None] + np.arange(1, horizon + 1)]
    known = np.isfinite(change) & np.isfinite(falling).all(axis=1)
    starts, last, change, falling = starts[known], last[known], change[known], falling[known]
    return (
        values[starts[:, None] + np.arange(window)].astype(np.float32),
        change[:, None].astype(np.float32),
        (falling > 0).any(axis=1, keepdims=True).astype(np.float32),
        grid.index.to_numpy()[last].astype("datetime64[h]"),
        np.full(len(starts), airport),
    )
