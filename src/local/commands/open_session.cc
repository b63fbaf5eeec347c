#include "local/commands/open_session.h"

#include <utility>

#include "base/text.h"
#include "local/catalog/cluster.h"
#include "local/catalog/query_catalog.h"

namespace kc::local {
namespace {

// Splits "http://host:port/db" and "https://host/db;Fed=true" into the cluster and the database.
struct Connection {
  std::string cluster;
  std::string database;
};
Connection ParseConnection(std::string_view text) {
  Connection connection;
  std::string_view rest = Trim(text.substr(0, text.find(';')));
  const size_t scheme = rest.find("://");
  const size_t slash = rest.find('/', scheme == std::string_view::npos ? 0 : scheme + 3);
  connection.cluster = std::string(rest.substr(0, slash));
  if (slash != std::string_view::npos) {
    connection.database = UrlDecode(rest.substr(slash + 1)).value_or("");
    while (connection.database.ends_with('/')) connection.database.pop_back();
  }
  return connection;
}

class Services final : public QueryServices {
 public:
  Services(const Cluster& cluster, std::string database, RunShowCommand run_command)
      : cluster_(cluster), database_(std::move(database)), run_command_(std::move(run_command)) {}

  Result<std::vector<ColumnSchema>> RemoteSchema(const std::string& cluster, const std::string&,
                                                 const std::string&) override {
    return Unavailable("cluster('" + cluster + "')");
  }
  Result<ValueTable> RemoteRows(const std::string& cluster, const std::string&,
                                const std::string&) override {
    return Unavailable("cluster('" + cluster + "')");
  }
  Result<ValueTable> ExecuteShowCommand(std::string_view connection,
                                        std::string_view command) override {
    const Connection target = ParseConnection(connection);
    if (!target.cluster.empty() && !EqualsIgnoreCase(target.cluster, cluster_.options().endpoint)) {
      return Unavailable("the cluster '" + target.cluster + "'");
    }
    return run_command_(target.database.empty() ? database_ : target.database, command);
  }
  Result<ValueTable> ReadExternalData(
      const std::vector<ColumnSchema>&, const std::vector<std::string>&,
      const std::vector<std::pair<std::string, std::string>>&) override {
    return Unavailable("externaldata");
  }
  Result<std::vector<ColumnSchema>> ExternalTableSchema(const std::string&,
                                                        std::string_view) override {
    return std::vector<ColumnSchema>();
  }
  Result<engine::ScanRelation> OpenExternalTable(const engine::TableScan&) override {
    return Unavailable("external_table()");
  }

 private:
  static tl::unexpected<Error> Unavailable(const std::string& what) {
    return Stop(what + " can't be reached from here", "General_BadRequest");
  }

  const Cluster& cluster_;
  const std::string database_;
  const RunShowCommand run_command_;
};

}  // namespace

OpenQuerySession LocalSessions(const Cluster& cluster) {
  return [&cluster](const std::string& database, const RequestOptions& request,
                    RunShowCommand run_command) -> Result<QuerySession> {
    QuerySession session;
    auto services = std::make_shared<Services>(cluster, database, std::move(run_command));
    KC_ASSIGN(session.catalog, QueryCatalog::Create(cluster, {.database = database,
                                                              .principal = request.principal,
                                                              .services = services.get()}));
    session.keep_alive = std::move(services);
    return session;
  };
}

}  // namespace kc::local
