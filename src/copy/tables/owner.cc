#include "copy/tables/owner.h"

#include <fmt/format.h>

namespace kc::copy {

Result<bool> JudgeOwner(const std::vector<kusto::commands::FunctionInfo>& functions,
                        const std::string& database, const std::string& copy_id) {
  for (const auto& function : functions) {
    if (function.name != "KC_Status") continue;
    const std::string mine = "kusto-copy " + copy_id;
    if (!copy_id.empty() && function.docstring.find(mine) != std::string::npos) return true;
    return Stop(
        fmt::format("database '{}' belongs to another copy ({}): go on with that one's lake "
                    "folder; if its checkpoint is lost, run `.drop function KC_Status` and "
                    "copy into empty tables",
                    database, function.docstring),
        "OwnedByOther");
  }
  return false;
}

std::string NotEmptyText(const std::string& table, int64_t rows) {
  return fmt::format(
      "table '{}' at the destination holds {} rows that this copy didn't bring; empty it (.clear "
      "table … data), give another database with --db SRC=DST, or add to it with --append",
      table, rows);
}

}  // namespace kc::copy
