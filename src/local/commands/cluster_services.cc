#include "local/commands/cluster_services.h"

#include <utility>

#include "base/text.h"
#include "kusto/connection_string.h"
#include "local/catalog/cluster.h"

namespace kc::local {
namespace {

// "http://host:port/db;Fed=true" → cluster and database.
struct Target {
  std::string cluster;
  std::string database;
};
Target ParseTarget(std::string_view text) {
  Target target;
  const std::string_view rest = Trim(text.substr(0, text.find(';')));
  const size_t scheme = rest.find("://");
  const size_t slash = rest.find('/', scheme == std::string_view::npos ? 0 : scheme + 3);
  target.cluster = std::string(rest.substr(0, slash));
  if (slash != std::string_view::npos) {
    target.database = UrlDecode(rest.substr(slash + 1)).value_or("");
    while (target.database.ends_with('/')) target.database.pop_back();
  }
  return target;
}

bool IsLoopback(std::string_view host) {
  return host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
}

std::string ClusterUrl(const std::string& cluster) {
  if (cluster.find("://") != std::string::npos) return cluster;
  if (IsLoopback(cluster)) return "http://" + cluster;
  if (cluster.find('.') != std::string::npos) return "https://" + cluster;
  return "https://" + cluster + ".kusto.windows.net";
}

std::string HostOf(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  std::string host = ToLowerAscii(url.substr(0, url.find_first_of("/;?")));
  if (host.starts_with("localhost")) host = "127.0.0.1" + host.substr(9);
  return host;
}

class Services final : public QueryServices {
 public:
  Services(const ServicesParts& parts, std::string database, RunShowCommand run_command)
      : parts_(parts), database_(std::move(database)), run_command_(std::move(run_command)) {}

  Result<std::vector<ColumnSchema>> RemoteSchema(const std::string& cluster,
                                                 const std::string& database,
                                                 const std::string& table) override {
    KC_ASSIGN(ValueTable rows, RemoteRows(cluster, database, KqlName(table) + " | take 0"));
    return std::move(rows.columns);
  }

  Result<ValueTable> RemoteRows(const std::string& cluster, const std::string& database,
                                const std::string& query) override {
    KC_ASSIGN(kusto::Client * client, parts_.remote->Find(cluster));
    kusto::Request request;
    request.text = query;
    request.database = database;
    request.no_truncation = true;
    auto answer = client->Query(request);
    if (!answer) return Fail(std::move(answer).error().Within("cluster('" + cluster + "')"));
    return std::move(answer->tables.front());
  }

  Result<ValueTable> ExecuteShowCommand(std::string_view connection,
                                        std::string_view command) override {
    if (!IsCommandText(command)) {
      return Stop("execute_show_command() takes a command that begins with .show", "SEM0001");
    }
    const Target target = ParseTarget(connection);
    if (target.cluster.empty() ||
        HostOf(target.cluster) == HostOf(parts_.cluster->options().endpoint)) {
      return run_command_(target.database.empty() ? database_ : target.database, command);
    }
    KC_ASSIGN(kusto::Client * client, parts_.remote->Find(target.cluster));
    kusto::Request request;
    request.text = std::string(command);
    request.database = target.database;
    auto answer = client->Show(request);
    if (!answer) return Fail(std::move(answer).error().Within("cluster('" + target.cluster + "')"));
    return std::move(answer->tables.front());
  }

  Result<ValueTable> ReadExternalData(
      const std::vector<ColumnSchema>& columns, const std::vector<std::string>& uris,
      const std::vector<std::pair<std::string, std::string>>& properties) override {
    if (!parts_.read_documents) return Unavailable("externaldata");
    return parts_.read_documents(columns, uris, properties);
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
    return Stop(what + " is not supported", "General_BadRequest");
  }

  const ServicesParts parts_;
  const std::string database_;
  const RunShowCommand run_command_;
};

}  // namespace

Result<kusto::Client*> RemoteClusters::Find(const std::string& cluster) {
  const std::string url = ClusterUrl(cluster);
  std::lock_guard lock(mutex_);
  const auto found = clients_.find(url);
  if (found != clients_.end()) return found->second.get();
  KC_ASSIGN(kusto::ConnectionString connection, kusto::ParseConnectionString(url));
  auto client = kusto::MakeClient(std::move(connection), world_);
  return clients_.emplace(url, std::move(client)).first->second.get();
}

std::unique_ptr<QueryServices> MakeServices(const ServicesParts& parts, std::string database,
                                            RunShowCommand run_command) {
  return std::make_unique<Services>(parts, std::move(database), std::move(run_command));
}

OpenQuerySession LocalSessions(const ServicesParts& parts) {
  return [parts](const std::string& database, const RequestOptions& request,
                 RunShowCommand run_command) -> Result<QuerySession> {
    QuerySession session;
    std::shared_ptr<QueryServices> services = MakeServices(parts, database, std::move(run_command));
    KC_ASSIGN(session.catalog, QueryCatalog::Create(*parts.cluster, {.database = database,
                                                                     .principal = request.principal,
                                                                     .services = services.get()}));
    session.keep_alive = std::move(services);
    return session;
  };
}

}  // namespace kc::local
