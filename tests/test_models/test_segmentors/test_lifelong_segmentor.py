"""The segmentor by itself: one encoder, growing, the teacher's hiding, inference, mmseg's apis."""

import copy

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.runner import load_checkpoint
from mmseg.apis import MMSegInferencer, inference_model, init_model
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

SIZE = (32, 48)


@pytest.fixture
def build(model_config):
    """A function: a model with random weights, in evaluation mode."""

    def model(tasks=None, seed=0, **changes):
        torch.manual_seed(seed)
        if tasks is not None:
            changes["tasks"] = tasks
        built = MODELS.build(model_config(**changes))
        built.init_weights()
        return built.eval()

    return model


@pytest.fixture
def student(build):
    """A student of three tasks, depth being new, with a teacher of the other two."""
    model = build(["seg", "normal", "depth"], seed=1, new_tasks=["depth"]).train()
    model.set_teacher(build(["seg", "normal"], seed=2))
    return model


def images(n=2, size=SIZE, seed=0):
    return torch.randn(n, 3, *size, generator=torch.Generator().manual_seed(seed))


def count_calls(module):
    calls = []
    module.register_forward_hook(lambda *_: calls.append(1))
    return calls


# -- a step ------------------------------------------------------------------------------------
def test_each_encoder_runs_once_a_step(student, samples):
    mine, teachers = count_calls(student.backbone), count_calls(student.teacher.backbone)
    losses = student.loss(images(), samples())
    assert len(mine) == 1 and len(teachers) == 1
    assert set(losses) == {
        "depth.loss_l1",
        "seg.loss_had_db",
        "seg.loss_had_sg",
        "normal.loss_had_db",
        "normal.loss_had_sg",
    }


def test_gradients_reach_the_student_and_not_the_teacher(student, samples):
    before = copy.deepcopy(student.teacher.state_dict())
    losses = student.loss(images(), samples())
    sum(losses.values()).backward()
    for name, parameter in student.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
    for task in student.tasks:
        assert any(float(p.grad.abs().sum()) > 0 for p in student.heads[task].parameters())
    for parameter in student.teacher.parameters():
        assert parameter.grad is None and not parameter.requires_grad
    for name, value in student.teacher.state_dict().items():  # BN statistics included
        assert torch.equal(value, before[name]), name


def test_the_teacher_is_out_of_sight(build, student):
    plain = build(["seg", "normal", "depth"], seed=1)
    assert student.state_dict().keys() == plain.state_dict().keys()
    assert len(list(student.modules())) == len(list(plain.modules()))
    assert len(list(student.parameters())) == len(list(plain.parameters()))
    student.train()
    assert not any(module.training for module in student.teacher.modules())
    teacher = student.teacher
    student.double()
    assert next(teacher.parameters()).dtype == torch.float64
    copied = copy.deepcopy(student)
    assert copied.teacher is teacher and copied.backbone is not student.backbone
    student.set_teacher(None)
    assert student.teacher is None and copied.teacher is teacher


def test_without_a_teacher_the_method_says_who_sets_it(build, samples):
    model = build(["seg", "depth"], new_tasks=["depth"])
    with pytest.raises(RuntimeError, match="LifelongPhaseHook"):
        model.loss(images(), samples())


def test_teacher_labels_are_the_teachers_predictions(student):
    from mmlhl.models.methods import Step

    step = Step(images(), [], None, torch.ones(2, *SIZE, dtype=torch.bool))
    labels = student.teacher_labels(step)
    assert list(labels) == ["seg", "normal"]
    teacher = student.teacher
    raw = teacher.forward(images(), mode="tensor")
    expected = teacher.heads["seg"].resize(raw["seg"], SIZE).argmax(1)
    assert torch.equal(labels["seg"], expected)
    torch.testing.assert_close(labels["normal"].norm(dim=1), torch.ones(2, *SIZE))


def test_amp_on_the_cpu_takes_a_step(student, samples):
    optimizer = torch.optim.SGD(student.parameters(), lr=1e-2)
    before = student.backbone.conv1.weight.detach().clone()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        losses = student.loss(images(), samples())
    total = sum(losses.values())
    total.backward()
    optimizer.step()
    assert total.isfinite() and total.dtype == torch.float32
    assert all(p.isfinite().all() for p in student.parameters())
    assert not torch.equal(student.backbone.conv1.weight, before)


def test_neck_is_used(build, samples):
    fpn = dict(type="FPN", in_channels=[4, 8, 16, 32], out_channels=32, num_outs=4)
    model = build(neck=fpn).train()
    calls = count_calls(model.neck)
    sum(v for k, v in model.loss(images(), samples()).items() if "loss" in k).backward()
    # the decoder taps the last map
    assert len(calls) == 1 and model.neck.fpn_convs[3].conv.weight.grad is not None


# -- tasks -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (dict(tasks=["seg", "edge"]), "model.tasks names 'edge'"),
        (dict(tasks=["seg", "seg"]), "model.tasks names a task twice"),
        (dict(tasks=["seg"], new_tasks=["depth"]), r"new_tasks names \['depth'\]"),
        (dict(method=dict(type="HADLoss")), "'HADLoss' is not a method"),
    ],
)
def test_wrong_tasks_and_methods(model_config, options, told):
    with pytest.raises(ValueError, match=told):
        MODELS.build(model_config(**options))


def test_two_heads_of_one_field(model_config, decoder_config):
    heads = model_config()["heads"]
    heads["parts"] = dict(type="SegmentationHead", num_classes=7, decoder=decoder_config())
    with pytest.raises(ValueError, match="'seg' and 'parts' both write pred_sem_seg"):
        MODELS.build(model_config(heads=heads))
    heads["parts"]["field"] = "human_parts"
    assert "parts" in MODELS.build(model_config(heads=heads)).tasks


def test_naive_freezes_old_heads_altogether(build, samples):
    model = build(["seg", "depth"], new_tasks=["depth"], method=dict(type="Naive")).train()
    before = copy.deepcopy(model.heads["seg"].state_dict())
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=0.1)
    losses = model.loss(images(), samples())
    assert set(losses) == {"depth.loss_l1"}
    losses["depth.loss_l1"].backward()
    optimizer.step()
    model.predict(images())
    for name, value in model.heads["seg"].state_dict().items():
        assert torch.equal(value, before[name]), name
    assert not any(m.training for m in model.heads["seg"].modules())
    assert model.heads["depth"].training and model.backbone.training


def test_had_trains_old_heads(build):
    model = build(["seg", "depth"], new_tasks=["depth"]).train()
    assert all(p.requires_grad for p in model.heads["seg"].parameters())
    assert model.heads["seg"].training and model.old_tasks == ["seg"]


# -- growing on load -------------------------------------------------------------------------------
def by_torch(model, path):
    return model.load_state_dict(torch.load(path)["state_dict"])


def by_mmengine(model, path):
    return load_checkpoint(model, str(path), map_location="cpu", strict=True)


@pytest.fixture
def checkpoint(build, tmp_path):
    """A function: file with the weights of a model of some tasks, and the model."""

    def save(*tasks):
        model = build(list(tasks), seed=5)
        path = tmp_path / f"{'_'.join(tasks)}.pth"
        torch.save(dict(state_dict=model.state_dict(), meta={}), path)
        return path, model

    return save


@pytest.mark.parametrize("load", [by_torch, by_mmengine])
def test_no_tasks_in_the_config_follow_the_checkpoint(build, checkpoint, load):
    path, saved = checkpoint("seg", "normal")
    model = build()
    assert model.tasks == ["seg", "depth", "normal"]
    load(model, path)
    assert model.tasks == ["seg", "normal"] and model.new_tasks == ["seg", "normal"]
    for name, value in saved.state_dict().items():
        assert torch.equal(model.state_dict()[name], value), name
    later, _ = checkpoint("seg", "normal", "depth")
    load(model, later)  # and back again
    assert sorted(model.tasks) == ["depth", "normal", "seg"]


@pytest.mark.parametrize("load", [by_torch, by_mmengine])
def test_heads_of_the_checkpoint_are_added(build, checkpoint, load):
    path, saved = checkpoint("seg", "depth")
    model = build(["seg"]).double().train()
    load(model, path)
    assert model.tasks == ["seg", "depth"] and model.old_tasks == ["depth"]
    grown = model.heads["depth"]
    assert grown.training and next(grown.parameters()).dtype == torch.float64
    torch.testing.assert_close(
        grown.decoder.conv_seg.weight, saved.heads["depth"].decoder.conv_seg.weight.double()
    )


@pytest.mark.parametrize("load", [by_torch, by_mmengine])
def test_a_new_head_keeps_its_initial_weights(build, checkpoint, load):
    path, saved = checkpoint("seg")
    model = build(["seg", "depth"], new_tasks=["depth"])
    before = copy.deepcopy(model.heads["depth"].state_dict())
    load(model, path)  # strict, and no key is missing
    for name, value in model.heads["depth"].state_dict().items():
        assert torch.equal(value, before[name])
    assert torch.equal(model.backbone.conv1.weight, saved.backbone.conv1.weight)


def test_loading_leaves_the_given_dictionary_alone(build, checkpoint):
    _, saved = checkpoint("seg")
    state = saved.state_dict()
    keys = set(state)
    build(["seg", "depth"]).load_state_dict(state)
    assert set(state) == keys


def test_growing_inside_another_module(build, checkpoint):
    _, saved = checkpoint("seg", "depth")
    wrapper = torch.nn.Sequential(build(["seg"]))
    wrapper.load_state_dict({f"0.{key}": value for key, value in saved.state_dict().items()})
    assert wrapper[0].tasks == ["seg", "depth"]


def test_plain_backbone_weights_change_no_heads(build):
    model = build()
    weights = {f"backbone.{k}": v for k, v in model.backbone.state_dict().items()}
    model.load_state_dict(weights, strict=False)
    assert model.tasks == ["seg", "depth", "normal"]


# -- inference -----------------------------------------------------------------------------------
def test_a_window_as_large_as_the_image_is_the_whole(build):
    model = build()
    whole = model.inference(images(), [{}, {}])
    model.test_cfg = dict(mode="slide", crop_size=SIZE, stride=(8, 8))
    slid = model.inference(images(), [{}, {}])
    for task in model.tasks:
        assert whole[task].shape[2:] == SIZE
        torch.testing.assert_close(slid[task], whole[task])


@pytest.mark.parametrize(
    "test_cfg",
    [dict(mode="whole"), dict(mode="slide", crop_size=(24, 24), stride=(16, 10))],
    ids=["whole", "slide"],
)
def test_segmentation_equals_mmsegs_encoder_decoder(build, model_config, test_cfg):
    model = build(["seg"], test_cfg=test_cfg)
    config = model_config()
    stock = MODELS.build(
        dict(
            type="EncoderDecoder",
            backbone=config["backbone"],
            decode_head=dict(config["heads"]["seg"]["decoder"], num_classes=13),
            test_cfg=ConfigDict(test_cfg),
            data_preprocessor=dict(type="SegDataPreProcessor"),
        )
    ).eval()
    renamed = {
        key.replace("heads.seg.decoder.", "decode_head."): value
        for key, value in model.state_dict().items()
    }
    stock.load_state_dict(renamed)
    metas = [dict(ori_shape=(40, 60), img_shape=SIZE, pad_shape=SIZE) for _ in range(2)]
    inputs = images()
    with torch.no_grad():
        expected = stock.inference(inputs, metas)
        torch.testing.assert_close(model.inference(inputs, metas)["seg"], expected)
        theirs = stock.predict(inputs, [SegDataSample(metainfo=meta) for meta in metas])
        mine = model.predict(inputs, [SegDataSample(metainfo=meta) for meta in metas])
    for his, my in zip(theirs, mine, strict=True):
        assert torch.equal(my.pred_sem_seg.data, his.pred_sem_seg.data)
        assert my.pred_sem_seg.data.shape == (1, 40, 60)


def test_predict_undoes_padding_and_flip(build):
    model = build()
    # the network is no function of the pixel alone: give it a flipped image, not a flipped batch
    inputs = images(1, (40, 56))
    meta = dict(
        ori_shape=SIZE,
        img_padding_size=(0, 8, 0, 8),
        flip=True,
        flip_direction="horizontal",
    )
    with torch.no_grad():
        (sample,) = model.predict(inputs, [SegDataSample(metainfo=meta)])
        raw = model.encode_decode(inputs, [{}])
    for task, field in (("seg", "pred_sem_seg"), ("depth", "pred_depth_map")):
        pred = model.heads[task].activation(raw[task][..., :32, :48].flip(3))[0]
        pred = pred.argmax(0, keepdim=True) if task == "seg" else pred
        torch.testing.assert_close(sample.get(field).data, pred)
    normal = model.heads["normal"].activation(raw["normal"][..., :32, :48].flip(3))[0]
    normal = normal * torch.tensor([-1.0, 1.0, 1.0]).view(3, 1, 1)
    torch.testing.assert_close(sample.pred_normal_map.data, normal)


def test_predict_resizes_to_each_images_original_size(build):
    metas = [dict(ori_shape=(64, 96)), dict(ori_shape=(16, 24, 3))]
    made = build().predict(images(), [SegDataSample(metainfo=meta) for meta in metas])
    assert made[0].pred_normal_map.data.shape == (3, 64, 96)
    assert made[1].pred_depth_map.data.shape == (1, 16, 24)
    assert made[1].pred_sem_seg.data.dtype == torch.int64
    lengths = made[0].pred_normal_map.data.norm(dim=0)  # normalised after the resize
    torch.testing.assert_close(lengths, torch.ones_like(lengths))
    assert len(build().predict(images())) == 2  # no samples at all


def test_tensor_mode_gives_raw_maps_of_all_tasks(build):
    maps = build().forward(images(), mode="tensor")
    assert {task: tuple(raw.shape) for task, raw in maps.items()} == dict(
        seg=(2, 13, 4, 6), depth=(2, 1, 4, 6), normal=(2, 3, 4, 6)
    )


def test_unknown_test_mode(build):
    with pytest.raises(ValueError, match="'whole' or 'slide', got 'tiles'"):
        build(test_cfg=dict(mode="tiles")).inference(images(), [{}, {}])


def test_what_mmseg_tools_ask_of_a_segmentor(build):
    model = build()
    assert model.with_decode_head and not model.with_neck and not model.with_auxiliary_head
    assert model.decode_head is model.heads["seg"].decoder
    assert (model.num_classes, model.out_channels, model.align_corners) == (13, 13, False)
    depth = build(["depth"])
    assert not depth.with_decode_head
    assert (depth.num_classes, depth.out_channels, depth.align_corners) == (None, None, None)


# -- mmseg's apis on a real checkpoint ---------------------------------------------------------
@pytest.fixture(scope="module")
def finished(trained):
    """Config, last and first checkpoint of a sequence of three phases."""
    cfg, record = trained
    paths = [f"{cfg.work_dir}/{phase['checkpoint']}" for phase in record.phases]
    return cfg, paths


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.png"
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    cv2.imwrite(str(path), pixels)
    return str(path), pixels


def test_init_model_and_inference_model(finished, picture):
    cfg, paths = finished
    path, pixels = picture
    model = init_model(copy.deepcopy(cfg), paths[-1], device="cpu")
    assert model.tasks == ["seg", "depth", "normal"]
    assert len(model.dataset_meta["classes"]) == 13
    result = inference_model(model, path)
    assert result.pred_sem_seg.data.shape == (1, 40, 60)
    assert result.pred_depth_map.data.shape == (1, 40, 60)
    assert result.pred_normal_map.data.shape == (3, 40, 60)
    again = inference_model(model, pixels)
    torch.testing.assert_close(again.pred_depth_map.data, result.pred_depth_map.data)
    first = init_model(copy.deepcopy(cfg), paths[0], device="cpu")
    assert first.tasks == ["seg"]
    assert "pred_depth_map" not in inference_model(first, path)


def test_inferencer(finished, picture, tmp_path):
    cfg, paths = finished
    path, _ = picture
    inferencer = MMSegInferencer(model=copy.deepcopy(cfg), weights=paths[-1], device="cpu")
    out = inferencer(path, out_dir=str(tmp_path / "out"), show=False)
    assert out["predictions"].shape == (40, 60)
    assert list((tmp_path / "out" / "vis").iterdir())
