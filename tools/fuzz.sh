#!/usr/bin/env bash
# Fuzzes each target of tests/fuzz for SECONDS (60), from its kept corpus, with ASan and UBSan;
# stops at the first that crashes and says where its input is. FUZZ_TARGETS: only these.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
packages=(clang-16 libclang-rt-16-dev)
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing=1
done
if [[ ${missing:-} ]]; then
  sudo=()
  [[ $(id -u) == 0 ]] || sudo=(sudo)
  echo "installing Debian packages: ${packages[*]}"
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${packages[@]}" >/dev/null
fi
[[ -f build-fuzz/build.ninja ]] || cmake --preset fuzz >/dev/null
cmake --build build-fuzz --target fuzz
for target in ${FUZZ_TARGETS:-answers strings kql checkpoint http ingest}; do
  mkdir -p "build-fuzz/corpus/$target" build-fuzz/crashes
  log=build-fuzz/crashes/$target.log
  build-fuzz/bin/fuzz_"$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=3000 \
    -max_len=16384 -print_final_stats=1 -artifact_prefix="build-fuzz/crashes/$target-" \
    "build-fuzz/corpus/$target" "tests/fuzz/corpus/$target" >"$log" 2>&1 || {
    grep -E 'ERROR|SUMMARY|broken promise|Test unit written' "$log" || tail -20 "$log"
    echo "fuzz $target: crashed; mend it and keep the input in tests/fuzz/corpus/$target" >&2
    exit 1
  }
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  echo "fuzz $target: $runs inputs in $seconds s, no crash"
done
