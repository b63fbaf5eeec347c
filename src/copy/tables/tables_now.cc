#include "copy/tables/tables_now.h"

namespace kc::copy {

namespace commands = kusto::commands;
using kusto::Answer;
using world::Task;

Task<Result<TablesNow>> ReadTables(Session& session, kusto::Client& client) {
  KC_CO_ASSIGN(const Answer answer, session.Show(client, commands::ShowTablesDetails()));
  KC_CO_TAKE(TablesNow tables, commands::ReadTableDetails(answer.table()));
  SortByName(tables);
  co_return tables;
}

Task<Result<TablesNow>> ReadTable(Session& session, kusto::Client& client, std::string name) {
  KC_CO_ASSIGN(const Answer answer, session.Show(client, commands::ShowTableDetails(name)));
  co_return commands::ReadTableDetails(answer.table());
}

std::string IdOf(const TablesNow& tables, const std::string& name) {
  const auto* table = FindByName(tables, name);
  return table == nullptr ? "" : table->table_id;
}

std::string NameOf(const TablesNow& tables, const std::string& id) {
  for (const auto& table : tables) {
    if (table.table_id == id) return table.name;
  }
  return "";
}

}  // namespace kc::copy
