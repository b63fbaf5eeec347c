#include "local/ingest/external_data.h"

#include <iterator>
#include <optional>

#include "base/text.h"
#include "engine/duck.h"
#include "engine/engine.h"
#include "engine/ingest_cells.h"
#include "engine/query_rows.h"
#include "local/ingest/parquet_loader.h"
#include "local/ingest/storage.h"
#include "local/ingest/text_loader.h"

namespace kc::local {
namespace {

struct Options {
  std::optional<DataFormat> format;
  bool ignore_first_record = false;
  std::string mapping;
};

Result<Options> ReadOptions(const std::vector<std::pair<std::string, std::string>>& properties) {
  Options options;
  for (const auto& [name, value] : properties) {
    if (EqualsIgnoreCase(name, "format")) {
      options.format = ParseDataFormat(value);
      if (!options.format) {
        return Stop("externaldata: format '" + value + "' is not supported",
                    "BadRequest_FormatNotSupported");
      }
    } else if (EqualsIgnoreCase(name, "ignoreFirstRecord")) {
      options.ignore_first_record = EqualsIgnoreCase(value, "true") || value == "1";
    } else if (EqualsIgnoreCase(name, "ingestionMapping")) {
      options.mapping = value;
    } else {
      return Stop("externaldata: property '" + name + "' is not supported",
                  "BadRequest_MalformedIngestionProperty");
    }
  }
  return options;
}

// Rows on their way into a table in memory, from which they are read again as values.
class MemoryTable : public ChunkSink {
 public:
  static Result<std::unique_ptr<MemoryTable>> Open(engine::Engine& engine,
                                                   const std::vector<ColumnSchema>& columns) {
    KC_ASSIGN(auto connection, engine.database().Connect());
    auto table = std::unique_ptr<MemoryTable>(new MemoryTable(std::move(connection)));
    std::string sql = "CREATE TEMP TABLE kc_external(";
    for (size_t i = 0; i < columns.size(); ++i) {
      sql += (i > 0 ? ", c" : "c") + std::to_string(i) + " " +
             std::string(engine::SqlType(columns[i].type));
    }
    KC_TRY(table->connection_.Execute(sql + ")"));
    KC_ASSIGN(auto appender, engine::Appender::Open(table->connection_, "kc_external"));
    table->appender_.emplace(std::move(appender));
    return table;
  }
  Status Append(const engine::ChunkBuilder& chunk, size_t rows) override {
    rows_ += static_cast<int64_t>(rows);
    if (rows_ > kMaxExternalRows) {
      return Stop("externaldata gives more than " + std::to_string(kMaxExternalRows) + " rows",
                  "E_RUNAWAY_QUERY");
    }
    return appender_->Append(chunk, rows);
  }
  Status Finish() { return appender_->Close(); }
  engine::Connection& connection() { return connection_; }

 private:
  explicit MemoryTable(engine::Connection connection) : connection_(std::move(connection)) {}
  engine::Connection connection_;
  std::optional<engine::Appender> appender_;
  int64_t rows_ = 0;
};

// Appends the rows of the query.
Status Collect(engine::Connection& connection, const std::string& sql, ValueTable* table) {
  std::vector<ScalarType> types;
  for (const ColumnSchema& column : table->columns) types.push_back(column.type);
  KC_ASSIGN(auto rows, engine::QueryRows(connection, sql, types));
  std::move(rows.begin(), rows.end(), std::back_inserter(table->rows));
  return {};
}

class Reader {
 public:
  Reader(Cluster& cluster, ValueTable* table, Options options)
      : cluster_(cluster), table_(table), options_(std::move(options)) {
    for (const ColumnSchema& column : table->columns) {
      target_.push_back({column, engine::kMaxValueBytes});
    }
  }

  Status Read(const std::string& uri) {
    KC_ASSIGN(azure::StorageUrl url, ParseStorage(uri));
    DataFormat format = options_.format.value_or(FormatOfPath(url.path));
    std::vector<CellSource> sources = IdentityMapping(table_->columns, format);
    if (!options_.mapping.empty()) {
      KC_ASSIGN(auto mapping, ParseMapping(options_.mapping, format));
      KC_ASSIGN(sources, BindMapping(table_->columns, mapping));
    }
    return format == DataFormat::kParquet ? ReadParquet(url, sources)
                                          : ReadText(url, format, std::move(sources));
  }

 private:
  Status ReadParquet(const azure::StorageUrl& url, const std::vector<CellSource>& sources) {
    KC_ASSIGN(std::string folder, TemporaryFolder(cluster_));
    KC_ASSIGN(LocalCopy copy, LocalCopy::Make(cluster_.world(), url, folder));
    std::vector<Column> columns;
    for (size_t i = 0; i < target_.size(); ++i) {
      Column column;
      column.id = static_cast<int>(i);
      column.type = target_[i].schema.type;
      columns.push_back(std::move(column));
    }
    KC_ASSIGN(ParquetSelect select,
              SelectParquet(*cluster_.engine(), copy.path(), columns, target_, sources));
    KC_ASSIGN(auto connection, cluster_.engine()->database().Connect());
    return Collect(connection, select.sql, table_);
  }

  Status ReadText(const azure::StorageUrl& url, DataFormat format,
                  std::vector<CellSource> sources) {
    TextLoadOptions options;
    options.format = format;
    options.sources = std::move(sources);
    options.ignore_first_record = options_.ignore_first_record;
    // Queries take records as they are.
    options.validation.options = 0;
    options.location = url.UrlOf("");
    KC_ASSIGN(auto source, OpenSource(cluster_.world(), url));
    KC_ASSIGN(source, Unpacked(std::move(source)));
    KC_ASSIGN(auto memory, MemoryTable::Open(*cluster_.engine(), table_->columns));
    RowBuilder rows(target_, *memory);
    if (IsDelimited(format)) {
      KC_TRY(LoadDelimited(std::move(source), options, rows));
    } else {
      KC_TRY(LoadJson(std::move(source), options, rows));
    }
    KC_TRY(rows.Finish());
    KC_TRY(memory->Finish());
    return Collect(memory->connection(), "SELECT * FROM kc_external", table_);
  }

  Cluster& cluster_;
  ValueTable* table_;
  Options options_;
  std::vector<TargetColumn> target_;
};

}  // namespace

Result<ValueTable> ReadExternalDocuments(
    Cluster& cluster, const std::vector<ColumnSchema>& columns,
    const std::vector<std::string>& uris,
    const std::vector<std::pair<std::string, std::string>>& properties) {
  KC_ASSIGN(Options options, ReadOptions(properties));
  ValueTable table;
  table.columns = columns;
  Reader reader(cluster, &table, std::move(options));
  for (const std::string& uri : uris) KC_TRY(reader.Read(uri));
  return table;
}

}  // namespace kc::local
