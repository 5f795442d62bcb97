"""Microcontrollers: values that became cells of tables."""

import pandas as pd
from values_to_tables import Chapter, Table

ENDS = {"low": "low", "high": "high"}
UNITS = r"(?P<units>\d+)"
ARM = r"(?P<arm>isru|exp_free|exp_free_rsqrt1|exp_free_rsqrt2)"
AGAINST = r"(?P<against>libm|table|other|stand_in)"
M4F = {"core": "m4f"}
CYCLES = {"measure": "cycles", "core": "m4f"}
COUNTED = {"target": "cortex-m4f"}
NO_ENDS = {"low": "", "high": ""}
COUNTS = {
    "instructions": {"unit": "instructions", "rtol": 0.05},
    "cycles": {"unit": "cycles", "rtol": 0.05} | NO_ENDS,
}
BYTES = dict.fromkeys(["step", "code", "constants", "flash", "weights", "ram"], "bytes")
CASE = ["measure", "core", "arm", "against", "units"]


def gains(frame, values):
    """Join the gains of all cores and those in energy, with what each saves."""
    energy = values[values["measure"] == "energy"][[*CASE, "ratio", "low", "high"]]
    rivals = frame[frame["measure"] == "cycles"].drop(columns=["measure", "ratio", "low", "high"])
    energy = energy.merge(
        rivals[rivals["target"] == "cortex-m4f"], on=["arm", "against", "units"], how="left"
    )
    frame = frame.assign(core=frame["target"].str.removeprefix("cortex-"))
    columns = [*CASE, "rival", "ratio", "low", "high"]
    rows = pd.concat([frame[columns], energy[columns]], ignore_index=True)
    recorded = rows[CASE].merge(values, on=CASE, how="left")
    for name, column in (("saving", "ratio"), ("saving_low", "low"), ("saving_high", "high")):
        rows[name] = recorded[name].fillna(100 * (1 - 1 / rows[column]))
    return rows


def battery(frame, values):
    """Name the column by a word."""
    return frame.rename(columns={"days at one step an hour": "days_hourly"})


CHAPTER = Chapter(
    [
        Table(
            "calls",
            "tolerance",
            ["target", "role", "arm"],
            COUNTS,
            [
                (
                    r"call_cycles_(?P<arm>tanh|isru|table_tanh|hard_tanh)",
                    "cycles",
                    COUNTED | {"role": "activation"},
                ),
                (
                    r"call_instructions_(?P<arm>tanh|isru|table_tanh|hard_tanh)",
                    "instructions",
                    COUNTED | {"role": "activation"},
                ),
            ],
            base="calls",
        ),
        Table(
            "call-gains",
            "tolerance",
            ["place", "against"],
            {"ratio": {"rtol": 0.05}},
            [(r"gain_(?P<place>call|gate)_(?P<against>libm|table|other)", "ratio")],
        ),
        Table(
            "gains",
            "tolerance",
            CASE,
            {"ratio": {"rtol": 0.05} | ENDS, "saving": {"unit": "%", "atol": 3}},
            [
                (rf"gain_energy_m4f_{ARM}_{AGAINST}_{UNITS}", "ratio", M4F | {"measure": "energy"}),
                (
                    r"gain_(?P<measure>instructions|cycles)_(?P<core>m4f|m0plus|m33|m7|m3|m4|a\d+"
                    rf"|rv32imfc|rv32imc)_{ARM}_{AGAINST}_{UNITS}",
                    "ratio",
                ),
                (rf"saving_{ARM}_{AGAINST}_{UNITS}", "saving", CYCLES),
                (rf"rival_{ARM}_{AGAINST}_{UNITS}", "rival", CYCLES),
            ],
            base=("gains", "other-gains"),
            replaces=("other-gains",),
            change=gains,
        ),
        Table(
            "by-units",
            "tolerance",
            ["units"],
            {
                "share": {"unit": "%", "atol": 3},
                "table_saving": {"unit": "%", "atol": 3},
                "wait_saving": {"unit": "%", "atol": 3},
                "integer_saving": {"unit": "%", "atol": 0.1},
                "integer_against_libm": {"rtol": 0.05},
                "integer_against_exp_free": {"rtol": 0.05},
                "int8_against_float": {"rtol": 0.05},
            },
            [
                (rf"share_{UNITS}", "share"),
                (rf"saving_table_libm_{UNITS}", "table_saving"),
                (rf"saving_wait_{UNITS}", "wait_saving"),
                (rf"integer_saving_{UNITS}", "integer_saving"),
                (rf"integer_against_libm_{UNITS}", "integer_against_libm"),
                (rf"integer_against_exp_free_{UNITS}", "integer_against_exp_free"),
                (rf"int8_against_float_{UNITS}", "int8_against_float"),
            ],
        ),
        Table(
            "bytes",
            "exact",
            ["target", "units", "arm"],
            BYTES,
            [
                (r"code_(?P<arm>\w+)", "flash", COUNTED | {"units": "25"}),
                (r"step_bytes_(?P<arm>\w+)", "step", COUNTED | {"units": "25"}),
                (rf"weights_{UNITS}", "weights", COUNTED | {"arm": "libm"}),
                (rf"weights_integer_{UNITS}", "weights", COUNTED | {"arm": "integer_tanh"}),
            ],
            base="bytes",
        ),
        Table(
            "bytes-int8",
            "exact",
            ["target", "units", "arm"],
            BYTES,
            [(rf"weights_int8_{UNITS}", "weights", COUNTED | {"arm": "libm"})],
            base="bytes-int8",
        ),
        Table(
            "int8-gains",
            "tolerance",
            ["arm", "against", "units"],
            {"ratio": {"rtol": 0.05} | ENDS},
            [(rf"gain_int8_{ARM}_{AGAINST}_{UNITS}", "ratio")],
        ),
        Table(
            "battery",
            "tolerance",
            ["units", "arm"],
            {
                "days": {"unit": "days", "rtol": 0.1},
                "days_hourly": {"unit": "days", "rtol": 0.1},
                "step_us": "µs",
                "step_uj": "µJ",
                "cycles": "cycles",
            },
            [
                (rf"days_hourly_(?P<arm>\w+?)_{UNITS}", "days_hourly"),
                (rf"days_(?P<arm>\w+?)_{UNITS}", "days"),
            ],
            base="battery",
            change=battery,
        ),
        Table(
            "crosscheck",
            "tolerance",
            ["arm"],
            {"speedup_gcc": {"rtol": 0.05}, "speedup_clang": {"rtol": 0.05}},
            [
                (r"crosscheck_speedup_(?P<arm>\w+)", "speedup_gcc"),
                (r"crosscheck_own_(?P<arm>\w+)", "speedup_clang"),
            ],
            base="crosscheck",
        ),
    ],
    kept="epochs constant_functions tanh_instructions_low tanh_instructions_high table_error "
    "table_bytes loop_cycles loop_bound loop_ratio clock_mhz active_ma sleep_ua volts battery_mah "
    "steps_per_second host_error emulator_error crosscheck_gap crosscheck_difference "
    "crosscheck_qemu",
)
