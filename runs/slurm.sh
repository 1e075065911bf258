#!/usr/bin/env bash
# Train and score the runs of a CONFIG on a cluster, a task of a SLURM array for each:
#
#   runs/slurm.sh data/configs/mil.json data/models/mil data/scores/mil --gres=gpu:1 --time=4-00
#
# What follows the three paths goes to sbatch. Call it again after whatever went wrong: runs that
# are done are left alone, those that were cut off go on after their last whole epoch.
set -euo pipefail
config=${1:?CONFIG OUT SCORES [options of sbatch]} out=$2 scores=$3

if [ -n "${SLURM_ARRAY_TASK_ID:-}" ]; then # a task: the run of this number
  gazescribe train "$config" "$out" --run "$SLURM_ARRAY_TASK_ID"
  gazescribe evaluate "$config" "$out" "$scores" --run "$SLURM_ARRAY_TASK_ID"
  exit
fi

# One array for the runs that start from no other, one for those that start from these, and so on.
arrays=$(python3 - "$config" <<'PYTHON'
import json, sys

runs = json.load(open(sys.argv[1]))["runs"]
first = {run["name"]: run.get("init_from") for run in runs}

def depth(name):
    return 0 if first.get(name) is None else 1 + depth(first[name])

for level in sorted({depth(name) for name in first}):
    print(",".join(str(i) for i, run in enumerate(runs) if depth(run["name"]) == level))
PYTHON
)
before=()
for numbers in $arrays; do
  # afterany: where one run fails, only those that start from it fail with it.
  job=$(sbatch --parsable --array="$numbers" --job-name=gazescribe --output=slurm-%A_%a.txt \
    "${before[@]}" "${@:4}" "$0" "$config" "$out" "$scores")
  echo "runs $numbers: job $job"
  before=(--dependency="afterany:${job%%;*}")
done
