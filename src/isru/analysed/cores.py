"""The cores whose loops are analysed: what they are called, compiled for, and made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from isru.errors import CompendiumError


class UnknownCore(CompendiumError, ValueError):
    """A core that the analysis does not have; the message lists those that it has."""


@dataclass(frozen=True)
class Estimate:
    """The instruction that estimates 1 / sqrt(q), and how a vector of it is written in C.

    Attributes
    ----------
    instruction : str
    error : float
        Its largest relative error, as its maker states it.
    call : str
        An expression in ``q``.
    type : str
        Of the vector, in C.
    newton : str
        What r is multiplied by in a Newton step: an expression in ``q`` and ``r``.
    """

    instruction: str
    error: float
    call: str
    type: str
    newton: str = "(REAL)1.5 - (REAL)0.5 * q * r * r"


@dataclass(frozen=True)
class Core:
    """A core that OSACA knows.

    Attributes
    ----------
    name : str
        What OSACA calls it.
    label : str
        What a reader calls it.
    target, cpu : str
        What the compiler is told.
    vectors : str
        The vector instructions: "AVX2", "AVX-512", "NEON" or "SVE".
    width : int
        Bytes of a vector.
    flags : tuple of str
        Of the compiler.
    header : str
        What declares the estimates.
    estimates : mapping
        dtype -> `Estimate`.
    """

    name: str
    label: str
    target: str
    cpu: str
    vectors: str
    width: int
    flags: tuple[str, ...] = ()
    header: str = ""
    estimates: Mapping[str, Estimate] = field(default_factory=dict)


# Intel: 1.5 2^-12; with the suffix 14, 2^-14. Arm states 8 bits.
_RSQRTPS, _RSQRT14, _FRSQRTE = 1.5 * 2.0**-12, 2.0**-14, 2.0**-8
_AVX2 = {"float32": Estimate("rsqrtps", _RSQRTPS, "_mm256_rsqrt_ps(q)", "__m256")}
_AVX512 = {
    "float32": Estimate("vrsqrt14ps", _RSQRT14, "_mm512_rsqrt14_ps(q)", "__m512"),
    "float64": Estimate("vrsqrt14pd", _RSQRT14, "_mm512_rsqrt14_pd(q)", "__m512d"),
}
_NEON = {
    dtype: Estimate("frsqrte", _FRSQRTE, f"vrsqrteq_{of}(q)", kind, f"vrsqrtsq_{of}(q * r, r)")
    for dtype, of, kind in (
        ("float32", "f32", "float32x4_t"),
        ("float64", "f64", "float64x2_t"),
    )
}


def _x86(name: str, label: str, cpu: str, kind: str = "AVX2") -> Core:
    target = "x86_64-linux-gnu"
    if kind == "AVX2":
        return Core(name, label, target, cpu, kind, 32, (), "immintrin.h", _AVX2)
    # Left alone the compiler takes half of most cores' widest vector.
    flags = ("-mprefer-vector-width=512",)
    return Core(name, label, target, cpu, kind, 64, flags, "immintrin.h", _AVX512)


def _arm(name: str, label: str, cpu: str) -> Core:
    return Core(name, label, "aarch64-linux-gnu", cpu, "NEON", 16, (), "arm_neon.h", _NEON)


_ALL = (
    _x86("HSW", "Haswell", "haswell"),
    _x86("BDW", "Broadwell", "broadwell"),
    _x86("SKX", "Skylake-X", "skylake_avx512", "AVX-512"),
    _x86("CSX", "Cascade Lake", "cascadelake", "AVX-512"),
    _x86("ICL", "Ice Lake", "icelake_client", "AVX-512"),
    _x86("SPR", "Sapphire Rapids", "sapphirerapids", "AVX-512"),
    _x86("ZEN1", "Zen", "znver1"),
    _x86("ZEN2", "Zen 2", "znver2"),
    _x86("ZEN3", "Zen 3", "znver3"),
    _x86("ZEN4", "Zen 4", "znver4", "AVX-512"),
    _arm("N1", "Neoverse N1", "neoverse_n1"),
    _arm("V2", "Neoverse V2", "neoverse_v2"),
    _arm("A72", "Cortex-A72", "cortex_a72"),
    _arm("M1", "Apple M1", "apple_m1"),
    _arm("TX2", "ThunderX2", "thunderx2t99"),
    Core("A64FX", "A64FX", "aarch64-linux-gnu", "a64fx", "SVE", 64, ("-msve-vector-bits=512",)),
)
CORES: Mapping[str, Core] = {core.name: core for core in _ALL}
"""Every core by the name that OSACA has for it."""


def core(name: str) -> Core:
    """Return a core by OSACA's name for it.

    Raises
    ------
    UnknownCore
        If there is none of this name.
    """
    if name not in CORES:
        raise UnknownCore(f"core: expected one of {', '.join(CORES)}, got {name!r}")
    return CORES[name]


def known_by_flags(model: str, flags: Iterable[str]) -> str:
    """Return OSACA's name of the core of an x86 processor, "" where there is none.

    A virtual machine hides its processor's name; what a generation brought stands in its flags.

    Parameters
    ----------
    model : str
        What the processor calls itself.
    flags : iterable of str
        As Linux lists them.
    """
    has = set(flags)
    newest_first = _AMD if "AMD" in model else _INTEL if "Intel" in model else ()
    return next((name for needed, name in newest_first if has >= set(needed.split())), "")


_AMD = (
    ("avx512f avx_vnni", ""),  # Zen 5
    ("avx512f", "ZEN4"),
    ("vaes avx2", "ZEN3"),
    ("clwb avx2", "ZEN2"),
    ("clzero avx2", "ZEN1"),
)
_INTEL = (
    ("amx_tile", "SPR"),
    ("avx512_vbmi2", "ICL"),
    ("avx512_vnni", "CSX"),
    ("avx512f avx512vl", "SKX"),
    ("avx2 clflushopt", ""),  # cores without 512 bits since Skylake
    ("avx2 fma adx", "BDW"),
    ("avx2 fma", "HSW"),
)
