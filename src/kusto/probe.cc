// The checks that a command line makes before it starts.
#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "kusto/client.h"
#include "kusto/commands/schema.h"

namespace kc::kusto {
namespace {

// Wrong input is told within two seconds, so a look may not take longer.
constexpr auto kProbeTimeout = std::chrono::milliseconds(1800);
// Who has taken the connection is no wrong address, but may be cold, or busy.
constexpr auto kColdTimeout = std::chrono::seconds(30);
// One connection that breaks is no reason to refuse.
constexpr int kProbeAttempts = 4;
constexpr size_t kMostNames = 10;

}  // namespace

Error ExplainNoAccess(const Client& client, Error error) {
  std::string cluster = "'" + client.cluster() + "'";
  if (error.reason == "Cancelled" || error.reason == "UntrustedHost") return error;
  constexpr int kUnauthorized = 401;
  constexpr int kForbidden = 403;
  if (error.http_status == kUnauthorized || error.http_status == kForbidden) {
    error.message = "cluster " + cluster + " refuses access (" + error.message +
                    "): sign in, or ask for a role on its databases";
    error.reason = "Forbidden";
  } else if (error.http_status == 0 && error.reason == "Timeout") {
    error.message = "cluster " + cluster + " takes the connection but doesn't answer within " +
                    std::to_string(kColdTimeout.count()) +
                    " s: it may be starting or overloaded; try again, or check the address";
    error.reason = "Unreachable";
  } else if (error.http_status == 0) {
    std::string why = error.message;
    const std::string who = "cluster " + cluster + ": ";
    if (why.starts_with(who)) why.erase(0, who.size());  // it stands before it already
    error.message = "cannot reach cluster " + cluster + ": " + why +
                    "; check the address, and that the cluster runs and is reachable from here";
    // Without a scheme an address means https://, which a local cluster doesn't speak.
    if (why.find("SSL") != std::string::npos && client.cluster().starts_with("https://")) {
      error.message += " (http:// instead of https://?)";
    }
    error.reason = "Unreachable";
  } else if (error.reason == "Http502" || error.reason == "Http503" || error.reason == "Http504") {
    error.message = cluster + " answers HTTP " + std::to_string(error.http_status) +
                    ": it, or what stands before it, is starting or overloaded; try again";
    error.reason = "Unreachable";
  } else if (error.http_status == 404 || error.reason == "BadAnswer" ||
             error.reason == "Http" + std::to_string(error.http_status)) {
    error.message = cluster + " answers, but not as a Kusto cluster; check the address";
    error.reason = "NotKusto";
  }
  error.code = ErrorCode::kStop;
  return error;
}

Result<Answer> FirstLook(Client& client, std::string text, world::CancelToken* cancel) {
  Request request;
  request.text = std::move(text);
  request.patience = request.timeout = kProbeTimeout;
  request.attempts = kProbeAttempts;
  request.cancel = cancel;
  auto answer = client.Show(request);
  if (!answer && answer.error().reason == "Timeout") {
    LogWarn("{} has taken the connection but not answered yet; waiting for up to {} s",
            client.cluster(), kColdTimeout.count());
    request.patience = request.timeout = kColdTimeout;
    answer = client.Show(request);
  }
  if (!answer) return Fail(ExplainNoAccess(client, std::move(answer).error()));
  return answer;
}

Result<std::string> Probe(Client& client, world::CancelToken* cancel) {
  KC_ASSIGN(const Answer answer, FirstLook(client, commands::ShowVersion(), cancel));
  const ValueTable& table = answer.table();
  if (table.rows.empty() || !table.Find("BuildVersion")) {
    return Stop("'" + client.cluster() + "' answers, but not as a Kusto cluster; check the address",
                "NotKusto");
  }
  return GetText(table, 0, "BuildVersion");
}

Result<std::string> RequireDatabase(Client& client, const std::string& database,
                                    world::CancelToken* cancel) {
  KC_ASSIGN(const Answer answer, FirstLook(client, commands::ShowDatabases(), cancel));
  KC_ASSIGN(std::vector<commands::DatabaseInfo> databases, commands::ReadDatabases(answer.table()));
  std::vector<std::string> names;
  for (const commands::DatabaseInfo& info : databases) {
    if (info.name == database) return info.name;
    names.push_back("'" + info.name + "'");
  }
  for (const commands::DatabaseInfo& info : databases) {
    if (EqualsIgnoreCase(info.name, database) || info.pretty_name == database) return info.name;
  }
  std::sort(names.begin(), names.end());
  bool more = names.size() > kMostNames;
  if (more) names.resize(kMostNames);
  std::string there = names.empty() ? "no databases that you may see"
                                    : "the databases " + Join(names, ", ") + (more ? " …" : "");
  return Stop(
      "there is no database '" + database + "' on '" + client.cluster() + "', which has " + there,
      "DatabaseNotFound");
}

}  // namespace kc::kusto
