// The elementary changes of a DatabaseState, used alike by transactions and by recovery. Not
// thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

#include "base/error.h"
#include "local/catalog/model.h"

namespace kc::local {

// Edits a state in place; the state must not be shared with anybody yet.
class StateEditor {
 public:
  explicit StateEditor(DatabaseState& state) : state_(state) {}

  void PutDatabase(DatabaseMeta meta);
  // Creates the table or replaces its metadata. Two tables may have the same name only until
  // FinishTables.
  void PutTables(std::vector<TableMeta> tables);
  bool DropTable(std::string_view table_id);
  void PutFunction(StoredFunction function);
  bool DropFunction(std::string_view name);

  // False: no such table, or the id is in it already.
  bool AddExtent(std::string_view table_id, ExtentPtr extent);
  // False: no such table or extent.
  bool RemoveExtent(std::string_view table_id, std::string_view extent_id);

 private:
  Table* Edit(std::string_view table_id);
  void Place(const std::shared_ptr<Table>& table);

  DatabaseState& state_;
  std::unordered_set<const Table*> own_;  // tables made here, which nobody else sees yet
};

}  // namespace kc::local
