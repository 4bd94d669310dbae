"""The types of a kubeconfig's scalars: each expectation is from kubectl 1.32."""

import pytest
import yaml

from kubectl_cbt.kube.yaml_documents import load_yaml

TEXTS = {
    "=": "=",
    "<<": "<<",
    "12:30": "12:30",
    "2026-11-24": "2026-11-24",
    "2001-12-14T21:59:43.10-05:00": "2001-12-14T21:59:43.10-05:00",
    "!!str 5": "5",
    "!!str": "",
    "!foo x": "x",
    "!foo 5": "5",
    "!!foo x": "x",
    "! 5": "5",
    "!!binary aGk=": "hi",
    **{
        f'!!timestamp "{time}"': time
        for time in (
            *("2020-01-01", "2020-1-1", "0000-02-29", "2020-01-01T1:2:3Z", "2020-01-01 1:2:3.5", "2020-01-01   1:2:3"),
            *("2020-01-01T01:02:03,5Z", "2020-01-01T01:02:03+24:00", "2020-01-01t01:02:03-01:60"),
        )
    },
    "_1": "_1",
    "0x": "0x",
    "1e": "1e",
    "1e400": "1e400",
    "tRue": "tRue",
    "'no'": "no",
}
OTHERS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("y", "Y", "yes", "on", "true", "True", "!!bool yes"), True),
    **dict.fromkeys(("n", "N", "no", "Off", "false"), False),
    "1_000": 1000,
    "0o17": 15,
    "017": 15,
    "0b1": 1,
    "0x1f": 31,
    "+1": 1,
    "-0": 0,
    "0": 0,
    "1_": 1,
    "!!int 5": 5,
    "1e3": 1000.0,
    "1.5": 1.5,
    ".5": 0.5,
    "+.5": 0.5,
    "1.": 1.0,
    "08": 8.0,
    "09.5": 9.5,
    "99999999999999999999": 99999999999999999999,
}
REFUSED = [
    ".inf",
    "-.INF",
    ".nan",
    *(
        f'!!timestamp "{text}"'
        for text in (
            *("x", "", "20200101", "2020-02-30", "2020-13-01", "0000-02-30", "2020-01-01 ", "2020-01-01 01:02:03Z"),
            *("2020-01-01T01:02:03", "2020-01-01T24:00:00Z", "2020-01-01T01:02:60Z", "2020-01-01T01:02:03+25:00"),
            *("2020-01-01T01:02:03.Z", "2020-01-01T001:02:03Z", "2020-01-01T01:02:03z", "2020-01-01 25:00:00"),
        )
    ),
    "!!null x",
    "!!float x",
    "!!binary '%'",
    "*a",
    "&a [*a]",
    "{<<: 5}",
    "{[a]: 1}",
    "-",
]


@pytest.fixture(params=["libyaml", "without libyaml"])
def parser(request, monkeypatch):
    if request.param == "without libyaml":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(("written", "value"), [*TEXTS.items(), *OTHERS.items()])
def test_a_scalar_is_what_kubectl_reads(written, value):
    found = load_yaml(f"a: {written}\n".encode())["a"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("written", REFUSED)
def test_what_kubectl_refuses_is_rejected(written):
    with pytest.raises(yaml.YAMLError):
        load_yaml(f"a: {written}\n".encode())


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding):
    assert load_yaml("a: ü\n".encode(encoding)) == {"a": "ü"}


@pytest.mark.usefixtures("parser")
def test_bytes_of_no_encoding_are_rejected():
    with pytest.raises(yaml.YAMLError):
        load_yaml(b"a: \xff\xfe\xfd\n")


@pytest.mark.usefixtures("parser")
def test_keys_are_texts_and_aliases_and_merges_are_followed():
    text = b"base: &b {x: 1, y: 2}\nlist: [*b, *b]\nall: {<<: *b, z: 3, x: 9}\n5: five\nyes: sir\n"
    assert load_yaml(text) == {
        "base": {"x": 1, "true": 2},
        "list": [{"x": 1, "true": 2}] * 2,
        "all": {"x": 9, "true": 2, "z": 3},
        "5": "five",
        "true": "sir",
    }


def test_nesting_has_no_depth_that_ends_in_a_traceback(tmp_path):
    from kubectl_cbt.errors import ConfigError
    from kubectl_cbt.kube.kubeconfig import names

    path = tmp_path / "config"
    path.write_bytes(b"a: " + b"[" * 9000 + b"]" * 9000)
    with pytest.raises(ConfigError, match="it is not YAML"):
        names(str(path))
