// For unit tests: a cluster with the real engine and all commands, without a server.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/ticks.h"
#include "engine/engine.h"
#include "local/catalog/cluster.h"
#include "local/commands/activities.h"
#include "local/commands/cluster_services.h"
#include "local/commands/command.h"
#include "local/commands/runner.h"
#include "local/ingest/external_data.h"
#include "local/operations/operations.h"
#include "local/testing/storage_fixture.h"

namespace kc::local {

class CommandFixture : public StorageFixture {
 protected:
  void SetUp() override {
    StorageFixture::SetUp();
    auto engine = engine::Engine::Create();
    ASSERT_TRUE(engine) << engine.error().message;
    engine_ = *std::move(engine);
    Open();
  }
  void TearDown() override {
    Close();
    StorageFixture::TearDown();
  }
  void Open() {
    ClusterOptions options;
    options.storage = scratch() + "/storage";
    options.endpoint = "http://127.0.0.1:8080";
    auto cluster =
        Cluster::Open(World{&files(), &world::SystemClock(), &random()}, engine_.get(), options);
    ASSERT_TRUE(cluster) << cluster.error().message;
    cluster_ = *std::move(cluster);
    registry_ = std::make_unique<CommandRegistry>();
    // First, because of `.show database extents`.
    RegisterDataCommands(*registry_);
    RegisterSchemaCommands(*registry_);
    activities_ = std::make_unique<Activities>(world::SystemClock(), 16);
    operations_ = std::make_unique<Operations>(world::SystemClock(), random(), capacity_);
    operations_->Remember(std::make_unique<OperationHistory>(files(), world::SystemClock(),
                                                             options.storage + "/operations"));
    Runner::Parts parts;
    parts.cluster = cluster_.get();
    parts.registry = registry_.get();
    parts.operations = operations_.get();
    parts.activities = activities_.get();
    parts.open_session =
        LocalSessions({cluster_.get(), nullptr,
                       [this](const auto& columns, const auto& uris, const auto& properties) {
                         return ReadExternalDocuments(*cluster_, columns, uris, properties);
                       }});
    runner_ = std::make_unique<Runner>(parts);
    operations_->SetSessionOpener([this](const std::string& database, const RequestOptions& r) {
      return runner_->OpenSession(database, r, std::make_shared<world::CancelToken>());
    });
  }
  void Close() {
    if (operations_) operations_->Shutdown();
    runner_.reset();
    operations_.reset();
    activities_.reset();
    cluster_.reset();
  }

  DatabasePtr database() { return *cluster_->FindDatabase(kDefaultDatabase); }
  Result<ValueTable> Try(const std::string& text) {
    RequestOptions request;
    request.principal = "aaduser=test";
    return runner_->RunToTable(text, std::string(kDefaultDatabase), request,
                               std::make_shared<world::CancelToken>());
  }
  ValueTable Run(const std::string& text) {
    auto table = Try(text);
    EXPECT_TRUE(table) << text << "\n" << table.error().reason << ": " << table.error().message;
    return table ? *std::move(table) : ValueTable{};
  }
  // The reason of the error that the text must end in.
  std::string Fails(const std::string& text) {
    auto table = Try(text);
    EXPECT_FALSE(table) << text;
    return table ? "" : table.error().reason;
  }
  // A cell as text: "null", "true", numbers, texts.
  static std::string Text(const Value& value) {
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
    if (const auto* real = std::get_if<double>(&value)) return std::to_string(*real);
    if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    return "null";
  }
  // "a|b" per row.
  std::vector<std::string> Rows(const std::string& text) {
    std::vector<std::string> out;
    for (const auto& row : Run(text).rows) {
      std::string line;
      for (size_t i = 0; i < row.size(); ++i) line += (i > 0 ? "|" : "") + Text(row[i]);
      out.push_back(std::move(line));
    }
    return out;
  }
  std::string Cell(const std::string& text, const std::string& column = "") {
    ValueTable table = Run(text);
    if (table.rows.empty()) return "no row";
    return Text(table.rows[0][column.empty() ? 0 : table.Find(column).value_or(0)]);
  }
  // Waits for an asynchronous command and returns its last state.
  std::string Await(const std::string& operation) {
    for (int i = 0; i < 3000; ++i) {
      std::string state = Cell(".show operations " + operation, "State");
      if (state != "InProgress") return state;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return "still InProgress";
  }
  std::string WriteFile(const std::string& name, const std::string& bytes) {
    std::string path = scratch() + "/" + name;
    EXPECT_TRUE(files().WriteAtomic(path, bytes));
    return path;
  }

  CapacityOptions capacity_{4, 4, 1, 16};
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<CommandRegistry> registry_;
  std::unique_ptr<Activities> activities_;
  std::unique_ptr<Operations> operations_;
  std::unique_ptr<Runner> runner_;
};

}  // namespace kc::local
