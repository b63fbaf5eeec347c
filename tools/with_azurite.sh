#!/usr/bin/env bash
# with_azurite.sh COMMAND…: runs the command with the storage emulator at KC_AZURITE_URL (and its
# published account key in KC_AZURITE_KEY), in memory, on free ports; stops it afterwards.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
free_port() {
  python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'
}
port=$(free_port)
node "$root/tests/npm/node_modules/azurite/dist/src/blob/main.js" --silent --disableTelemetry \
  --skipApiVersionCheck --inMemoryPersistence --blobHost 127.0.0.1 --blobPort "$port" \
  >"$work/azurite.log" 2>&1 &
azurite=$!
trap 'kill $azurite 2>/dev/null || true; wait $azurite 2>/dev/null || true; rm -rf "$work"' EXIT
export KC_AZURITE_URL="http://127.0.0.1:$port/devstoreaccount1"
# The emulator's key is the same everywhere and published.
KC_AZURITE_KEY="Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBH"
KC_AZURITE_KEY+="BeksoGMGw=="
export KC_AZURITE_KEY
# A busy machine needs its time.
for _ in $(seq 600); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    "$@"
    exit
  fi
  sleep 0.1
done
echo "error: the storage emulator did not start:" >&2
cat "$work/azurite.log" >&2
exit 1
