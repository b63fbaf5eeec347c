# The one entry to everything; CI runs the same verbs.
SHELL := bash
.DELETE_ON_ERROR:
.PHONY: help deps build demo test fast lint tidy chaos bench format sanitize install package clean

BUILD ?= build
PRESET ?= release
DUCKDB_ROOT ?=
PREFIX ?= /usr/local
LAKE ?= local
CMAKE_ARGS := $(if $(DUCKDB_ROOT),-DDUCKDB_ROOT=$(abspath $(DUCKDB_ROOT)))
export CCACHE_SLOPPINESS := pch_defines,time_macros,include_file_mtime,include_file_ctime

help:
	@echo 'make demo      build, copy a real database between two local clusters, verify it'
	@echo '               (LAKE=azurite: through the storage emulator)'
	@echo 'make test      build and run all tests'
	@echo 'make fast      build and run the unit tests: under a minute after a small change'
	@echo 'make lint      format, layers, sizes, headers, clang-tidy'
	@echo 'make sanitize  unit tests under ASan+UBSan, all that has threads under TSan'
	@echo 'make chaos     the long runs: more kills, more seeds (KILLS=1000; SEED=n replays one)'
	@echo 'make bench     ratios: a copy against DuckDB alone; a small table; memory'
	@echo 'make format    clang-format everything'
	@echo 'make install   into PREFIX (default /usr/local); make package: a .deb in build/'

deps:
	@tools/install_dependencies.sh

$(BUILD)/build.ninja: | deps
	@cmake --preset $(PRESET) $(CMAKE_ARGS) > /dev/null

# A folder that is configured already learns of another DuckDB here.
build: deps $(BUILD)/build.ninja
	@$(if $(DUCKDB_ROOT),grep -qx 'DUCKDB_ROOT:PATH=$(abspath $(DUCKDB_ROOT))' \
	  $(BUILD)/CMakeCache.txt || cmake --preset $(PRESET) $(CMAKE_ARGS) > /dev/null)
	@cmake --build $(BUILD)

demo: build
	@tools/demo.py --lake $(LAKE)

test: build
	@python3 tools/check_all.py --quick
	@ctest --test-dir $(BUILD) --output-on-failure --no-tests=error -j4

fast: build
	@python3 tools/check_all.py --quick
	@ctest --test-dir $(BUILD) --output-on-failure --no-tests=error -L unit -j4

lint: build
	@python3 tools/check_all.py

sanitize: deps
	@tools/sanitize.sh

chaos: build
	@tools/chaos.sh

bench: build
	@python3 bench/bench.py

format: deps
	@git ls-files '*.h' '*.cc' | xargs clang-format -i

install: build
	@cmake --install $(BUILD) --prefix $(PREFIX)

package: build
	@cd $(BUILD) && cpack -G DEB

clean:
	rm -rf build build-*
