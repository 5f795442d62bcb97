"""The cost of an activation: values that became cells of tables."""

from values_to_tables import Chapter, Table

from isru.chapters.activation_cost.costs import CALL_SIZE
from isru.chapters.activation_cost.original_procedure import original_summary
from isru.chapters.activation_cost.ratios import named_ratios

FORM = r"(?P<form>numpy|libm|fast|simd|eager|xla)"
DTYPE = r"(?P<dtype>float32|float64)"
ENDS = {"low": "low", "high": "high"}
NUMPY = {"form": "numpy"}
PAIR = r"(?P<pair>plain|rsqrt|elu|rational_tanh|table_tanh|hard_tanh|softsign|best|slowest)"
NUMPY_PAIR = r"(?P<pair>plain|naive|safe|network|copy|slowest)"


def ratios(frame, values):
    """Return what the chapter quotes of all comparisons; of a run again its values alone."""
    return named_ratios(frame[frame["size"] != CALL_SIZE]) if "numerator" in frame else frame


def floors(frame, values):
    """Add by how much the floor reaches below and above no difference."""
    ends = {"below": 100 * (frame["low"] - 1), "above": 100 * (frame["high"] - 1)}
    return frame[["form", "dtype", "floor", "low", "high"]].assign(**ends)


CHAPTER = Chapter(
    [
        Table(
            "floors",
            "machine",
            ["form", "dtype"],
            {"floor": ENDS, "below": "%", "above": "%"},
            [
                (rf"floor_{FORM}_{DTYPE}", "floor"),
                (rf"floor_low_{DTYPE}", "below", NUMPY),
                (rf"floor_high_{DTYPE}", "above", NUMPY),
            ],
            change=floors,
        ),
        Table(
            "ratios",
            "machine",
            ["pair", "form", "dtype"],
            {"ratio": ENDS},
            [
                (rf"ratio_{PAIR}_{FORM}_{DTYPE}", "ratio"),
                (rf"direction_{PAIR}_{FORM}_{DTYPE}", "direction"),
                (rf"(?P<pair>best|slowest)_{FORM}_{DTYPE}", "chosen"),
                (rf"ratio_{NUMPY_PAIR}_{DTYPE}", "ratio", NUMPY),
                (rf"direction_{NUMPY_PAIR}_{DTYPE}", "direction", NUMPY),
                (rf"(?P<pair>slowest)_{DTYPE}", "chosen", NUMPY),
            ],
            base="comparison",
            change=ratios,
        ),
        Table(
            "ns-per-element",
            "machine",
            ["form", "dtype", "arm"],
            {"ns": {"unit": "ns"} | ENDS},
            [
                (rf"ns_(?P<form>numpy|libm|fast|simd)_(?P<arm>\w+)_{DTYPE}", "ns"),
                *(
                    (rf"ns_{form}_{DTYPE}", "ns", {"form": "numpy", "arm": f"isru_{form}"})
                    for form in ("plain", "naive", "safe", "network")
                ),
                (rf"ns_(?P<arm>tanh)_{DTYPE}", "ns", NUMPY),
            ],
            base="ns-per-element",
        ),
        Table(
            "against-libm",
            "machine",
            ["form", "dtype"],
            {"ratio": ENDS},
            [(rf"ratio_libm_{FORM}_{DTYPE}", "ratio")],
            base="against-libm",
        ),
        Table(
            "instructions",
            "machine",
            ["form", "arm"],
            {},
            [(r"instructions_(?P<form>libm|simd|fast)_(?P<arm>\w+)", "instructions")],
        ),
        Table(
            "limits",
            "machine",
            ["dtype", "form"],
            {"over_limit": ENDS, "root_and_division": "ns", "isru": "ns", "copy": "ns"},
            [
                (rf"over_limit_{FORM}_{DTYPE}", "over_limit"),
                (rf"root_and_division_{DTYPE}", "root_and_division", {"form": "simd"}),
            ],
            base="limits",
        ),
        Table(
            "calls",
            "machine",
            ["form", "arm"],
            {"us": {"unit": "µs"} | ENDS},
            [(r"us_call_(?P<form>eager|xla)_(?P<arm>\w+)", "us")],
        ),
        Table(
            "inputs",
            "machine",
            ["arm"],
            {},
            [
                (rf"{kind}_{name}", kind, {"arm": arm})
                for name, arm in (("tanh", "tanh"), ("isru", "isru_plain"))
                for kind in ("near_zero", "repeated")
            ],
        ),
        Table(
            "neighbours",
            "machine",
            ["form", "arm"],
            {"slowdown": ENDS},
            [(rf"beside_{FORM}_(?P<arm>\w+)", "slowdown")],
            base="neighbours",
        ),
        Table(
            "beside",
            "machine",
            ["form", "neighbour"],
            {"ratio": ENDS},
            [(rf"ratio_{FORM}_(?P<neighbour>alone|beside)", "ratio")],
        ),
        Table(
            "latencies",
            "machine",
            ["dtype", "arm"],
            {"latency": "ns", "throughput": "ns"},
            [
                (rf"latency_(?P<arm>\w+)_{DTYPE}", "latency"),
                (rf"throughput_(?P<arm>\w+)_{DTYPE}", "throughput"),
            ],
        ),
        Table(
            "original-summary",
            "machine",
            ["dtype"],
            {"low": "ns", "high": "ns"},
            [
                (rf"original_lowest_{DTYPE}", "low"),
                (rf"original_highest_{DTYPE}", "high"),
                (rf"original_usable_{DTYPE}", "usable"),
            ],
            base="original-way",
            change=lambda frame, values: original_summary(frame) if "net" in frame else frame,
        ),
    ],
    kept="reference_size tensorflow_size numpy_simd libm best_cells best_faster call_size "
    "neighbours original_runs original_negative original_times original_baseline",
)
