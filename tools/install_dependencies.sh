#!/usr/bin/env bash
# Installs what the build, the tests and the demo need, on Debian 12: packages by apt (sudo when not
# not root), the npm packages of tests/npm by their lock file, with scripts off. Says what it does;
# does nothing when all is there.
#   tools/install_dependencies.sh [build|all]   build: no npm packages
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(g++ cmake ninja-build ccache pkg-config lld clang-format clang-tidy python3 git file
  libcurl4-openssl-dev libboost-dev nlohmann-json3-dev libsimdjson-dev libcli11-dev libspdlog-dev
  libfmt-dev libexpected-dev libre2-dev libdeflate-dev libxxhash-dev libssl-dev zlib1g-dev
  libgtest-dev libgmock-dev libbenchmark-dev)
# False clocks, for tests.
[[ "${1:-all}" == build ]] || packages+=(libfaketime)
# A newer node than Debian's may be here already, under /usr/local for instance.
command -v node >/dev/null && command -v npm >/dev/null || packages+=(nodejs npm)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
    missing+=("$package")
done
if ((${#missing[@]})); then
  sudo=()
  if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || {
      echo "error: these packages are missing and neither root nor sudo is here: ${missing[*]}" >&2
      echo "next: as root, apt-get install ${missing[*]}" >&2
      exit 1
    }
    sudo=(sudo)
  fi
  echo "installing Debian packages: ${missing[*]}"
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >/dev/null
fi

if [[ "${1:-all}" == all ]]; then
  # The stamp holds the lock file's checksum, so a changed lock installs afresh.
  stamp=tests/npm/node_modules/.installed
  sum=$(sha256sum tests/npm/package-lock.json)
  if [[ ! -f $stamp || "$(cat "$stamp")" != "$sum" ]]; then
    echo "installing the npm packages of tests/npm (judges and data of tests and demo)"
    (cd tests/npm && npm ci --no-progress --loglevel=error)
    echo "$sum" >"$stamp"
  fi
fi
