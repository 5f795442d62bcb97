"""Vector loops on cores that are not at hand: the loop found, OSACA's answers read, the bound."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from isru.analysed import kernels, table
from isru.analysed.assembly import assembly, vector_loops
from isru.analysed.cores import CORES, UnknownCore, core, known_by_flags
from isru.analysed.osaca import Work, ask, bound, form_of, instructions, read_report, unknown

SKX, A72 = CORES["SKX"], CORES["A72"]
AVX2 = """\
twice_float32:                          # @twice_float32
# %bb.0:
	.cfi_startproc
	xorl	%eax, %eax
.LBB0_1:                                # =>This Inner Loop Header: Depth=1
	vmovups	(%rdi,%rax,4), %ymm0
	vmovups	32(%rdi,%rax,4), %ymm1
	vaddps	%ymm0, %ymm0, %ymm0
	vaddps	%ymm1, %ymm1, %ymm1
	vmovups	%ymm0, (%rsi,%rax,4)
	vmovups	%ymm1, 32(%rsi,%rax,4)
	addq	$16, %rax
	cmpq	$1024, %rax                     # imm = 0x400
	jne	.LBB0_1
.LBB0_2:
	vmovss	(%rdi,%rax,4), %xmm0
	vaddss	%xmm0, %xmm0, %xmm0
	vmovss	%xmm0, (%rsi,%rax,4)
	addq	$1, %rax
	jne	.LBB0_2
	retq
.Lfunc_end0:
lonely_float32:                         # @lonely_float32
	vmovss	%xmm0, (%rsi)
	retq
"""
NEON = """\
twice_float32:                          // @twice_float32
	mov	x8, xzr
.LBB0_1:
	ldp	q0, q1, [x0, #-32]
	fadd	v0.4s, v0.4s, v0.4s
	fadd	v1.4s, v1.4s, v1.4s
	stp	q0, q1, [x1], #32
	subs	x8, x8, #8
	b.ne	.LBB0_1
	ret
"""
# As OSACA writes it: objects of its own, which are of no interest, and numbers that are objects.
REPORT = """\
Header: {Architecture: one, Version: 0.0}
Kernel:
- Flags: []
  Instruction: null
  Label: .LBB0_1
  PortUops: []
- Flags: [performs_load]
  Instruction: vmovups
  Operands:
  - &id001 !!python/object:osaca.parser.memory.MemoryOperand
    _base: !!python/object:osaca.parser.register.RegisterOperand {_name: rdi}
  PortUops:
  - Cycles: 1
    Ports: ['2', '3']
  - Cycles: !!python/object/new:ruamel.yaml.scalarfloat.ScalarFloat
      args: [0.5]
      state: {_prec: 1, _width: 3}
    Ports: ['11']
  SemanticOperands:
    source: [*id001]
- Flags: [tp_unkown, lt_unkown]
  Instruction: vwonder
  PortUops: []
Summary: {CriticalPath: 5.0}
"""


def test_the_loop_found_is_the_one_that_writes_vectors():
    found = vector_loops(AVX2, CORES["HSW"])
    assert list(found) == ["twice_float32"]
    assert found["twice_float32"].bytes == 64
    assert found["twice_float32"].lines[0] == ".LBB0_1:"
    assert found["twice_float32"].lines[-1].split() == ["jne", ".LBB0_1"]
    assert len(instructions(found["twice_float32"].lines)) == 9


def test_a_pair_of_registers_is_two_vectors():
    assert vector_loops(NEON, A72)["twice_float32"].bytes == 32


def test_a_report_is_read_with_its_numbers_and_what_it_does_not_know():
    load, wonder = read_report(REPORT)
    assert load == Work(((1.0, ("2", "3")), (0.5, ("11",))), True)
    assert wonder == Work((), False)


@pytest.mark.parametrize("seed", range(20))
def test_the_bound_is_the_best_spread_of_the_work(seed):
    from scipy.optimize import linprog

    rng = np.random.default_rng(seed)
    ports = [str(n) for n in range(5)]
    parts = []
    for _ in range(rng.integers(1, 8)):
        own = rng.choice(ports, rng.integers(1, 4), replace=False)
        parts.append((float(rng.integers(1, 5)), tuple(own)))
    share = [(n, port) for n, (_, own) in enumerate(parts) for port in own]
    goal = [*np.zeros(len(share)), 1.0]  # the last variable is the busiest port's time
    whole = [[*(float(of == n) for of, _ in share), 0.0] for n in range(len(parts))]
    busy = [[*(float(port == on) for _, on in share), -1.0] for port in ports]
    best = linprog(
        goal, A_ub=busy, b_ub=np.zeros(5), A_eq=whole, b_eq=[cycles for cycles, _ in parts]
    )
    time, binding = bound([Work(tuple(parts), True)])
    assert time == pytest.approx(best.fun)
    assert sum(c for c, own in parts if set(own) <= set(binding)) == pytest.approx(
        time * len(binding)
    )


def test_forms_of_one_instruction_are_one():
    lines = ["vmulps %ymm3, %ymm12, %ymm1", "\tvmulps\t%ymm0, %ymm1, %ymm2"]
    assert len({form_of(line) for line in lines}) == 1
    assert form_of("vmulps 32(%rdi,%rax,4), %ymm0, %ymm1") != form_of(lines[0])
    assert form_of("fmov v2.4s, #1.00000000") != form_of("fmov v2.2d, #1.00000000")


@pytest.mark.parametrize("error", [0.1, 2.0**-8, 1.5 * 2.0**-12])
def test_newtons_steps_leave_the_error_that_is_stated(error):
    r = 1 + np.linspace(-error, error, 1001)
    found = np.abs(r * (1.5 - 0.5 * r * r) - 1).max()
    assert found == pytest.approx(kernels.error_after(error, 1), rel=1e-6)


def test_as_many_steps_as_bring_an_estimate_within_four_ulp():
    for one in CORES.values():
        for dtype, estimate in one.estimates.items():
            steps = kernels.newton_steps(estimate, dtype)
            largest = 4 * {"float32": 2.0**-24, "float64": 2.0**-53}[dtype]
            assert kernels.error_after(estimate.error, steps) <= largest
            assert kernels.error_after(estimate.error, steps - 1) > largest


def test_an_unknown_core_or_arm_lists_the_known_ones():
    with pytest.raises(UnknownCore, match=r"HSW, .*A64FX, got 'Z80'"):
        table.costs(cores=["Z80"])
    with pytest.raises(ValueError, match=r"isru, isru_sigmoid, .*got 'swish'"):
        kernels.source(SKX, ["swish"])


def test_a_core_is_known_by_what_its_generation_brought():
    cascade_lake = "avx2 adx clflushopt avx512f avx512_vnni fma"
    assert known_by_flags("Intel(R) Xeon(R) Processor @ 2.50GHz", cascade_lake.split()) == "CSX"
    assert known_by_flags("AMD EPYC", ["avx2", "clzero", "clwb", "vaes"]) == "ZEN3"
    assert known_by_flags("AMD EPYC", ["avx2", "avx512f", "avx_vnni"]) == ""
    assert known_by_flags("Cortex-A72", ["asimd"]) == ""


@pytest.fixture
def doubled(monkeypatch):
    """Let the compiler make the loop above of everything, and OSACA know all but one form of it."""
    calls = []

    def made(_core, _source, _flags):
        return AVX2.replace("twice_float32", kernels.function_name("isru", "float32"))

    def told(_arch, lines):
        calls.append(1)
        work = Work(((1.0, ("0", "1")),), True)
        known = {form_of(line): work for line in instructions(lines)}
        strange = "vaddps %ymm, %ymm, %ymm"
        return known | {strange: replace(work, known=len(calls) > 1)}

    monkeypatch.setattr(table, "problem", lambda: "")
    monkeypatch.setattr(table.metadata, "version", lambda name: f"{name} 0")
    monkeypatch.setattr(table, "assembly", made)
    monkeypatch.setattr(table, "ask", told)
    return calls


def test_an_unknown_instruction_is_named_and_its_row_has_no_numbers(doubled):
    first, second = (table.analyse({"core": "HSW", "source": "", "arms": ["isru"]}) for _ in "12")
    row = first["rows"][0]
    assert row["analysed"] == "not analysed: OSACA does not know vaddps"
    assert row["unknown"] == "vaddps %ymm, %ymm, %ymm"
    assert row["cycles"] is None and row["ports"] == ""
    row = second["rows"][0]
    assert (row["analysed"], row["cycles_vector"], row["lanes"], row["lines"]) == ("", 2.25, 8, 9)
    assert row["cycles"] == 2.25 / 8


def test_a_loop_that_was_not_made_is_said(doubled):
    rows = table.analyse({"core": "HSW", "source": "", "arms": ["isru", "isru_estimate"]})["rows"]
    said = {(row["arm"], row["dtype"]): row["analysed"] for row in rows}
    assert said["isru", "float64"] == "not analysed: the compiler made no vector loop"
    assert "no estimate of 1/sqrt" in said["isru_estimate", "float64"]


def test_what_is_kept_is_not_analysed_again(doubled, tmp_path):
    settings = {"arms": ["isru"], "cores": ["HSW"], "cache": tmp_path, "processes": 1}
    first, second = table.costs(**settings), table.costs(**settings)
    assert len(doubled) == 1
    assert first.equals(second)


@pytest.mark.parametrize("missing", ["OSACA is not installed", "expected the package ziglang"])
def test_without_a_program_the_rows_say_so(monkeypatch, missing):
    monkeypatch.setattr(table, "problem", lambda: f"{missing}; install it")
    found = table.costs(arms=["isru"], cores=["HSW", "A72"])
    assert found["analysed"].unique() == [f"not analysed: {missing}; install it"]
    assert found["cycles"].isna().all()
    assert len(found) == 4
    assert table.shared_rows(found).empty


def _compiled(one, arms=("isru", "rational_tanh", "identity")):
    if why := table.problem():
        pytest.skip(why)
    return assembly(one, kernels.source(one, arms), kernels.FLAGS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "has", "lacks"),
    [
        ("HSW", "%ymm", "%zmm"),
        ("SKX", "%zmm", "%ymm"),
        ("A72", ".4s", "z0."),
        ("A64FX", "z0.", ".4s"),
    ],
)
def test_a_core_gets_the_vectors_that_it_has(name, has, lacks):
    loops = vector_loops(_compiled(core(name)), core(name))
    assert len(loops) == 6
    assert all(loop.bytes % core(name).width == 0 for loop in loops.values())
    text = "\n".join(line for loop in loops.values() for line in loop.lines)
    assert has in text and lacks not in text


@pytest.mark.slow
@pytest.mark.parametrize("arm", ["isru", "rational_tanh"])
def test_the_bound_is_that_of_osacas_own_report(arm, tmp_path):
    loop = vector_loops(_compiled(SKX), SKX)[f"{arm}_float32"]
    (tmp_path / "loop.s").write_text("\n".join(loop.lines) + "\n")
    command = [sys.executable, "-m", "osaca", "--arch", "SKX", str(tmp_path / "loop.s")]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # Under the instructions stand the sums of the ports, then the critical path and the cycle.
    sums = report.split("jne .LBB")[1].split("Loop-Carried")[0].split()[1:-2]
    forms = ask("SKX", loop.lines)
    assert not unknown(forms, loop.lines)
    found, _ = bound(forms[form_of(line)] for line in instructions(loop.lines))
    assert found == pytest.approx(max(map(float, sums)), abs=0.05)


@pytest.mark.slow
def test_an_instruction_that_osaca_lacks_is_named():
    if why := table.problem():
        pytest.skip(why)
    lines = ["fsqrt v2.4s, v2.4s", "fdiv v1.4s, v1.4s, v3.4s"]
    assert unknown(ask("N1", lines), lines) == ["fsqrt v.4s, v.4s"]
