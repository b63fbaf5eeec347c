// Loaded into the storage emulator before it starts (node -r). Ten minutes after its start it would
// collect its garbage: with 20,000 deleted blobs it answered nobody for more than a minute
// (azurite 3.35.0, in memory). No test lives long enough to need the memory back.
"use strict";
const constants = require("../npm/node_modules/azurite/dist/src/blob/utils/constants");
const DAY_MS = 24 * 3600 * 1000;
if (!(constants.DEFAULT_GC_INTERVAL_MS < DAY_MS)) {
  throw new Error("the emulator has no DEFAULT_GC_INTERVAL_MS any more: look how it collects now");
}
constants.DEFAULT_GC_INTERVAL_MS = DAY_MS;
