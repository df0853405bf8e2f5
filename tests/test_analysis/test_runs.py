import pytest

from mmlhl.analysis.runs import group_runs, load_runs
from mmlhl.evaluation import LifelongRecord

from .samples import field_of_runs, record


def test_load_runs_finds_files_folders_and_labels(tmp_path):
    record("HAD", 0).save(tmp_path / "b" / "lifelong.json")
    record("LwF", 0).save(tmp_path / "a" / "deep" / "lifelong.json")
    assert [r.label for r in load_runs([str(tmp_path)])] == ["LwF", "HAD"]
    file = tmp_path / "b" / "lifelong.json"
    for argument in (tmp_path / "b", file):
        assert [r.label for r in load_runs([f"no SG={argument}"])] == ["no SG"]
        assert [r.method for r in load_runs([str(argument)])] == ["HAD"]
    # An existing path that contains an equals sign is not a label.
    record("HAD", 0).save(tmp_path / "k=0.9" / "lifelong.json")
    assert load_runs([str(tmp_path / "k=0.9")])[0].label == "HAD"


def test_load_runs_names_what_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="below"):
        load_runs([str(tmp_path)])
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_runs([str(tmp_path / "nowhere")])


def test_groups_by_order_with_the_references_of_its_tasks():
    other = record("HAD", 0)
    other.phases.reverse()
    groups = group_runs([*field_of_runs(), other])
    assert [group.name for group in groups] == ["seg → depth", "depth → seg"]
    first, second = groups
    assert list(first.methods) == ["naive", "HAD", "LwF"]
    assert [run.seed for run in first.methods["HAD"]] == [0, 1] and len(first.naive) == 2
    assert list(second.methods) == ["HAD"] and second.naive == []
    for group in groups:
        assert len(group.joint) == 1 and len(group.single) == 1
        assert group.single[0].tasks == ["seg", "depth"]


def test_labels_in_upper_and_lower_case_are_one_method():
    """The second spelling of naive was the only reference."""
    runs = [record("Naive", 0), record("naive", 1), record("HAD", 0), record("had", 1)]
    (group,) = group_runs(runs)
    assert {label: len(runs) for label, runs in group.methods.items()} == dict(Naive=2, HAD=2)
    assert [run.seed for run in group.naive] == [0, 1]


def test_references_of_other_tasks_are_not_taken():
    runs = [run for run in field_of_runs() if run.tasks != ["depth"]]
    more = LifelongRecord("joint", 3)
    more.add_phase("all", ["seg", "normal"], "", 1, {"seg/mIoU": 1, "normal/mean_err": 1})
    (group,) = group_runs([*runs, more])
    assert group.single == [] and [run.seed for run in group.joint] == [0]


def of(dataset, runs):
    """Runs with a dataset in their records."""
    for run in runs:
        run.extra["dataset"] = dataset
    return runs


def test_runs_of_different_datasets_are_in_different_groups():
    rooms, nyu = of("RoomsDataset", field_of_runs()), of("NYUv2Dataset", field_of_runs()[:-3])
    groups = group_runs([*rooms, *nyu])
    names = ["RoomsDataset, seg → depth", "NYUv2Dataset, seg → depth"]
    assert [group.name for group in groups] == names
    for group, runs in zip(groups, (rooms, nyu), strict=True):
        assert all(run in runs for method in group.methods.values() for run in method)
        assert len(group.naive) == 2
    # the references serve their own dataset only
    assert [(len(group.joint), len(group.single)) for group in groups] == [(1, 1), (0, 0)]


def test_records_without_a_dataset_join_the_only_one():
    (group,) = group_runs(of("RoomsDataset", field_of_runs()))
    assert group.name == "seg → depth"
    runs = field_of_runs()
    of("RoomsDataset", runs[:2])
    (group,) = group_runs(runs)
    assert group.name == "seg → depth" and len(group.methods) == 3 and len(group.joint) == 1


def test_records_without_a_dataset_are_grouped_apart_from_several():
    rooms, nyu = of("RoomsDataset", [record()]), of("NYUv2Dataset", [record()])
    groups = group_runs([*rooms, record(), *nyu])
    names = ["RoomsDataset, seg → depth", "seg → depth", "NYUv2Dataset, seg → depth"]
    assert [group.name for group in groups] == names


def test_references_alone_are_shown_as_methods():
    groups = group_runs(field_of_runs()[-3:])
    assert [list(group.methods) for group in groups] == [["Joint"], ["Single"], ["Single"]]


def test_identical_and_empty_runs_are_refused():
    with pytest.raises(ValueError, match="both HAD with seed 0.*LABEL=PATH"):
        group_runs([record("HAD", 0), record("HAD", 0)])
    with pytest.raises(ValueError, match="no metrics"):
        group_runs([LifelongRecord("HAD")])
