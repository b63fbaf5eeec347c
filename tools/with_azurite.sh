#!/usr/bin/env bash
# with_azurite.sh COMMAND…: runs the command with a storage emulator of its own at KC_AZURITE_URL
# (and its published account key in KC_AZURITE_KEY), in memory, on a free port; stops it afterwards.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
touch "$work/azurite.log"
# Port 0: it takes a free one and says which.
node -r "$root/tests/harness/azurite_keeps_garbage.cjs" \
  "$root/tests/npm/node_modules/azurite/dist/src/blob/main.js" --silent --disableTelemetry \
  --skipApiVersionCheck --inMemoryPersistence --blobHost 127.0.0.1 --blobPort 0 \
  >"$work/azurite.log" 2>&1 &
azurite=$!
trap 'kill $azurite 2>/dev/null || true; wait $azurite 2>/dev/null || true; rm -rf "$work"' EXIT
# The emulator's key is the same everywhere and published.
KC_AZURITE_KEY="Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBH"
KC_AZURITE_KEY+="BeksoGMGw=="
export KC_AZURITE_KEY
# A busy machine needs its time.
for _ in $(seq 1200); do
  address=$(sed -n 's/^Azurite Blob service successfully listens on //p' "$work/azurite.log")
  if [[ -n "$address" ]]; then
    export KC_AZURITE_URL="$address/devstoreaccount1"
    "$@"
    exit
  fi
  kill -0 $azurite 2>/dev/null || break
  sleep 0.1
done
echo "error: the storage emulator did not start:" >&2
cat "$work/azurite.log" >&2
exit 1
