// What verify and plan read of both clusters and of the checkpoint. Blocking, reads only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/run.h"
#include "copy/protocol/ledger.h"
#include "kusto/commands/schema.h"

namespace kc::cli {

struct Catalogs {
  std::vector<kusto::commands::TableSchema> source, destination;
  std::vector<std::string> selected;   // of the source
  bool destination_missing = false;    // the database
  std::optional<copy::Ledger> ledger;  // of the copy, if there is a checkpoint
  std::string copy_id;                 // of that checkpoint; else empty
};
// Errors are one line for the user.
Result<Catalogs> ReadCatalogs(const Arguments& arguments, const Connections& connections,
                              const copy::DatabasePair& names, world::CancelToken& cancel);

const kusto::commands::TableSchema* FindTable(
    const std::vector<kusto::commands::TableSchema>& tables, const std::string& name);

}  // namespace kc::cli
