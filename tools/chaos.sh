#!/usr/bin/env bash
# The long runs. SEED=n replays one seed of the simulation in seconds, with a log of what happens.
# SEEDS (1,000,000) of the simulation; KILLS (1000) of real processes, KILL_SEED to repeat them.
set -euo pipefail
cd "$(dirname "$0")/.."
if [[ -n "${SEED:-}" ]]; then
  KC_SIM_SEED=$SEED exec build/bin/sim_test --gtest_filter='Seeds.*'
fi
export PYTHONPATH=tests KC_BIN=$PWD/build/bin
export KC_KILLS=${KILLS:-1000} KC_SEED=${KILL_SEED:-0}
tools/with_azurite.sh python3 -m unittest -v tests/crash/test_kill.py
# Every kind of request with every fault, instead of a part.
KC_FAULTS=all tools/with_azurite.sh python3 -m unittest -v tests/faults/test_proxy.py
KC_FAULTS=all tools/with_azurite.sh python3 -m unittest -v tests/faults/test_waits.py
KC_FAULTS=all python3 -m unittest -v tests/faults/test_clocks.py
KC_PAIRS=100 tools/with_azurite.sh python3 -m unittest -v tests/faults/test_two_instances.py
# Each fuzz target for 60 s (installs clang).
tools/fuzz.sh 60
# The simulation: pairs of faults, then seeds.
KC_SIM_STRIDE=1 KC_SIM_PAIRS=200000 build/bin/sim_test --gtest_filter='EveryIo.*:Pause.*'
KC_SIM_SEEDS=${SEEDS:-1000000} build/bin/sim_test --gtest_filter='Seeds.*'
