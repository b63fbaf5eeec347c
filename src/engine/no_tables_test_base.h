// For tests of queries that need no stored table: a catalog and a provider without any, and one
// engine for all tests of the program.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"

namespace kc::engine {

class NoTables : public kql::Catalog {
 public:
  std::string CurrentCluster() const override { return "http://here"; }
  std::string CurrentDatabase() const override { return "db"; }
  Result<kql::TablePtr> FindTable(const kql::DatabaseRef&, std::string_view,
                                  kql::TableKind) override {
    return kql::TablePtr();
  }
  Result<kql::FunctionPtr> FindFunction(const kql::DatabaseRef&, std::string_view) override {
    return kql::FunctionPtr();
  }
  Result<std::vector<std::string>> ListTables(const kql::DatabaseRef&, std::string_view) override {
    return std::vector<std::string>();
  }
  Result<std::vector<std::string>> ListDatabases(const std::string&, std::string_view) override {
    return std::vector<std::string>();
  }
  Result<std::string> CursorCurrent(const kql::DatabaseRef&) override { return std::string("7"); }
  Result<int64_t> DecodeCursor(const kql::DatabaseRef&, std::string_view) override { return 0; }
  Result<ValueTable> ExecuteShowCommand(std::string_view, std::string_view) override {
    return Stop("no commands here");
  }
  Result<ValueTable> ReadExternalData(
      const std::vector<ColumnSchema>&, const std::vector<std::string>&,
      const std::vector<std::pair<std::string, std::string>>&) override {
    return Stop("no external data here");
  }
};

class NoScans : public TableProvider {
 public:
  Result<ScanRelation> Open(const TableScan&) override { return Stop("no tables here"); }
};

inline Engine& TheEngine() {
  static Engine* const engine = Engine::Create({.threads = 2}).value().release();  // see engine.h
  return *engine;
}

}  // namespace kc::engine
