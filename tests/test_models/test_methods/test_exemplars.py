import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmlhl.models.methods import valid_pixels
from mmlhl.models.methods.exemplars import ExemplarBuffer, compact, make_exemplar, to_batch
from mmlhl.models.methods.stored_exemplars import check_exemplars


@pytest.mark.parametrize(
    "values, dtype",
    [
        (torch.tensor([0, 255]), torch.uint8),
        (torch.tensor([0, 256]), torch.int32),
        (torch.tensor([-1, 3]), torch.int32),
        (torch.tensor([0.5, float("nan")]), torch.float16),
        (torch.tensor([0.5, 1e6]), torch.float32),
        (torch.tensor([3.7e-8, 1.3e-6]), torch.float32),  # half precision has steps of 6e-8
        (torch.tensor([0.0, float("nan")]), torch.float16),
        (torch.tensor([0.0, 2.0**-14]), torch.float16),
        (torch.tensor([True, False]), torch.bool),
    ],
)
def test_compact_takes_the_smallest_type_that_holds_the_values(values, dtype):
    small = compact(values)
    assert small.dtype == dtype
    assert torch.equal(small.to(values.dtype).nan_to_num(-7), values.nan_to_num(-7))
    small.zero_()
    assert values.nan_to_num(1).any()  # a copy


def test_an_exemplar_comes_back_as_it_was_stored_with_its_padding(build):
    model = build(dict(type="Naive"), new_tasks=["seg", "depth"])
    image = torch.randn(3, 8, 12)
    depth = torch.rand(1, 8, 12) + 1
    depth[0, 0, 0] = float("nan")
    label = torch.randint(13, (1, 8, 12))
    sample = SegDataSample(gt_sem_seg=PixelData(data=label), gt_depth_map=PixelData(data=depth))
    valid = torch.ones(8, 12, dtype=torch.bool)
    valid[:, 10:] = False
    item = make_exemplar(model, image, sample, valid, phase=1)
    big = make_exemplar(
        model,
        torch.randn(3, 9, 11),
        SegDataSample(
            gt_sem_seg=PixelData(data=torch.zeros(1, 9, 11, dtype=torch.long)),
            gt_depth_map=PixelData(data=torch.ones(1, 9, 11)),
        ),
        torch.ones(9, 11, dtype=torch.bool),
        phase=0,
    )

    inputs, samples = to_batch([item, big], model, torch.device("cpu"))
    assert inputs.shape == (2, 3, 9, 12) and inputs.dtype == torch.float32
    torch.testing.assert_close(inputs[0, :, :8], image, atol=2e-3, rtol=1e-3)
    assert (inputs[0, :, 8:] == 0).all()
    expected = torch.zeros(2, 9, 12, dtype=torch.bool)
    expected[0, :8, :10] = True
    expected[1, :, :11] = True
    assert torch.equal(valid_pixels(inputs, samples), expected)
    assert torch.equal(samples[0].gt_sem_seg.data[:, :8], label)
    assert (samples[0].gt_sem_seg.data[:, 8:] == 255).all()
    assert samples[0].gt_depth_map.data[0, 0, 0].isnan()
    assert samples[0].gt_depth_map.data[:, 8:].isnan().all()
    torch.testing.assert_close(
        samples[0].gt_depth_map.data[0, 1:8], depth[0, 1:], atol=2e-3, rtol=1e-3
    )


def test_smaller_exemplars_are_padded_with_the_preprocessors_value(build):
    model = build(dict(type="Naive"), new_tasks=[])
    model.data_preprocessor.pad_val = -2.5
    sizes = [(4, 6), (5, 3)]
    samples = [SegDataSample() for _ in sizes]
    items = [
        make_exemplar(model, torch.ones(3, *size), sample, torch.ones(size, dtype=torch.bool), 0)
        for size, sample in zip(sizes, samples, strict=True)
    ]
    inputs, _ = to_batch(items, model, torch.device("cpu"))
    assert (inputs[0, :, 4:] == -2.5).all() and (inputs[1, :, :, 3:] == -2.5).all()
    assert (inputs[0, :, :4] == 1).all() and (inputs[1, :, :, :3] == 1).all()


@pytest.mark.parametrize("kind", ["DER", "DERpp", "ICaRL"])
def test_a_phase_with_a_smaller_buffer_reduces_it(build, exemplar, kind):
    before = build(dict(type=kind, buffer_size=6)).method
    before.buffer.items = [exemplar(phase=n // 3, seed=n) for n in range(6)]
    before.phases = 2
    kept = []
    for _ in range(2):  # the same on each rank
        model = build(dict(type=kind, buffer_size=3))
        model.method.load_state_dict(before.state_dict())
        model.method.begin_phase(model, None)
        kept.append([id(item) for item in model.method.buffer.items])
    assert len(kept[0]) == 3 and kept[0] == kept[1]
    if kind == "ICaRL":  # the first of the herding order of each phase
        assert kept[0] == [id(before.buffer.items[n]) for n in (0, 1, 3)]
    greater = build(dict(type=kind, buffer_size=9))
    greater.method.load_state_dict(before.state_dict())
    greater.method.begin_phase(greater, None)
    assert greater.method.exemplars == 6


def test_void_is_no_class_whatever_the_ignore_index_is(build):
    model = build(dict(type="Naive"), new_tasks=["seg"])
    model.heads["seg"].ignore_index = 254
    label = torch.tensor([0, 12, 254, 255]).view(1, 2, 2)
    item = dict(labels=dict(seg=compact(label)), outputs={})
    check_exemplars([item], model, "DER")
    item["labels"]["seg"][0, 0, 0] = 13
    with pytest.raises(ValueError, match="ids up to 13, the head has 13 classes"):
        check_exemplars([item], model, "DER")


def test_draws_differ_from_each_other_and_are_fair():
    buffer = ExemplarBuffer(10)
    buffer.items = [dict(number=n) for n in range(10)]
    drawn = [[item["number"] for item in buffer.draw(3)] for _ in range(1000)]
    assert all(len(set(numbers)) == 3 for numbers in drawn)
    counts = torch.tensor(drawn).flatten().bincount(minlength=10)
    assert counts.sum() == 3000 and 230 < counts.min() and counts.max() < 370
    assert len(buffer.draw(99)) == 10 and ExemplarBuffer(1).draw(3) == []
