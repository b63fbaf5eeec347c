// Queries: cursors, counts, plans and fingerprints.
#include <algorithm>

#include "base/text.h"
#include "base/ticks.h"
#include "cluster_answers.h"
#include "cluster_text.h"
#include "kusto/commands/queries.h"
#include "kusto/commands/transfer.h"

namespace kc::sim {
namespace {

using enum ScalarType;

struct Sums {
  int64_t n = 0, low = 0, high = 0;
  void Add(uint64_t hash) {
    ++n;
    low += static_cast<int64_t>(hash & 0xFFFFFFFF);
    high += static_cast<int64_t>(hash >> 32);
  }
  Cells Row() const { return {n, low, high}; }
};

std::vector<std::string> NamesOf(const Table& table) {
  std::vector<std::string> names;
  for (const auto& column : table.columns) names.push_back(column.name);
  return names;
}

std::optional<size_t> IndexOf(const Table& table, const std::string& name) {
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].name == name) return i;
  }
  return std::nullopt;
}

// Hashes rows over some columns of their table.
class Hasher {
 public:
  Hasher(const Table& table, const std::vector<std::string>& names)
      : whole_(names == NamesOf(table)) {
    if (whole_) return;
    for (const auto& name : names) {
      indices_.push_back(*IndexOf(table, name));
      columns_.push_back(table.columns[indices_.back()]);
    }
  }
  uint64_t operator()(const Row& row) const {
    if (whole_) return row.hash;
    std::vector<Value> values;
    for (const size_t i : indices_) values.push_back(row.values[i]);
    return HashRow(columns_, values);
  }

 private:
  bool whole_;
  std::vector<size_t> indices_;
  std::vector<ColumnSchema> columns_;
};

template <typename F>
void ForRows(const Selection& s, const Table& table, F use) {
  for (const auto& [id, extent] : table.extents) {
    for (const auto& row : extent.rows) {
      if (Takes(s, table, extent, row)) use(id, extent, row);
    }
  }
}

int64_t Count(const Selection& s, const Table& table) {
  int64_t n = 0;
  ForRows(s, table, [&n](const auto&, const auto&, const auto&) { ++n; });
  return n;
}

Result<Answer> CountTables(Cluster& cluster, std::string_view text) {
  Scan scan(text);
  if (!scan.Take("union\n  (")) return SyntaxError(text);
  std::vector<Cells> rows;
  constexpr std::string_view kBetween = ",\n  (";
  while (true) {
    const size_t end = std::min(scan.rest().find(kBetween), scan.rest().find(")\n| where N > 0"));
    if (end == std::string_view::npos) return SyntaxError(text);
    const auto s = ReadSelection(scan.rest().substr(0, end));
    if (!s || s->rest.size() != 1 ||
        !s->rest[0].starts_with("summarize N = count() | project Table = ")) {
      return SyntaxError(text);
    }
    const Table* table = cluster.Find(s->table);
    if (table == nullptr) return NoTable(s->table);
    if (const int64_t n = Count(*s, *table); n > 0) rows.push_back({s->table, n});
    const bool more = scan.rest().substr(end).starts_with(kBetween);
    if (!more) break;
    (void)scan.Take(scan.rest().substr(0, end));
    (void)scan.Take(kBetween);
  }
  return MakeAnswer({{"Table", kString}, {"N", kLong}}, std::move(rows));
}

Answer SelfTest(std::string_view text) {
  std::vector<ColumnSchema> columns;
  Cells row;
  Scan scan(text.substr(text.rfind("print ") + 6));
  while (!scan.empty()) {
    std::string name(scan.Until(" "));
    columns.push_back({name, kString});
    row.emplace_back(name);
    if (!scan.SkipPast(",\n  ")) break;
  }
  return MakeAnswer(std::move(columns), {row});
}

Answer Undated(const Table& table) {
  int64_t undated = 0;
  int64_t total = 0;
  for (const auto& [id, extent] : table.extents) {
    for (const auto& row : extent.rows) {
      ++total;
      undated += row.ingested == 0;
    }
  }
  return MakeAnswer({{"Undated", kLong}, {"Total", kLong}}, {{undated, total}});
}

Result<Answer> Instants(const Selection& s, const Table& table) {
  if (s.rest.size() != 3 || s.rest[1] != "sort by Instant asc") return SyntaxError(s.rest[0]);
  Scan take(s.rest[2]);
  const auto limit = take.Take("take ") ? take.Number() : std::nullopt;
  if (!limit) return SyntaxError(s.rest[2]);
  std::map<std::pair<int64_t, std::string>, int64_t> counts;
  ForRows(s, table, [&](const auto& id, const auto&, const auto& row) {
    ++counts[{row.ingested, id}];
  });
  std::vector<Cells> rows;
  for (const auto& [key, n] : counts) {
    if (static_cast<int64_t>(rows.size()) >= *limit) break;
    rows.push_back({key.first, key.second, n});
  }
  return MakeAnswer({{"Instant", kDateTime}, {"ExtentId", kGuid}, {"N", kLong}}, std::move(rows));
}

// `project kc_g0 = …[, kc_x = …]`, `extend kc_h = …`, `summarize N, L, H [by … = kc_x]`.
Result<Answer> Fingerprint(const Selection& s, const Table& table) {
  if (s.rest.size() != 3 || !s.rest[1].starts_with("extend kc_h = ")) return SyntaxError(s.rest[0]);
  const size_t key_at = s.rest[0].find(",\n    kc_x = ");
  const auto names = NamesIn(s.rest[0].substr(0, key_at));
  KC_TRY(CheckColumns(table, names));
  const Hasher hash(table, names);
  if (key_at == std::string_view::npos) {
    Sums sums;
    ForRows(s, table, [&](const auto&, const auto&, const auto& row) { sums.Add(hash(row)); });
    return MakeAnswer({{"N", kLong}, {"L", kLong}, {"H", kLong}}, {sums.Row()});
  }
  const std::string_view key = s.rest[0].substr(key_at + 13);
  std::vector<Cells> rows;
  if (key == "extent_id()") {
    std::map<std::string, Sums> sums;
    ForRows(s, table,
            [&](const auto& id, const auto&, const auto& row) { sums[id].Add(hash(row)); });
    for (const auto& [id, one] : sums) rows.push_back({id, one.n, one.low, one.high});
    return MakeAnswer({{"ExtentId", kGuid}, {"N", kLong}, {"L", kLong}, {"H", kLong}},
                      std::move(rows));
  }
  const auto by = NamesIn(key);
  KC_TRY(CheckColumns(table, by));
  const size_t index = *IndexOf(table, by.front());
  std::map<Value, Sums> sums;
  ForRows(s, table, [&](const auto&, const auto&, const auto& row) {
    Value day = row.values[index];
    if (const auto* ticks = std::get_if<int64_t>(&day)) day = *ticks - *ticks % kTicksPerDay;
    sums[day].Add(hash(row));
  });
  for (const auto& [day, one] : sums) rows.push_back({day, one.n, one.low, one.high});
  return MakeAnswer({{"Day", kDateTime}, {"N", kLong}, {"L", kLong}, {"H", kLong}},
                    std::move(rows));
}

// `project kc_0 = …`, `summarize N = count(), C0 = …`.
Result<Answer> ColumnSums(const Selection& s, const Table& table) {
  const auto names = NamesIn(s.rest[0]);
  KC_TRY(CheckColumns(table, names));
  std::vector<ColumnSchema> columns = {{"N", kLong}};
  Cells row = {Count(s, table)};
  for (size_t i = 0; i < names.size(); ++i) {
    const Hasher hash(table, {names[i]});
    int64_t sum = 0;
    ForRows(s, table, [&](const auto&, const auto&, const auto& one) {
      sum += static_cast<int64_t>(hash(one) & 0xFFFFFFFF);
    });
    columns.push_back({"C" + std::to_string(i), kLong});
    row.emplace_back(sum);
  }
  return MakeAnswer(std::move(columns), {row});
}

// `summarize N = iff(countif(bin(…) != …) > 0, 1, 0) + iff(countif(… !between …) > 0, 2, 0)`.
Result<Answer> KindsOfTimes(const Selection& s, const Table& table) {
  const auto names = NamesIn(s.rest[0]);
  KC_TRY(CheckColumns(table, names));
  const int64_t first = *ParseDateTime("1677-09-22");
  const int64_t last = *ParseDateTime("2262-04-11");
  bool fine = false;
  bool far = false;
  ForRows(s, table, [&](const auto&, const auto&, const auto& row) {
    for (const auto& name : names) {
      const auto* ticks = std::get_if<int64_t>(&row.values[*IndexOf(table, name)]);
      if (ticks == nullptr) continue;
      fine |= *ticks % kTicksPerMicrosecond != 0;
      far |= *ticks < first || *ticks > last;
    }
  });
  const int64_t kinds =
      (fine ? kusto::commands::kFineTimes : 0) + (far ? kusto::commands::kFarTimes : 0);
  return MakeAnswer({{"N", kLong}}, {{kinds}});
}

Answer CurrentCursor(Cluster& cluster) {
  const auto until = cluster.timeline.now() - cluster.unknowns.cursor_lag;
  int64_t told = 1;
  for (const auto& [when, value] : cluster.cursors) {
    if (when <= until) told = value;
  }
  return MakeAnswer({{"Cursor", kString}, {"Now", kDateTime}},
                    {{std::to_string(told), cluster.timeline.NowTicks()}});
}

// The sums of the hashes that exported files hold (kusto/commands SumExportedHashes).
Result<Answer> ExportedHashes(Cluster& cluster, std::string_view text) {
  Scan scan(text);
  if (!scan.SkipPast("[")) return SyntaxError(text);
  const auto files = TextsIn(scan.Until("]"));
  if (!scan.SkipPast("\\\"Ordinal\\\":\\\"")) return SyntaxError(text);
  const auto ordinal = scan.Number();
  if (!ordinal) return SyntaxError(text);
  Sums sums;
  for (const auto& file : files) {
    KC_ASSIGN(const auto rows, ReadCells(cluster, file));
    for (const auto& cells : rows) {
      const auto index = static_cast<size_t>(*ordinal);
      const auto hash = index < cells.size() ? ParseInt64(cells[index]) : std::nullopt;
      if (!hash) return Stop("Stream_WrongNumberOfFields: " + file, "BadRequest_InvalidData");
      sums.Add(static_cast<uint64_t>(*hash));
    }
  }
  return MakeAnswer({{"N", kLong}, {"L", kLong}, {"H", kLong}}, {sums.Row()});
}

Result<Answer> Answered(Cluster& cluster, std::string_view text) {
  if (text == kusto::commands::CursorQuery()) return CurrentCursor(cluster);
  if (text.starts_with("externaldata (kc_h:long)")) return ExportedHashes(cluster, text);
  if (text.starts_with("union\n")) return CountTables(cluster, text);
  if (text.starts_with("let ") && text.find("\nprint ") != std::string_view::npos) {
    return SelfTest(text);
  }
  const auto s = ReadSelection(text);
  if (!s || s->rest.empty()) return SyntaxError(text);
  const Table* table = cluster.Find(s->table);
  if (table == nullptr) return NoTable(s->table);
  if (s->hashed) KC_TRY(CheckColumns(*table, *s->hashed));
  const std::string_view first = s->rest[0];
  if (first == "summarize N = count()") {
    return MakeAnswer({{"N", kLong}}, {{Count(*s, *table)}});
  }
  if (first == "summarize Undated = countif(isnull(ingestion_time())), Total = count()") {
    return Undated(*table);
  }
  if (first.starts_with("summarize N = count() by Instant = ")) return Instants(*s, *table);
  if (first.starts_with("summarize N = iff(countif(bin(")) return KindsOfTimes(*s, *table);
  if (first.starts_with("project kc_g0 = ")) return Fingerprint(*s, *table);
  if (first.starts_with("project kc_0 = ")) return ColumnSums(*s, *table);
  return SyntaxError(text);
}

}  // namespace

bool Takes(const Selection& s, const Table& table, const Extent& extent, const Row& row) {
  if (!s.tags.empty()) {
    return std::any_of(s.tags.begin(), s.tags.end(), [&extent](const std::string& tag) {
      return std::find(extent.tags.begin(), extent.tags.end(), tag) != extent.tags.end();
    });
  }
  if (s.undated) {
    if (row.ingested != 0) return false;
  } else if (s.cursors) {
    if (row.ingested == 0 || row.cursor <= s.after || row.cursor > s.upto) return false;
    if (s.not_before && row.ingested < *s.not_before) return false;
    if (s.beyond && row.ingested <= *s.beyond) return false;
    const auto within = [&row](const auto& range) {
      return row.ingested >= range.first && row.ingested <= range.second;
    };
    if (!s.ranges.empty() && std::none_of(s.ranges.begin(), s.ranges.end(), within)) return false;
  }
  if (s.modulus == 1 || !s.hashed) return true;
  const auto hash = static_cast<int64_t>(Hasher(table, *s.hashed)(row));
  return ((hash % s.modulus) + s.modulus) % s.modulus == s.remainder;
}

uint64_t RowHash(const Table& table, const std::vector<std::string>& names, const Row& row) {
  return Hasher(table, names)(row);
}

Status CheckColumns(const Table& table, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    if (IndexOf(table, name)) continue;
    return Stop("Semantic error: SEM0100: '" + name + "' is no column of '" + table.name + "'",
                "SEM0100");
  }
  return {};
}

Result<Answer> RunQuery(Cluster& cluster, std::string_view text) {
  auto answer = Answered(cluster, text);
  if (answer) answer->consistency = cluster.consistency;
  return answer;
}

}  // namespace kc::sim
