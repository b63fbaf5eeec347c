#!/usr/bin/env bash
# The long runs. KILLS (1000), SEED to repeat one.
set -euo pipefail
cd "$(dirname "$0")/.."
export PYTHONPATH=tests KC_BIN=$PWD/build/bin
export KC_KILLS=${KILLS:-1000} KC_SEED=${SEED:-0}
python3 -m unittest -v tests/crash/test_kill.py
