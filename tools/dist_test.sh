#!/usr/bin/env bash
# Test with several processes, one per GPU; without GPUs, on the CPU.
#   bash tools/dist_test.sh CONFIG CHECKPOINT PROCESSES [arguments of tools/test.py]
# Several machines: the same command on each, with NNODES, NODE_RANK, MASTER_ADDR and PORT set.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_launch.sh"
usage 3 4 $#
torchrun "$3" test.py "$1" "$2" "${@:4}"
