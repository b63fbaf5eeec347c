#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "cli/catalogs.h"
#include "cli/exit_codes.h"
#include "cli/run.h"
#include "copy/compare.h"
#include "copy/tables/setup.h"
#include "world/clock.h"

namespace kc::cli {
namespace {

using copy::TableComparison;
using world::Task;

// Fingerprints are heavy queries: few at a time.
constexpr int kTogether = 4;
// Days that are printed for a table.
constexpr size_t kShownDays = 20;

std::string DayText(const std::optional<int64_t>& day) {
  return day ? FormatDateTimeTrimmed(*day).substr(0, 10) : "(null)";
}

void PrintJson(const std::string& database, const TableComparison& c) {
  OrderedJson json;
  json["type"] = "verify";
  json["database"] = database;
  json["table"] = c.table;
  json["same"] = c.same;
  if (c.why.empty()) {
    json["sourceRows"] = c.source_rows;
    json["destinationRows"] = c.destination_rows;
  } else {
    json["why"] = c.why;  // nothing was counted
  }
  if (!c.same && !c.by.empty()) {
    json["by"] = c.by;
    json["equalDays"] = c.equal_days;
    for (const auto& day : c.days) {
      json["days"].push_back({{"day", DayText(day.day)},
                              {"sourceRows", day.source_rows},
                              {"destinationRows", day.destination_rows}});
    }
  }
  std::fprintf(stdout, "%s\n", DumpJson(json).c_str());
}

void PrintText(const TableComparison& c) {
  if (c.same) {
    std::fprintf(stdout, "same       %s: %s rows\n", c.table.c_str(),
                 FormatThousands(c.source_rows).c_str());
    return;
  }
  if (!c.why.empty()) {
    std::fprintf(stdout, "DIFFERENT  %s: %s\n", c.table.c_str(), c.why.c_str());
    return;
  }
  std::fprintf(stdout, "DIFFERENT  %s: %s rows at the source, %s at the destination%s\n",
               c.table.c_str(), FormatThousands(c.source_rows).c_str(),
               FormatThousands(c.destination_rows).c_str(),
               c.source_rows == c.destination_rows ? ", other contents" : "");
  size_t shown = 0;
  for (const auto& day : c.days) {
    if (shown++ >= kShownDays) {
      std::fprintf(stdout, "    … and %zu more days\n", c.days.size() - kShownDays);
      break;
    }
    std::fprintf(stdout, "    %s %s: %s at the source, %s at the destination\n", c.by.c_str(),
                 DayText(day.day).c_str(), FormatThousands(day.source_rows).c_str(),
                 FormatThousands(day.destination_rows).c_str());
  }
}

// `from_the_beginning`: tables that hold something else; what isn't there needs the copy only.
void PrintMending(const std::string& destination,
                  const std::vector<std::string>& from_the_beginning) {
  if (from_the_beginning.empty()) {
    std::fprintf(stdout, "to mend: run the copy (again)\n");
    return;
  }
  std::string commands;
  for (const auto& name : from_the_beginning) {
    commands += "  " + kusto::commands::DropTable(name) + "\n";
  }
  std::fprintf(
      stdout,
      "to mend: run the copy again if it isn't complete or rows came to the source since; "
      "else run, in database %s at the destination,\n%sand then the same kusto-copy command "
      "again: these tables are copied from the beginning; rows that others brought into them "
      "(--append) are lost\n",
      destination.c_str(), commands.c_str());
}

struct One {
  bool done = false;
  const kusto::commands::TableSchema* schema = nullptr;
  copy::CompareWindow window;
  std::string by;  // the column of the days; "": the table's first datetime
  Result<TableComparison> result = TableComparison();
};

// Prints what is known in the order of the tables, as soon as it is.
class Printer {
 public:
  Printer(const Arguments& arguments, std::string database, std::vector<One>& all)
      : arguments_(arguments), database_(std::move(database)), all_(all) {}
  void Show() {
    for (; next_ < all_.size() && (all_[next_].done || all_[next_].schema == nullptr); ++next_) {
      const auto& result = all_[next_].result;
      if (!result) continue;
      if (arguments_.json) {
        PrintJson(database_, *result);
      } else {
        PrintText(*result);
      }
      std::fflush(stdout);
    }
  }

 private:
  const Arguments& arguments_;
  const std::string database_;
  std::vector<One>& all_;
  size_t next_ = 0;
};

Task<void> Compare(world::Executor& executor, world::Slots& slots, const copy::CompareSides& sides,
                   One& one, Printer& printer) {
  auto acquire = slots.Acquire();
  co_await acquire;
  world::SlotLease lease(&slots);
  world::Io<Result<TableComparison>> io(executor, "compare", [&sides, &one] {
    return copy::CompareTable(sides, *one.schema, one.window, one.by);
  });
  one.result = co_await io;
  one.done = true;
  printer.Show();
}

Task<Status> CompareAll(world::Executor& executor, const copy::CompareSides& sides,
                        std::vector<One>& all, Printer& printer) {
  world::Slots slots(kTogether);
  printer.Show();
  world::TaskGroup group;
  for (auto& one : all) {
    if (one.schema != nullptr) group.Start(Compare(executor, slots, sides, one, printer));
  }
  auto join = group.Join();
  co_await join;
  co_return Status();
}

One Prepare(const Catalogs& catalogs, const std::string& name) {
  One one;
  TableComparison cant;
  cant.table = name;
  const auto* source = FindTable(catalogs.source, name);
  const auto* destination = FindTable(catalogs.destination, name);
  if (destination == nullptr) {
    cant.why = catalogs.destination_missing ? "its database isn't at the destination; copy it"
                                            : "the table isn't at the destination; copy it";
    one.result = cant;
    return one;
  }
  const auto missing = copy::MissingColumns(*source, *destination);
  if (!missing || !missing->empty()) {
    cant.why = missing ? "new columns of the source aren't at the destination yet; copy again"
                       : missing.error().message;
    one.result = cant;
    return one;
  }
  one.schema = source;
  if (!catalogs.ledger) return one;
  const auto mark = catalogs.ledger->watermarks.find(name);
  if (mark == catalogs.ledger->watermarks.end()) return one;
  one.window.upto = mark->second.cursor;
  one.window.undated = mark->second.undated_rows > 0;
  if (catalogs.ledger->facts) one.window.not_before = catalogs.ledger->facts->horizon;
  return one;
}

// The tables that have the column are compared by it. A column that none has is a mistake.
Status ChooseDays(const std::string& by, std::vector<One>& all) {
  if (by.empty()) return {};
  bool any = false;
  bool compared = false;
  for (auto& one : all) {
    if (one.schema == nullptr) continue;
    compared = true;
    for (const auto& column : one.schema->columns) {
      if (column.name == by && column.type == ScalarType::kDateTime) one.by = by;
    }
    any |= !one.by.empty();
  }
  if (any || !compared) return {};
  return Stop("--by: no table that is compared has a datetime column '" + by +
                  "'; names are case-sensitive",
              "NoSuchColumn");
}

int VerifyDatabase(const Arguments& arguments, const Connections& connections,
                   const copy::DatabasePair& names, world::CancelToken& cancel) {
  const auto catalogs = ReadCatalogs(arguments, connections, names, cancel);
  if (!catalogs) return Say(catalogs.error(), ExitCodeOf(catalogs.error(), true));
  std::vector<One> all;
  for (const auto& name : catalogs->selected) all.push_back(Prepare(*catalogs, name));
  if (const Status chosen = ChooseDays(arguments.by, all); !chosen) {
    return Say(chosen.error(), kExitRefused);
  }
  const copy::CompareSides sides{*connections.source, *connections.destination, names.source,
                                 names.destination, &cancel};
  auto executor = world::MakeThreadExecutor(world::SystemClock(), kTogether);
  Printer printer(arguments, names.destination, all);
  (void)world::RunLoop(*executor, CompareAll(*executor, sides, all, printer));
  std::vector<std::string> from_the_beginning;
  bool same = true;
  int64_t rows = 0;
  for (auto& one : all) {
    if (!one.result) return Say(one.result.error(), ExitCodeOf(one.result.error(), false));
    rows += one.result->source_rows;
    if (one.result->same) continue;
    same = false;
    if (FindTable(catalogs->destination, one.result->table) != nullptr) {
      from_the_beginning.push_back(one.result->table);
    }
  }
  if (same) {
    if (!arguments.json) {
      std::fprintf(stdout, "%s: %zu tables, %s rows, all the same\n", names.destination.c_str(),
                   all.size(), FormatThousands(rows).c_str());
    }
    return kExitOk;
  }
  if (!arguments.json) PrintMending(names.destination, from_the_beginning);
  return kExitDifferent;
}

}  // namespace

int RunVerifyCommand(const Arguments& arguments, world::CancelToken& cancel) {
  auto connections = Connect(arguments, cancel);
  if (!connections) return Say(connections.error(), kExitUsage);
  int code = kExitOk;
  for (const auto& names : arguments.options.databases) {
    const int mine = VerifyDatabase(arguments, *connections, names, cancel);
    if (mine != kExitOk) code = mine;
  }
  return code;
}

}  // namespace kc::cli
