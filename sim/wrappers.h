// Decorators between a process and its world, for scenarios that need an exact moment or an answer
// that no network fault gives.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "azure/object_store.h"
#include "kusto/client.h"

namespace kc::sim {

// What happens around the requests to a cluster. Empty hooks change nothing.
struct ClientHooks {
  // Instead of sending a command: an answer, or nothing to send it.
  std::function<std::optional<Result<kusto::Answer>>(const std::string& text)> instead;
  // May change the answer of a `.show` or a query.
  std::function<void(const std::string&text, Result<kusto::Answer>&answer)> shown, queried;
};
std::unique_ptr<kusto::Client> Wrap(std::unique_ptr<kusto::Client> inner,
                                    std::shared_ptr<ClientHooks> hooks);

// A lake whose network delivers each append a second time, after the next one. An append at
// position -1 goes to the end, as one does that is sent without a position.
std::unique_ptr<azure::ObjectStore> WithLateAppends(std::unique_ptr<azure::ObjectStore> inner);

}  // namespace kc::sim
