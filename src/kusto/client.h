// The client of one Kusto cluster. Safe from any thread.
//
// Errors, made from what happened (ErrorCode is the decision):
//   kRetry           429 (retry_after_s as told), refused connections; for reads also 503, 504,
//   other
//                    5xx and lost answers
//   kStop            400, 401, 403, 404, "@permanent": true, malformed answers, "Cancelled"
//   kUnknownOutcome  a mutation that was sent and not answered, or answered by a 5xx
// `message` is one line with Kusto's @message, `reason` Kusto's code ("BadRequest_EntityNotFound",
// "General_BadRequest", "TooManyRequests", …).
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "azure/token_provider.h"
#include "base/error.h"
#include "kusto/answers.h"
#include "kusto/connection_string.h"
#include "world/clock.h"
#include "world/random.h"
#include "world/transport.h"

namespace kc::kusto {

struct Request {
  std::string text;
  // "" means the connection string's, or NetDefaultDB.
  std::string database;
  // "" makes a new one, "KustoCopy.query;<guid>". Set it where the id is recorded before sending.
  std::string client_request_id;
  // How long the server may work; 0: the server's default.
  std::chrono::seconds server_timeout{0};
  // How long the whole request may take; 0: what the server may work, and half a minute more.
  std::chrono::milliseconds timeout{0};
  bool no_truncation = false;
  // Options besides these: name → JSON text of the value.
  std::vector<std::pair<std::string, std::string>> options;
  // Query parameters: name → KQL literal.
  std::vector<std::pair<std::string, std::string>> parameters;
  // Attempts of a read, the first included; 1 = never repeated.
  int attempts = 5;
  // A read gives up once so much time has passed; 0: only by its attempts.
  std::chrono::milliseconds patience{0};
  // May be null.
  world::CancelToken* cancel = nullptr;
};

class Client {
 public:
  virtual ~Client() = default;
  // A query on the v2 endpoint with strong consistency asked for (unless the connection string says
  // weak). Repeated on kRetry with growing pauses, at most `attempts` times.
  virtual Result<Answer> Query(const Request& request) = 0;
  // A management command that only reads (`.show …`): repeated like a query.
  virtual Result<Answer> Show(const Request& request) = 0;
  // A management command that changes something: sent exactly once, on a connection of its own,
  // never repeated.
  virtual Result<Answer> Command(const Request& request) = 0;

  // "https://…", for messages and for execute_show_command / cluster('…').
  virtual const std::string& cluster() const = 0;
  virtual const ConnectionString& connection() const = 0;
};

// What a client needs; the objects must outlive it. `tokens` may be null: then the connection
// string's own credentials are used, the default chain for https without any, nobody for http.
struct ClientWorld {
  world::Transport* transport = nullptr;
  world::Clock* clock = nullptr;
  world::Random* random = nullptr;
  azure::TokenProvider* tokens = nullptr;
};
std::unique_ptr<Client> MakeClient(ConnectionString connection, const ClientWorld& world);

// kStop "Consistency" unless the answer was computed with strong consistency (protocol F5). An
// answer that doesn't say is refused too.
Status RequireStrong(const Answer& answer);

// The first request to a cluster failed: one line for the user of the command line with what to try
// next, kStop "Unreachable", "Forbidden" or "NotKusto"; other errors stay as they are.
Error ExplainNoAccess(const Client& client, Error error);
// One `.show …` whose answer the user of the command line waits for: few attempts, within two
// seconds; half a minute where the cluster has taken the connection, with a warning. Errors as of
// ExplainNoAccess.
Result<Answer> FirstLook(Client& client, std::string text, world::CancelToken* cancel = nullptr);
// Is there a cluster at the address that answers? A FirstLook at its version, which is returned.
Result<std::string> Probe(Client& client, world::CancelToken* cancel = nullptr);
// kStop "DatabaseNotFound" with the names that there are, unless the database exists. Returns its
// name as the cluster spells it.
Result<std::string> RequireDatabase(Client& client, const std::string& database,
                                    world::CancelToken* cancel = nullptr);

}  // namespace kc::kusto
