#!/usr/bin/env bash
# Compiles a policy into a bundle, the same bytes on every machine.
#   policies/build.sh [-o FILE] [SITE...]         the default rules, with a site's own
#   policies/build.sh -o FILE --bare SOURCE...    these sources alone, with every builtin of OPA (for tests)
# SITE: folders or files with rules (package site) and data. FILE: policies/bundle.tar.gz unless given.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
output="$here/bundle.tar.gz"
bare=false
if [[ "${1:-}" == -o ]]; then
  output="$2"
  shift 2
fi
if [[ "${1:-}" == --bare ]]; then
  bare=true
  shift
fi
"$here/tools.sh" opa

# The compiler writes file names into the module: it has to see the same ones wherever the sources are.
stage="$(mktemp -d)"
trap 'rm -rf "$stage"' EXIT
sources=()
options=()
if ! $bare; then
  cp -r "$here/postern.rego" "$here/lib" "$here/data.json" "$stage/"
  sources=(postern.rego lib data.json)
  options=(--capabilities "$here/capabilities.json")
fi
for path in "$@"; do
  # One folder each, since the data of a folder is mounted where the folder is.
  name="site-$((${#sources[@]} + 1))"
  mkdir "$stage/$name"
  if [[ -d "$path" ]]; then cp -r "$path/." "$stage/$name/"; else cp "$path" "$stage/$name/"; fi
  sources+=("$name")
done

# No -O: it settles what the bundle's data decides, and the operator's data would come too late. It gains two per cent.
# EXPERIMENTAL_WASM_OPT would give another compiler of this machine a say.
(cd "$stage" && env -u EXPERIMENTAL_WASM_OPT "$here/../bin/opa" build --target wasm --entrypoint postern/decision \
  ${options[@]+"${options[@]}"} --ignore '*_test.rego' --output compiled.tar.gz "${sources[@]}")
mkdir "$stage/compiled"
tar -xzf "$stage/compiled.tar.gz" -C "$stage/compiled" 2>/dev/null
case "$output" in /*) ;; *) output="$PWD/$output" ;; esac
cd "$here/.."
node --import tsx policies/pack.mjs "$stage/compiled/policy.wasm" "$stage/compiled/data.json" "$output"
