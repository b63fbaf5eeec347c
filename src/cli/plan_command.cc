#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "cli/catalogs.h"
#include "cli/exit_codes.h"
#include "cli/run.h"
#include "copy/tables/owner.h"
#include "copy/tables/setup.h"
#include "kusto/commands/queries.h"
#include "kusto/commands/schema.h"

namespace kc::cli {

namespace commands = kusto::commands;

namespace {

struct Planned {
  std::string table, action;
  std::string conflict;  // why it can't be copied
  int64_t rows = 0, undated = 0;
};

Result<kusto::Answer> Ask(kusto::Client& client, const std::string& database, std::string text,
                          world::CancelToken& cancel) {
  kusto::Request request;
  request.text = std::move(text);
  request.database = database;
  request.cancel = &cancel;
  return client.Query(request);
}

// Whose the destination is: a copy that would be refused for it has no plan.
Status RequireOwn(const Catalogs& catalogs, const Connections& connections,
                  const copy::DatabasePair& names, world::CancelToken& cancel) {
  if (catalogs.destination_missing) return {};
  kusto::Request request;
  request.text = commands::ShowFunctions();
  request.database = names.destination;
  request.cancel = &cancel;
  KC_ASSIGN(const auto shown, connections.destination->Show(request));
  KC_ASSIGN(const auto functions, commands::ReadFunctions(shown.table()));
  KC_TRY(copy::JudgeOwner(functions, names.destination, catalogs.copy_id));
  return {};
}

bool Started(const Catalogs& catalogs, const std::string& table) {
  if (!catalogs.ledger) return false;
  if (catalogs.ledger->watermarks.contains(table)) return true;
  const auto& runs = catalogs.ledger->tables;
  return std::any_of(runs.begin(), runs.end(), [&table](const auto& entry) {
    return entry.second.name == table && entry.second.planned_blocks > 0;
  });
}

// What the copy would do to the destination's table, and why it can't.
Status PlanDestination(const Arguments& arguments, const Catalogs& catalogs,
                       const Connections& connections, const copy::DatabasePair& names,
                       world::CancelToken& cancel, Planned& planned) {
  const auto* destination = FindTable(catalogs.destination, planned.table);
  if (destination == nullptr) {
    planned.action = "create";
    return {};
  }
  const auto missing =
      copy::MissingColumns(*FindTable(catalogs.source, planned.table), *destination);
  if (!missing) {
    planned.action = "conflict";
    planned.conflict = missing.error().message;
    return {};
  }
  planned.action =
      missing->empty() ? "exists" : fmt::format("exists, {} new columns", missing->size());
  if (arguments.options.append || Started(catalogs, planned.table)) return {};
  KC_ASSIGN(const auto counted, Ask(*connections.destination, names.destination,
                                    commands::CountUndated(planned.table), cancel));
  if (counted.table().rows.size() != 1) return Stop("a count has not one row");
  const int64_t rows = kusto::GetInt(counted.table(), 0, "Total");
  if (rows == 0) return {};
  planned.action = "conflict";
  planned.conflict = copy::NotEmptyText(planned.table, rows);
  return {};
}

Result<Planned> PlanTable(const Arguments& arguments, const Catalogs& catalogs,
                          const Connections& connections, const copy::DatabasePair& names,
                          const std::string& name, const std::string& cursor,
                          world::CancelToken& cancel) {
  Planned planned;
  planned.table = name;
  KC_TRY(PlanDestination(arguments, catalogs, connections, names, cancel, planned));
  commands::Rows rows;
  rows.table = name;
  rows.upto = cursor;
  bool first = true;
  if (catalogs.ledger) {
    const auto mark = catalogs.ledger->watermarks.find(name);
    if (mark != catalogs.ledger->watermarks.end() && !mark->second.cursor.empty()) {
      rows.after = mark->second.cursor;
      first = false;
    } else if (catalogs.ledger->facts) {
      rows.not_before = catalogs.ledger->facts->horizon;
    }
  }
  KC_ASSIGN(const auto counted,
            Ask(*connections.source, names.source, commands::CountRows(rows), cancel));
  if (counted.table().rows.size() == 1) planned.rows = kusto::GetInt(counted.table(), 0, "N");
  if (first) {
    KC_ASSIGN(const auto undated,
              Ask(*connections.source, names.source, commands::CountUndated(name), cancel));
    if (undated.table().rows.size() == 1) {
      planned.undated = kusto::GetInt(undated.table(), 0, "Undated");
    }
  }
  return planned;
}

void Print(const Arguments& arguments, const std::string& database, const Planned& planned) {
  const int64_t blocks = (planned.rows + arguments.options.block_rows - 1) /
                         std::max<int64_t>(1, arguments.options.block_rows);
  if (arguments.json) {
    OrderedJson json;
    json["type"] = "plan";
    json["database"] = database;
    json["table"] = planned.table;
    json["destination"] = planned.action;
    json["rows"] = planned.rows;
    json["blocksAtLeast"] = blocks;
    json["undated"] = planned.undated;
    if (!planned.conflict.empty()) json["conflict"] = planned.conflict;
    std::fprintf(stdout, "%s\n", DumpJson(json).c_str());
    return;
  }
  std::fprintf(stdout, "%s\n",
               fmt::format("{}: {} rows in {} blocks at least; destination table: {}{}{}",
                           planned.table, FormatThousands(planned.rows), blocks, planned.action,
                           planned.undated > 0
                               ? fmt::format("; {} rows have no ingestion time", planned.undated)
                               : "",
                           planned.conflict.empty() ? "" : "\n  " + planned.conflict)
                   .c_str());
}

struct Total {
  int64_t rows = 0;
  int conflicts = 0;
};

Status PlanDatabase(const Arguments& arguments, const Connections& connections,
                    const copy::DatabasePair& names, world::CancelToken& cancel, Total& total) {
  KC_ASSIGN(const auto catalogs, ReadCatalogs(arguments, connections, names, cancel));
  KC_TRY(RequireOwn(catalogs, connections, names, cancel));
  KC_ASSIGN(const auto answer,
            Ask(*connections.source, names.source, commands::CursorQuery(), cancel));
  if (answer.table().rows.size() != 1) return Stop("the source tells no cursor");
  const std::string cursor = kusto::GetText(answer.table(), 0, "Cursor");
  if (!arguments.json) {
    std::fprintf(stdout, "%s → %s%s, %zu tables\n", names.source.c_str(), names.destination.c_str(),
                 catalogs.destination_missing ? " (is created)" : "", catalogs.selected.size());
  }
  for (const auto& name : catalogs.selected) {
    KC_ASSIGN(const auto planned,
              PlanTable(arguments, catalogs, connections, names, name, cursor, cancel));
    Print(arguments, names.destination, planned);
    std::fflush(stdout);
    total.rows += planned.rows;
    total.conflicts += planned.conflict.empty() ? 0 : 1;
  }
  return {};
}

}  // namespace

int RunPlanCommand(const Arguments& arguments, world::CancelToken& cancel) {
  auto connections = Connect(arguments, cancel);
  if (!connections) return Say(connections.error(), kExitUsage);
  Total total;
  for (const auto& names : arguments.options.databases) {
    const Status status = PlanDatabase(arguments, *connections, names, cancel, total);
    if (!status) return Say(status.error(), ExitCodeOf(status.error(), true));
  }
  if (!arguments.json) {
    std::fprintf(stdout, "%s rows in all%s\n", FormatThousands(total.rows).c_str(),
                 total.conflicts == 0
                     ? ""
                     : fmt::format("; {} tables can't be copied", total.conflicts).c_str());
  }
  return total.conflicts == 0 ? kExitOk : kExitRefused;
}

}  // namespace kc::cli
