#include "copy/protocol/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace kc::copy {
namespace {

using checkpoint::Record;

constexpr size_t kPiece = 1000;  // records

constexpr std::string_view kTableStates[] = {"Planning", "Planned", "Complete", "Stopped",
                                             "Abandoned"};
constexpr std::string_view kStagingStates[] = {"Intent", "Created", "Dropped"};

Record Make(std::string_view level, int64_t now) {
  Record record;
  record.level = level;
  record.created = record.updated = now;
  return record;
}

Json ColumnsJson(const std::vector<ColumnSchema>& columns) {
  Json json = Json::array();
  for (const auto& c : columns) json.push_back(Json::array({c.name, KustoName(c.type)}));
  return json;
}

Result<std::vector<ColumnSchema>> ColumnsOf(const Json& json) {
  std::vector<ColumnSchema> columns;
  for (const auto& c : json) {
    const auto type = ParseScalarType(c.at(1).get<std::string>());
    if (!type) return Stop("a column of an unknown type in the checkpoint", "Damaged");
    columns.push_back({c.at(0).get<std::string>(), *type});
  }
  return columns;
}

}  // namespace

std::string_view Name(TableState state) {
  return kTableStates[static_cast<size_t>(state)];
}

namespace {

void Count(const Block& block, RunCounts& counts) {
  const int64_t rows = block.exported_rows > 0 ? block.exported_rows : block.planned_rows;
  switch (block.stage) {
    case Stage::kMoved:
    case Stage::kDone:
      counts.moved_rows += block.moved_rows;
      ++counts.moved_blocks;
      counts.staged_rows += block.moved_rows;
      counts.exported_rows += block.moved_rows;
      break;
    case Stage::kMoving:
    case Stage::kRevoking:
      counts.staged_rows += rows;
      counts.exported_rows += rows;
      break;
    case Stage::kExported:
    case Stage::kIngesting:
      counts.exported_rows += rows;
      break;
    case Stage::kStopped:
      ++counts.stopped_blocks;
      break;
    case Stage::kPlanned:
    case Stage::kExporting:
      break;
  }
}

}  // namespace

RunCounts CountsOf(const TableRun& run) {
  RunCounts counts;
  counts.planned_rows = std::max(run.planned_rows, run.window_rows);
  counts.planned_blocks = run.planned_blocks;
  counts.exported_rows = counts.staged_rows = counts.moved_rows = run.done_rows;
  counts.moved_blocks = run.done_blocks;
  for (const auto& [id, block] : run.blocks) Count(block, counts);
  return counts;
}

int64_t TableRun::moved_rows() const {
  return CountsOf(*this).moved_rows;
}

void FinishBlock(TableRun& run, int64_t id) {
  const auto found = run.blocks.find(id);
  if (found == run.blocks.end()) return;
  run.done_rows += found->second.moved_rows;
  ++run.done_blocks;
  run.blocks.erase(found);
}

TableRun* Ledger::OpenRun(const std::string& table) {
  for (auto& [key, run] : tables) {
    if (key.second == table && run.open()) return &run;
  }
  return nullptr;
}

void Ledger::Forget() {
  size_t complete = 0;
  for (const auto& [id, iteration] : iterations) {
    complete += iteration.state == IterationState::kComplete;
  }
  for (auto it = iterations.begin(); it != iterations.end() && complete > kKeptIterations;) {
    const auto first = tables.lower_bound({it->first, ""});
    const auto last = tables.lower_bound({it->first + 1, ""});
    // Blocks that aren't cleaned up are debts: kept until somebody pays them.
    const bool owes =
        std::any_of(first, last, [](const auto& run) { return !run.second.blocks.empty(); });
    if (it->second.state != IterationState::kComplete || owes ||
        std::next(it) == iterations.end()) {
      ++it;
      continue;
    }
    tables.erase(first, last);
    it = iterations.erase(it);
    --complete;
  }
}

Record Ledger::RecordOf(const CopyFacts& facts, int64_t now) {
  Record record = Make(checkpoint::kLevelCopy, now);
  record.created = facts.created;
  record.state = "Started";
  Json json;
  json["sourceDatabaseId"] = facts.source_database_id;
  json["destinationDatabaseId"] = facts.destination_database_id;
  if (facts.horizon) json["horizon"] = *facts.horizon;
  json["undated"] = facts.undated;
  record.details = DumpJson(json);
  return record;
}

Record Ledger::RecordOf(Iteration& iteration, int64_t now) {
  Record record = Make(checkpoint::kLevelIteration, now);
  iteration.updated = now;
  record.iteration = iteration.id;
  record.end_cursor = iteration.end_cursor;
  record.created = iteration.created;
  record.state = iteration.state == IterationState::kComplete ? "Complete" : "Started";
  Json json;
  json["tables"] = iteration.tables.size();
  json["rows"] = iteration.rows;
  if (!iteration.stopped.empty()) json["stopped"] = iteration.stopped;
  record.details = DumpJson(json);
  return record;
}

Record Ledger::RecordOf(TableRun& run, int64_t now) {
  Record record = Make(checkpoint::kLevelTable, now);
  run.updated = now;
  record.iteration = run.iteration;
  record.end_cursor = run.end_cursor;
  record.table = run.name;
  record.state = Name(run.state);
  record.created = run.created;
  Json json;
  json["destination"] = run.destination;
  json["sourceId"] = run.source_id;
  json["destinationId"] = run.destination_id;
  json["startCursor"] = run.start_cursor;
  json["columns"] = ColumnsJson(run.columns);
  if (run.band_end) json["bandEnd"] = *run.band_end;
  if (run.planned) json["planned"] = true;
  const std::string_view format = FormatName(run.format);
  if (!format.empty()) json["format"] = format;
  json["nextBlock"] = run.next_block;
  json["windowRows"] = run.window_rows;
  json["closedRows"] = run.closed_rows;
  json["plannedRows"] = run.planned_rows;
  json["plannedBlocks"] = run.planned_blocks;
  json["doneRows"] = run.done_rows;
  json["doneBlocks"] = run.done_blocks;
  if (run.undated_rows > 0) json["undatedRows"] = run.undated_rows;
  if (run.undated_copied) json["undatedCopied"] = true;
  if (!run.reason.empty()) json["reason"] = run.reason;
  if (!run.remarks.empty()) json["remarks"] = run.remarks;
  record.details = DumpJson(json);
  return record;
}

Record Ledger::RecordOf(const TableRun& run, const Block& block, int64_t now) {
  Record record = Make(checkpoint::kLevelBlock, now);
  record.iteration = run.iteration;
  record.end_cursor = run.end_cursor;
  record.table = run.name;
  record.block = std::to_string(block.id);
  record.state = Name(block.stage);
  record.created = block.created;
  if (block.stage == Stage::kDone) {
    // Nothing of it is needed any more but what is counted.
    record.details = fmt::format("{{\"ranges\":[],\"moved\":{}}}", block.moved_rows);
  } else {
    record.details = BlockDetails(block);
  }
  return record;
}

Record Ledger::RecordOf(const StagingTable& staging, int64_t now) {
  Record record = Make(checkpoint::kLevelStaging, now);
  record.table = staging.table;
  record.block = staging.name;
  record.state = kStagingStates[static_cast<size_t>(staging.state)];
  record.created = staging.created;
  Json json;
  json["id"] = staging.id;
  json["generation"] = staging.generation;
  record.details = DumpJson(json);
  return record;
}

Record Ledger::RecordOf(Watermark& watermark, int64_t now) {
  Record record = Make(checkpoint::kLevelWatermark, now);
  watermark.updated = now;
  record.table = watermark.table;
  record.end_cursor = watermark.cursor;
  record.state = "Set";
  Json json;
  json["sourceId"] = watermark.source_id;
  json["destinationId"] = watermark.destination_id;
  json["closedRows"] = watermark.closed_rows;
  json["undatedRows"] = watermark.undated_rows;
  json["copiedRows"] = watermark.copied_rows;
  record.details = DumpJson(json);
  return record;
}

Status Ledger::Replay(std::vector<Record> records) {
  for (auto& each : records) {
    // (Assigning an empty one would keep its strings' memory.)
    const Record record = std::move(each);
    Status applied;
    try {
      applied = Apply(record);
    } catch (const nlohmann::json::exception& e) {
      applied = Stop(e.what(), "Damaged");
    }
    if (!applied) {
      return Fail(std::move(applied).error().Within(fmt::format(
          "checkpoint record {} ({} {})", record.sequence, record.level, record.table)));
    }
  }
  return {};
}

Status Ledger::Apply(const Record& record) {
  if (record.level == checkpoint::kLevelHeader) return {};
  if (record.level == checkpoint::kLevelBlock) return ApplyBlock(record);
  KC_ASSIGN(const Json json, ParseDetails(record.details));
  if (record.level == checkpoint::kLevelTable) return ApplyTable(record, json);
  if (record.level == checkpoint::kLevelCopy) {
    CopyFacts read;
    read.source_database_id = json.at("sourceDatabaseId").get<std::string>();
    read.destination_database_id = json.at("destinationDatabaseId").get<std::string>();
    if (json.contains("horizon")) read.horizon = json.at("horizon").get<int64_t>();
    read.undated = json.value("undated", false);
    read.created = record.created;
    facts = read;
  } else if (record.level == checkpoint::kLevelIteration) {
    Iteration& iteration = iterations[record.iteration];
    iteration.id = record.iteration;
    iteration.end_cursor = record.end_cursor;
    iteration.created = record.created;
    iteration.updated = record.updated;
    iteration.rows = json.value("rows", int64_t{0});
    iteration.stopped = json.value("stopped", std::map<std::string, std::string>());
    iteration.state =
        record.state == "Complete" ? IterationState::kComplete : IterationState::kStarted;
  } else if (record.level == checkpoint::kLevelStaging) {
    if (record.state == "Dropped") {
      staging.erase(record.block);
      return {};
    }
    staging[record.block] = {
        record.block,
        json.value("id", ""),
        record.table,
        json.value("generation", int64_t{0}),
        record.state == "Created" ? StagingState::kCreated : StagingState::kIntent,
        record.created};
  } else if (record.level == checkpoint::kLevelWatermark) {
    watermarks[record.table] = {record.table,
                                json.value("sourceId", ""),
                                json.value("destinationId", ""),
                                record.end_cursor,
                                json.value("closedRows", int64_t{-1}),
                                json.value("undatedRows", int64_t{0}),
                                json.value("copiedRows", int64_t{0}),
                                record.updated};
  } else {
    return Stop("unknown level", "Damaged");
  }
  return {};
}

Status Ledger::ApplyTable(const Record& record, const Json& json) {
  TableRun& run = tables[{record.iteration, record.table}];
  run.iteration = record.iteration;
  run.name = record.table;
  run.created = record.created;
  run.updated = record.updated;
  run.end_cursor = record.end_cursor;
  const auto state = std::find(std::begin(kTableStates), std::end(kTableStates), record.state);
  if (state == std::end(kTableStates)) return Stop("unknown state", "Damaged");
  run.state = static_cast<TableState>(state - std::begin(kTableStates));
  run.destination = json.at("destination").get<std::string>();
  run.source_id = json.at("sourceId").get<std::string>();
  run.destination_id = json.at("destinationId").get<std::string>();
  run.start_cursor = json.at("startCursor").get<std::string>();
  KC_ASSIGN(run.columns, ColumnsOf(json.at("columns")));
  run.band_end.reset();
  if (json.contains("bandEnd")) run.band_end = json.at("bandEnd").get<int64_t>();
  run.planned = json.value("planned", false);
  const auto format = ParseFormat(json.value("format", ""));
  if (!format) return Stop("a table's record has an unknown format", "Damaged");
  run.format = *format;
  run.next_block = json.at("nextBlock").get<int64_t>();
  run.window_rows = json.at("windowRows").get<int64_t>();
  run.closed_rows = json.value("closedRows", int64_t{-1});
  run.planned_rows = json.at("plannedRows").get<int64_t>();
  run.planned_blocks = json.at("plannedBlocks").get<int64_t>();
  // Blocks that were done before the record was written are counted in it; later ones follow.
  run.done_rows = json.at("doneRows").get<int64_t>();
  run.done_blocks = json.at("doneBlocks").get<int64_t>();
  run.undated_rows = json.value("undatedRows", int64_t{0});
  run.undated_copied = json.value("undatedCopied", false);
  run.reason = json.value("reason", "");
  run.remarks.clear();
  if (json.contains("remarks")) run.remarks = json.at("remarks").get<std::vector<std::string>>();
  if (run.state == TableState::kAbandoned) run.blocks.clear();
  Iteration& iteration = iterations[record.iteration];
  iteration.id = record.iteration;  // its own record comes first, in what this program writes
  iteration.tables.insert(record.table);
  return {};
}

Status Ledger::ApplyBlock(const Record& record) {
  const auto found = tables.find({record.iteration, record.table});
  if (found == tables.end()) return Stop("a block without its table", "Damaged");
  const auto id = ParseInt64(record.block);
  const auto stage = ParseStage(record.state);
  if (!id || !stage) return Stop("unknown block or state", "Damaged");
  KC_ASSIGN(Block block, ReadBlockDetails(record.details));
  block.id = *id;
  block.stage = *stage;
  block.created = record.created;
  if (*stage == Stage::kDone) {
    FinishBlock(found->second, *id);
  } else {
    found->second.blocks[*id] = std::move(block);
  }
  return {};
}

std::vector<Record> Ledger::Snapshot() {
  std::vector<Record> all;
  const auto next = SnapshotInPieces();
  for (auto piece = next(); !piece.empty(); piece = next()) {
    std::move(piece.begin(), piece.end(), std::back_inserter(all));
  }
  return all;
}

std::function<std::vector<Record>()> Ledger::SnapshotInPieces() {
  Forget();
  return [this, head = true, table = tables.begin()]() mutable {
    std::vector<Record> piece;
    if (std::exchange(head, false)) piece = SnapshotOfAllButTables();
    while (table != tables.end() && piece.size() < kPiece) {
      TableRun& run = table->second;
      piece.push_back(RecordOf(run, run.updated));
      for (const auto& [id, block] : run.blocks) {
        piece.push_back(RecordOf(run, block, run.updated));
      }
      ++table;
    }
    return piece;
  };
}

std::vector<Record> Ledger::SnapshotOfAllButTables() {
  std::vector<Record> records;
  // Times stay as they were: a snapshot changes nothing.
  if (facts) records.push_back(RecordOf(*facts, facts->created));
  for (auto& [name, watermark] : watermarks) {
    records.push_back(RecordOf(watermark, watermark.updated));
  }
  for (const auto& [name, table] : staging) records.push_back(RecordOf(table, table.created));
  for (auto& [id, iteration] : iterations) {
    records.push_back(RecordOf(iteration, iteration.updated));
  }
  return records;
}

}  // namespace kc::copy
