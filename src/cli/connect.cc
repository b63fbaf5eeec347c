#include <fmt/format.h>

#include <cstdio>

#include "azure/storage_url.h"
#include "base/log.h"
#include "cli/run.h"
#include "http/curl_transport.h"
#include "world/clock.h"
#include "world/files.h"
#include "world/processes.h"
#include "world/random.h"

namespace kc::cli {

Result<Connections> Connect(const Arguments& arguments, world::CancelToken& cancel) {
  Connections made;
  made.transport = http::MakeCurlTransport(64);
  made.tokens = azure::MakeDefaultTokens(*made.transport, world::SystemClock());
  if (!arguments.lake.empty()) {
    auto url = azure::ParseStorageUrl(arguments.lake);
    if (!url) return Fail(std::move(url).error().Within("--lake"));
    azure::StoreWorld store_world;
    store_world.transport = made.transport.get();
    store_world.clock = &world::SystemClock();
    store_world.random = &world::SystemRandom();
    store_world.files = &world::PosixFiles();
    store_world.hurry = &cancel;
    store_world.first_contact = std::chrono::milliseconds(1800);  // wrong input: within two seconds
    // Restarts after a crash don't wait for the lease of the process that died.
    std::string runtime = world::Environment("XDG_RUNTIME_DIR");
    if (runtime.empty()) runtime = fmt::format("/tmp/kusto-copy-{}", world::UserId());
    store_world.lease_folder = runtime + "/kusto-copy-leases";
    // Not cancelled with the copy: leases are given back and records written at its end.
    KC_ASSIGN(made.lake, azure::OpenStore(*url, store_world, made.tokens.get()));
  }
  const kusto::ClientWorld client_world{made.transport.get(), &world::SystemClock(),
                                        &world::SystemRandom(), nullptr};
  if (!arguments.source.empty()) {
    auto parsed = kusto::ParseConnectionString(arguments.source);
    if (!parsed) return Fail(std::move(parsed).error().Within("--source"));
    made.source = kusto::MakeClient(*parsed, client_world);
  }
  if (!arguments.destination.empty()) {
    auto parsed = kusto::ParseConnectionString(arguments.destination);
    if (!parsed) return Fail(std::move(parsed).error().Within("--destination"));
    made.destination = kusto::MakeClient(*parsed, client_world);
  }
  return made;
}

int Say(const Error& error, int code) {
  std::fprintf(stderr, "kusto-copy: %s\n", Redact(error.message).c_str());
  return code;
}

}  // namespace kc::cli
