#include "local/server/program.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "engine/duck.h"
#include "engine/engine.h"
#include "http/curl_transport.h"
#include "http/server.h"
#include "local/background/maintenance.h"
#include "local/catalog/cluster.h"
#include "local/commands/activities.h"
#include "local/commands/cluster_services.h"
#include "local/commands/runner.h"
#include "local/ingest/external_data.h"
#include "local/ingest/storage.h"
#include "local/operations/operations.h"
#include "local/server/api.h"
#include "local/server/streaming_route.h"
#include "world/processes.h"

namespace kc::local {
namespace {

// How long running requests may go on after SIGTERM before their connections are closed.
constexpr int kGraceMs = 3000;
// Kusto's default workload group: ten requests per core.
constexpr int kQueriesPerCore = 10;

struct Listen {
  std::string address;
  uint16_t port = 0;
};

std::optional<Listen> ParseListen(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  const auto port = ParseInt64(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) return std::nullopt;
  std::string address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  if (address.empty() || address == "localhost") address = "127.0.0.1";
  return Listen{std::move(address), static_cast<uint16_t>(*port)};
}

int Complain(const std::string& message, int code) {
  fmt::print(stderr, "kusto-local: {}\n", message);
  return code;
}

// Takes requests before the rest is there: the port has to be known to open the cluster, whose
// queries tell it (current_cluster_endpoint()).
class Gate {
 public:
  void Open(Api* api) {
    std::lock_guard lock(mutex_);
    api_ = api;
    opened_.notify_all();
  }
  void Handle(const http::ServerRequest& request, http::ResponseWriter& writer) {
    Api* api = nullptr;
    {
      std::unique_lock lock(mutex_);
      opened_.wait(lock, [&] { return api_ != nullptr || closed_; });
      api = api_;
    }
    if (api == nullptr) {
      writer.Send(503, "text/plain", "kusto-local did not start");
      return;
    }
    api->Handle(request, writer);
  }
  void Close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    opened_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  Api* api_ = nullptr;
  bool closed_ = false;
};

std::string Endpoint(const Listen& listen, uint16_t port) {
  const bool ip6 = listen.address.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}", ip6 ? "[" : "", listen.address, ip6 ? "]" : "", port);
}

ClusterOptions MakeClusterOptions(const ProgramOptions& options, std::string endpoint) {
  ClusterOptions cluster;
  cluster.storage = options.storage;
  cluster.endpoint = std::move(endpoint);
  cluster.export_capacity = options.export_capacity;
  cluster.ingestion_capacity = options.ingestion_capacity;
  cluster.query_capacity = options.query_capacity;
  return cluster;
}

int StorageFailure(const ProgramOptions& options, const Error& error) {
  if (error.reason == "Locked") {
    return Complain(fmt::format("the storage {} is in use by another kusto-local: stop that one or "
                                "take another folder",
                                options.storage),
                    kExitStorageInUse);
  }
  return Complain(fmt::format("the storage {} can't be used: {}", options.storage, error.message),
                  kExitStorage);
}

void Serve(Api& api, Gate& gate, const std::string& endpoint, const ProgramOptions& options,
           world::CancelToken& stop) {
  gate.Open(&api);
  fmt::print("kusto-local listens on {} (storage {})\n", endpoint, options.storage);
  std::fflush(stdout);
  // Woken by the token; the length only has to be finite.
  while (!stop.cancelled()) world::SystemClock().Sleep(std::chrono::hours(1), &stop);
}

}  // namespace

int RunProgram(const ProgramOptions& options, world::CancelToken& stop) {
  const auto listen = ParseListen(options.listen);
  if (!listen) {
    return Complain(
        "--listen takes an address and a port, as in 127.0.0.1:8080, not '" + options.listen + "'",
        kExitArguments);
  }
  Gate gate;
  auto server =
      http::StartServer({.address = listen->address, .port = listen->port},
                        [&gate](const http::ServerRequest& request, http::ResponseWriter& writer) {
                          gate.Handle(request, writer);
                        });
  if (!server) {
    return Complain(server.error().message + "; --listen takes another port, 0 means any free one",
                    kExitAddress);
  }
  const std::string endpoint = Endpoint(*listen, (*server)->port());
  auto engine = engine::Engine::Create();
  if (!engine) return Complain(engine.error().message, kExitInternal);
  const World world{&world::PosixFiles(), &world::SystemClock(), &world::SystemRandom()};
  auto cluster = Cluster::Open(world, engine->get(), MakeClusterOptions(options, endpoint));
  if (!cluster) {
    gate.Close();
    return StorageFailure(options, cluster.error());
  }
  const auto transport = http::MakeCurlTransport();
  RemoteClusters remote(*transport, *world.clock, *world.random);
  ClearTemporaryFolder(**cluster);
  CommandRegistry registry;
  // First, because of `.show database extents`.
  RegisterDataCommands(registry);
  RegisterSchemaCommands(registry);
  const int queries =
      options.query_capacity > 0 ? options.query_capacity : kQueriesPerCore * world::CpuCount();
  Activities activities(*world.clock, queries);
  CapacityOptions capacity;
  capacity.ingestion = options.ingestion_capacity;
  capacity.data_export = options.export_capacity;
  capacity.queries = queries;
  Operations operations(*world.clock, *world.random, capacity);
  operations.Remember(std::make_unique<OperationHistory>(*world.files, *world.clock,
                                                         options.storage + "/operations"));
  const ReadDocuments documents = [&cluster](const auto& columns, const auto& uris,
                                             const auto& properties) {
    return ReadExternalDocuments(**cluster, columns, uris, properties);
  };
  const Runner runner({.cluster = cluster->get(),
                       .registry = &registry,
                       .operations = &operations,
                       .activities = &activities,
                       .open_session = LocalSessions({cluster->get(), &remote, documents})});
  operations.SetSessionOpener(
      [&runner](const std::string& database, const RequestOptions& request) {
        return runner.OpenSession(database, request, std::make_shared<world::CancelToken>());
      });
  Api api({.runner = &runner,
           .activities = &activities,
           .clock = world.clock,
           .random = world.random,
           .routes = {StreamingRoute(**cluster, operations, *world.clock)}});
  MaintenanceOptions maintenance_options;
  maintenance_options.interval_s = options.maintenance_interval_s;
  const Maintenance maintenance(**cluster, &(*engine)->database(), maintenance_options);
  Serve(api, gate, endpoint, options, stop);
  activities.Close();
  operations.Shutdown();
  (*server)->Stop(kGraceMs);
  return kExitDone;
}

}  // namespace kc::local
