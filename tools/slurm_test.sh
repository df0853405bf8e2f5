#!/usr/bin/env bash
# Test under Slurm, one task per GPU.
#   GPUS=8 GPUS_PER_NODE=8 CPUS_PER_TASK=5 SRUN_ARGS="..." \
#       bash tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [arguments of tools/test.py]
# GPUS_PER_NODE=0 requests no GPU and tests on the CPU.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_launch.sh"
usage 4 5 $#
slurm "$1" "$2" test.py "${@:3}"
