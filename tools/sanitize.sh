#!/usr/bin/env bash
# The unit tests under ASan+UBSan and under TSan. DuckDB's library is not instrumented: TSan looks
# away from it. With arguments: only these presets.
set -euo pipefail
cd "$(dirname "$0")/.."
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0
export LSAN_OPTIONS=suppressions=$PWD/tools/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=ignore_noninstrumented_modules=1:halt_on_error=1
(($#)) || set -- asan-ubsan tsan
for preset in "$@"; do
  folder=build-${preset%-ubsan}
  cmake --preset "$preset" >/dev/null
  cmake --build "$folder" --target unit_tests
  ctest --test-dir "$folder" -L unit --output-on-failure --no-tests=error -j2
done
