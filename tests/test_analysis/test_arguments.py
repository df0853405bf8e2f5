import pytest

from mmlhl.analysis.arguments import add_record_arguments, comparison_of
from mmlhl.command_line import Parser

from .samples import record


@pytest.fixture
def parse():
    parser = Parser()
    add_record_arguments(parser)
    return parser.parse_args


@pytest.mark.parametrize("option", ["--metrics", "--figures"])  # the latter is its former name
def test_paper_and_all_are_words_and_other_values_names(parse, option):
    assert parse(["x"]).metrics == "paper"
    assert parse(["x", option, "all"]).metrics == "all"
    assert parse(["x", option, "mIoU"]).metrics == ["mIoU"]
    assert parse(["x", option, "all", "mIoU"]).metrics == ["all", "mIoU"]


def test_the_comparison_takes_the_labels_of_the_references(parse, tmp_path):
    for name in ("base", "HAD"):
        record(name).save(tmp_path / name / "lifelong.json")
    args = parse([str(tmp_path), "--naive", "base", "--metrics", "mIoU"])
    (group,) = comparison_of(args, pairing="seed").groups
    assert [run.label for run in group.naive] == ["base"] and list(group.methods) == ["base", "HAD"]
    with pytest.raises(ValueError, match="--joint: no run has the label 'bsae'; did you mean 'bas"):
        comparison_of(parse([str(tmp_path), "--naive", "BASE", "--joint", "bsae"]))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        comparison_of(parse([str(tmp_path / "nowhere")]))
