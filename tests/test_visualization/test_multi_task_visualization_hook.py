from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmengine.visualization import Visualizer
from mmseg.registry import HOOKS
from mmseg.structures import SegDataSample

import mmlhl  # noqa: F401
from mmlhl.visualization.photographs import as_shown


class Recorder:
    """A fake visualizer that records its calls."""

    def __init__(self):
        self.calls = []

    def add_datasample(self, name, image, data_sample, show, wait_time, step):
        self.calls.append((name, image, step))


@pytest.fixture
def hook(monkeypatch):
    recorder = Recorder()
    monkeypatch.setattr(Visualizer, "get_current_instance", lambda: recorder)
    config = dict(type="MultiTaskVisualizationHook", draw=True, interval=2)
    return HOOKS.build(config), recorder.calls


def sample(path):
    return SegDataSample(metainfo=dict(img_path=str(path)))


def test_image_files_and_arrays_are_drawn_in_rgb(tmp_path, hook):
    hook, calls = hook
    red = np.zeros((2, 3, 3))
    red[..., 0] = 1.0
    np.save(tmp_path / "a.npy", red.astype(np.float32))
    cv2.imwrite(str(tmp_path / "b.png"), red[..., ::-1] * 255)
    hook.after_test_iter(None, 0, {}, [sample(tmp_path / "a.npy"), sample(tmp_path / "b.png")])
    assert [(name, step) for name, _, step in calls] == [("test_a", 1), ("test_b", 2)]
    for _, image, _ in calls:
        assert image.dtype == np.uint8 and (image == [255, 0, 0]).all()


def test_images_of_one_channel_and_of_floats_are_drawn_in_rgb():
    grey = np.float32([[0.4, 99.6, 300.0]])
    shown = [[0, 0, 0], [100, 100, 100], [255, 255, 255]]
    for image in (grey, grey[..., None], np.repeat(grey[..., None], 3, 2)):
        assert as_shown(image).dtype == np.uint8 and as_shown(image).tolist() == [shown]


def test_each_process_of_a_test_draws_its_images_once(tmp_path, monkeypatch):
    from mmlhl.visualization import multi_task_visualization_hook as ours
    from mmlhl.visualization import multi_task_visualizer as room

    passed = []
    service = SimpleNamespace(add_image=lambda name, image, step: passed.append(step), close=bool)
    paths = [tmp_path / f"{name}/0.png" for name in "abcde"]
    for path in paths:
        path.parent.mkdir()
        cv2.imwrite(str(path), np.zeros((4, 8, 3), np.uint8))
    runner = SimpleNamespace(
        iter=7, test_loop=SimpleNamespace(dataloader=SimpleNamespace(dataset=paths))
    )
    for rank, dealt in enumerate(([0, 2, 4], [1, 3, 0])):  # the last is a repetition
        monkeypatch.setattr(ours, "get_dist_info", lambda rank=rank: (rank, 2))
        for module in (ours, room):
            monkeypatch.setattr(module, "is_main_process", lambda rank=rank: rank == 0)
        visualizer = room.MultiTaskVisualizer(
            cell_width=8, vis_backends=[dict(type="LocalVisBackend")], save_dir=str(tmp_path)
        )
        visualizer._vis_backends["service"] = service
        monkeypatch.setattr(Visualizer, "get_current_instance", lambda each=visualizer: each)
        hook = HOOKS.build(dict(type="MultiTaskVisualizationHook", draw=True))
        for index in dealt:
            hook.after_test_iter(runner, 0, {}, [sample(paths[index])])
        hook.after_val_iter(runner, 0, {}, [sample(paths[0])])
    drawn = sorted(path.name for path in tmp_path.rglob("vis_image/*.png"))
    assert drawn == [*(f"test_0_{number}.png" for number in range(1, 6)), "val_0_7.png"]
    assert passed == [1, 3, 5, 7]


def test_validation_draws_the_first_of_every_interval(tmp_path, hook):
    hook, calls = hook
    cv2.imwrite(str(tmp_path / "b.png"), np.zeros((2, 2, 3), np.uint8))
    for batch in range(4):
        outputs = [sample(tmp_path / "b.png")] * 2
        hook.after_val_iter(SimpleNamespace(iter=7), batch, {}, outputs)
    assert [(name, step) for name, _, step in calls] == [("val_b", 7)] * 2


def test_tasks_stand_in_the_order_of_the_models_heads(monkeypatch, hook):
    from mmlhl.visualization import multi_task_visualizer as room

    hook, _ = hook
    heads = torch.nn.ModuleDict({name: torch.nn.Identity() for name in ("normal", "seg", "edge")})
    for head, field in zip(heads.values(), ("normal_map", "sem_seg", "edge_map"), strict=True):
        head.field = field
    model = SimpleNamespace(module=SimpleNamespace(heads=heads))  # in a wrapper
    hook._visualizer = room.MultiTaskVisualizer(cell_width=8)
    hook._order(SimpleNamespace(model=model))
    seen = []
    monkeypatch.setattr(room, "captioned", lambda cell, text: seen.append(text) or cell)
    maps = {f"pred_{key}": torch.zeros(1, 4, 8) for key in ("sem_seg", "depth_map", "edge_map")}
    drawn = SegDataSample()
    drawn.set_data({key: PixelData(data=data) for key, data in maps.items()})
    drawn.set_data(dict(pred_normal_map=PixelData(data=torch.ones(3, 4, 8))))
    hook._visualizer.panel(np.zeros((4, 8, 3), np.uint8), drawn)
    assert [text.split()[0] for text in seen] == ["image", "normal", "seg", "edge", "depth"]
    for other in (None, SimpleNamespace(), SimpleNamespace(model=torch.nn.Identity())):
        hook._order(other)  # a model without heads


def test_nothing_is_drawn_unless_asked_for(hook):
    hook, calls = hook
    hook.draw = False
    hook.after_test_iter(None, 0, {}, [sample("missing.png")])
    hook.after_val_iter(None, 0, {}, [sample("missing.png")])
    assert calls == []


def test_every_nth_image_of_a_test(tmp_path, hook):
    hook, calls = hook
    hook.test_interval = 3
    cv2.imwrite(str(tmp_path / "b.png"), np.zeros((2, 2, 3), np.uint8))
    for _ in range(4):  # counted over batches
        hook.after_test_iter(None, 0, {}, [sample(tmp_path / "b.png")] * 2)
    assert [step for _, _, step in calls] == [1, 4, 7]


@pytest.mark.parametrize(
    ("option", "value"),
    [("test_interval", 0), ("test_interval", 1.5), ("test_interval", -1), ("test_interval", True)]
    + [("interval", 0), ("interval", "2"), ("interval", 2.5), ("interval", -2)],
)
def test_intervals_that_would_fail_or_draw_other_images(hook, option, value):
    with pytest.raises(ValueError, match=f" {option} is {value!r}; it must be a whole number from"):
        HOOKS.build(dict(type="MultiTaskVisualizationHook", draw=True, **{option: value}))


def test_an_interval_of_minus_one_draws_nothing_in_validation(hook):
    hook, calls = hook
    hook.interval = -1
    hook.after_val_iter(None, 0, {}, [None])
    assert not calls
