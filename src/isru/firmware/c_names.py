"""Names that generated C must not take: words of C and C++, the library's, and our own."""

from __future__ import annotations

import re

from isru.firmware.c_forms import c_names
from isru.firmware.errors import ExportError


def _words(text):
    return frozenset(text.split())


_KEYWORDS = _words(
    "auto break case char const continue default do double else enum extern float for goto if "
    "inline int long register restrict return short signed sizeof static struct switch typedef "
    "union unsigned void volatile while "
    # C11 and C23, as words or as macros
    "alignas alignof bool complex constexpr false imaginary noreturn nullptr static_assert "
    "thread_local true typeof typeof_unqual asm fortran linux unix "
    # C++
    "and and_eq bitand bitor catch char8_t char16_t char32_t class co_await co_return co_yield "
    "compl concept consteval constinit const_cast decltype delete dynamic_cast explicit export "
    "final friend import module mutable namespace new noexcept not not_eq operator or or_eq "
    "override private protected public reinterpret_cast requires static_cast template this throw "
    "try typeid typename using virtual wchar_t xor xor_eq std"
)
_HEADERS = _words(
    "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal "
    "stdalign stdarg stdatomic stdbit stdbool stdckdint stddef stdint stdio stdlib stdnoreturn "
    "string tgmath threads time uchar wchar wctype "
    # C++, POSIX, and a core's own
    "algorithm array atomic bit bitset charconv chrono compare concepts deque exception "
    "filesystem format fstream functional future iomanip ios iosfwd iostream istream iterator "
    "latch list map memory mutex new numeric optional ostream queue random ranges ratio regex "
    "semaphore set sstream stack streambuf system_error thread tuple typeindex typeinfo utility "
    "valarray variant vector version dirent dlfcn fcntl poll pthread sched unistd features "
    "strings malloc alloca intrinsics arm_neon arm_math arm_acle"
)
_MATH = _words(
    "acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 "
    "fabs fdim floor fma fmax fmin fmod frexp hypot ilogb ldexp lgamma llrint llround log log10 "
    "log1p log2 logb lrint lround modf nan nearbyint nextafter nexttoward pow remainder remquo "
    "rint round scalbln scalbn sin sinh sqrt tan tanh tgamma trunc "
    "cabs cacos cacosh carg casin casinh catan catanh ccos ccosh cexp cimag clog conj cpow cproj "
    "creal csin csinh csqrt ctan ctanh"
)
_LIBRARY = _words(
    "main abort abs aligned_alloc asctime at_quick_exit atexit atof atoi atol atoll bsearch calloc "
    "clearerr clock clock_t ctime difftime div div_t errno exit fclose feof ferror "
    "fflush fgetc fgetpos fgets fopen fpclassify fpos_t fprintf fputc fputs fread free freopen "
    "fscanf fseek fsetpos ftell fwrite fwide fwprintf fwscanf getc getchar getenv gets getwc "
    "gmtime "
    "imaxabs imaxdiv isalnum isalpha isblank iscntrl isdigit isfinite isgraph isgreater isinf "
    "isless islower isnan isnormal isprint ispunct isspace isupper isxdigit jmp_buf labs ldiv "
    "ldiv_t llabs lldiv lldiv_t localeconv localtime longjmp malloc mblen mbrlen mbrtowc mbsinit "
    "mbstowcs mbtowc memchr memcmp memcpy memmove memset mktime offsetof perror printf ptrdiff_t "
    "putc putchar puts putwc qsort quick_exit raise rand realloc remove rename rewind scanf setbuf "
    "setjmp setlocale setvbuf sig_atomic_t signal signbit size_t snprintf sprintf srand sscanf "
    "stderr stdin stdout strcat strchr strcmp strcoll strcpy strcspn strerror strftime strlen "
    "strncat strncmp strncpy strpbrk strrchr strspn strstr strtod strtof strtok strtol strtold "
    "strtoll strtoul strtoull strxfrm swprintf swscanf system time time_t tm tmpfile tmpnam "
    "tolower "
    "toupper ungetc va_arg va_copy va_end va_list va_start vfprintf vfscanf vprintf vscanf "
    "vsnprintf vsprintf vsscanf wcscat wcscmp wcscpy wcslen wprintf wscanf "
    # POSIX and compilers' own, which headers may declare
    "close dup fork gamma index isatty j0 j1 jn kill link lseek open pipe read rindex select sleep "
    "stat sync truncate unlink wait write y0 y1 yn bcmp bcopy bzero ffs random"
)
_TYPES = re.compile(r"u?int(_least|_fast)?\d+_t|u?int(max|ptr)_t")
_OURS = _words(
    "activation_table add_products add_rows bias biases bits candidate clear count dense_biases "
    "dense_scales dense_sum dense_weights end entry from_input gate_table gather guess index input "
    "input_multipliers inputs knot layer_step left look_up mix multiplier offset old other output "
    "past place "
    "rescale reset row_sums saturate scale scaled scales shift state state_multipliers sum sums "
    "table tanh_table to units update value weights work"
)
_NUMBERED = re.compile(r"(weights|scales|biases|input_multipliers|state_multipliers|h|c)\d+")
_LONGEST = 48
ENDINGS = ("state", "reset", "step", "output", "h", "inputs", "outputs", "input_scale")
"""What follows the prefix in the names of the generated files."""


def check_name(name: str) -> str:
    """Return a prefix for C names in lower case, also the name of a header.

    Raises
    ------
    ExportError
        If it is no C identifier, a word of C or C++, the name of a standard header or of what one
        declares, or if a name of the generated files would be there twice.
    """
    if (
        not isinstance(name, str)
        or not re.fullmatch(r"[a-z][a-z0-9_]*", name)
        or len(name) > _LONGEST
    ):
        raise ExportError(
            f"name: expected a C identifier of a-z, 0-9 and _, {_LONGEST} at most, got {name!r:.80}"
        )
    for known, what in (
        (_KEYWORDS, "the word {} of C or C++"),
        (_HEADERS, "{}, a header of the C or C++ library"),
        (_LIBRARY, "{}, which the C library declares"),
    ):
        if name in known:
            raise ExportError(f"name: expected a name of your own, got {what.format(repr(name))}")
    if (name[:-1] if name[-1] in "fl" else name) in _MATH or name in _MATH or _TYPES.match(name):
        raise ExportError(
            f"name: expected a name of your own, got {name!r}, which the C library declares"
        )
    if taken_by_us(name):
        raise ExportError(
            f"name: expected a name of your own, got {name!r}, which the generated C uses itself"
        )
    return name


def taken_by_us(name: str) -> bool:
    """Return whether a prefix, or what is made of it, is a name of the generated C's own."""
    ours = {*_OURS, *c_names()}
    made = (f"{name}_{ending}" for ending in ENDINGS)
    return bool(_NUMBERED.fullmatch(name)) or any(one in ours for one in (name, *made))
