// Rows in memory become extents' files: what a RowBuilder passes on is gathered in a table of
// DuckDB and written out whenever there is enough for an extent, while further rows are read.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/duck.h"
#include "engine/engine.h"
#include "local/catalog/model.h"
#include "local/ingest/row_builder.h"
#include "local/storage/extent_store.h"

namespace kc::local {

// Kusto's ShardEngineMaxRowCount: an extent gets no more rows.
inline constexpr int64_t kMaxExtentRows = 1'048'576;
// Rows gathered before they are written take about so much memory, twice over while one part is
// being written.
inline constexpr int64_t kMaxGatheredBytes = int64_t{256} << 20;

// One thread at a time.
class TableLoader : public ChunkSink {
 public:
  // `columns`: of the table; `target` the same as typed cells. Both must outlive it, as must the
  // engine and the store.
  TableLoader(engine::Engine& engine, ExtentStore& store, const std::vector<Column>& columns,
              std::vector<TargetColumn> target);
  ~TableLoader() override;

  RowBuilder& rows() { return builder_; }
  // Writes what is left. The files are durable, and deleted again if the pointers are let go.
  Result<std::vector<ExtentFilePtr>> Finish();

  Status Append(const engine::ChunkBuilder& chunk, size_t rows) override;

 private:
  struct Part {
    std::string table;
    int64_t rows = 0;
    int64_t original_bytes = 0;
  };
  Status Open();
  Status WritePart();
  Status AwaitPart();

  engine::Engine& engine_;
  ExtentStore& store_;
  const std::vector<Column>& columns_;
  RowBuilder builder_;
  std::optional<engine::Connection> connection_;  // appends
  std::optional<engine::Connection> writer_;      // writes the part before
  std::optional<engine::Appender> appender_;
  Part part_;
  int64_t original_before_ = 0;
  std::string written_table_;
  std::future<Result<std::vector<ExtentFilePtr>>> writing_;
  std::vector<ExtentFilePtr> files_;
};

}  // namespace kc::local
