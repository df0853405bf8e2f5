from copy import deepcopy

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.runner import load_checkpoint, save_checkpoint
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

import mmlhl  # noqa: F401

DISTILLERS = {
    "hakd": [dict(type="HeteroAKDLoss"), dict(type="KDLoss", loss_weight=0.1)],
    "kd": [dict(type="KDLoss")],
    "cwd": [dict(type="CWDLoss")],
    "cwd on features": [dict(type="CWDLoss", student_tap=2, teacher_tap="backbone")],
}


def batch(size=(64, 96), seed=0):
    generator = torch.Generator().manual_seed(seed)
    samples = []
    for _ in range(2):
        label = torch.randint(3, (1, *size), generator=generator)
        label[:, :5] = 255
        samples.append(SegDataSample(gt_sem_seg=PixelData(data=label)))
        samples[-1].set_metainfo(dict(ori_shape=size, img_shape=size))
    images = [
        torch.randint(256, (3, *size), generator=generator, dtype=torch.uint8) for _ in samples
    ]
    return dict(inputs=images, data_samples=samples)


def build(student, teacher, distillers=DISTILLERS["hakd"], **options):
    config = dict(config=teacher, **options)
    torch.manual_seed(0)
    return MODELS.build(
        dict(type="DistilledSegmentor", student=student, teacher=config, distillers=distillers)
    )


@pytest.fixture
def pairs(cnn_segmentor, transformer_segmentor):
    # The teacher has another normalisation and channel order than the student.
    other = dict(mean=[127.5] * 3, std=[127.5] * 3, bgr_to_rgb=False)
    return {
        "cnn from transformer": (cnn_segmentor(), transformer_segmentor(**other)),
        "transformer from cnn": (transformer_segmentor(), cnn_segmentor(**other)),
        "cnn from cnn": (cnn_segmentor(), cnn_segmentor()),
    }


@pytest.mark.parametrize("pair", ["cnn from transformer", "transformer from cnn", "cnn from cnn"])
def test_train_step(pairs, pair):
    model = build(*pairs[pair])
    model.init_weights()
    model.train()
    teacher = deepcopy(model._teacher.state_dict())
    before = deepcopy(model.state_dict())
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    log = model.train_step(batch(), optimizer)

    expected = {"loss_kd", "loss_hakd", "loss_projector_student", "loss_projector_teacher"}
    distilled = {key for key in log if key.startswith("distill.")}
    assert distilled == {f"distill.{name}" for name in expected}
    assert "decode.loss_ce" in log and all(torch.isfinite(value) for value in log.values())
    total = sum(log[key] for key in log if "loss" in key and key != "loss")
    assert log["loss"].item() == pytest.approx(total.item(), rel=1e-5)
    for key, value in model._teacher.state_dict().items():
        assert torch.equal(value, teacher[key]), key
    for key in ("backbone", "decode_head", "distillers.0.student", "distillers.0.teacher"):
        changed = [
            not torch.equal(value, before[name])
            for name, value in model.state_dict().items()
            if name.startswith(key) and "num_batches" not in name
        ]
        assert any(changed), key


@pytest.mark.parametrize("pair", ["cnn from transformer", "transformer from cnn"])
def test_every_parameter_gets_a_gradient_as_ddp_wants(pairs, pair):
    model = build(*pairs[pair])
    losses = model(**model.data_preprocessor(batch(), training=True), mode="loss")
    sum(value for key, value in losses.items() if "loss" in key).backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []
    assert all(p.grad is None for p in model._teacher.parameters())


@pytest.mark.parametrize("name", DISTILLERS)
def test_all_distillation_losses_have_the_same_interface(pairs, name):
    student, teacher = pairs["cnn from transformer"]
    distillers = deepcopy(DISTILLERS[name])
    if name == "cwd on features":
        distillers[0]["teacher_tap"] = "decode_head.fusion_conv"
    model = build(student, teacher, distillers)
    data = model.data_preprocessor(batch(), training=True)
    losses = model(**data, mode="loss")
    kinds = {"hakd": 4}.get(name, 1)
    assert len([key for key in losses if key.startswith("distill.loss")]) == kinds


def test_two_distillers_of_a_kind_keep_their_names_apart(pairs):
    distillers = [dict(type="KDLoss", tau=1.0), dict(type="KDLoss", tau=4.0)]
    model = build(*pairs["cnn from cnn"], distillers)
    losses = model(**model.data_preprocessor(batch(), training=True), mode="loss")
    assert {"distill.loss_kd", "distill_1.loss_kd"} < set(losses)


def test_teacher_sees_its_own_preprocessing_and_size(pairs):
    student, teacher = pairs["cnn from transformer"]
    model = build(student, teacher, [dict(type="KDLoss")])
    data = model.data_preprocessor(batch(), training=True)
    seen = model._teach(**data)["logits"]
    own = model._teacher.data_preprocessor(batch(), training=True)["inputs"]
    torch.testing.assert_close(seen, model._teacher(own), atol=1e-4, rtol=1e-3)

    model = build(student, teacher, [dict(type="KDLoss")], input_size=(128, 128))
    assert model._teach(**data)["logits"].shape == (2, 3, 32, 32)
    assert model(**data, mode="loss")["distill.loss_kd"].isfinite()


def test_predicts_and_saves_as_the_student(pairs):
    student, teacher = pairs["transformer from cnn"]
    torch.manual_seed(0)
    plain = MODELS.build(deepcopy(student))
    model = build(student, teacher, [dict(type="KDLoss")])
    assert list(model.state_dict()) == list(plain.state_dict())
    assert [n for n, _ in model.named_parameters()] == [n for n, _ in plain.named_parameters()]
    for name in ("num_classes", "out_channels", "align_corners", "train_cfg", "test_cfg"):
        assert getattr(model, name) == getattr(plain, name)
    model.train()
    assert model._student.training and model.backbone.training and not model._teacher.training
    model.eval()
    assert not model._student.training and not model.backbone.training
    model.double()
    assert model._teacher.decode_head.conv_seg.weight.dtype == torch.float64


def test_checkpoint_round_trip_through_the_plain_config(pairs, tmp_path):
    student, teacher = pairs["cnn from transformer"]
    model = build(student, teacher)
    model.train_step(batch(), OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1)))
    model.eval()
    path = str(tmp_path / "student.pth")
    save_checkpoint(dict(meta={}, state_dict=model.state_dict()), path)

    plain = MODELS.build(deepcopy(student)).eval()
    unexpected = set(model.state_dict()) - set(plain.state_dict())
    assert unexpected and all(key.startswith("distillers.") for key in unexpected)
    load_checkpoint(plain, path)
    again = build(student, teacher).eval()
    load_checkpoint(again, path)
    data = batch()
    with torch.no_grad():
        logits = [m.test_step(deepcopy(data))[0].seg_logits.data for m in (model, plain, again)]
        raw = [m(data["inputs"][0][None].float()) for m in (model, plain, again)]
    for values in (logits, raw):
        assert torch.equal(values[0], values[1]) and torch.equal(values[0], values[2])
    for key, value in again.state_dict().items():
        assert torch.equal(value, model.state_dict()[key]), key


def test_slide_inference_is_the_students(pairs):
    student, teacher = pairs["transformer from cnn"]
    student["test_cfg"] = dict(mode="slide", crop_size=(32, 32), stride=(16, 16))
    model = build(student, teacher).eval()
    plain = MODELS.build(deepcopy(student)).eval()
    plain.load_state_dict(model.state_dict(), strict=False)
    with torch.no_grad():
        results = [m.test_step(batch())[0].seg_logits.data for m in (model, plain)]
    assert torch.equal(*results)


def test_deep_copy_is_complete_and_shares_the_teacher(pairs):
    model = build(*pairs["cnn from transformer"])
    copy = deepcopy(model)
    assert copy._teacher is model._teacher
    assert copy.backbone is copy._student.backbone and copy.backbone is not model.backbone
    with torch.no_grad():
        for parameter in copy.parameters():
            parameter.zero_()
    assert model.decode_head.conv_seg.weight.abs().sum() > 0
    assert copy._student(torch.randn(2, 3, 64, 64)).abs().sum() == 0


def test_without_a_teacher_it_predicts_but_does_not_train(pairs):
    student, _ = pairs["cnn from cnn"]
    config = dict(type="DistilledSegmentor", student=student, distillers=DISTILLERS["hakd"])
    model = MODELS.build(config).eval()
    assert len(model.test_step(batch())) == 2
    with pytest.raises(ValueError, match="model.teacher is None"):
        model(**model.data_preprocessor(batch(), training=True), mode="loss")


def test_without_distillers_it_predicts_but_does_not_train(pairs):
    student, teacher = pairs["cnn from cnn"]
    message = "model.distillers is empty.*KDLoss.*model.student"
    with pytest.raises(ValueError, match=message):
        build(student, teacher, [])
    model = MODELS.build(dict(type="DistilledSegmentor", student=student))
    assert len(model.eval().test_step(batch())) == 2
    with pytest.raises(ValueError, match=message):
        model(**model.data_preprocessor(batch(), training=True), mode="loss")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_mixed_precision(pairs, dtype):
    model = build(*pairs["transformer from cnn"])
    data = model.data_preprocessor(batch(), training=True)
    with torch.autocast("cpu", dtype=dtype):
        losses = model(**data, mode="loss")
    total = sum(value for key, value in losses.items() if "loss" in key)
    total.backward()
    assert total.isfinite()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_errors_at_build(pairs, transformer_segmentor):
    student, teacher = pairs["cnn from transformer"]
    with pytest.raises(ValueError, match="teacher has 4 classes.*student has 3"):
        build(student, transformer_segmentor(num_classes=4))
    with pytest.raises(FileNotFoundError, match="nowhere.pth"):
        build(student, teacher, checkpoint="nowhere.pth")
    with pytest.raises(ValueError, match="only"):
        build(student, teacher, [dict(type="HeteroAKDLoss", student_tap=7)])
    with pytest.raises(ValueError, match="no such module"):
        build(student, teacher, [dict(type="KDLoss", teacher_tap="decode_head.fusion")])
    with pytest.raises(ValueError, match="'NoLoss'"):
        build(student, teacher, [dict(type="NoLoss")])
    with pytest.raises(ValueError, match="weights"):
        build(student, teacher, weights="x.pth")
    for size in (128, (128,), (0, 128), (64.0, 64), "128"):
        with pytest.raises(ValueError, match="teacher.input_size is .*height, width"):
            build(student, teacher, input_size=size)
