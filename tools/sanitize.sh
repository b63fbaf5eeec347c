#!/usr/bin/env bash
# The unit tests under AddressSanitizer and UBSan, then all that has threads under ThreadSanitizer.
# With arguments: only these presets (asan-ubsan, tsan).
#
# What ThreadSanitizer leaves out, and why:
# * The unit tests of base, kql, kusto, checkpoint, copy and cli start no thread (counted with
#   strace): a race needs two.
# * Of the simulation it runs only what plays worlds side by side, and of that the pauses and the
#   seeds: the other worlds share the same. The fibers of one world hand over to each other in one
#   thread; what can race is what worlds share, statics above all.
# * DuckDB's and the system's libraries are not instrumented: what they do by themselves is not
#   looked at, or each of their locks would be missed and reported. There is no other suppression.
# The threads of a real copy meet in the two programs: two of the end-to-end tests run with both.
set -euo pipefail
cd "$(dirname "$0")/.."
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0
export LSAN_OPTIONS=suppressions=$PWD/tools/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=ignore_noninstrumented_modules=1:halt_on_error=1

asan_ubsan() {
  cmake --build build-asan --target unit_tests
  # Of the simulation a sample of what `make test` runs in full: the paths are the same, and each
  # takes several times as long.
  KC_SIM_DAYS=3 KC_SIM_SEEDS=30 KC_SIM_STRIDE=97 \
    ctest --test-dir build-asan -L unit --output-on-failure --no-tests=error -j4
}

tsan() {
  local -r parts=(world http azure engine local)
  local -r side_by_side='Pause.*:Seeds.*:Fiber*:*ADeadConnection*'
  cmake --build build-tsan --target "${parts[@]/%/_test}" sim_test kusto-copy kusto-local
  local -r names=$(IFS='|' && echo "${parts[*]}")
  ctest --test-dir build-tsan -R "^(unit\\.($names)|e2e\\.test_(copy|continuous))\$" \
    --output-on-failure --no-tests=error -j4
  GTEST_FILTER=$side_by_side KC_SIM_SEEDS=20 KC_SIM_STRIDE=97 \
    ctest --test-dir build-tsan -R '^unit\.sim$' --output-on-failure --no-tests=error
}

(($#)) || set -- asan-ubsan tsan
for preset in "$@"; do
  cmake --preset "$preset" >/dev/null
  "${preset/-/_}"
done
