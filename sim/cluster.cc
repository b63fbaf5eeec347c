#include "cluster.h"

#include <algorithm>

#include "base/text.h"
#include "base/ticks.h"
#include "cluster_answers.h"
#include "cluster_text.h"

namespace kc::sim {
namespace {

// What a row looks like in messages and comparisons.
std::string RowText(const Table& table, const Row& row) {
  std::string text;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    text += (i == 0 ? "" : "|") + CellText(table.columns[i].type, row.values[i], false);
  }
  return text;
}

Bound Bind(Cluster& cluster, const std::string& text) {
  Bound bound;
  if (!cluster.unknowns.bound_to_id) return bound;
  for (const auto& name : NamesIn(text)) {
    if (const Table* table = cluster.Find(name)) bound[name] = table->id;
  }
  return bound;
}

}  // namespace

Cluster::Cluster(std::string where, Timeline& time, azure::ObjectStore& store, uint64_t seed)
    : address(std::move(where)), timeline(time), lake(store), random(seed) {
  database_id = random.Guid();
  cursors.emplace_back(world::Duration::zero(), cursor);
}

std::string Cluster::NewId() {
  return random.Guid();
}

world::Duration Cluster::Around(world::Duration mean) {
  const auto least = static_cast<double>(mean.count()) * (1 - pace.spread);
  const auto most = static_cast<double>(mean.count()) * (1 + pace.spread);
  return world::Duration(static_cast<int64_t>(least + random.Unit() * (most - least)));
}

void Cluster::Tell(Effect effect) {
  if (!on_effect) return;
  effect.when = timeline.now();
  on_effect(effect);
}

int64_t Cluster::NextCursor() {
  ++cursor;
  // Old ones are of no use: no lag is that long.
  if (cursors.size() > 1000) cursors.erase(cursors.begin(), cursors.begin() + 500);
  cursors.emplace_back(timeline.now(), cursor);
  return cursor;
}

void Cluster::Serve(const ServerRequest& request, Reply reply) {
  if (weather.merges > 0 && random.Chance(weather.merges) && !tables.empty()) {
    auto table = tables.begin();
    std::advance(table, static_cast<long>(random.Below(tables.size())));
    (void)Merge(table->first);
  }
  if (!request.database.empty() && request.database != database &&
      request.database != "NetDefaultDB") {
    timeline.After(Around(pace.show), [name = request.database, reply] {
      reply(Stop("Entity ID '" + name + "' of kind 'Database' was not found",
                 "BadRequest_DatabaseNotExist"));
    });
    return;
  }
  auto shared = std::make_shared<ServerRequest>(request);
  if (request.kind != ServerRequest::Kind::kCommand) {
    const bool query = request.kind == ServerRequest::Kind::kQuery;
    ++(query ? queries : shows);
    timeline.After(Around(query ? pace.query : pace.show), [this, shared, query, reply] {
      reply(query ? RunQuery(*this, shared->text) : RunShow(*this, shared->text));
    });
    return;
  }
  ++commands;
  const auto took = pace.slow_command > 0 && random.Chance(pace.slow_command)
                        ? Around(pace.late)
                        : Around(pace.command);
  const bool operation =
      request.text.starts_with(".export async ") || request.text.starts_with(".ingest async ");
  timeline.After(took, [this, shared, reply, operation, bound = Bind(*this, request.text)] {
    reply(operation ? StartOperation(*this, *shared, bound) : RunCommand(*this, *shared, bound));
  });
}

Table& Cluster::CreateTable(const std::string& name, std::vector<ColumnSchema> columns) {
  Table& table = tables[name];
  table = Table();
  table.name = name;
  table.id = NewId();
  table.columns = std::move(columns);
  return table;
}

void Cluster::Append(const std::string& name, std::vector<std::vector<Value>> rows,
                     std::optional<int64_t> ingested, std::optional<int64_t> created) {
  Table& table = tables.at(name);
  const std::string id = NewId();
  Extent& extent = table.extents[id];
  extent.created = created.value_or(timeline.NowTicks());
  const bool now = ingested.has_value() || unknowns.dated_after.count() == 0;
  const int64_t number = now ? NextCursor() : 0;
  for (auto& values : rows) {
    Row row;
    row.hash = HashRow(table.columns, values);
    row.values = std::move(values);
    row.ingested = now ? ingested.value_or(timeline.NowTicks()) : 0;
    row.cursor = number;
    extent.rows.push_back(std::move(row));
  }
  if (now) return;
  // Found again by what it is: its extent may have been merged meanwhile.
  std::vector<std::vector<Value>> dated;
  for (const auto& row : extent.rows) dated.push_back(row.values);
  timeline.After(Around(unknowns.dated_after), [this, name, dated] {
    Table* found = Find(name);
    if (found == nullptr) return;
    const int64_t later = NextCursor();
    for (auto& [extent_id, one] : found->extents) {
      for (auto& row : one.rows) {
        if (row.ingested != 0 || std::find(dated.begin(), dated.end(), row.values) == dated.end()) {
          continue;
        }
        row.ingested = timeline.NowTicks();
        row.cursor = later;
      }
    }
  });
}

void Cluster::AppendUndated(const std::string& name, std::vector<std::vector<Value>> rows) {
  Table& table = tables.at(name);
  Extent& extent = table.extents[NewId()];
  extent.created = timeline.NowTicks();
  for (auto& values : rows) {
    Row row;
    row.hash = HashRow(table.columns, values);
    row.values = std::move(values);
    extent.rows.push_back(std::move(row));
  }
}

bool Cluster::Merge(const std::string& name) {
  Table& table = tables.at(name);
  const auto policy = table.policies.find("merge");
  if (policy != table.policies.end() &&
      policy->second.find("\"AllowMerge\":false") != std::string::npos) {
    return false;
  }
  if (table.extents.size() < 2) return false;
  auto first = table.extents.begin();
  std::advance(first, static_cast<long>(random.Below(table.extents.size() - 1)));
  auto second = std::next(first);
  Extent merged = std::move(first->second);
  for (auto& tag : second->second.tags) {
    if (std::find(merged.tags.begin(), merged.tags.end(), tag) == merged.tags.end()) {
      merged.tags.push_back(std::move(tag));
    }
  }
  for (auto& row : second->second.rows) merged.rows.push_back(std::move(row));
  merged.created = std::max(merged.created, second->second.created);
  table.extents.erase(second);
  table.extents.erase(first);
  table.extents[NewId()] = std::move(merged);
  Tell({EffectKind::kMerge, {}, "", "", name});
  return true;
}

std::vector<std::string> Cluster::Contents(const std::string& name) const {
  return ContentsUpTo(name, INT64_MAX);
}

std::vector<std::string> Cluster::ContentsUpTo(const std::string& name, int64_t upto) const {
  std::vector<std::string> rows;
  const Table* table = Find(name);
  if (table == nullptr) return rows;
  for (const auto& [id, extent] : table->extents) {
    for (const auto& row : extent.rows) {
      if (upto != INT64_MAX && (row.cursor == 0 || row.cursor > upto)) continue;
      rows.push_back(RowText(*table, row));
    }
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

Table* Cluster::Find(const std::string& name) {
  const auto found = tables.find(name);
  return found == tables.end() ? nullptr : &found->second;
}

const Table* Cluster::Find(const std::string& name) const {
  const auto found = tables.find(name);
  return found == tables.end() ? nullptr : &found->second;
}

Table* Cluster::FindById(const std::string& id) {
  for (auto& [name, table] : tables) {
    if (table.id == id) return &table;
  }
  return nullptr;
}

Answer MakeAnswer(std::vector<ColumnSchema> columns, std::vector<Cells> rows) {
  Answer answer;
  answer.tables.push_back({"Table_0", std::move(columns), std::move(rows)});
  answer.consistency = "strongconsistency";
  return answer;
}

tl::unexpected<Error> SyntaxError(std::string_view text) {
  return Stop("Syntax error: " + std::string(text.substr(0, 200)), "BadRequest_SyntaxError");
}

tl::unexpected<Error> NoTable(const std::string& name) {
  return Stop("Entity ID '" + name + "' of kind 'Table' was not found",
              "BadRequest_EntityNotFound");
}

}  // namespace kc::sim
