# Sourced by the launch scripts: sets ROOT and PYTHON, lets `import mmlhl` find a checkout, and
# starts several processes by torchrun or Slurm.
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
if [ -z "${PYTHON:-}" ]; then
    PYTHON=python
    # The environment made by `make`, unless another one is active.
    if [ -z "${VIRTUAL_ENV:-}${CONDA_PREFIX:-}" ] && [ -x "$ROOT/.venv/bin/python" ]; then
        PYTHON="$ROOT/.venv/bin/python"
    fi
fi
export PYTHONPATH="$ROOT${PYTHONPATH:+:$PYTHONPATH}"

# usage NUMBER LINES GIVEN: with fewer than NUMBER arguments, print the script's head and stop.
usage() {
    if [ "$3" -lt "$1" ]; then
        sed -n "2,$2s/^# \{0,1\}//p" "$0" >&2
        exit 2
    fi
}

# whole NAME VALUE LEAST MOST: stop unless the value is a whole number of LEAST to MOST.
whole() {
    if ! [[ "$2" =~ ^[0-9]{1,9}$ ]] || [ "$2" -lt "$3" ] || [ "$2" -gt "$4" ]; then
        echo "$(basename "$0"): $1 must be a whole number from $3 to $4, got '$2'" >&2
        exit 2
    fi
}

# torchrun PROCESSES SCRIPT ARGUMENTS...
torchrun() {
    [[ "$1" =~ ^(auto|cpu|gpu|xpu)$ ]] || whole PROCESSES "$1" 1 9999
    if [[ "${NNODES:-1}" != *:* ]]; then # a range is torchrun's own
        whole NNODES "${NNODES:-1}" 1 9999
        whole NODE_RANK "${NODE_RANK:-0}" 0 $((10#${NNODES:-1} - 1))
    fi
    whole PORT "${PORT:-29500}" 0 65535
    exec "$PYTHON" "$ROOT/tools/_torchrun.py" \
        --nnodes="${NNODES:-1}" \
        --node_rank="${NODE_RANK:-0}" \
        --master_addr="${MASTER_ADDR:-127.0.0.1}" \
        --master_port="${PORT:-29500}" \
        --nproc_per_node="$1" \
        "$ROOT/tools/$2" --launcher pytorch "${@:3}"
}

# slurm PARTITION JOB_NAME SCRIPT ARGUMENTS...
slurm() {
    local gpus=${GPUS:-4} per_node=${GPUS_PER_NODE:-4}
    # shellcheck disable=SC2086  SRUN_ARGS holds several words
    exec srun --partition="$1" --job-name="$2" \
        --gres="gpu:$per_node" \
        --ntasks="$gpus" \
        --ntasks-per-node="${TASKS_PER_NODE:-$((per_node > 0 ? per_node : gpus))}" \
        --cpus-per-task="${CPUS_PER_TASK:-5}" \
        --kill-on-bad-exit=1 \
        ${SRUN_ARGS:-} \
        "$PYTHON" -u "$ROOT/tools/$3" --launcher slurm "${@:4}"
}
