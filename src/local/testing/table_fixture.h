// For unit tests: a cluster in a scratch folder whose tables have real files, written and read by
// DuckDB.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/duck.h"
#include "local/catalog/cluster.h"
#include "local/catalog/query_catalog.h"
#include "local/storage/extent_writer.h"
#include "local/testing/storage_fixture.h"

namespace kc::local {

// Tables with real files, read through the adapter that queries use.
class TableFixture : public StorageFixture {
 protected:
  void SetUp() override {
    StorageFixture::SetUp();
    engine::Database::Options options;
    options.threads = 2;
    duck_ = *engine::Database::Open(options);
    connection_.emplace(*duck_->Connect());
    ClusterOptions cluster_options;
    cluster_options.storage = scratch() + "/storage";
    cluster_options.endpoint = "http://127.0.0.1:8080";
    cluster_ = *Cluster::Open(World{&files(), &clock(), &random()}, nullptr, cluster_options);
    database_ = *cluster_->FindDatabase("netdefaultdb");
  }
  void Put(TableMeta meta) {
    auto put = database_->Commit([&](const DatabaseState&, TransactionBuilder& transaction) {
      return transaction.PutTable(meta);
    });
    ASSERT_TRUE(put) << put.error().message;
  }
  TableMeta Meta(const std::string& table) { return *database_->state()->FindTable(table)->meta; }
  // Writes and commits one extent; returns its ingestion time.
  int64_t Add(const std::string& table, const std::string& select,
              std::vector<std::string> tags = {}, std::string id = "", int64_t created = 0) {
    TableMeta meta = Meta(table);
    ExtentWriteRequest request;
    request.select = select;
    request.columns = meta.columns;
    auto written = WriteExtents(*connection_, database_->extents(), request);
    EXPECT_TRUE(written) << written.error().message;
    auto done = database_->Commit([&](const DatabaseState&, TransactionBuilder& transaction) {
      NewExtent extent;
      extent.id = id.empty() ? random().Guid() : id;
      extent.file = (*written)[0];
      extent.tags = tags;
      extent.created_ticks = created;
      std::vector<NewExtent> extents;
      extents.push_back(std::move(extent));
      return transaction.AddExtents(meta.id, std::move(extents));
    });
    EXPECT_TRUE(done) << done.error().message;
    return done->ticks;
  }
  engine::TableScan Scan(const std::string& table, std::vector<size_t> columns) {
    engine::TableScan scan;
    catalog_ = *QueryCatalog::Create(*cluster_, {"NetDefaultDB", "", nullptr, {}, ""});
    scan.table = *catalog_->FindTable({}, table, kql::TableKind::kTable);
    scan.columns = std::move(columns);
    return scan;
  }
  // "a|b|c" per row of `select` over the scan, which is called t.
  std::vector<std::string> Rows(const engine::TableScan& scan, const std::string& select) {
    auto relation = catalog_->Open(scan);
    EXPECT_TRUE(relation) << relation.error().message;
    if (!relation) return {};
    std::vector<std::string> out;
    auto result = connection_->Query("SELECT concat_ws('|', " + select + ")::VARCHAR FROM (" +
                                     relation->sql + ") t");
    EXPECT_TRUE(result) << result.error().message << "\n" << relation->sql;
    while (result) {
      auto chunk = result->Next();
      EXPECT_TRUE(chunk) << chunk.error().message << "\n" << relation->sql;
      if (!chunk || !*chunk) break;
      for (size_t r = 0; r < (*chunk)->rows(); ++r) {
        out.emplace_back((*chunk)->column(0).Text(r));
      }
    }
    return out;
  }

  std::unique_ptr<engine::Database> duck_;
  std::optional<engine::Connection> connection_;
  std::unique_ptr<Cluster> cluster_;
  DatabasePtr database_;
  std::unique_ptr<QueryCatalog> catalog_;
};

}  // namespace kc::local
