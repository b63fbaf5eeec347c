// Runs the text of a request: a command, a command with a query piped onto it, or a query.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/engine.h"
#include "local/commands/activities.h"
#include "local/commands/command.h"
#include "local/commands/query_session.h"

namespace kc::local {

// A started query. `result` is read before this is destroyed; the session lives longer than it.
struct RunningQuery {
  std::shared_ptr<QuerySession> session;
  std::shared_ptr<world::CancelToken> cancel;
  engine::KqlResult result;
};

// One of the two: the tables of a command, or the query that was piped onto it.
struct CommandAnswer {
  std::vector<ValueTable> tables;
  std::optional<RunningQuery> query;
};

// All members are safe from any thread.
class Runner {
 public:
  struct Parts {
    Cluster* cluster = nullptr;
    const CommandRegistry* registry = nullptr;
    Operations* operations = nullptr;
    Activities* activities = nullptr;
    OpenQuerySession open_session;
  };
  explicit Runner(Parts parts) : parts_(std::move(parts)) {}

  // `running` gets the command's kind (may be null).
  Result<CommandAnswer> RunCommand(std::string_view text, const std::string& database,
                                   const RequestOptions& request,
                                   std::shared_ptr<world::CancelToken> cancel,
                                   Activities::Running* running) const;
  Result<RunningQuery> RunQuery(
      std::string_view text, const std::string& database, const RequestOptions& request,
      std::shared_ptr<world::CancelToken> cancel,
      std::map<std::string, std::shared_ptr<const ValueTable>> tables = {}) const;
  // Either, collected. No limit of rows: for the program's own use and nested commands.
  Result<ValueTable> RunToTable(std::string_view text, const std::string& database,
                                const RequestOptions& request,
                                std::shared_ptr<world::CancelToken> cancel) const;

  // A session for a query that runs later, on another thread for instance; this object must outlive
  // it.
  Result<QuerySession> OpenSession(const std::string& database, const RequestOptions& request,
                                   std::shared_ptr<world::CancelToken> cancel) const;
  const Parts& parts() const { return parts_; }

 private:
  Result<std::vector<ValueTable>> RunHandler(std::string_view command, const std::string& database,
                                             const RequestOptions& request,
                                             std::shared_ptr<world::CancelToken> cancel,
                                             Activities::Running* running) const;
  Result<engine::QueryRequest> MakeRequest(std::string_view text, const RequestOptions& request,
                                           world::CancelToken* cancel) const;

  Parts parts_;
};

// The request's timeout (servertimeout, norequesttimeout) in seconds.
Result<double> RequestTimeout(const RequestOptions& request, bool is_command);

}  // namespace kc::local
