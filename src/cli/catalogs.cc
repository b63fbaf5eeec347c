#include "cli/catalogs.h"

#include <algorithm>

#include "base/text.h"
#include "checkpoint/journal.h"
#include "copy/session.h"
#include "copy/tables/setup.h"

namespace kc::cli {

namespace commands = kusto::commands;

namespace {

Result<std::vector<commands::TableSchema>> Schemas(kusto::Client& client,
                                                   const std::string& database,
                                                   world::CancelToken& cancel) {
  KC_TRY(kusto::Probe(client, &cancel));
  KC_TRY(kusto::RequireDatabase(client, database, &cancel));
  kusto::Request request;
  request.text = commands::ShowDatabaseSchema(database);
  request.database = database;
  request.cancel = &cancel;
  KC_ASSIGN(const auto answer, client.Show(request));
  return commands::ReadDatabaseSchema(answer.table());
}

// The copy's checkpoint if the lake has one, without lease or change.
Status ReadLedger(azure::ObjectStore& lake, const std::string& database, Catalogs& catalogs) {
  const auto seen = checkpoint::Journal::Look(lake, copy::SafeFolder(database) + "/checkpoint/");
  if (!seen) {
    if (seen.error().reason == "NotFound") return {};
    return Fail(seen.error());
  }
  copy::Ledger ledger;
  KC_TRY(ledger.Replay(seen->records));
  catalogs.ledger = std::move(ledger);
  catalogs.copy_id = seen->copy_id;
  return {};
}

}  // namespace

Result<Catalogs> ReadCatalogs(const Arguments& arguments, const Connections& connections,
                              const copy::DatabasePair& names, world::CancelToken& cancel) {
  Catalogs catalogs;
  if (connections.source->cluster() == connections.destination->cluster() &&
      EqualsIgnoreCase(names.source, names.destination)) {
    return Stop("source and destination are the same database '" + names.source + "'",
                "SameDatabase");
  }
  KC_ASSIGN(catalogs.source, Schemas(*connections.source, names.source, cancel));
  auto destination = Schemas(*connections.destination, names.destination, cancel);
  if (destination) {
    catalogs.destination = std::move(*destination);
  } else if (destination.error().reason == "DatabaseNotFound") {
    catalogs.destination_missing = true;
  } else {
    return Fail(std::move(destination).error());
  }
  std::vector<std::string> all;
  for (const auto& table : catalogs.source) all.push_back(table.name);
  KC_ASSIGN(catalogs.selected, copy::SelectTables(all, arguments.options.tables_include,
                                                  arguments.options.tables_exclude));
  if (connections.lake != nullptr) {
    KC_TRY(ReadLedger(*connections.lake, names.destination, catalogs));
  }
  return catalogs;
}

const commands::TableSchema* FindTable(const std::vector<commands::TableSchema>& tables,
                                       const std::string& name) {
  const auto found = std::find_if(tables.begin(), tables.end(),
                                  [&name](const auto& table) { return table.name == name; });
  return found == tables.end() ? nullptr : &*found;
}

}  // namespace kc::cli
