"""Number of images and batches of a phase; a phase without a step is refused."""

import json

import pytest
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from mmlhl.engine import LifelongRunner, parse_phases, phase_config
from mmlhl.engine.phases import supply
from mmlhl.engine.phases.supply import Supplies

STEPS = []


@HOOKS.register_module()
class NoteSteps(Hook):
    """Records the task of each step."""

    def after_train_iter(self, runner, *args, **kwargs):
        STEPS.append(runner.model.new_tasks[0])


def of(cfg, index=0):
    phases = parse_phases(cfg)
    loaders = [phase_config(cfg, phases, i).train_dataloader for i in range(len(phases))]
    return Supplies(loaders).of(loaders[index], "train_dataloader")


@pytest.mark.parametrize(
    ("loader", "images", "batches", "smallest"),
    [
        (dict(batch_size=2), 4, 2, 2),
        (dict(batch_size=3), 4, 2, 1),
        (dict(batch_size=3, drop_last=True), 4, 1, 3),
        (dict(batch_size=9), 4, 1, 4),
        (dict(batch_size=1, num_batch_per_epoch=2), 2, 2, 1),  # mmengine leaves out the rest
        (dict(dataset=dict(part=None)), 12, 6, 2),
        (dict(dataset=dict(part=[1, 5])), 2, 1, 2),
        (dict(dataset=dict(indices=7)), 2, 1, 2),
    ],
)
def test_images_and_batches(config, loader, images, batches, smallest):
    cfg = config()
    cfg.merge_from_dict(dict(train_dataloader=loader))
    given = of(cfg)
    assert (given.images, given.batches, given.smallest) == (images, batches, smallest)
    assert given.length == batches
    assert len(given.batch(2)["inputs"]) == 2


def test_a_loader_of_an_own_pipeline_reads_the_tasks_of_all_phases(config):
    """As that of test-time augmentation, whose images serve the trials of all phases."""
    cfg = config()
    phases = parse_phases(cfg)
    loaders = [phase_config(cfg, phases, i).test_dataloader for i in range(len(phases))]
    supplies, first = Supplies(loaders), loaders[0]
    first.dataset.pipeline = [*first.dataset.pipeline]
    first.dataset.pipeline[0] = dict(first.dataset.pipeline[0], color_type="color")
    sample = supplies.of(first, "tta_pipeline").dataset[0]["data_samples"]
    assert len([key for key in sample.keys() if key.startswith("gt_")]) == len(phases[-1].seen)


def test_no_list_of_images_is_serialised(config, plain_config):
    """It takes time, most for collecting garbage; of a wrapper and of mmseg's datasets neither."""
    cfg = config()
    ours = phase_config(cfg, parse_phases(cfg), 0).train_dataloader.dataset
    for inner in (ours, plain_config().train_dataloader.dataset):
        dataset = dict(type="RepeatDataset", times=2, dataset=inner)
        given = Supplies(()).of(dict(dataset=dataset), "train_dataloader")
        assert len(given.dataset.dataset.data_list) == len(given.dataset) // 2 > 0
        assert "serialize_data" not in inner


@pytest.mark.parametrize(("size", "warned"), [(4, False), (5, True), (9, True)])
def test_a_batch_beyond_the_images_of_the_phase_is_named(config, monkeypatch, size, warned):
    said = []
    monkeypatch.setattr("mmlhl.engine.phases.supply.print_log", lambda text, *_: said.append(text))
    cfg = config()
    cfg.train_dataloader.batch_size = size
    of(cfg)
    assert said == [
        f"train_dataloader.batch_size is {size}, but there are 4 image(s) per process: each "
        "epoch is one smaller batch"
    ] * int(warned)


@pytest.mark.parametrize(("drop", "length"), [(False, 2), (True, 1)])
def test_an_endless_loader_has_a_length(config, drop, length):
    """A warm-up of LwF may count epochs in a training by iterations."""
    cfg = config()
    sampler = dict(type="mmengine.InfiniteSampler")
    cfg.train_dataloader.update(batch_size=3, drop_last=drop, sampler=sampler)
    given = of(cfg)
    assert (given.batches, given.length, given.smallest) == (None, length, 3)


def test_joined_datasets_give_one_image_each():
    class Joined(list):
        cumulative_sizes = (3, 5)

    given = supply.Supply(Joined("aabbc"[i] + str(i) for i in range(5)), 5, 3, 3, 1, list)
    assert given.batch(2) == ["a0", "b3"]
    assert given.batch(9) == ["a0", "b3", "a1", "b2", "c4"]


@pytest.mark.parametrize(
    ("loader", "message"),
    [
        (dict(batch_sampler=dict(type="DefaultSampler")), "batch_sampler=.* argument 'sampler'"),
        (dict(worker_init_fn=dict(type="init")), "worker_init_fn: 'init' is not registered"),
        (dict(collate_fn=dict(type="collate")), "collate_fn: 'collate' is not registered; 'def"),
    ],
)
def test_functions_and_samplers_of_batches_that_mmengine_cannot_build(config, loader, message):
    cfg = config()
    cfg.merge_from_dict(dict(train_dataloader=loader))
    with pytest.raises(ValueError, match=message):
        of(cfg)


def test_more_batches_than_images(config):
    cfg = config()
    cfg.train_dataloader.update(batch_size=2, num_batch_per_epoch=3)
    with pytest.raises(
        ValueError, match=r"num_batch_per_epoch is 3, which takes 6 images .* are 4"
    ):
        of(cfg)


def test_images_are_shared_out_among_processes(config, monkeypatch):
    monkeypatch.setattr("mmengine.dataset.sampler.get_dist_info", lambda: (0, 3))
    monkeypatch.setattr(supply, "get_world_size", lambda: 3)
    cfg = config()
    cfg.train_dataloader.update(batch_size=2, drop_last=True)
    assert (of(cfg).batches, of(cfg).smallest) == (1, 2)  # 4 images are 2 in each of 3 processes
    cfg.train_dataloader.update(batch_size=3)
    with pytest.raises(ValueError, match=r"4 image\(s\) for 3 process\(es\) with batch_size=3"):
        of(cfg)


def test_a_dataset_is_built_once_for_all_phases(config, monkeypatch):
    built = []
    build = supply.DATASETS.build
    monkeypatch.setattr(supply.DATASETS, "build", lambda cfg: built.append(cfg) or build(cfg))
    cfg = config()
    phases = parse_phases(cfg)
    loaders = [phase_config(cfg, phases, i).train_dataloader for i in range(3)]
    supplies = Supplies(loaders)
    given = [supplies.of(loader, "train_dataloader") for loader in loaders]
    assert len(built) == 1 and built[0]["tasks"] == ["seg", "depth", "normal"]
    assert len({id(each.dataset) for each in given}) == 1


@pytest.mark.parametrize("images", [3, 4, 5])
def test_every_recorded_phase_took_a_step(config, tmp_path, images):
    STEPS.clear()
    cfg = config(phases=[dict(tasks=["seg"]), dict(tasks=["depth"])])
    cfg.custom_hooks = [dict(type="NoteSteps")]
    cfg.train_cfg.max_epochs = 1
    cfg.param_scheduler = None
    cfg.train_dataloader.update(batch_size=2, drop_last=True)
    cfg.train_dataloader.dataset.indices = images
    cfg.test_dataloader = cfg.test_evaluator = cfg.test_cfg = None
    if images < 4:
        with pytest.raises(ValueError, match=r"phases\[0\]: train_dataloader gives no batch"):
            LifelongRunner.from_cfg(cfg).train()
        assert STEPS == [] and not (tmp_path / "run" / "lifelong.json").exists()
        return
    LifelongRunner.from_cfg(cfg).train()
    record = json.loads((tmp_path / "run" / "lifelong.json").read_text())
    assert [phase["name"] for phase in record["phases"]] == ["seg", "depth"]
    assert set(STEPS) == {"seg", "depth"}
