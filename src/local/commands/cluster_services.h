// What queries ask of other places: other clusters, commands, documents. And the sessions that
// offer it to them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "kusto/client.h"
#include "local/catalog/query_catalog.h"
#include "local/commands/query_session.h"
#include "world/transport.h"

namespace kc::local {

// Reads documents for externaldata().
using ReadDocuments = std::function<Result<ValueTable>(
    const std::vector<ColumnSchema>& columns, const std::vector<std::string>& uris,
    const std::vector<std::pair<std::string, std::string>>& properties)>;

// Clients of other clusters, made when they are first needed. Safe from any thread.
class RemoteClusters {
 public:
  // All must outlive this.
  RemoteClusters(world::Transport& transport, world::Clock& clock, world::Random& random)
      : world_{&transport, &clock, &random} {}

  // `cluster` as cluster('…') and connection strings name it: a URL, a host, or a cluster's name
  // alone. Lives as long as this.
  Result<kusto::Client*> Find(const std::string& cluster);

 private:
  kusto::ClientWorld world_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<kusto::Client>> clients_;
};

struct ServicesParts {
  const Cluster* cluster = nullptr;
  RemoteClusters* remote = nullptr;
  ReadDocuments read_documents;  // may be empty: externaldata is refused
};

// For one request (its database, its right to run commands), or for the whole program.
std::unique_ptr<QueryServices> MakeServices(const ServicesParts& parts, std::string database,
                                            RunShowCommand run_command);

// Sessions on the cluster's databases.
OpenQuerySession LocalSessions(const ServicesParts& parts);

}  // namespace kc::local
