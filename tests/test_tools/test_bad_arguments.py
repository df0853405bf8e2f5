"""Errors on a command line end each command with one message and an exit code."""

import runpy
import sys
from pathlib import Path

import pytest
import torch

TOOLS = Path(__file__).resolve().parents[2] / "tools"
CONFIG = "had/rooms_seg_depth_normal.py"
FILES = {
    "syntax.py": "model = dict(",
    "words.py": "nothing but words",
    "empty.py": "",
    "words.yaml": "a: [",
    "loop.py": "_base_ = 'loop.py'",
    "lacks.py": "_base_ = 'nowhere.py'",
    "raises.py": "raise RuntimeError('odd')",
    "part.py": "phases = [dict(tasks=['seg'])]",
    "elsewhere.py": "custom_imports = dict(imports=['my_own.heads'], allow_failed_imports=False)",
    "text.pth": "no checkpoint",
    "image.png": "no image",
    "lifelong.json": "{",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("bad")
    for name, text in FILES.items():
        (root / name).write_text(text)
    torch.save(dict(a=1), root / "other.pth")
    return root


CASES = {
    "train.py nowhere.py": "nowhere.py",
    "train.py had/rooms_seg_depth_norm.py": "did you mean 'had/rooms_seg_depth_normal.py'",
    "train.py syntax.py": "syntax.py: the config cannot be read",
    "train.py words.py": "words.py: the config cannot be read",
    "train.py empty.py": "empty.py: a config needs model=dict(type=...)",
    "train.py part.py": "['phases']",
    "train.py loop.py": "loop.py: the config cannot be read: its _base_ leads back",
    "train.py lacks.py": "nowhere.py",
    "train.py raises.py": "raises.py: the config cannot be read: RuntimeError: odd",
    "train.py elsewhere.py": "custom_imports: ModuleNotFoundError: No module named 'my_own'; un",
    "train.py .": ".: a folder, needed as config file",
    f"train.py {CONFIG} --work-dri x": "did you mean '--work-dir'",
    f"train.py {CONFIG} --cfg-options model.metod.type=HAD": "model.metod",
    f"train.py {CONFIG} --cfg-options model": "'model' is no KEY=VALUE",
    "test.py empty.py text.pth": "empty.py: a config needs model",
    f"test.py {CONFIG} text.pth": "text.pth is not a checkpoint: torch.save wrote no such",
    f"test.py {CONFIG} nowhere.pth": "there is no checkpoint nowhere.pth",
    "infer.py nowhere.pth image.png --out out": "nowhere.pth",
    "infer.py text.pth image.png --out out": "text.pth",
    "model_converters/export.py text.pth out.onnx": "text.pth",
    "model_converters/publish.py nowhere.pth out.pth": "nowhere.pth",
    "model_converters/publish.py other.pth out.pth": "other.pth",
    "analysis_tools/report.py nowhere": "nowhere",
    "analysis_tools/report.py .": "lifelong.json is not JSON",
    "analysis_tools/compare.py .": "lifelong.json is not JSON",
    "analysis_tools/plot.py nowhere --out out": "nowhere",
    "analysis_tools/plot_losses.py nowhere --out out.png": "nowhere",
    "analysis_tools/strip.py nowhere --out out.png": "nowhere",
    "analysis_tools/strip.py image.png --out out.png": "image.png is not JSON",
    "analysis_tools/get_flops.py syntax.py": "syntax.py",
    "analysis_tools/browse_dataset.py loop.py --out out": "loop.py",
    "analysis_tools/browse_dataset.py empty.py --out out": "the config has no train_dataloader",
    "dataset_converters/check_dataset.py syntax.py": "syntax.py",
    "dataset_converters/check_dataset.py empty.py": "empty.py has no dataset",
    "dataset_converters/nyuv2.py nowhere.mat out": "nowhere.mat",
    "benchmarks/methods.py empty.py": "empty.py: the config has no benchmark=dict(...)",
    "benchmarks/methods.py words.yaml": "words.yaml: the config cannot be read",
    "benchmarks/heteroakd.py image.png": "image.png: the config cannot be read",
    "benchmarks/memory.py steps --config syntax.py": "syntax.py: the config cannot be read",
    "benchmarks/step_price.py --config words.py": "words.py: the config cannot be read",
    "benchmarks/kills.py --kills 0": "above 0, got '0'",
    "benchmarks/fuzz.py --examples -3": "-3",
    "benchmarks/had_loss.py --batch 0": "--batch: must be a whole number above 0",
    "benchmarks/step_price.py --size 9 -9": "--size: must be a whole number above 0",
    "analysis_tools/get_flops.py empty.py --shape 0 9": "--shape: must be a whole number above 0",
    "analysis_tools/compare.py nowhere --min-span nan": "--min-span: must be a number from 0 on",
    "infer.py text.pth image.png --batch-size 0": "--batch-size: must be a whole number above 0",
    "analysis_tools/browse_dataset.py empty.py --count -3": "--count: must be a whole",
    "analysis_tools/browse_dataset.py empty.py --phase 1.5": "--phase: must be a whole",
    "analysis_tools/strip.py nowhere --image -1": "--image: must be a whole number from 0 on",
    "analysis_tools/report.py nowhere --strips -2": "--strips: must be a whole",
    "dataset_converters/check_dataset.py empty.py --limit 0": "--limit: must be a whole",
    "dataset_converters/rooms.py --train -5": "--train: must be a whole number from 0 on",
    "model_converters/export.py text.pth --tolerance nan": "--tolerance: must be a number",
    "model_converters/export.py a.pth o.pt --check-sizes 8x8 --size 8x8": "no effect: --size",
    "model_converters/export.py text.pth o.pt --check-sizes 8x8 --no-check": "effect: --no-check",
    "analysis_tools/get_flops.py words.yaml": "words.yaml: the config cannot be read",
    "test.py empty.py text.pth --wait-time -1": "--wait-time: must be a number from 0 on",
}


@pytest.mark.parametrize("line", CASES)
def test_ends_with_one_message(line, folder, monkeypatch, capfd):
    tool, *arguments = line.split()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "argv", [str(TOOLS / tool), *arguments])
    before = sorted(folder.iterdir())
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(sys.argv[0], run_name="__main__")
    code = caught.value.code
    output = "".join(capfd.readouterr()) + (code if isinstance(code, str) else "")
    assert code not in (0, None)
    assert isinstance(code, int) or code.startswith(f"{Path(tool).name}: ")
    assert CASES[line] in output
    assert f'File "{sys.argv[0]}"' not in output  # a traceback
    assert [path for path in sorted(folder.iterdir()) if path.name != "__pycache__"] == before
