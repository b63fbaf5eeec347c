#include "local/ingest/loader.h"

#include <optional>
#include <utility>

#include "local/ingest/parquet_adopt.h"
#include "local/ingest/parquet_loader.h"
#include "local/ingest/storage.h"
#include "local/ingest/table_loader.h"
#include "local/operations/queries.h"
#include "local/storage/extent_writer.h"

namespace kc::local {
namespace {

// Ends the reading when the operation is cancelled.
class CancellableSource : public ByteSource {
 public:
  CancellableSource(std::unique_ptr<ByteSource> source, world::CancelToken* cancel)
      : source_(std::move(source)), cancel_(cancel) {}
  Result<size_t> Read(char* out, size_t capacity) override {
    if (cancel_ != nullptr && cancel_->cancelled()) return Stop("Cancelled", "Cancelled");
    return source_->Read(out, capacity);
  }

 private:
  std::unique_ptr<ByteSource> source_;
  world::CancelToken* cancel_;
};

Result<std::vector<ExtentFilePtr>> LoadParquet(Cluster& cluster, const LoadRequest& request,
                                               const azure::StorageUrl& url) {
  const IngestTarget& target = *request.target;
  KC_ASSIGN(std::string folder, TemporaryFolder(cluster));
  KC_ASSIGN(LocalCopy copy, LocalCopy::Make(cluster.world(), url, folder));
  KC_ASSIGN(auto sources, FindMapping(target, *request.properties, DataFormat::kParquet));
  KC_ASSIGN(ParquetSelect select, SelectParquet(*cluster.engine(), copy.path(),
                                                target.meta().columns, target.Columns(), sources));
  if (select.rows == 0) return std::vector<ExtentFilePtr>();
  ExtentWriteRequest write;
  write.select = select.sql;
  write.columns = target.meta().columns;
  write.original_bytes = select.original_bytes;
  write.max_rows_per_file = kMaxExtentRows;
  KC_ASSIGN(auto connection, cluster.engine()->database().Connect());
  std::optional<InterruptOnCancel> interrupt;
  if (request.cancel != nullptr) interrupt.emplace(*request.cancel, connection);
  ExtentStore& store = target.database->extents();
  KC_ASSIGN(auto adopted,
            AdoptParquet(connection, *cluster.world().files, store, copy.path(),
                         folder + "/adopt-" + cluster.world().random->Guid(), select, write));
  if (adopted) return *std::move(adopted);
  return WriteExtents(connection, store, write);
}

void SetValue(const Value& value, size_t column, ScalarType type, RowBuilder& rows) {
  if (const auto* number = std::get_if<int64_t>(&value)) return rows.SetLong(column, *number);
  if (const auto* real = std::get_if<double>(&value)) return rows.SetReal(column, *real);
  if (const auto* flag = std::get_if<bool>(&value)) return rows.SetBool(column, *flag);
  if (const auto* text = std::get_if<std::string>(&value)) {
    return type == ScalarType::kDynamic ? rows.SetDynamic(column, *text)
                                        : rows.SetText(column, *text);
  }
  rows.SetNull(column);
}

}  // namespace

Result<std::vector<ExtentFilePtr>> LoadFrom(Cluster& cluster, const LoadRequest& request,
                                            const azure::StorageUrl& url) {
  if (request.format == DataFormat::kParquet) return LoadParquet(cluster, request, url);
  KC_ASSIGN(auto source, OpenSource(cluster.world(), url));
  return LoadBytes(cluster, request, std::move(source), url.UrlOf(""));
}

Result<std::vector<ExtentFilePtr>> LoadBytes(Cluster& cluster, const LoadRequest& request,
                                             std::unique_ptr<ByteSource> source,
                                             const std::string& location) {
  const IngestTarget& target = *request.target;
  TextLoadOptions options;
  options.format = request.format;
  options.ignore_first_record = request.properties->ignore_first_record;
  options.validation = request.properties->validation;
  options.location = location;
  KC_ASSIGN(options.sources, FindMapping(target, *request.properties, request.format));
  source = std::make_unique<CancellableSource>(std::move(source), request.cancel);
  KC_ASSIGN(source, Unpacked(std::move(source)));
  std::vector<Column> columns = target.meta().columns;
  TableLoader loader(*cluster.engine(), target.database->extents(), columns, target.Columns());
  KC_ASSIGN(const int64_t records, IsDelimited(request.format)
                                       ? LoadDelimited(std::move(source), options, loader.rows())
                                       : LoadJson(std::move(source), options, loader.rows()));
  if (records == 0 && !options.ignore_first_record) {
    return Stop("There are no records in " + location + ", or the format is not the stated one",
                "BadRequest_NoRecordsOrWrongFormat");
  }
  return loader.Finish();
}

Result<std::vector<ExtentFilePtr>> LoadTable(Cluster& cluster, const IngestTarget& target,
                                             const ValueTable& table) {
  std::vector<Column> columns = target.meta().columns;
  TableLoader loader(*cluster.engine(), target.database->extents(), columns, target.Columns());
  RowBuilder& rows = loader.rows();
  for (const auto& row : table.rows) {
    for (size_t i = 0; i < columns.size() && i < row.size(); ++i) {
      SetValue(row[i], i, columns[i].type, rows);
    }
    KC_TRY(rows.EndRow());
  }
  return loader.Finish();
}

}  // namespace kc::local
