// The clusters under test.
#include <chrono>
#include <cstdlib>
#include <thread>

#include "azure/storage_url.h"
#include "base/log.h"
#include "base/ticks.h"
#include "http/curl_transport.h"
#include "kusto/commands/names.h"
#include "sim/world.h"
#include "subject.h"
#include "world/clock.h"
#include "world/files.h"
#include "world/random.h"

namespace kc::conformance {
namespace {

std::string Environment(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? "" : text;
}

// Requests reach the simulated cluster at once; its time goes on until it has answered.
class Simulated final : public Subject, public kusto::Client {
 public:
  explicit Simulated(uint64_t round) : world_(round), cluster_(world_.source) {
    sim::SeededRandom random(round);
    if (round > 1) cluster_.unknowns = sim::Unknowns::Draw(random);
    connection_.cluster = cluster_.address;
    cluster_.weather.export_capacity = 4;
  }

  kusto::Client& client() override { return *this; }
  azure::ObjectStore& lake() override { return *world_.lake; }
  const std::string& database() const override { return cluster_.database; }
  void Append(const std::string& table, int64_t first, int64_t count) override {
    std::vector<std::vector<Value>> rows;
    for (int64_t n = first; n < first + count; ++n) rows.push_back(RowOf(n));
    cluster_.Append(table, std::move(rows));
  }
  void Wait(world::Duration time) override { world_.Settle(time); }
  int64_t NowTicks() const override { return world_.timeline.NowTicks(); }

  Result<kusto::Answer> Query(const kusto::Request& request) override {
    return Send(sim::ServerRequest::Kind::kQuery, request);
  }
  Result<kusto::Answer> Show(const kusto::Request& request) override {
    return Send(sim::ServerRequest::Kind::kShow, request);
  }
  Result<kusto::Answer> Command(const kusto::Request& request) override {
    return Send(sim::ServerRequest::Kind::kCommand, request);
  }
  const std::string& cluster() const override { return cluster_.address; }
  const kusto::ConnectionString& connection() const override { return connection_; }

 private:
  Result<kusto::Answer> Send(sim::ServerRequest::Kind kind, const kusto::Request& request) {
    std::optional<Result<kusto::Answer>> answer;
    cluster_.Serve({kind, request.database, request.text, request.client_request_id},
                   [&answer](Result<kusto::Answer> a) { answer = std::move(a); });
    while (!answer && world_.timeline.RunOne()) {
    }
    KC_ASSERT(answer.has_value());
    return std::move(*answer);
  }

  sim::World world_;
  sim::Cluster& cluster_;
  kusto::ConnectionString connection_;
};

// A cluster behind an address, and a database in it that the suite may fill.
class Remote final : public Subject {
 public:
  Remote(const std::string& address, const std::string& lake)
      : transport_(http::MakeCurlTransport(4)),
        tokens_(azure::MakeDefaultTokens(*transport_, world::SystemClock())) {
    const auto connection = kusto::ParseConnectionString(address);
    const auto url = azure::ParseStorageUrl(lake);
    KC_ASSERT(connection.has_value() && url.has_value());
    client_ = kusto::MakeClient(
        *connection, {transport_.get(), &world::SystemClock(), &world::SystemRandom(), nullptr});
    azure::StoreWorld store;
    store.transport = transport_.get();
    store.clock = &world::SystemClock();
    store.random = &world::SystemRandom();
    store.files = &world::PosixFiles();
    auto opened = azure::OpenStore(*url, store, tokens_.get());
    KC_ASSERT(opened.has_value());
    lake_ = std::move(*opened);
    database_ = Environment("KC_DATABASE");
    if (database_.empty()) database_ = "NetDefaultDB";
  }

  kusto::Client& client() override { return *client_; }
  azure::ObjectStore& lake() override { return *lake_; }
  const std::string& database() const override { return database_; }
  void Append(const std::string& table, int64_t first, int64_t count) override {
    std::string text = ".set-or-append " + kusto::commands::Name(table) +
                       " <| datatable(n:long, text:string, at:datetime)[";
    for (int64_t n = first; n < first + count; ++n) {
      const auto row = RowOf(n);
      const auto* at = std::get_if<int64_t>(&row[2]);
      text += (n == first ? "" : ", ") + std::to_string(n) + ", " +
              kusto::commands::Text(std::get<std::string>(row[1])) + ", " +
              (at == nullptr ? "datetime(null)" : kusto::commands::DateTime(*at));
    }
    kusto::Request request;
    request.database = database_;
    request.text = text + "]";
    const auto answer = client_->Command(request);
    ASSERT_TRUE(answer) << answer.error().message;
  }
  void Wait(world::Duration time) override { std::this_thread::sleep_for(time); }
  int64_t NowTicks() const override { return world::SystemClock().NowTicks(); }

 private:
  std::unique_ptr<world::Transport> transport_;
  std::unique_ptr<azure::TokenProvider> tokens_;
  std::unique_ptr<kusto::Client> client_;
  std::unique_ptr<azure::ObjectStore> lake_;
  std::string database_;
};

uint64_t round_number = 0;
class Rounds : public testing::Environment {
  void SetUp() override { ++round_number; }
};
[[maybe_unused]] const auto* const kRounds = testing::AddGlobalTestEnvironment(new Rounds());

}  // namespace

std::unique_ptr<Subject> MakeSubject() {
  SetLogLevel(LogLevel::kOff);
  const std::string address = Environment("KC_CLUSTER");
  if (address.empty()) return std::make_unique<Simulated>(round_number);
  return std::make_unique<Remote>(address, Environment("KC_LAKE"));
}

}  // namespace kc::conformance
