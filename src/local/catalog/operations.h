// The lines of a transaction in the journal (docs/formats/local-journal.md): how operations become
// text, and how text changes a state again.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "local/catalog/model.h"

namespace kc::local {

struct TransactionHeader {
  uint64_t sequence = 0;
  int64_t ticks = 0;
  uint64_t version = 0;
  std::string event;
  std::string entity;
};

// Each is one line of JSON with its \n.
std::string EncodeTransaction(const TransactionHeader& header);
std::string EncodeDatabase(const DatabaseMeta& meta);
std::string EncodeTables(const std::vector<TableMeta>& tables);
std::string EncodeDropTable(std::string_view table_id);
std::string EncodeFunction(const StoredFunction& function);
std::string EncodeDropFunction(std::string_view name);
std::string EncodeDropDatabase();
void AppendAddExtents(std::string& out, std::string_view table_id,
                      const std::vector<ExtentPtr>& extents);
std::string EncodeRemoveExtents(std::string_view table_id,
                                const std::vector<std::string>& extent_ids);

// The whole state, as operations that make it from nothing; a snapshot's payload.
std::string EncodeState(const DatabaseState& state,
                        const std::vector<TransactionHeader>& recent_events);

// Applies lines (a journal object's or a snapshot's payload) to a state that nobody else sees.
// `register_file` makes the shared object of a file; `on_transaction` hears of each header.
// kStop: the text is not what this version writes, or contradicts the state.
Status ApplyOperations(std::string_view lines, DatabaseState& state,
                       const std::function<ExtentFilePtr(ExtentFile)>& register_file,
                       const std::function<void(TransactionHeader)>& on_transaction);

}  // namespace kc::local
