#!/usr/bin/env bash
# The long runs. KILLS (1000), SEED to repeat one.
set -euo pipefail
cd "$(dirname "$0")/.."
export PYTHONPATH=tests KC_BIN=$PWD/build/bin
export KC_KILLS=${KILLS:-1000} KC_SEED=${SEED:-0}
tools/with_azurite.sh python3 -m unittest -v tests/crash/test_kill.py
# Every kind of request with every fault, instead of a part.
KC_FAULTS=all tools/with_azurite.sh python3 -m unittest -v tests/faults/test_proxy.py
KC_PAIRS=100 tools/with_azurite.sh python3 -m unittest -v tests/faults/test_two_instances.py
