#!/usr/bin/env bash
# Train with several processes, one per GPU; without GPUs, on the CPU.
#   bash tools/dist_train.sh CONFIG PROCESSES [arguments of tools/train.py]
# Several machines: the same command on each, with NNODES, NODE_RANK, MASTER_ADDR and PORT set.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_launch.sh"
usage 2 4 $#
torchrun "$2" train.py "$1" "${@:3}"
