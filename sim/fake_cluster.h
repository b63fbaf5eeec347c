// A Kusto cluster in memory that understands the texts of kusto/commands and nothing else; strict
// where the service is (names used once, moves all or nothing with new extent ids, cursors). One
// database, tables with one column n:long whose rows are numbers.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "azure/object_store.h"
#include "kusto/client.h"
#include "world/random.h"

namespace kc::sim {

struct FakeRow {
  int64_t n = 0;
  int64_t ingested = 0;  // ticks; 0: no ingestion time
  int64_t cursor = 0;
};
struct FakeExtent {
  std::string tags;  // one at most
  int64_t created = 0;
  std::vector<FakeRow> rows;
};
struct FakeTable {
  std::string id;
  std::map<std::string, FakeExtent> extents;  // by id
  std::map<std::string, std::string> policies;
};
struct FakeOperation {
  std::string state = "Completed";
  std::vector<std::pair<std::string, int64_t>> artifacts;  // path, rows
};

// The service: outlives its clients.
struct FakeCluster {
  std::string address;
  std::map<std::string, FakeTable> tables;
  std::map<std::string, std::string> functions;  // name → docstring
  std::map<std::string, FakeOperation> operations;
  int64_t cursor = 1;
  int exports = 0, ingests = 0, moves = 0;
  // Asked before every command that changes something and after it acted; true: the answer is lost.
  std::function<bool(const std::string& text)> lose;

  void Add(const std::string& table, int64_t first, int64_t last, int64_t ingested, int64_t created,
           world::Random& random);
  std::multimap<int64_t, int> Contents(const std::string& table) const;
};

std::unique_ptr<kusto::Client> MakeFakeClient(FakeCluster& cluster, azure::ObjectStore& lake,
                                              world::Clock& clock, world::Random& random);

}  // namespace kc::sim
