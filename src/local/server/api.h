// The REST addresses of kusto-local. docs/design/local-server.md has the list.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http/server.h"
#include "local/commands/activities.h"
#include "local/commands/runner.h"
#include "local/server/disconnect_watch.h"
#include "world/clock.h"
#include "world/random.h"

namespace kc::local {

// A further address, for other parts of kusto-local (streaming ingestion …).
struct Route {
  std::string method;  // "POST"
  std::string prefix;  // of the path: "/v1/rest/ingest/"
  // Gets the request's ids and options as read from the headers. The answer's headers are set.
  std::function<void(const http::ServerRequest&, const RequestOptions&, http::ResponseWriter&)>
      handle;
};

// All members are safe from any thread.
class Api {
 public:
  struct Parts {
    const Runner* runner = nullptr;
    Activities* activities = nullptr;
    world::Clock* clock = nullptr;
    world::Random* random = nullptr;
    std::vector<Route> routes;
  };
  explicit Api(Parts parts) : parts_(std::move(parts)), disconnects_(*parts_.clock) {}

  // An http::Handler.
  void Handle(const http::ServerRequest& request, http::ResponseWriter& writer);

 private:
  enum class Form { kV1, kV2 };
  struct Call;
  void Dispatch(const http::ServerRequest& request, const RequestOptions& headers,
                http::ResponseWriter& writer);
  void Execute(const http::ServerRequest& request, const RequestOptions& headers, Form form,
               bool commands_only, http::ResponseWriter& writer);
  Status Run(Call& call);
  Status RunCommand(Call& call);
  Status RunQuery(Call& call);
  Status Answer(Call& call, RunningQuery& query);

  Parts parts_;
  DisconnectWatch disconnects_;
};

// Sends an error as Kusto's REST API does. For routes too.
void SendError(const Error& error, const RequestOptions& request, const std::string& database,
               const std::string& text, http::ResponseWriter& writer);

}  // namespace kc::local
