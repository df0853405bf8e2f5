"""Methods, orders and finished runs for the tests of the benchmark of methods."""

from pathlib import Path

from finished_runs import finish_sequence as finish
from mmengine.config import Config

from mmlhl.analysis.benchmarks import method_search

CONFIG = Path(__file__).parents[3] / "configs" / "benchmarks" / "rooms.py"
METHODS = {
    "Naive": dict(method=dict(type="Naive")),
    "Joint": dict(method=dict(type="Naive"), joint=True),
    "LwF": dict(method=dict(type="LwF"), search=dict(loss_weight=[0.3, 1.0, 3.0])),
    "HAD": dict(method=dict(type="HAD"), search=dict(loss_weight=[0.3, 1.0, 3.0])),
    "HAD, 5 bins": dict(method=dict(type="HAD", bins=5), like="HAD"),
}
ORDERS = [("seg", "depth"), ("depth", "seg")]


def method_config():
    """A benchmark of few methods, without a model."""
    benchmark = dict(orders=[list(o) for o in ORDERS], seeds=[0, 1], search_seed=100)
    shared = dict(
        train_dataloader=dict(batch_size=4, dataset=dict(data_root="data/rooms")),
        train_cfg=dict(max_epochs=10),
        optim_wrapper=dict(optimizer=dict(type="Adam", lr=0.01)),
    )
    return Config(dict(benchmark=dict(methods=METHODS, **benchmark), **shared))


def finish_search(cfg, root, **miou):
    for run in method_search.wanted_runs(cfg, ["LwF", "HAD"], ORDERS[0], Path("nowhere")):
        finish(run, root, miou.get(f"{run.label}_{run.value:g}" if run.value else run.label, 20.0))
