#!/usr/bin/env bash
# Packs the packages that run.sh needs on a Linux x64 machine without a network: those of `npm ci`, but for linters, compiler and
# software driver. Run it where `npm ci` works. A file that is there already is replaced.
#
#   bench/gpu/pack_tests.sh [.offline/node_modules.tar.xz]
set -euo pipefail
cd "$(dirname "$0")/../.."
file=$(realpath -m "${1:-.offline/node_modules.tar.xz}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp package.json package-lock.json .npmrc "$work/"
cd "$work"
npm ci --ignore-scripts >/dev/null
npm uninstall --ignore-scripts typescript typescript-eslint eslint @eslint/js dependency-cruiser @sparticuz/chromium tar-fs @types/tar-fs >/dev/null
find node_modules/webgpu/dist -mindepth 1 -maxdepth 1 ! -name '*linux-x64*' -name '*-*' -exec rm -rf {} +
find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' -o -name '*.md' \) -delete
mkdir -p "$(dirname "$file")"
tar -cf - node_modules | xz -T0 -6 >"$file"
du -sh "$file"
