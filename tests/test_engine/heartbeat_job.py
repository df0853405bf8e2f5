"""One of two processes; the second sleeps in its third step. Needs torch and nothing else."""

import runpy
import sys
import time

import torch
from torch import distributed

TIMEOUT = 3.0


def read_batch(rank, step):
    if rank == 1 and step == 2:
        time.sleep(60)
    return torch.ones(1)


def main(path, meet, rank):
    from datetime import timedelta

    module = runpy.run_path(path)
    distributed.init_process_group(
        "gloo",
        init_method=f"file://{meet}",
        rank=rank,
        world_size=2,
        timeout=timedelta(seconds=TIMEOUT),
    )
    store = distributed.distributed_c10d._get_default_store()
    beats = module["Heartbeats"](store, rank, 2, TIMEOUT, lambda text: print(text, flush=True))
    beats.start()
    with module["naming_stalled_ranks"]():
        for step in range(4):
            beats.beat((step, 0), f"step {step}: reads")
            batch = read_batch(rank, step)
            beats.beat((step, 1), f"step {step}: computes")
            distributed.all_reduce(batch)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:3], int(sys.argv[3]))
    except RuntimeError as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        raise SystemExit(3) from None
