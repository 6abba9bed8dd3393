#!/usr/bin/env bash
# Rehearses a visit: in an empty folder with only the working tree and .offline, without a network, npm's cache or Node on the
# PATH, and with its own home. Mesa's software driver stands in for the GPU. Needs root, for `unshare`; run pack.sh first.
# Arguments are visit.sh's; PYTHON names a Python with torch and safetensors. Exits with 0 if the visit ended in time, no step
# failed (reaching its limit is fine) and every JSON file that came back is whole.
#
#   bench/gpu/rehearse.sh A --small
#   bench/gpu/rehearse.sh B --small --limit 20
set -euo pipefail
cd "$(dirname "$0")/../.."
readonly LIMIT=360 # seconds that a visit may take
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$stage/tree" "$stage/home" "$stage/out"
git ls-files -co --exclude-standard -z | tar -cf - --null -T - | tar -xf - -C "$stage/tree"
cp -r .offline "$stage/tree/"

begin=$SECONDS
status=0
env -i PATH=/usr/bin:/bin HOME="$stage/home" LANG=C.UTF-8 OUT="$stage/out" UNFOLD_VISIT="$stage/work" PYTHON="${PYTHON:-python3}" \
  unshare -n bash -c 'mkdir -p "$0/no" && cp -s /usr/bin/* /bin/* "$0/no" 2>/dev/null; rm -f "$0"/no/{node,npm,npx}; PATH=$0/no exec bash "$@"' \
  "$stage" "$stage/tree/bench/gpu/visit.sh" "$@" --rehearsal || status=$?
seconds=$((SECONDS - begin))

rm -rf .offline/rehearsed
mkdir -p .offline/rehearsed
cp "$stage"/out/* .offline/rehearsed/
tar -C .offline/rehearsed -xzf "$stage/out/results.tar.gz"
echo "rehearse.sh: ended with $status after $seconds s; $(find "$stage/out" -type f | wc -l) files, $(du -sh "$stage/out" | cut -f 1)"
node -e '
  const { readdirSync, readFileSync } = require("node:fs");
  let broken = 0;
  for (const name of readdirSync(".offline/rehearsed/results")) {
    const text = readFileSync(`.offline/rehearsed/results/${name}`, "utf8");
    try {
      if (name.endsWith(".json")) JSON.parse(text);
      if (name.endsWith(".jsonl")) for (const line of text.trimEnd().split("\n")) JSON.parse(line);
    } catch (error) {
      broken++;
      console.log(`rehearse.sh: ${name} is broken: ${error.message}`);
    }
  }
  for (const line of readFileSync(".offline/rehearsed/results/steps.tsv", "utf8").trimEnd().split("\n")) {
    const [, name, status] = line.split("\t");
    if (["0", "143", "137"].includes(status)) continue;
    broken++;
    console.log(`rehearse.sh: ${name} failed (${status}): ${readFileSync(`.offline/rehearsed/results/${name}.log`, "utf8").trimEnd().split("\n").at(-1)}`);
  }
  process.exitCode = broken > 0 ? 1 : 0;'
((status == 0 && seconds < LIMIT))
