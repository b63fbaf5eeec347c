#!/usr/bin/env bash
# Gets the official DuckDB library and its C header from the npm registry (scripts are never run),
# checks their SHA-256 and keeps them in a cache folder of the user. Prints that folder.
set -euo pipefail
cache="${KC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kusto-copy}/duckdb-1.5.6"
lib_pkg="@duckdb/node-bindings-linux-x64@1.5.6-r.1"
lib_sha=1b9f82478539bb9a1d1df44bd103121a12ae52142c07158dc52b97d2ec1d69ff
hdr_pkg="duckdb@1.4.4"   # the C API is stable upwards, the header of 1.4 fits the library of 1.5
hdr_sha=5bb967dcbcd517670ba5f169f238fb9d6787e53752c60ebe24386169d76941ed
if [[ -f "$cache/lib/libduckdb.so" && -f "$cache/include/duckdb.h" ]]; then
  echo "$cache"
  exit 0
fi
mkdir -p "$cache"
tmp=$(mktemp -d "$cache/tmp.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
get() {  # package sha256 -> unpacks into ./$3
  local tarball
  tarball=$(npm pack --silent --ignore-scripts "$1" 2>/dev/null | tail -n 1)
  echo "$2  $tarball" | sha256sum --check --quiet - >&2 || {
    echo "error: $1: the checksum is not the expected one; nothing was installed" >&2
    exit 1
  }
  mkdir "$3" && tar -xzf "$tarball" -C "$3"
}
get "$lib_pkg" "$lib_sha" lib
get "$hdr_pkg" "$hdr_sha" hdr
mkdir -p "$tmp/out/lib" "$tmp/out/include"
cp lib/package/libduckdb.so out/lib/
cp hdr/package/src/duckdb/src/include/duckdb.h out/include/
mkdir -p "$cache/lib" "$cache/include"
mv -f out/include/duckdb.h "$cache/include/duckdb.h"
mv -f out/lib/libduckdb.so "$cache/lib/libduckdb.so"
echo "$cache"
