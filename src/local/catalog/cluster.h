// All databases of a storage folder, and what the commands of kusto-local share.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "local/catalog/database.h"
#include "world/clock.h"
#include "world/files.h"
#include "world/random.h"

namespace kc::engine {
class Engine;
}

namespace kc::local {

// The files, clock and randomness that everything in src/local uses.
struct World {
  world::Files* files = nullptr;
  world::Clock* clock = nullptr;
  world::Random* random = nullptr;
};

struct ClusterOptions {
  std::string storage;      // folder; created if it isn't there
  std::string endpoint;     // "http://127.0.0.1:8080": what current_cluster_endpoint() says
  int export_capacity = 0;  // 0: Kusto's formula
  int ingestion_capacity = 0;
  int query_capacity = 0;
  DatabaseOptions database;
};

inline constexpr std::string_view kDefaultDatabase = "NetDefaultDB";

// All members are safe from any thread.
class Cluster {
 public:
  // Opens the storage, which no other process may have open (kRetry, reason "Locked"), recovers
  // every database; a fresh storage gets the database NetDefaultDB. `engine` may be null (tests of
  // the storage alone).
  static Result<std::unique_ptr<Cluster>> Open(World world, engine::Engine* engine,
                                               ClusterOptions options);
  ~Cluster();

  // Case-insensitive. kStop, reason "BadRequest_DatabaseNotExist", if there is none.
  Result<DatabasePtr> FindDatabase(std::string_view name) const;
  std::vector<DatabasePtr> databases() const;  // sorted by name
  // kStop, reason "BadRequest_EntityAlreadyExists", if the name is taken.
  Result<DatabasePtr> CreateDatabase(const std::string& name);
  Status DropDatabase(std::string_view name);

  const World& world() const { return world_; }
  engine::Engine* engine() const { return engine_; }
  const ClusterOptions& options() const { return options_; }
  int64_t started_ticks() const { return started_ticks_; }

  // Deletes files that nothing needs any more, of all databases, the dropped ones too; for the
  // background thread.
  void CollectGarbage();

 private:
  Cluster(World world, engine::Engine* engine, ClusterOptions options);
  Status RequireOwnFolder();
  Status PrepareStorage();
  Status OpenDatabases();
  Result<DatabasePtr> MakeDatabase(const std::string& name);

  World world_;
  engine::Engine* engine_;
  ClusterOptions options_;
  int64_t started_ticks_;
  std::unique_ptr<world::FileLock> lock_;
  std::mutex create_mutex_;  // one creation, rename or drop at a time
  mutable std::mutex mutex_;
  std::map<std::string, DatabasePtr> by_name_;  // lower case
  std::vector<DatabasePtr> dropped_;            // whose files may still be read
};

}  // namespace kc::local
