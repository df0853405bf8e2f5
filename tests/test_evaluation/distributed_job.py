"""Evaluate what mmengine's sampler gives to one of several processes; run by a test.

Usage: python distributed_job.py RANK WORLD_SIZE RENDEZVOUS_FILE OUT COUNT...
Reads metrics.json in the current folder.
"""

import json
import sys
from pathlib import Path

import torch
from mmengine.dataset import DefaultSampler
from mmseg.registry import EVALUATOR
from samples import CLASSES, uneven_samples

import mmlhl  # noqa: F401


def evaluate(count, metrics):
    """Figures of ``count`` samples, and how many samples this process was given."""
    samples = uneven_samples(count)
    indices = list(DefaultSampler(samples, shuffle=False, round_up=True))
    evaluator = EVALUATOR.build(dict(type="MultiTaskEvaluator", metrics=metrics))
    evaluator.dataset_meta = dict(classes=CLASSES)
    for i in range(0, len(indices), 2):
        evaluator.process([samples[j] for j in indices[i : i + 2]])
    return dict(given=len(indices), values=evaluator.evaluate(count))


if __name__ == "__main__":
    rank, world_size = int(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", f"file://{sys.argv[3]}", rank=rank, world_size=world_size
    )
    metrics = json.loads(Path("metrics.json").read_text())
    results = [evaluate(int(count), metrics) for count in sys.argv[5:]]
    Path(sys.argv[4]).write_text(json.dumps(results))
    torch.distributed.destroy_process_group()
