"""A model of one weight, its data and a config: what the tools are tried on.

The loss is `-(weight * x).mean()` on x = 1, 2, 3, 4 in batches of two, so that one step of SGD with
learning rate 1 from weight 0 ends at the mean of the x seen: 1.5 by one process, 2.5 by two.
"""

import torch
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.model import BaseModel, BaseTTAModel
from mmengine.runner import Runner
from mmseg.registry import DATASETS, EVALUATOR, METRICS, MODELS, RUNNERS
from torch.utils.data import Dataset


@MODELS.register_module()
class ToyWeight(BaseModel):
    def __init__(self, norm_cfg=None, scale=1.0, data_preprocessor=None):
        super().__init__(data_preprocessor)
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.scale = scale

    def forward(self, inputs, mode="tensor"):
        if mode == "loss":
            return {"loss": -(self.weight * inputs * self.scale).mean()}
        return [self.weight.detach() * value for value in inputs]


@DATASETS.register_module()
class ToyNumbers(Dataset):
    metainfo = {"classes": ("one",)}

    def __init__(self, numbers=(1.0, 2.0, 3.0, 4.0), pipeline=None):
        self.numbers = list(numbers)

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, index):
        return {"inputs": torch.tensor(self.numbers[index])}


@METRICS.register_module()
class ToySum(BaseMetric):
    """The sum of all predictions of all processes."""

    def process(self, data_batch, data_samples):
        self.results.extend(float(sample) for sample in data_samples)

    def compute_metrics(self, results):
        return {"sum": sum(results), "count": float(len(results))}


@EVALUATOR.register_module()
class ToyEvaluator(Evaluator):
    """An evaluator with the output folder of the tool's `--out`, where it writes the metrics."""

    def __init__(self, metrics, output_dir=None, keep_results=False):
        super().__init__(metrics)
        self.output_dir, self.keep_results = output_dir, keep_results

    def evaluate(self, size):
        values = super().evaluate(size)
        return {**values, "kept": float(self.keep_results and self.output_dir is not None)}


@RUNNERS.register_module()
class ToyRunner(Runner):
    """A user's own runner, which prints a line."""

    def train(self):
        print("ToyRunner trains")
        return super().train()

    def test(self):
        print("ToyRunner tests")
        return super().test()


@MODELS.register_module()
class ToyTTA(BaseTTAModel):
    """A test-time wrapper that doubles what its module predicts."""

    def merge_preds(self, data_samples_list):
        raise NotImplementedError("toy data comes without augmentations")

    def test_step(self, data):
        return [2 * value for value in self.module.test_step(data)]


CONFIG = """
default_scope = 'mmseg'
# mmengine names loggers after the second: runs of one second would share one.
experiment_name = 'toy_' + __import__('uuid').uuid4().hex
custom_imports = dict(imports=['mmlhl', 'toy_project'], allow_failed_imports=False)
model = dict(type='ToyWeight')
loader = dict(
    dataset=dict(type='ToyNumbers'), batch_size=2, num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'))
train_dataloader = loader
test_dataloader = loader
train_cfg = dict(type='IterBasedTrainLoop', max_iters=1)
test_cfg = dict()
test_evaluator = dict(type='ToyEvaluator', metrics=dict(type='ToySum'))
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=1.0))
default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=1, by_epoch=False))
tta_model = dict(type='ToyTTA')
tta_pipeline = []
"""
