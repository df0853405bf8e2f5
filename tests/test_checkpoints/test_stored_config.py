"""Config texts in checkpoints are parsed, never run, and build nothing but what is registered."""

import pytest
from mmengine.config import Config

import mmlhl  # noqa: F401
from mmlhl.checkpoints import StoredConfigError, parse_config_text, stored_config
from mmlhl.checkpoints.stored_config import defuse


def test_a_dumped_config_comes_back():
    plain = dict(
        a=1,
        b=-0.5,
        c=[1, (2, "x"), None, True],
        d=dict(e={}, f='it\'s "so"', g={"x.y": dict(h=float("inf"))}),
        words="one\ntwo",
    )
    assert parse_config_text(Config(plain).pretty_text) == plain


@pytest.mark.parametrize(
    "text",
    [
        "import os",
        "a = 1\n__import__('os').system('touch {marker}')",
        "a = __import__('os').system('touch {marker}')",
        "a = [open('{marker}', 'w') for _ in range(1)]",
        "a = dict(b=(lambda: open('{marker}', 'w'))())",
        "a = f\"{open('{marker}', 'w')}\"",
        "a = dict(**open('{marker}', 'w'))",
        "a = 'x' if open('{marker}', 'w') else 'y'",
        "a = open",
        "a = b = 1",
        "a.b = 1",
        "with open('{marker}', 'w'): pass",
        "class A: x = open('{marker}', 'w')",
        "@open('{marker}', 'w')\ndef f(): pass",
        "a = " + "(" * 1000 + ")" * 1000,
        "a = <class 'x'>",
        "a = 9 ** 9 ** 9",
        "a = 'x' * 10 ** 10",
    ],
)
def test_anything_else_is_refused_and_not_run(tmp_path, text):
    marker = tmp_path / "marker"
    text = text.replace("{marker}", str(marker))
    with pytest.raises(StoredConfigError, match=r"the config in some\.pth"):
        stored_config(dict(meta=dict(cfg=text)), "some.pth")
    assert not marker.exists()


@pytest.mark.parametrize(
    "called",
    ["subprocess.Popen", "os.system", "antigravity", "mmengine.fileio.load", "builtins.eval"],
)
def test_unregistered_types_are_refused(called):
    """mmengine builds anything with a dotted name."""
    text = f"model = dict(type='EncoderDecoder', neck=[dict(type='{called}', args='x')])"
    with pytest.raises(StoredConfigError, match=called):
        stored_config(dict(meta=dict(cfg=text)), "some.pth")


@pytest.mark.parametrize("place", ["model = dict(backbone=%s)", "test_pipeline = [%s]"])
@pytest.mark.parametrize("called", ["runner.Runner", "_flexible_runner.FlexibleRunner"])
def test_no_part_is_a_runner(called, place):
    """It would make its folder and replace the log."""
    runner = f"dict(type='mmengine.runner.{called}', model=dict(type='ReLU'), work_dir='o')"
    with pytest.raises(StoredConfigError, match=called):
        stored_config(dict(meta=dict(cfg=place % runner)), "some.pth")


@pytest.mark.parametrize(
    "called",
    [
        "mmengine.visualization.vis_backend.WandbVisBackend",
        "mmseg.datasets.basesegdataset.BaseSegDataset",
        "mmseg.evaluation.metrics.iou_metric.IoUMetric",
        "mmengine.hooks.checkpoint_hook.CheckpointHook",
        "mmlhl.inference.lifelong_inferencer.LifelongInferencer",
    ],
)
def test_a_model_consists_of_parts_of_models(called):
    text = f"model = dict(neck=dict(heads=[dict(type='{called}')]))"
    with pytest.raises(StoredConfigError, match=called):
        stored_config(dict(meta=dict(cfg=text)), "some.pth")
    if "inference" not in called:  # a config that was read lazily has such paths
        stored_config(dict(meta=dict(cfg=f"hook = dict(type='{called}')")), "some.pth")


def test_registered_types_in_every_spelling():
    text = (
        "model = dict(type='mmlhl.models.segmentors.lifelong_segmentor.LifelongSegmentor', "
        "backbone=dict(type='mmseg.ResNet', norm_cfg=dict(type='BN'), "
        "init_cfg=dict(type='mmengine.model.weight_init.KaimingInit')), "
        "data_preprocessor=dict(type='mmseg.models.data_preprocessor.SegDataPreProcessor'))\n"
        "albu = dict(type='Albu', transforms=[dict(type='HorizontalFlip')])\n"
        "replaced = [dict(type='mmseg.datasets.transforms.formatting.PackSegInputs'), "
        "dict(type='mmcv.transforms.processing.RandomFlip')]\n"
    )
    assert (
        stored_config(dict(meta=dict(cfg=text)), "x")["model"]["backbone"]["type"] == "mmseg.ResNet"
    )
    hub = dict(runtime_info=dict(cfg="a = 1"))
    assert stored_config(dict(message_hub=hub), "x") == dict(a=1)
    assert stored_config(dict(state_dict={}), "x") is None


@pytest.mark.parametrize(
    "text",
    [
        "a = {[1]}",
        "a = dict(5)",
        "a = {[1]: 2}",
        "a = dict(**5)",
        "custom_imports = 5",
        "custom_imports = ['os']",
        "custom_imports = 'os'",
        "custom_imports = dict(imports=5)",
        "model = 5",
        "model = [dict(type='LifelongSegmentor')]",
        "model = dict(backbone='ResNet')",
        "model = dict(heads=dict(seg=3))",
        "model = dict(heads=dict(seg=None))",
        "model = dict(data_preprocessor=[1.0])",
    ],
)
def test_texts_that_are_malformed_are_refused_by_name(text):
    checkpoint = dict(meta=dict(cfg=text))
    with pytest.raises(StoredConfigError, match="the config in x.pth"):
        stored_config(checkpoint, "x.pth")
    defuse(checkpoint, "x.pth")
    assert checkpoint["meta"]["cfg"].startswith("# refused: ")


def test_templates_that_would_turn_a_string_into_code(tmp_path):
    """mmengine inserts environment variables into a text, which may end a quoted string."""
    marker = tmp_path / "marker"
    call = f"__import__('pathlib').Path('{marker}').touch()"
    text = (
        f"a = ['{{{{$HOME:',\"x}}}}',{call},'\"]#']\nb = '{{{{ fileDirname }}}}'\nc = {{1: {{}}}}"
    )
    Config.fromstring(text, ".py")
    assert marker.exists()  # shows that the restriction is necessary
    marker.unlink()
    checkpoint = dict(meta=dict(cfg=text))
    plain = stored_config(checkpoint, "some.pth")
    assert plain["a"][0] == "{{$HOME:" and plain["b"] == "{{ fileDirname }}"
    defuse(checkpoint, "some.pth")
    assert Config.fromstring(checkpoint["meta"]["cfg"], ".py").to_dict() == plain
    assert not marker.exists()


@pytest.mark.parametrize(
    "text",
    ["default_scope = 'of_somebody'", "m = dict(type='ReLU', _scope_='of_somebody')"],
)
def test_scopes_that_mmengine_would_import(text):
    with pytest.raises(StoredConfigError, match="builds 'of_somebody', which is in no registry"):
        stored_config(dict(meta=dict(cfg=text)), "some.pth")
    known = text.replace("of_somebody", "mmseg")
    assert stored_config(dict(meta=dict(cfg=known)), "some.pth")
