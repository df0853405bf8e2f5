#!/usr/bin/env bash
# Train under Slurm, one task per GPU.
#   GPUS=8 GPUS_PER_NODE=8 CPUS_PER_TASK=5 SRUN_ARGS="..." \
#       bash tools/slurm_train.sh PARTITION JOB_NAME CONFIG [arguments of tools/train.py]
# GPUS_PER_NODE=0 requests no GPU and trains on the CPU.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_launch.sh"
usage 3 5 $#
slurm "$1" "$2" train.py "${@:3}"
