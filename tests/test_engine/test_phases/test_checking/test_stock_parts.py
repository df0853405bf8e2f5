"""What a config has inherited of an mmseg model is refused with what becomes of it."""

import pytest

from mmlhl.engine import parse_phases


@pytest.mark.parametrize(
    ("part", "becomes"),
    [("decode_head", r"model.heads.<task>.decoder"), ("auxiliary_head", "are not trained")],
)
@pytest.mark.parametrize("value", [dict(type="FCNHead"), [dict(type="FCNHead")], None])
def test_heads_of_mmsegs_model(config, nothing_is_built, part, becomes, value):
    cfg = config()
    cfg.model[part] = value
    with pytest.raises(ValueError, match=rf"^model.{part}: LifelongSegm.*{becomes}; .*_delete_"):
        parse_phases(cfg)


def test_in_a_phase_and_for_other_models(config, nothing_is_built):
    cfg = config(phases=[dict(tasks=["seg"], model=dict(decode_head=dict(type="FCNHead")))])
    with pytest.raises(ValueError, match=r"^phases\[0\]: model.decode_head: "):
        parse_phases(cfg)
    cfg = config()
    cfg.model.type = "EncoderDecoder"
    with pytest.raises(ValueError) as error:
        parse_phases(cfg)
    assert "_delete_" not in str(error.value)


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_cascade_is_no_decoder(config, nothing_is_built, kind):
    cfg = config()
    stages = [cfg.model.heads.seg.decoder, dict(type="OCRHead")]
    cfg.model.heads.seg.decoder = kind(stages)
    message = r"model.heads.seg.decoder is a list, FCNHead, OCRHead: a task has one decoder"
    with pytest.raises(ValueError, match=message):
        parse_phases(cfg)
