"""Which verbs, flags and values fit: from the words alone, with no cluster."""

import subprocess

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from kubectl_cbt.cli.app import build_app, run
from kubectl_cbt.cli.completion.candidates import complete
from kubectl_cbt.cli.completion.command_spec import read_tree
from kubectl_cbt.cli.completion.parsed_line import read_line
from kubectl_cbt.cli.completion.protocol import Candidate, CompletionAnswer, Directive, matching
from kubectl_cbt.output.palettes import PALETTES
from kubectl_cbt.output.registry import StreamFormat

TREE = read_tree(typer.main.get_command(build_app()))
WORDS = [
    "delta",
    "demo",
    "snap-a",
    "-n",
    "shop",
    "-oj",
    "--output=json",
    "--namespace",
    "-q",
    "-qn",
    "--",
    "-",
    "",
    "--x",
]


def offered(*words: str) -> list[str]:
    return [candidate.value for candidate in complete(TREE, words).candidates]


def test_all_verbs_are_offered_in_the_order_of_the_help_with_their_first_line():
    found = complete(TREE, [""]).candidates
    assert [candidate.value for candidate in found] == [*(verb.name for verb in TREE.verbs), "help"]
    assert Candidate("snapshots", "List snapshots, and whether CBT works for them.") in found


def test_help_offers_verbs_and_those_inside_them():
    assert offered("he") == ["help"]
    assert offered("help", "") == [verb.name for verb in TREE.verbs]
    assert offered("help", "del") == ["delta"]
    assert offered("help", "demo", "") == ["serve", "devices", "faults"]
    assert offered("help", "delta", "") == offered("help", "-") == offered("-n", "shop", "he") == []
    for words in (["delta"], ["demo", "serve"]):
        assert run(["help", *words]) == 0


def test_flags_that_name_a_file_or_a_folder_complete_files_and_no_others():
    files = {flag.spellings[0] for verb in TREE.verbs for flag in verb.flags if flag.is_file}
    assert {"--kubeconfig", "--cache-dir", "--record", "--token-file"} <= files
    assert "--sort-by" not in files


def test_a_verb_begun_is_completed():
    assert offered("del") == ["delta"]
    assert offered("nope") == []


@pytest.mark.parametrize("flags", [["-n", "shop"], ["-nshop"], ["--namespace=shop"], ["--namespace", "shop", "-q"]])
def test_after_flags_the_verbs_that_take_them_are_offered(flags):
    found = offered(*flags, "")
    assert {"delta", "allocated", "snapshots"} <= set(found)
    assert not {"version", "open", "demo"} & set(found)


def test_a_flags_value_is_no_verb():
    assert offered("-n", "delta", "del") == ["delta"]


def test_verbs_inside_a_verb_are_offered():
    assert offered("demo", "") == ["serve", "devices", "faults"]
    assert offered("demo", "--seed", "2", "") == ["serve", "devices", "faults"]
    assert "--seed" in offered("demo", "serve", "--")


def test_nothing_fits_behind_an_unknown_verb():
    assert offered("nope", "") == offered("nope", "-") == []


def test_flags_are_offered_with_their_help():
    found = complete(TREE, ["delta", "--name"]).candidates
    assert found == (
        Candidate("--namespace", "Namespace of the snapshots (default: the context's namespace).", is_flag=True),
    )
    assert {"-n", "-o", "--help", "--choose-base"} <= set(offered("delta", "-"))


def test_before_the_verb_the_flags_of_all_verbs_are_offered_once_each():
    found = offered("-")
    assert {"--version", "--namespace", "--kind", "--all-namespaces"} <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("given", [["-n", "shop"], ["--namespace=shop"], ["-qnshop"]])
def test_a_flag_already_given_is_not_offered_again_in_either_spelling(given):
    assert not {"-n", "--namespace"} & set(offered("delta", *given, "-"))
    assert "--namespace" not in offered(*given, "delta", "--")


def test_a_flag_that_may_be_repeated_is_offered_again():
    assert offered("delta", "--as-group", "a", "--as-gr") == ["--as-group"]


def test_flags_that_the_help_leaves_out_are_offered_once_one_was_begun():
    assert "--as-uid" not in offered("delta", "--")
    assert "--as-uid" in offered("delta", "--as")


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (("delta", "-o", ""), [str(each) for each in StreamFormat]),
        (("delta", "--output", "js"), ["json"]),
        (("delta", "--output=js"), ["json"]),
        (("delta", "-ojs"), ["-ojson"]),
        (("delta", "-qojs"), ["-qojson"]),
        (("delta", "-qo", "js"), ["json"]),
        (("delta", "snap-a", "--color", "a"), ["auto", "always"]),
        (("open", "--kind", ""), ["delta", "allocated"]),
        (("version", "-o", ""), ["json", "yaml"]),
        (("delta", "--palette", ""), [palette.name for palette in PALETTES]),
        (("open", "--scale", ""), ["log", "linear", "relative"]),
        (("-o", "lister"), ["lister-json"]),
        (("delta", "--max-results", ""), []),
        (("delta", "--quiet="), []),
    ],
    ids=" ".join,
)
def test_the_values_of_a_flag_are_offered_however_it_is_written(words, values):
    assert offered(*words) == values


@pytest.mark.parametrize(
    "words", [("open", ""), ("open", "a", ""), ("compare", "a", ""), ("open", "-o", "csv", "x"),
              ("delta", "--kubeconfig", ""), ("--kubeconfig=x",),
              ("delta", "--token-file", "/tmp"), ("delta", "--certificate-authority=", )], ids=" ".join,
)  # fmt: skip
def test_where_a_file_is_expected_the_shell_completes_it(words):
    assert complete(TREE, words) == CompletionAnswer(directive=Directive.FILES)


@pytest.mark.parametrize(
    "words",
    [("open", "a", "b", ""), ("compare", "a", "b", ""), ("services", ""), ("version", "x"), ("delta", "a", "b", "")],
)
def test_no_file_is_offered_where_none_is_expected(words):
    assert complete(TREE, words).text().splitlines()[-1] in (":4", ":36")
    assert offered(*words) == []


def test_two_dashes_end_the_flags():
    assert complete(TREE, ["open", "--", "-"]) == CompletionAnswer(directive=Directive.FILES)
    assert offered("open", "--") != []


def test_hidden_verbs_are_left_out_and_flags_with_two_sides_are_one():
    app = typer.Typer()

    @app.command()
    def shown(wide: bool = typer.Option(True, "--wide/--no-wide"), names: list[str] = typer.Argument(metavar="A|b")):  # noqa: B008
        """Shown."""

    @app.command(hidden=True)
    def secret():
        """Not shown."""

    tree = read_tree(typer.main.get_command(app))
    assert [candidate.value for candidate in complete(tree, [""]).candidates] == ["shown", "help"]
    assert [candidate.value for candidate in complete(tree, ["shown", "--no-wide", "--"]).candidates] == ["--help"]
    wide = next(flag for flag in tree.verbs[0].flags if flag.name == "wide")
    line = read_line(tree, ["shown", "--wide", "--no-wide"])
    assert wide.parse(line.values["wide"]) is False
    assert [candidate.value for candidate in complete(tree, ["shown", "b", "b", ""]).candidates] == ["b"]


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=6)))
def test_reading_a_line_never_fails(words):
    line = read_line(TREE, words)
    assert all(line.values.values())


@given(
    st.lists(st.sampled_from(["delta", "demo", "-q", "-oj", "--output=json", "--", "--x", ""]), max_size=3),
    st.sampled_from(["-", "--", "--o", "-q", "-o", "--color=a", "-oc"]),
)
def test_what_is_offered_continues_what_was_typed(words, last):
    typed = last.partition("=")[2]
    for value in offered("browse", *words, last):
        assert value.startswith(typed if "=" in last else last)


def printed(*values: str) -> list[str]:
    return CompletionAnswer(tuple(map(Candidate, values))).text().splitlines()[:-1]


@pytest.mark.parametrize(
    "name",
    [
        "snap-a",
        "my.snap",
        "a",
        "1",
        "arn:aws:eks:eu-1:1:cluster/a",
        "gke_p_z_c",
        "user@cluster.example",
        "fd00::1:6443",
        "default/api-crc-testing:6443/kube:admin",
        "i+tag@eks.eu-1.eksctl.io",
        "vs/snap-a",
        "größe",
        "集群",
    ],
)
def test_the_names_that_clusters_really_have_are_offered(name):
    assert printed(name) == [name]


LETTERS = [chr(code) for code in range(256)] + list("\u2018\u2019\u201c\u201d\u2013\u2028\u202e\u200b\ufeff\U000e0041")
MEANT = set("_./:@+-")


@pytest.mark.parametrize("form", ["{}", "{}a", "a{}", "a{}b"])
def test_a_name_with_a_letter_that_a_shell_interprets_is_never_offered(form):
    for letter in LETTERS:
        name = form.format(letter)
        if printed(name):
            assert letter.isalnum() or letter in MEANT, ascii(name)
            assert name[0] not in ":@+-", ascii(name)


def test_a_shell_takes_each_name_that_is_offered_as_it_is(tmp_path):
    for name in ("a", "ab", "axb", ".a", "root"):
        (tmp_path / name).touch()
    tried = [form.format(letter) for letter in LETTERS for form in ("{}", "{}a", "a{}", "a{}b", "a{}~b", "{}root")]
    names = [name for name in tried if printed(name)]
    assert len(names) > 200
    for shell in ("sh", "bash"):
        found = subprocess.run(
            [shell, "-c", f"printf '%s\\n' {' '.join(names)}"],
            cwd=tmp_path,
            capture_output=True,
            check=True,
            timeout=60,
        )
        assert found.stdout.decode().splitlines() == names


@pytest.mark.parametrize(
    "name",
    [
        "$(touch x)",
        "x$(touch x)",
        "`touch x`",
        "a;b",
        "a b",
        "a\nb",
        "a\tb",
        "\x1b[2J",
        "~",
        "-x",
        "--token=x",
        ":4",
        "",
    ],
)
def test_a_name_that_would_be_more_than_a_word_is_never_offered(name):
    assert printed("good", name) == ["good"]


def test_a_flag_may_begin_with_dashes_but_what_was_typed_of_it_must_be_plain():
    assert matching([Candidate("shop"), Candidate("$x")], "", prefix="-n").text() == "-nshop\n:4\n"
    assert matching([Candidate("shop")], "", prefix="-$(touch x)n").text() == ":4\n"
    assert matching([Candidate("--output", is_flag=True)], "--o").text() == "--output\n:4\n"


def test_every_flag_and_every_verb_is_a_plain_word():
    for words in ([""], ["-"], *([verb.name, "-"] for verb in TREE.verbs)):
        found = complete(TREE, words)
        assert len(found.text().splitlines()) == len(found.candidates) + 1


def test_a_description_is_one_line_without_control_characters():
    about = "a\x1b[31m\nb\tc\rd" + 1000 * "x"
    (line, _) = CompletionAnswer((Candidate("good", about),)).text().splitlines()
    value, tab, shown = line.partition("\t")
    assert (value, tab) == ("good", "\t")
    assert shown.isprintable()
    assert shown.startswith("a\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}b")
    assert len(shown) <= 200


def test_an_answer_without_candidates_is_its_directive():
    assert CompletionAnswer().text() == ":4\n"
    assert CompletionAnswer(directive=Directive.FILES).text() == ":0\n"
    assert CompletionAnswer(directive=Directive.NO_FILES | Directive.KEEP_ORDER).text() == ":36\n"
