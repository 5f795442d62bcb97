"""From cycles to charge and days: arithmetic on stated assumptions, no measurement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_SECONDS_A_DAY = 86_400.0


@dataclass(frozen=True)
class Device:
    """What is assumed of a device that wakes, computes some steps, and sleeps.

    Attributes
    ----------
    clock_mhz : float
        The core's clock.
    active_ma, sleep_ua : float
        Supply current while the core computes (mA) and while it sleeps (uA).
    volts : float
    battery_mah : float
        Usable charge.
    steps_per_second : float
        Time steps of the network.
    """

    clock_mhz: float
    active_ma: float
    sleep_ua: float
    volts: float
    battery_mah: float
    steps_per_second: float

    def step_us(self, cycles):
        """Return the time of one step, in microseconds."""
        return np.asarray(cycles) / self.clock_mhz

    def step_uj(self, cycles):
        """Return the energy of one step while the core is awake, in microjoules."""
        return self.step_us(cycles) * self.active_ma * self.volts / 1000

    def busy_share(self, cycles):
        """Return the share of the time in which the core computes.

        Raises
        ------
        ValueError
            If the steps do not fit into the time.
        """
        share = self.step_us(cycles) * 1e-6 * self.steps_per_second
        if np.any(share > 1):
            raise ValueError(
                f"expected at most {1e6 * self.clock_mhz / self.steps_per_second:.0f} cycles a "
                f"step ({self.steps_per_second:g} steps a second at {self.clock_mhz:g} MHz), got "
                f"{np.max(cycles):.0f}: fewer steps a second, or a faster clock"
            )
        return share

    def mean_ua(self, cycles):
        """Return the mean supply current in microampere, asleep and awake."""
        awake = self.busy_share(cycles)
        return awake * 1000 * self.active_ma + (1 - awake) * self.sleep_ua

    def joules_a_day(self, cycles):
        """Return the energy of a day in joule, asleep and awake."""
        return self.mean_ua(cycles) * 1e-6 * self.volts * _SECONDS_A_DAY

    def days(self, cycles):
        """Return the days that the battery lasts, if it loses nothing by itself."""
        return 1000 * self.battery_mah / self.mean_ua(cycles) / 24
