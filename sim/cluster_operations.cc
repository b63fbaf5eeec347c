// Asynchronous operations: the answer only names them, they act later, and what is told about them
// isn't all of the truth.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "cluster_answers.h"
#include "cluster_text.h"
#include "kusto/commands/names.h"

namespace kc::sim {
namespace {

using enum ScalarType;

constexpr char kCell = '\x1f';
constexpr char kLine = '\x1e';

void End(Cluster& cluster, const std::string& id, std::string state, std::string status,
         bool retry = false) {
  Operation& operation = cluster.operations[id];
  operation.state = std::move(state);
  operation.status = std::move(status);
  operation.should_retry = retry;
  operation.updated = cluster.timeline.NowTicks();
}

// The object behind an address with its grant, or why the storage refuses it.
Result<std::string> Granted(Cluster& cluster, const std::string& address, std::string_view right) {
  const size_t query = address.find('?');
  const std::string grant = query == std::string::npos ? "" : address.substr(query);
  Scan scan(grant);
  if (!scan.Take(std::string("?sp=") + std::string(right) + "&until=")) {
    return Stop("Download_Forbidden: 403 no such right", "Download_Forbidden");
  }
  const auto until = scan.Number();
  if (!until || std::chrono::seconds(*until) < cluster.timeline.now()) {
    return Stop("Download_Forbidden: 403 the SAS has expired", "Download_Forbidden");
  }
  return cluster.lake.NameOf(address.substr(0, query));
}

// ---- export

struct ExportJob {
  ServerRequest request;
  std::string id, address, prefix;
  bool parquet = false;
  Selection selection;  // views into request.text: the job stays where it is
};

struct ExportedColumn {
  size_t index = 0;
  bool nanoseconds = false;  // as a long since 1970
};

Result<std::vector<ExportedColumn>> ExportedColumns(const Table& table, const Selection& s) {
  if (s.rest.size() != 1 || !s.rest[0].starts_with("project ")) return SyntaxError("export");
  const auto names = NamesIn(s.rest[0]);
  KC_TRY(CheckColumns(table, names));
  std::vector<ExportedColumn> columns;
  for (const auto& name : names) {
    const std::string converted =
        "tolong(" + kusto::commands::Name(name) + " - datetime(1970-01-01)) * 100";
    for (size_t i = 0; i < table.columns.size(); ++i) {
      if (table.columns[i].name != name) continue;
      columns.push_back({i, s.rest[0].find(converted) != std::string_view::npos});
    }
  }
  return columns;
}

std::string ExportedCell(const Table& table, const ExportedColumn& column, const Row& row,
                         bool parquet) {
  const Value& value = row.values[column.index];
  const auto* ticks = std::get_if<int64_t>(&value);
  if (column.nanoseconds && ticks != nullptr) {
    return std::to_string((*ticks - kUnixEpochTicks) * 100);
  }
  return CellText(table.columns[column.index].type, value, parquet);
}

// The rows' text, spread over some files.
Result<std::vector<Artifact>> WriteFiles(Cluster& cluster, const ExportJob& job, size_t most) {
  const Table* table = cluster.Find(job.selection.table);
  if (table == nullptr) return NoTable(job.selection.table);
  KC_ASSIGN(const auto columns, ExportedColumns(*table, job.selection));
  if (job.selection.hashed) KC_TRY(CheckColumns(*table, *job.selection.hashed));
  const size_t count = 1 + cluster.random.Below(3);
  std::vector<std::string> files(count);
  std::vector<int64_t> rows(count);
  size_t next = 0;
  for (const auto& [id, extent] : table->extents) {
    for (const auto& row : extent.rows) {
      if (!Takes(job.selection, *table, extent, row)) continue;
      std::string& file = files[next % count];
      for (const auto& column : columns) {
        file += ExportedCell(*table, column, row, job.parquet) + kCell;
      }
      if (job.selection.rest[0].find(", kc_end = 1") != std::string_view::npos) {
        file += std::string("1") + kCell;
      }
      if (job.selection.row_hash) {
        const auto hash = RowHash(*table, *job.selection.hashed, row);
        file += std::to_string(static_cast<int64_t>(hash)) + kCell;
      }
      file += kLine;
      ++rows[next++ % count];
    }
  }
  KC_ASSIGN(const std::string folder, Granted(cluster, job.address, "cw"));
  std::vector<Artifact> artifacts;
  for (size_t i = 0; i < count && artifacts.size() < most; ++i) {
    if (rows[i] == 0) continue;
    const std::string name = folder + "/" + job.prefix + "_" + std::to_string(i) + "_" +
                             cluster.random.Word(8) + (job.parquet ? ".parquet" : ".csv.gz");
    KC_TRY(cluster.lake.Put(name, files[i]));
    artifacts.push_back({cluster.lake.url().UrlOf(name), rows[i]});
  }
  return artifacts;
}

void TellExport(Cluster& cluster, const ExportJob& job, const std::vector<Artifact>& artifacts) {
  Effect effect{
      EffectKind::kExport, {}, job.request.text, job.request.request_id, job.selection.table};
  const std::string plain = job.address.substr(0, job.address.find('?'));
  effect.folder = cluster.lake.NameOf(plain).value_or("");
  for (const auto& artifact : artifacts) effect.rows += artifact.rows;
  cluster.Tell(std::move(effect));
}

// What becomes of an operation; drawn when it ends.
enum class Fate { kCompletes, kFails, kThrottled, kPartial, kAbandoned, kLies };
Fate DrawFate(Cluster& cluster) {
  double dice = cluster.random.Unit();
  const Weather& w = cluster.weather;
  if ((dice -= w.operation_fails) < 0) return Fate::kFails;
  if ((dice -= w.operation_throttled) < 0) return Fate::kThrottled;
  if ((dice -= w.operation_partial) < 0) return Fate::kPartial;
  if ((dice -= w.operation_abandoned) < 0) return Fate::kAbandoned;
  if ((dice -= w.operation_lies) < 0) return Fate::kLies;
  return Fate::kCompletes;
}

void EndExport(Cluster& cluster, const ExportJob& job) {
  const Fate fate = DrawFate(cluster);
  if (fate == Fate::kThrottled) return End(cluster, job.id, "Throttled", "too many exports", true);
  // A failed export may leave files behind (documented).
  const size_t most = fate == Fate::kCompletes || fate == Fate::kLies ? SIZE_MAX : 1;
  auto files = WriteFiles(cluster, job, most);
  if (!files) return End(cluster, job.id, "Failed", files.error().message);
  TellExport(cluster, job, *files);
  cluster.operations[job.id].artifacts = *files;
  switch (fate) {
    case Fate::kCompletes:
      return End(cluster, job.id, "Completed", "");
    case Fate::kPartial:
      return End(cluster, job.id, "PartiallySucceeded", "some nodes failed");
    case Fate::kAbandoned:
      return End(cluster, job.id, "Abandoned", "", true);
    default:
      return End(cluster, job.id, "Failed", "the export failed", cluster.random.Chance(0.5));
  }
}

std::shared_ptr<ExportJob> ReadExport(const ServerRequest& request) {
  auto job = std::make_shared<ExportJob>();
  job->request = request;
  const std::string& text = job->request.text;
  job->parquet = text.find("compressed to parquet") != std::string::npos;
  Scan scan(text);
  if (!scan.SkipPast(" (")) return nullptr;
  const auto address = scan.Text();
  if (!address || !scan.SkipPast("namePrefix=")) return nullptr;
  const auto prefix = scan.Text();
  if (!prefix || !scan.SkipPast(" <|\n")) return nullptr;
  job->address = *address;
  job->prefix = *prefix;
  auto selection = ReadSelection(scan.rest());
  if (!selection) return nullptr;
  job->selection = std::move(*selection);
  return job;
}

// ---- ingestion

struct IngestJob {
  ServerRequest request;
  std::string id, table, tag;
  std::vector<std::string> files;    // addresses
  std::vector<std::string> columns;  // of the files, by position
  std::vector<bool> nanoseconds;     // of each, as a long since 1970
  int64_t created = 0;
  Bound bound;
};

std::shared_ptr<IngestJob> ReadIngest(const ServerRequest& request) {
  auto job = std::make_shared<IngestJob>();
  job->request = request;
  Scan scan(job->request.text);
  (void)scan.Take(".ingest async into table ");
  const auto name = scan.Name();
  if (!name || !scan.Take(" (")) return nullptr;
  job->table = *name;
  job->files = TextsIn(scan.Until(")"));
  if (!scan.SkipPast("tags=")) return nullptr;
  const auto tags = scan.Text();
  const auto parsed = tags ? ParseJson(*tags) : Result<Json>(Stop("no tags"));
  if (!parsed || !parsed->is_array() || parsed->size() != 1) return nullptr;
  job->tag = (*parsed)[0].get<std::string>();
  if (scan.Take(", creationTime=")) {
    const auto text = scan.Text();
    const auto ticks = text ? ParseDateTime(*text) : std::nullopt;
    if (!ticks) return nullptr;
    job->created = *ticks;
  }
  if (!scan.Take(", ingestionMapping=")) return nullptr;
  const auto mapping = ParseJson(scan.Text().value_or(""));
  if (!mapping || !mapping->is_array()) return nullptr;
  for (const auto& column : *mapping) {
    job->columns.push_back(column["Column"].get<std::string>());
    const auto transform = column["Properties"].value("Transform", "");
    if (!transform.empty() && transform != "DateTimeFromUnixNanoseconds") return nullptr;
    job->nanoseconds.push_back(!transform.empty());
  }
  return job;
}

Value IngestedCell(const IngestJob& job, size_t index, ScalarType type, const std::string& text) {
  if (index >= job.nanoseconds.size() || !job.nanoseconds[index]) return ReadCell(type, text);
  const auto number = ParseInt64(text);
  if (!number) return {};
  return *number / 100 + kUnixEpochTicks;
}

Result<std::vector<Row>> ReadFile(Cluster& cluster, const IngestJob& job, const Table& table,
                                  const std::string& address) {
  KC_ASSIGN(const auto lines, ReadCells(cluster, address));
  std::vector<Row> rows;
  for (const auto& cells : lines) {
    Row row;
    for (const auto& column : table.columns) {
      const auto at = std::find(job.columns.begin(), job.columns.end(), column.name);
      const auto index = static_cast<size_t>(at - job.columns.begin());
      const bool there = at != job.columns.end() && index < cells.size();
      row.values.push_back(IngestedCell(job, index, column.type, there ? cells[index] : "\\N"));
      if (column.type == kString && IsNull(row.values.back())) row.values.back() = std::string();
    }
    row.hash = HashRow(table.columns, row.values);
    rows.push_back(std::move(row));
  }
  return rows;
}

// Each part becomes an extent, all of them at once.
void Commit(Cluster& cluster, const IngestJob& job, Table& table,
            std::vector<std::vector<Row>> parts) {
  std::erase_if(parts, [](const std::vector<Row>& rows) { return rows.empty(); });
  if (parts.empty()) return;
  Effect effect{EffectKind::kIngest, {}, job.request.text, job.request.request_id, table.name};
  effect.tag = job.tag;
  const int64_t cursor = cluster.NextCursor();
  for (auto& rows : parts) {
    Extent extent;
    extent.tags = {job.tag};
    extent.created = job.created > 0 ? job.created : cluster.timeline.NowTicks();
    for (auto& row : rows) {
      row.ingested = cluster.timeline.NowTicks();
      row.cursor = cursor;
    }
    effect.rows += static_cast<int64_t>(rows.size());
    extent.rows = std::move(rows);
    effect.extents.push_back(cluster.NewId());
    table.extents[effect.extents.back()] = std::move(extent);
  }
  cluster.Tell(std::move(effect));
}

// Ingests the files [0, count). The error leaves what was committed before it.
Status IngestFiles(Cluster& cluster, const IngestJob& job, size_t count) {
  Table* table = Resolve(cluster, job.table, job.bound);
  if (table == nullptr) return NoTable(job.table);
  std::vector<std::vector<Row>> parts;
  for (size_t i = 0; i < std::min(count, job.files.size()); ++i) {
    KC_ASSIGN(auto rows, ReadFile(cluster, job, *table, job.files[i]));
    if (!cluster.unknowns.ingest_atomic) {
      Commit(cluster, job, *table, {std::move(rows)});
      continue;
    }
    if (parts.empty() || cluster.unknowns.one_extent_per_file) parts.emplace_back();
    for (auto& row : rows) parts.back().push_back(std::move(row));
  }
  Commit(cluster, job, *table, std::move(parts));
  return {};
}

void EndIngest(Cluster& cluster, const IngestJob& job) {
  const Fate fate = DrawFate(cluster);
  const bool atomic = cluster.unknowns.ingest_atomic;
  switch (fate) {
    case Fate::kFails:
      if (!atomic) (void)IngestFiles(cluster, job, 1);
      return End(cluster, job.id, "Failed", "ingestion failed", cluster.random.Chance(0.5));
    case Fate::kThrottled:
      return End(cluster, job.id, "Throttled", "too many ingestions", true);
    case Fate::kPartial:
      (void)IngestFiles(cluster, job, 1);
      return End(cluster, job.id, "PartiallySucceeded", "some files failed");
    case Fate::kAbandoned:
      // Nobody waits for it any more, but it may go on.
      if (cluster.random.Chance(0.5)) {
        cluster.timeline.After(cluster.Around(cluster.pace.late),
                               [&cluster, job] { (void)IngestFiles(cluster, job, SIZE_MAX); });
      }
      return End(cluster, job.id, "Abandoned", "", true);
    default:
      break;
  }
  const Status done = IngestFiles(cluster, job, SIZE_MAX);
  if (!done) return End(cluster, job.id, "Failed", done.error().message);
  if (fate == Fate::kLies) return End(cluster, job.id, "Failed", "an internal error");
  End(cluster, job.id, "Completed", "");
}

Result<Answer> Begin(Cluster& cluster, std::string& id, std::string kind) {
  id = cluster.NewId();
  Operation operation;
  operation.id = id;
  operation.kind = std::move(kind);
  operation.started = operation.updated = cluster.timeline.NowTicks();
  cluster.operations[id] = std::move(operation);
  return MakeAnswer({{"OperationId", kGuid}}, {{id}});
}

tl::unexpected<Error> Throttled() {
  return Fail(
      {ErrorCode::kRetry, "The control command was throttled: capacity", "TooManyRequests", 429});
}

}  // namespace

Result<std::vector<std::vector<std::string>>> ReadCells(Cluster& cluster,
                                                        const std::string& address) {
  KC_ASSIGN(const std::string name, Granted(cluster, address, "r"));
  auto content = cluster.lake.Get(name);
  if (!content) return Stop("Download_NotFound: BlobNotFound " + name, "Download_NotFound");
  std::vector<std::vector<std::string>> lines;
  for (const auto& line : Split(content->bytes, kLine)) {
    if (!line.empty()) lines.push_back(Split(line, kCell));
  }
  return lines;
}

Result<Answer> StartOperation(Cluster& cluster, const ServerRequest& request, const Bound& bound) {
  if (request.text.starts_with(".export ")) {
    auto job = ReadExport(request);
    if (!job) return SyntaxError(request.text);
    if (cluster.Find(job->selection.table) == nullptr) return NoTable(job->selection.table);
    if (cluster.exports_running >= cluster.weather.export_capacity) return Throttled();
    auto answer = Begin(cluster, job->id, "DataExportToFile");
    ++cluster.exports;
    ++cluster.exports_running;
    cluster.timeline.After(cluster.Around(cluster.pace.export_time), [&cluster, job] {
      --cluster.exports_running;
      EndExport(cluster, *job);
    });
    return answer;
  }
  auto job = ReadIngest(request);
  if (!job) return SyntaxError(request.text);
  job->bound = bound;
  if (Resolve(cluster, job->table, bound) == nullptr) return NoTable(job->table);
  if (cluster.ingests_running >= cluster.weather.ingest_capacity) return Throttled();
  auto answer = Begin(cluster, job->id, "DataIngestPull");
  ++cluster.ingests;
  ++cluster.ingests_running;
  cluster.timeline.After(cluster.Around(cluster.pace.ingest_time), [&cluster, job] {
    --cluster.ingests_running;
    EndIngest(cluster, *job);
  });
  return answer;
}

}  // namespace kc::sim
