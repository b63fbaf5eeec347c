#include "local/ingest/table_loader.h"

#include <atomic>
#include <utility>

#include "local/storage/extent_writer.h"

namespace kc::local {
namespace {

std::string UniqueTableName() {
  static std::atomic<uint64_t> next{1};
  return "kc_load_" + std::to_string(next.fetch_add(1));
}

}  // namespace

TableLoader::TableLoader(engine::Engine& engine, ExtentStore& store,
                         const std::vector<Column>& columns, std::vector<TargetColumn> target)
    : engine_(engine), store_(store), columns_(columns), builder_(std::move(target), *this) {}

TableLoader::~TableLoader() {
  appender_.reset();
  if (writing_.valid()) (void)AwaitPart();
  if (connection_ && !part_.table.empty()) {
    (void)connection_->Execute("DROP TABLE IF EXISTS " + part_.table);
  }
}

Status TableLoader::Open() {
  if (!connection_) {
    KC_ASSIGN(connection_, engine_.database().Connect());
    KC_ASSIGN(writer_, engine_.database().Connect());
  }
  part_ = {UniqueTableName(), 0, 0};
  std::string sql = "CREATE TABLE " + part_.table + "(";
  for (const Column& column : columns_) {
    sql += FileColumnName(column.id) + " " + std::string(engine::SqlType(column.type)) + ",";
  }
  sql.back() = ')';
  KC_TRY(connection_->Execute(sql));
  KC_ASSIGN(auto appender, engine::Appender::Open(*connection_, part_.table));
  appender_.emplace(std::move(appender));
  return {};
}

Status TableLoader::Append(const engine::ChunkBuilder& chunk, size_t rows) {
  if (!appender_) KC_TRY(Open());
  KC_TRY(appender_->Append(chunk, rows));
  part_.rows += static_cast<int64_t>(rows);
  part_.original_bytes = builder_.original_bytes() - original_before_;
  auto chunk_rows = static_cast<int64_t>(engine::ChunkBuilder::Capacity());
  if (part_.rows + chunk_rows > kMaxExtentRows || part_.original_bytes > kMaxGatheredBytes) {
    return WritePart();
  }
  return {};
}

Status TableLoader::WritePart() {
  KC_TRY(appender_->Close());
  appender_.reset();
  original_before_ += part_.original_bytes;
  KC_TRY(AwaitPart());
  written_table_ = part_.table;
  ExtentWriteRequest request;
  request.select = "SELECT * FROM " + part_.table;
  request.columns = columns_;
  request.original_bytes = part_.original_bytes;
  part_ = {};
  writing_ = std::async(std::launch::async, [this, request = std::move(request)] {
    return WriteExtents(*writer_, store_, request);
  });
  return {};
}

Status TableLoader::AwaitPart() {
  if (!writing_.valid()) return {};
  auto files = writing_.get();
  KC_TRY(connection_->Execute("DROP TABLE IF EXISTS " + written_table_));
  KC_TRY(files);
  for (ExtentFilePtr& file : *files) files_.push_back(std::move(file));
  return {};
}

Result<std::vector<ExtentFilePtr>> TableLoader::Finish() {
  KC_TRY(builder_.Finish());
  if (appender_) KC_TRY(WritePart());
  KC_TRY(AwaitPart());
  return std::move(files_);
}

}  // namespace kc::local
