#!/usr/bin/env bash
# Measures unfold on this machine's GPU, against PyTorch where Python has it. See README.md beside this file.
#
#   bench/gpu/run.sh [--small] [--out FOLDER] [STEP...]     steps are 1 to 8; all of them if none is named
#
# Every step has its own time limit, log and JSON in the folder, and runs whether or not the one before it failed.
set -uo pipefail
cd "$(dirname "$0")/../.."

small=
out=
steps=()
while (($# > 0)); do
  case $1 in
    --small) small=--small ;;
    --out) out=${2:?--out needs a folder}; shift ;;
    [1-8]) steps+=("$1") ;;
    *) sed -n '4s/^# *//p' "$0" >&2; exit 2 ;;
  esac
  shift
done
((${#steps[@]} > 0)) || steps=(1 2 3 4 5 6 7 8)

node scripts/build.mjs --where-possible
unfold() { node dist/cli/main.js "$@"; }
vite_node() { node node_modules/vite-node/vite-node.mjs "$@"; }
python=${PYTHON:-python3}
[ -z "$small" ] || export OMP_NUM_THREADS=1 # small is for a try on a CPU

if [ -z "$out" ]; then
  adapter=$(unfold devices --json 2>/dev/null | node -p 'JSON.parse(require("fs").readFileSync(0, "utf8")).picked' 2>/dev/null)
  out=bench/results/$(printf %s "${adapter:-unknown}" | tr '[:upper:]' '[:lower:]' | sed -E 's/[^a-z0-9]+/-/g; s/^-|-$//g')
fi
mkdir -p "$out"
work=$(mktemp -d)
job=
trap '[ -z "$job" ] || kill -- "-$job" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 143' INT TERM

# run NUMBER NAME SECONDS FUNCTION: with a limit, and what it prints in NAME.log.
run() {
  local number=$1 name=$2 limit=$3 begin=$SECONDS status
  printf '%s %s, at most %s s ...\n' "$number" "$name" "$limit"
  "$4" >"$out/$name.log" 2>&1 &
  job=$!
  (sleep "$limit" && kill -TERM -- "-$job" && sleep 10 && kill -KILL -- "-$job") 2>/dev/null &
  local watch=$!
  wait "$job" 2>/dev/null
  status=$?
  job=
  kill -- "-$watch" 2>/dev/null
  wait "$watch" 2>/dev/null
  printf '%s\t%s\t%s\t%s\n' "$number" "$name" "$status" "$((SECONDS - begin))" >>"$out/steps.tsv"
  printf '  %s after %s s\n' "$( ((status == 0)) && echo done || echo "FAILED ($status), see $out/$name.log")" "$((SECONDS - begin))"
}

devices() {
  date -u
  uname -srm
  echo "node $(node --version), unfold $(git rev-parse --short HEAD 2>/dev/null || echo 'without git')"
  nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.mem --format=csv 2>/dev/null
  "$python" -c 'import torch; print("torch", torch.__version__, torch.version.cuda, torch.cuda.is_available())'
  unfold devices --json >"$out/devices.json"
  unfold devices
}

tests() {
  local files=(test/kernels/operations.test.ts test/kernels/subgroup_matrix.test.ts test/reference/models)
  [ -z "$small" ] || { files=("${files[0]}"); export UNFOLD_OPERATION=layer_norm; }
  node node_modules/vitest/vitest.mjs run "${files[@]}" --reporter=default --reporter=json --outputFile.json="$out/tests.json"
}

tune() {
  unfold bench kernels --tune ${small:+--filter layer_norm}
  local status=$?
  vite_node bench/gpu/tuned_table.ts "$out/tuned.json" # for another machine, or a later call on a fresh one
  return $status
}

kernels() { unfold bench kernels ${small:+--filter layer_norm} --json "$out/kernels.json" --html "$out/kernels.html"; }

large() { vite_node bench/gpu/large_cases.ts $small --out "$out/large.json"; }

configuration=$([ -z "$small" ] && echo conformer-12x256 || echo tiny)

step() { unfold bench step --filter "$configuration" --json "$out/step.json"; }

torch_kernels() { "$python" bench/gpu/torch_reference.py $small --out "$out/torch_kernels.json"; }

torch_step() {
  vite_node bench/gpu/export_step.ts "$configuration" "$work/step.safetensors" &&
    "$python" bench/gpu/torch_step.py ${small:+--samples 2} "$work/step.safetensors" --out "$out/torch_step.json"
}

digits() {
  unfold start --out "$work/runs" ${small:+--set epochs=1 --set steps=6 --set eval.every_steps=6}
  local status=$?
  cp "$work/runs/digits/log.jsonl" "$out/digits.jsonl" && cp "$work/runs/digits/report.html" "$out/digits.html"
  return $status
}

set -m # every step in a process group of its own, so that its limit ends all of it
for number in "${steps[@]}"; do
  case $number in
    1) run 1 devices 60 devices ;;
    2) run 2 tests 240 tests ;;
    3) run 3 tune 280 tune; run 3 kernels 280 kernels ;;
    4) run 4 large 240 large ;;
    5) run 5 step 180 step ;;
    6) run 6 torch_kernels 150 torch_kernels; run 6 torch_step 150 torch_step ;;
    7) run 7 digits 300 digits ;;
    8) ;; # always last
  esac
done
node bench/gpu/table.mjs "$out" | tee "$out/table.md"
