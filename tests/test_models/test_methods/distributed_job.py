"""One of several processes that train a phase with each method; run by a test.

Usage: python distributed_job.py RANK WORLD_SIZE RENDEZVOUS_FILE OUT
"""

import sys
from types import SimpleNamespace

import torch
from mmengine.config import Config
from mmengine.dataset import DefaultSampler, pseudo_collate
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch.utils.data import DataLoader

import mmlhl  # noqa: F401

METHODS = {
    "EWC": dict(type="EWC", samples=5),
    "ICaRL": dict(type="ICaRL", buffer_size=5),
    "DER": dict(type="DER", buffer_size=3, outputs="trajectory"),
    "DERpp": dict(type="DERpp", buffer_size=3),
    "SPG": dict(type="SPG"),
    "SGP": dict(type="SGP", images=5, patches=100),
    "Composite": dict(
        type="Composite",
        methods=[
            dict(type="Tether", train_old_heads=False),
            dict(type="L2SP", strength=0.1),
            dict(type="PhaseAverage", factors=[0.5], weight=1e6, images=5),
            dict(type="WarmStart"),
        ],
    ),
}


def items(count, seed):
    """Random images with all labels."""
    generator = torch.Generator().manual_seed(seed)
    made = []
    for _ in range(count):
        sample = SegDataSample(
            gt_sem_seg=PixelData(data=torch.randint(13, (1, 32, 48), generator=generator)),
            gt_depth_map=PixelData(data=torch.rand(1, 32, 48, generator=generator) + 1),
        )
        image = torch.randint(256, (3, 32, 48), generator=generator, dtype=torch.uint8)
        made.append(dict(inputs=image, data_samples=sample))
    return made


def train(method, config, previous, tasks, new_tasks, data):
    """Two epochs of a phase; each process sees its share, as mmengine's sampler gives it."""
    torch.manual_seed(0)
    config = dict(config, method=dict(METHODS[method]), tasks=tasks, new_tasks=new_tasks)
    model = MODELS.build(config).train()
    if previous is not None:
        model.load_state_dict(previous.state_dict(), strict=False)
        model.method.load_state_dict(previous.method.state_dict())
        model.set_teacher(previous)
    sampler = DefaultSampler(data, shuffle=False)
    loader = DataLoader(data, batch_size=2, sampler=sampler, collate_fn=pseudo_collate)
    runner = SimpleNamespace(train_dataloader=loader)
    model.method.begin_phase(model, runner)
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trainable, lr=0.01)
    optimizer.register_step_pre_hook(lambda *_: model.method.edit_gradients(model))
    optimizer.register_step_post_hook(lambda *_: model.method.edit_weights(model))
    # without find_unused_parameters: a parameter without gradient is an error here
    wrapped = MMDistributedDataParallel(model, device_ids=None, broadcast_buffers=False)
    for _ in range(2):
        for batch in loader:
            log = wrapped.train_step(batch, OptimWrapper(optimizer))
            assert log["loss"].isfinite()
    for value in model.buffers():  # as the phase hook does
        if value.is_floating_point():
            torch.distributed.all_reduce(value)
            value /= torch.distributed.get_world_size()
    model.method.end_phase(model, runner)
    return model


if __name__ == "__main__":
    rank, world_size = int(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    init_default_scope("mmseg")
    torch.distributed.init_process_group(
        "gloo", f"file://{sys.argv[3]}", rank=rank, world_size=world_size
    )
    config = Config.fromfile(sys.argv[5]).model.to_dict()
    states = {}
    for method in METHODS:
        first = train(method, config, None, ["seg"], ["seg"], items(6, seed=0))
        model = train(method, config, first, ["seg", "depth"], ["depth"], items(6, seed=1))
        states[method] = dict(method=model.method.state_dict(), weights=dict(model.state_dict()))
    torch.save(states, sys.argv[4])
    torch.distributed.destroy_process_group()
