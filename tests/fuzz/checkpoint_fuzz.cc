// The checkpoint's reader: manifest, segment, ledger. The first byte chooses: 0 a manifest, 1 a
// segment as it lies in the lake, else lines of fields between tabs that become records with right
// checksums, so that what lies behind the checksums is reached too.
#include <map>

#include "azure/memory_store.h"
#include "base/text.h"
#include "checkpoint/journal.h"
#include "copy/protocol/ledger.h"
#include "fuzz/fuzz.h"
#include "world/clock.h"

namespace {

using kc::checkpoint::Record;

void ReadAsManifest(std::string_view text) {
  kc::azure::MemoryLake lake;
  const auto store = kc::azure::MakeMemoryStore(lake, kc::world::SystemClock());
  (void)store->Put("D/checkpoint/manifest.json", text);
  (void)kc::checkpoint::Journal::Look(*store, "D/checkpoint/");
}

void Replay(const std::vector<Record>& records) {
  kc::copy::Ledger ledger;
  if (!ledger.Replay(records)) return;
  // A snapshot says the same again.
  const auto first = ledger.Snapshot();
  kc::copy::Ledger again;
  kc::fuzz::Demand(again.Replay(first).has_value(), "a snapshot reads");
  const auto second = again.Snapshot();
  kc::fuzz::Demand(first.size() == second.size(), "a snapshot is complete");
  for (size_t i = 0; i < first.size(); ++i) {
    kc::fuzz::Demand(first[i].details == second[i].details, "a snapshot loses nothing");
  }
}

void ReadAsSegment(std::string_view text) {
  const auto segment = kc::checkpoint::ReadSegment(text);
  if (!segment) return;
  for (const auto& record : segment->records) {
    const std::string line = kc::checkpoint::RecordLine(record);
    const auto read =
        kc::checkpoint::ParseRecordLine(std::string_view(line).substr(0, line.size() - 1));
    kc::fuzz::Demand(read.has_value(), "a record that was read can be written and read");
  }
  Replay(segment->records);
}

// "Level\titeration\ttable\tblock\tState\tdetails"
void ReadAsFields(std::string_view text) {
  std::vector<Record> records;
  for (const auto& line : kc::Split(text, '\n')) {
    const auto fields = kc::Split(line, '\t');
    if (fields.size() != 6) continue;
    Record record;
    record.level = fields[0];
    record.iteration = kc::ParseInt64(fields[1]).value_or(0);
    record.table = fields[2];
    record.block = fields[3];
    record.state = fields[4];
    record.details = fields[5];
    record.created = record.updated = 638'000'000'000'000'000;
    record.group = record.sequence = static_cast<int64_t>(records.size()) + 1;
    records.push_back(std::move(record));
  }
  std::string segment = kc::checkpoint::HeaderLine();
  for (const auto& record : records) segment += kc::checkpoint::RecordLine(record);
  ReadAsSegment(segment);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text = kc::fuzz::Text(data + 1, size - 1);
  if (data[0] == '0') {
    ReadAsManifest(text);
  } else if (data[0] == '1') {
    ReadAsSegment(text);
  } else {
    ReadAsFields(text);
  }
  return 0;
}
