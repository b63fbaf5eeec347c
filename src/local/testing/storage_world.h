// A whole storage over files in memory, and the operations that the tests of its durability make of
// it. For tests.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "local/catalog/cluster.h"
#include "local/testing/memory_files.h"
#include "local/testing/storage_fixture.h"

namespace kc::local {

class SeededRandom final : public world::Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next() override {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_;
};

inline constexpr const char* kStorage = "/data/storage";

// A cluster over files in memory, started again and again.
class StorageWorld {
 public:
  MemoryFiles files;
  SeededRandom random{11};
  ManualClock clock;
  std::unique_ptr<Cluster> cluster;

  Status Start() {
    cluster.reset();
    ClusterOptions options;
    options.storage = kStorage;
    KC_ASSIGN(cluster, Cluster::Open(World{&files, &clock, &random}, nullptr, options));
    return {};
  }
  DatabasePtr Database(const std::string& name) {
    if (cluster == nullptr) return nullptr;
    auto found = cluster->FindDatabase(name);
    return found ? *found : nullptr;
  }
  // All that a user can see, with the bytes of every extent; random keys are left out.
  std::string Fingerprint() {
    std::string out;
    std::map<std::string, std::string> all = files.All();
    for (const DatabasePtr& database : cluster->databases()) {
      StatePtr state = database->state();
      out += "database " + state->name() + " time " + std::to_string(state->last_ticks) +
             " cursor " + std::to_string(state->cursor_position) + "\n";
      for (const auto& [name, table] : state->tables) {
        out += "table " + name + " " + table->id() + " rows " + std::to_string(table->rows) +
               " columns " + std::to_string(table->meta->columns.size()) + "\n";
        for (const auto& [ordinal, extent] : table->extents) {
          auto bytes = all.find(database->extents().PathOf(extent->file->key));
          out += "extent " + extent->id + " " + std::to_string(extent->max_ingested) + " ";
          for (const std::string& tag : extent->tags) out += tag + ",";
          out += (bytes != all.end() ? bytes->second : "MISSING") + "\n";
        }
      }
      for (const auto& [name, function] : state->functions) out += "function " + name + "\n";
    }
    return out;
  }
  // Files of the databases that hold neither a journal nor a live extent.
  std::vector<std::string> Garbage() {
    std::set<std::string> live;
    for (const DatabasePtr& database : cluster->databases()) {
      StatePtr state = database->state();
      for (const auto& [name, table] : state->tables) {
        for (const auto& [ordinal, extent] : table->extents) {
          live.insert(database->extents().PathOf(extent->file->key));
        }
      }
    }
    std::vector<std::string> out;
    for (const auto& [path, bytes] : files.All()) {
      bool journal = path.find("/journal/") != std::string::npos ||
                     path.find("/snapshots/") != std::string::npos;
      bool plain = path == std::string(kStorage) + "/lock" ||
                   path == std::string(kStorage) + "/storage.json";
      if (path.find(".tmp-") != std::string::npos || (!journal && !plain && !live.count(path))) {
        out.push_back(path);
      }
    }
    return out;
  }
};

// Some change, made through the storage's own interface. Tables have the id "id-" + the name they
// were created with, whatever they are called later.
using Operation = std::function<Status(StorageWorld&)>;
Operation CreateTable(const std::string& name);
// As an ingestion does it: the file first, durable, then the transaction.
Operation Ingest(const std::string& table, std::vector<std::string> ids);
Operation Move(const std::string& from, const std::string& to, std::vector<ExtentMove> moves);
Operation Remove(const std::string& table, std::vector<std::string> ids);
Operation Retag(const std::string& table, const ExtentMove& extent, const std::string& tag);
Operation SwapNames(const std::string& a, const std::string& b);  // present names
Operation DropTable(const std::string& name);
// Snapshots and the deletion of files: changes nothing that anybody sees.
Status Maintain(StorageWorld& world);
// A random one that will succeed in the world as it is; `n` makes its names unique.
Operation RandomOperation(SeededRandom& random, StorageWorld& world, int n);

}  // namespace kc::local
