"""A phase may have a new encoder; the teacher has the old one."""

import json

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS, RUNNERS

MIT = dict(
    _delete_=True,
    type="MixVisionTransformer",
    embed_dims=8,
    num_layers=[1, 1, 1, 1],
    num_heads=[1, 1, 1, 1],
    patch_sizes=[7, 3, 3, 3],
    sr_ratios=[8, 4, 2, 1],
    out_indices=(0, 1, 2, 3),
    mlp_ratio=2,
)


def test_resnet_to_mit_and_on(tmp_path, sequence_config, decoder_config):
    decoder = decoder_config(in_channels=8)
    heads = dict(seg=dict(decoder=decoder), depth=dict(decoder=decoder))
    heads["normal"] = dict(decoder=decoder)
    cfg = sequence_config(
        tmp_path,
        phases=[
            dict(tasks=["seg"]),
            dict(tasks=["depth"], model=dict(backbone=MIT, heads=heads)),
            dict(tasks=["normal"]),
        ],
    )
    cfg_for_test = cfg.copy()
    RUNNERS.build(cfg).train()
    record = json.loads((tmp_path / "lifelong.json").read_text())
    assert len(record["phases"]) == 3
    states = [
        torch.load(tmp_path / phase["checkpoint"], weights_only=True)["state_dict"]
        for phase in record["phases"]
    ]
    assert any(key.startswith("backbone.layer1") for key in states[0])
    for state in states[1:]:  # later phases keep the new encoder
        assert any(key.startswith("backbone.layers") for key in state)
        assert not any(key.startswith("backbone.layer1") for key in state)

    # each checkpoint is tested with its own model
    for index, phase in enumerate(record["phases"]):
        cfg_for_test.load_from = str(tmp_path / phase["checkpoint"])
        cfg_for_test.experiment_name = f"test_{tmp_path.name}_{index}"
        results = RUNNERS.build(cfg_for_test).test()
        row = record["metrics"]["seg"]["mIoU"]["values"][index]
        assert abs(results["seg/mIoU"] - row) < 1e-4


def test_checkpoint_of_another_encoder_is_refused(model_config):
    """The sequence's config names the first encoder; a later checkpoint may be of another."""
    init_default_scope("mmseg")
    first = MODELS.build(dict(model_config(), tasks=["seg"]))
    other = model_config()
    other["backbone"] = {key: value for key, value in MIT.items() if key != "_delete_"}
    model = MODELS.build(dict(other, tasks=["seg"]))
    with pytest.raises(ValueError, match="MixVisionTransformer.*another architecture"):
        model.load_state_dict(first.state_dict(), strict=False)
