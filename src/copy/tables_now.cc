#include "copy/tables_now.h"

namespace kc::copy {

namespace commands = kusto::commands;
using kusto::Answer;
using world::Task;

Task<Result<TablesNow>> ReadTables(Session& session, kusto::Client& client) {
  KC_CO_ASSIGN(const Answer answer, session.Show(client, commands::ShowTablesDetails()));
  co_return commands::ReadTableDetails(answer.table());
}

Task<Result<TablesNow>> ReadTable(Session& session, kusto::Client& client, std::string name) {
  KC_CO_ASSIGN(const Answer answer, session.Show(client, commands::ShowTableDetails(name)));
  co_return commands::ReadTableDetails(answer.table());
}

std::string IdOf(const TablesNow& tables, const std::string& name) {
  for (const auto& table : tables) {
    if (table.name == name) return table.table_id;
  }
  return "";
}

std::string NameOf(const TablesNow& tables, const std::string& id) {
  for (const auto& table : tables) {
    if (table.table_id == id) return table.name;
  }
  return "";
}

}  // namespace kc::copy
