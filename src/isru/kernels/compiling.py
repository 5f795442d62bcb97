"""How functions are compiled here, and where the results are kept."""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import shutil
import tempfile
from pathlib import Path

import numba
from llvmlite import binding, ir
from numba.core import cgutils, config
from numba.extending import intrinsic, overload

from isru import paths

_HERE = Path(__file__).parent
_ALL_FLAGS = 0x3F  # those of every processor; others are ignored


def inlined(function):
    """Compile a function that other compiled ones call: no cache of its own.

    Strict by its own word: without that it would be fast where its first caller is.
    """
    return numba.njit(nogil=True, error_model="numpy", fastmath=False)(function)


def kept(function, signature=None):
    """Compile a function that is called from outside, and keep the machine code on disk.

    With a signature, the result has a C function's ``address`` and is compiled at once.

    Numba drops kept code when the file of the function itself changes, not when one of those
    that it calls does. The folder is therefore named after the content of all kernels, and of
    the activations, whose formulas are compiled, too.
    """
    before = config.CACHE_DIR
    config.CACHE_DIR = str(_cache_folder(before) / f"kernels-{_fingerprint()}")
    try:
        if signature is not None:
            return numba.cfunc(signature, error_model="numpy", cache=True)(function)
        return numba.njit(nogil=True, error_model="numpy", cache=True)(function)
    finally:
        config.CACHE_DIR = before


@functools.cache
def _cache_folder(chosen: str) -> Path:
    """Return where machine code is kept: the first of these folders that takes files.

    The user's choice (``$NUMBA_CACHE_DIR``), beside the code, in ``build/``; where another user
    installed the code, and the computer has no home for this one, a temporary folder.
    """
    candidates = [Path(chosen)] if chosen else []
    candidates.append(_HERE / "__pycache__")
    with contextlib.suppress(FileNotFoundError):  # a library without a compendium
        candidates.append(paths.build() / "kernels" / "numba")
    for folder in candidates:
        if _takes_files(folder):
            return folder
    folder = Path(tempfile.mkdtemp(prefix="isru-numba-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _takes_files(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def by_type(choose):
    """Make a function for compiled code whose form hangs on the types of its arguments.

    ``choose`` gets the types and returns the form, a function of the arguments themselves.
    """

    @functools.wraps(choose)
    def stand_in(*_):
        raise TypeError(f"expected {choose.__name__} to be called from compiled code")

    overload(stand_in)(choose)
    return stand_in


def _fingerprint() -> str:
    sources = [*_HERE.glob("*.py"), *(_HERE.parent / "activations").glob("*.py")]
    content = b"".join(path.read_bytes() for path in sorted(sources))
    return hashlib.sha256(content).hexdigest()[:12]


@intrinsic
def like(typing_context, number, x):
    """Return a constant in the type of x: a bare one would turn float32 into float64."""

    def generate(context, builder, signature, arguments):
        return context.cast(builder, arguments[0], signature.args[0], x)

    return x(number, x), generate


@intrinsic
def bits(typing_context, x):
    """Return the bits of a float32 or float64 as an integer of its size."""
    integer = numba.int32 if x == numba.float32 else numba.int64
    return integer(x), _reinterpret


@intrinsic
def from_bits(typing_context, integer):
    """Return the float whose bits an int32 or int64 holds."""
    number = numba.float32 if integer == numba.int32 else numba.float64
    return number(integer), _reinterpret


@intrinsic
def apply(typing_context, which, x, y):
    """Call ``function(x, y, n, a, b, c)`` at an address, ``which = (address, a, b, c)``.

    x and y are one-dimensional, contiguous and of the type that the function was compiled for.
    """

    def generate(context, builder, signature, arguments):
        arrays = [
            context.make_array(kind)(context, builder, array)
            for kind, array in zip(signature.args[1:], arguments[1:], strict=True)
        ]
        address, *constants = (builder.extract_value(arguments[0], place) for place in range(4))
        values = [array.data for array in arrays]
        values += [builder.extract_value(arrays[0].shape, 0), *constants]
        kind = ir.FunctionType(ir.VoidType(), [value.type for value in values])
        builder.call(builder.inttoptr(address, kind.as_pointer()), values)
        return context.get_dummy_value()

    return numba.void(which, x, y), generate


def _reinterpret(context, builder, signature, arguments):
    return builder.bitcast(arguments[0], context.get_value_type(signature.return_type))


@intrinsic
def wide_vectors(typing_context):
    """Let the compiler use the widest registers in the function that calls this.

    By itself it takes half of AVX-512's, for the sake of processors that lower their clock for
    the whole ones. The function is then not made part of another, which would lose the wish.
    """

    def generate(context, builder, signature, arguments):
        attributes = builder.function.attributes
        attributes.add("noinline")
        set.add(attributes, '"prefer-vector-width"="512"')  # no name that llvmlite knows
        return context.get_dummy_value()

    return numba.void(), generate


@functools.cache
def vector_bytes() -> int:
    """Return the size of this processor's widest registers that `wide_vectors` may use."""
    features = binding.get_host_cpu_features()
    if features.get("avx512f"):
        return 64
    return 32 if features.get("avx") else 16


@intrinsic
def vector_room(typing_context, pointer):
    """Return a pointer to as many zeros as one of the widest registers holds, on the stack."""
    count = 8 * vector_bytes() // pointer.dtype.bitwidth

    def generate(context, builder, signature, arguments):
        kind = arguments[0].type
        zeros = cgutils.alloca_once(builder, ir.ArrayType(kind.pointee, count), zfill=True)
        zeros.align = vector_bytes()
        return builder.bitcast(zeros, kind)

    return pointer(pointer), generate


@intrinsic
def unknown(typing_context, number):
    """Return a number of which the compiler knows nothing.

    A loop of known length it would write out, element after element, without vectors.
    """

    def generate(context, builder, signature, arguments):
        kind = ir.FunctionType(arguments[0].type, [arguments[0].type])
        return builder.asm(kind, "", "=r,0", arguments, side_effect=False)

    return numba.intp(numba.intp), generate


@intrinsic
def moved(typing_context, pointer, size_bytes):
    """Return a pointer moved by some bytes."""

    def generate(context, builder, signature, arguments):
        kind = arguments[0].type
        start = builder.ptrtoint(arguments[0], arguments[1].type)
        return builder.inttoptr(builder.add(start, arguments[1]), kind)

    return pointer(pointer, numba.intp), generate


@intrinsic
def one_by_one(typing_context, array, place):
    """Return an element of a contiguous array by an atomic load, which keeps the loop scalar."""

    def generate(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        size_bytes = signature.args[0].dtype.bitwidth // 8
        return builder.load_atomic(builder.gep(data, [arguments[1]]), "monotonic", size_bytes)

    return array.dtype(array, numba.intp), generate


@intrinsic
def clear_float_flags(typing_context):
    """Forget which floating-point exceptions were raised, as C's feclearexcept."""

    def generate(context, builder, signature, arguments):
        integer = ir.IntType(32)
        kind = ir.FunctionType(integer, [integer])
        function = cgutils.get_or_insert_function(builder.module, kind, "feclearexcept")
        builder.call(function, [integer(_ALL_FLAGS)])
        return context.get_dummy_value()

    return numba.void(), generate


@intrinsic
def same(typing_context, pointer, other):
    """Return whether two pointers are equal."""

    def generate(context, builder, signature, arguments):
        return builder.icmp_unsigned("==", *arguments)

    return numba.boolean(pointer, other), generate
