"""YAML is read as its version 1.2 has it, and whatever else it holds is refused in words."""

import pytest

from isru.errors import CompendiumError
from isru.publish.parameters import read_profile
from isru.yaml_text import read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-2", 0.01),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("010", 10),
        ("+7", 7),
        ("0o10", 8),
        ("0x1F", 31),
        ("-.inf", float("-inf")),
        ("true", True),
        ("~", None),
        ("", None),
        ("[1, 2e1, 'a;b', on]", [1, 20.0, "a;b", "on"]),
        *((text, text) for text in ("1:30", "yes", "no", "on", "off", "y", "1_000", "0b1", "=")),
        *((text, text) for text in ("2024-13-45", "2024-12-31", "1e", "0x", "nan", "it's")),
        ('"010"', "010"),
        ("!!str 5", "5"),
        ("{a: &x [1, 2], b: *x}", {"a": [1, 2], "b": [1, 2]}),
    ],
)
def test_a_value_is_what_yaml_1_2_reads(text, value):
    read = read_yaml(text, "parameter")
    assert (read, type(read)) == (value, type(value))


BOMB = "[&a [x, x, x, x, x, x, x, x, x, x]" + "".join(
    f", &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 10)}]" for n in range(8)
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("!!int x", "expected a whole number, got 'x'"),
        ("!!float fast", "expected a number, got 'fast'"),
        ("!!bool perhaps", "expected true or false, got 'perhaps'"),
        ("!!null x", "expected null, got 'x'"),
        ("!!int [1]", "expected a scalar"),
        ("!!timestamp 2024-13-45", "could not determine a constructor"),
        ("!!python/object/apply:os.getcwd []", "could not determine a constructor"),
        ("!!binary x", "could not determine a constructor"),
        ("9" * 5000, "a number of 5000 digits"),
        ("0x" + "9" * 5000, "a number of 5000 digits"),
        ("1e999", "beyond the largest number"),
        (BOMB + "]", "aliases .* more than 100,000 values"),
        ("&a [*a]", "an alias of what it stands in"),
        ("{a: 1, b: 2, a: 3}", "'a' stands twice"),
        ("[" * 3000, "nested too deeply"),
        ("[" * 3000 + "]" * 3000, "nested too deeply"),
        ("{[1]: 2}", "unhashable key"),
        ("a: 1\n--- \nb: 2", "another document"),
        ('"\\UFFFFFFFF"', "not valid YAML"),
        ("%YAML " + "9" * 5000 + ".1\n--- 1", "not valid YAML"),
        ("a\x00b", "special characters are not allowed"),
        ("'open", "line 1: not valid YAML"),
        ("*unknown", "undefined alias"),
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_value_is_refused_in_words(text, message):
    with pytest.raises(CompendiumError, match=message) as refused:
        read_yaml(text, "parameter x")
    assert str(refused.value).startswith("parameter x")
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"- 1\n- 2\n", r"quick.yml: expected sections .* got \[1, 2\]"),
        (b"5", "quick.yml: expected sections .* got 5"),
        (b"[]", r"quick.yml: expected sections .* got \[\]"),
        (b"a: \xff\xfe", "quick.yml: expected UTF-8"),
        (b"a: 1\n<<<<<<< ours\nb: 2\n", "quick.yml, line 3: not valid YAML"),
        (b"a: [1, 2]\n", "unknown section 'a'"),
        (b"1: {b: 2}\n", "unknown section 1"),
        (b"a: {}\na: {}\n", "line 2: .*'a' stands twice"),
    ],
)
def test_a_broken_profile_is_named_with_what_is_wrong(compendium, content, message):
    (compendium / "notebooks" / "parameters" / "quick.yml").write_bytes(content)
    with pytest.raises(CompendiumError, match=message):
        read_profile("quick")
