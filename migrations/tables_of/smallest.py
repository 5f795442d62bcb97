"""The smallest model: values that became cells of tables."""

from values_to_tables import Chapter, Table

TASK = r"(?P<task>change|rain|occupancy)"
KIND = r"(?P<kind>isru|tanh|hard|gru|integer)"
STATE = r"(?P<state>on|open|off)"
ENDS = {"low": "low", "high": "high"}
BY_CYCLES, BY_FLASH = {"by": "cycles"}, {"by": "flash"}
ALL = {"kind": "all"}
FORMATS = {
    "c_float32": "C float32",
    "c_int8_weights": "C int8 weights",
    "onnx": "ONNX",
    "onnx_fused": "ONNX fused",
    "tflite_float32": "TFLite float32",
    "tflite_int8": "TFLite int8",
    "tflite_dynamic": "TFLite dynamic",
}
WORDS = ("hidden", "arm", "weights", "cell", "reaches", "singled", "against", "rival", "least")
NUMBERS = ("cycles", "flash", "ram", "step_uj", "rival_skill", "doubtful", "least_cycles")

CHAPTER = Chapter(
    [
        Table(
            "baselines",
            "tolerance",
            ["task", "model"],
            {
                "skill": {"unit": "%", "atol": 1},
                "flash": {"unit": "bytes", "rtol": 0.2},
                "ram": "bytes",
            },
            [
                (
                    rf"(?P<model>persistence|linear|boosting|threshold|climatology)_flash_{TASK}",
                    "flash",
                ),
                (rf"(?P<model>persistence|linear|boosting|threshold|climatology)_{TASK}", "skill"),
            ],
            base="baselines",
        ),
        Table(
            "front",
            "tolerance",
            ["by", "task", "state", "kind"],
            {"count": {"atol": 8}},
            [
                (rf"{STATE}_flash_{KIND}_{TASK}", "count", BY_FLASH),
                (rf"{STATE}_flash_{TASK}", "count", BY_FLASH | ALL),
                (rf"{STATE}_{KIND}_{TASK}", "count", BY_CYCLES),
                (rf"{STATE}_{TASK}", "count", BY_CYCLES | ALL),
            ],
        ),
        Table(
            "chosen",
            "tolerance",
            ["task"],
            {
                "cycles": {"unit": "cycles", "rtol": 1},
                "flash": {"unit": "bytes", "rtol": 1},
                "ram": {"unit": "bytes", "rtol": 1},
                "step_uj": {"unit": "µJ", "rtol": 1},
                "best": {"unit": "%", "atol": 2},
                "answer": {"unit": "%", "atol": 2},
                "rival_skill": {"unit": "%", "atol": 1},
                "doubtful": {"atol": 20},
                "least_cycles": {"unit": "cycles", "rtol": 9},
            },
            [(rf"{name}_{TASK}", name) for name in (*WORDS, *NUMBERS, "best", "answer")],
        ),
        Table(
            "gru-gains",
            "tolerance",
            ["task"],
            {"gain": {"unit": "pp", "atol": 5} | ENDS},
            [(rf"gru_gain_{TASK}", "gain")],
        ),
        Table(
            "formats",
            "tolerance",
            ["activation", "format"],
            {"size_bytes": "bytes"},
            [
                (rf"{old}_(?P<activation>tanh|isru)_{key}", column, {"format": name})
                for key, name in FORMATS.items()
                for old, column in (
                    ("bytes", "size_bytes"),
                    ("difference", "largest_difference"),
                    ("rms", "rms_difference"),
                    ("operators", "operators"),
                )
            ],
            base="formats",
            change=lambda frame, values: frame.astype({"operators": "Int64"}),
        ),
    ],
    kept="choice_units occupancy_data seeds gap_.* clock_mhz active_ma sleep_ua volts window "
    "room_minutes day_asleep day_share_.* size equal_units_.* unit_cycles unit_share int8_.* "
    "integer_cycles integer_skill gru_size gru_cycles gru_flash pruned_units prune_pays "
    "prune_pays_skill formats_hidden formats_sequences formats_refused map_fails",
)
