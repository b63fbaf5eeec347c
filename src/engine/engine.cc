// Running a KQL text: parse, bind, emit, stream.
#include "engine/engine.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/log.h"
#include "base/text.h"
#include "engine/duck.h"
#include "engine/emit.h"
#include "kql/binder.h"
#include "kql/parser.h"
#include "world/clock.h"

namespace kc::engine {

namespace {

// Ends the statement of a connection when the query's time is over or it is cancelled.
class Watch {
 public:
  Watch(std::shared_ptr<Connection> connection, const QueryRequest& request)
      : connection_(std::move(connection)), cancel_(request.cancel) {
    const double seconds = request.timeout_s > 0 ? std::min(request.timeout_s, kMaxTimeoutSeconds)
                                                 : kMaxTimeoutSeconds;
    const auto time =
        std::chrono::duration_cast<world::Duration>(std::chrono::duration<double>(seconds));
    timer_ = std::thread([this, time] {
      world::SystemClock().Sleep(time, &over_);
      // Again and again: an interrupt is lost on a statement that has not begun yet.
      while (!done_.cancelled()) {
        connection_->Interrupt();
        world::SystemClock().Sleep(kInterruptAgain, &done_);
      }
    });
    if (cancel_ != nullptr) subscription_ = cancel_->Subscribe([this] { over_.Cancel(); });
  }
  ~Watch() {
    if (cancel_ != nullptr) cancel_->Unsubscribe(subscription_);
    done_.Cancel();
    over_.Cancel();
    timer_.join();
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  std::shared_ptr<Connection> connection_;
  // Longer than any query may take; keeps the arithmetic of the clock from overflowing.
  static constexpr double kMaxTimeoutSeconds = 30.0 * 24 * 3600;
  static constexpr auto kInterruptAgain = std::chrono::milliseconds(100);
  world::CancelToken* cancel_;
  int subscription_ = 0;
  world::CancelToken over_;  // the time, or the caller's patience
  world::CancelToken done_;  // the query
  std::thread timer_;
};

// A failed statement as Kusto reports it.
Error Shaped(Error error) {
  if (error.reason == kInterrupted) {
    error.message = "Query execution was cancelled or exceeded its time";
    error.reason = "E_QUERY_CANCELLED";
  } else if (error.reason == kOutOfMemory) {
    error.message =
        "Query execution lacks memory resources to complete (80DA0001): " + error.message;
    error.reason = "E_LOW_MEMORY_CONDITION";
  }
  return error;
}

// What the parts of one query share: kept until its last result is gone.
struct Session {
  std::shared_ptr<Connection> connection;
  std::unique_ptr<Watch> watch;
  std::vector<std::shared_ptr<void>> keep_alive;
  int64_t max_rows = 0;
  int64_t max_bytes = 0;
};

class Runner : public kql::PlanRunner {
 public:
  Runner(Connection& connection, TableProvider& provider)
      : connection_(connection), provider_(provider) {}

  Result<ValueTable> Run(const kql::NodePtr& plan, int64_t max_rows) override {
    Emitter emitter(connection_, &provider_);
    KC_ASSIGN(const std::string sql, emitter.Statement(plan, "o"));
    const auto keep = emitter.TakeKeepAlive();
    if (LogEnabled(LogLevel::kDebug)) LogDebug("sql {}", sql);
    auto result = connection_.Query(sql);
    if (!result) return Fail(Shaped(std::move(result).error()));
    ValueTable table;
    for (const kql::Column& column : plan->columns) {
      table.columns.push_back({column.name, column.type});
    }
    while (true) {
      auto chunk = result->Next();
      if (!chunk) return Fail(Shaped(std::move(chunk).error()));
      if (!*chunk) return table;
      for (size_t row = 0; row < (*chunk)->rows(); ++row) {
        if (static_cast<int64_t>(table.rows.size()) >= max_rows) {
          return Stop("A part of the query that must be known before it runs has more than " +
                          std::to_string(max_rows) + " rows",
                      "E_QUERY_RESULT_SET_TOO_LARGE");
        }
        std::vector<Value> values;
        for (size_t i = 0; i < table.columns.size(); ++i) {
          values.push_back(CellValue((*chunk)->column(i), row, table.columns[i].type));
        }
        table.rows.push_back(std::move(values));
      }
    }
  }

 private:
  Connection& connection_;
  TableProvider& provider_;
};

class StreamedTable : public ResultTable {
 public:
  StreamedTable(std::shared_ptr<Session> session, std::string sql)
      : session_(std::move(session)), sql_(std::move(sql)) {
    max_rows = session_->max_rows;
    max_bytes = session_->max_bytes;
  }

  Status Start() {
    auto result = session_->connection->Query(sql_);
    if (!result) return Fail(Shaped(std::move(result).error()));
    result_.emplace(std::move(*result));
    return {};
  }

  Result<std::optional<Chunk>> Next() override {
    if (!result_) KC_TRY(Start());
    auto chunk = result_->Next();
    if (!chunk) return Fail(Shaped(std::move(chunk).error()));
    return chunk;
  }

 private:
  // About what the rows take in memory.
  static int64_t Size(const Chunk& chunk) {
    size_t bytes = 0;
    for (size_t i = 0; i < chunk.columns(); ++i) {
      bytes += chunk.rows() * sizeof(int64_t);
      if (chunk.column(i).type() != DuckType::kText) continue;
      for (size_t row = 0; row < chunk.rows(); ++row) {
        if (!chunk.column(i).IsNull(row)) bytes += chunk.column(i).Text(row).size();
      }
    }
    return static_cast<int64_t>(bytes);
  }

  std::shared_ptr<Session> session_;
  std::string sql_;
  std::optional<DuckResult> result_;
};

class EngineImpl : public Engine {
 public:
  explicit EngineImpl(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  Result<KqlResult> Run(const QueryRequest& request, kql::Catalog& catalog,
                        TableProvider& provider) override {
    KC_ASSIGN(Bound bound, BindText(request, catalog, provider));
    KqlResult result;
    StreamedTable* first = nullptr;
    for (kql::ResultPlan& plan : bound.query.results) {
      Emitter emitter(*bound.session->connection, &provider);
      KC_ASSIGN(std::string sql, emitter.Statement(plan.plan, "o"));
      if (LogEnabled(LogLevel::kDebug)) LogDebug("sql {}", sql);
      for (auto& keep : emitter.TakeKeepAlive()) {
        bound.session->keep_alive.push_back(std::move(keep));
      }
      auto table = std::make_unique<StreamedTable>(bound.session, std::move(sql));
      table->name = plan.name;
      for (const kql::Column& column : plan.plan->columns) {
        table->columns.push_back({column.name, column.type});
      }
      // Emitting may use the connection: the first statement begins once all texts are made.
      if (first == nullptr) first = table.get();
      result.tables.push_back(std::move(table));
    }
    KC_TRY(first->Start());
    result.visualization = std::move(bound.query.visualization);
    if (result.visualization.empty()) result.visualization = kNoVisualization;
    result.cursor = std::move(bound.query.cursor);
    result.options = std::move(bound.query.options);
    return result;
  }

  Result<PreparedSelect> Prepare(const QueryRequest& request, kql::Catalog& catalog,
                                 TableProvider& provider) override {
    KC_ASSIGN(Bound bound, BindText(request, catalog, provider));
    Emitter emitter(*bound.session->connection, &provider);
    const kql::NodePtr& plan = bound.query.results[0].plan;
    PreparedSelect prepared;
    KC_ASSIGN(prepared.sql, emitter.Statement(plan, "o"));
    prepared.keep_alive = emitter.TakeKeepAlive();
    prepared.keep_alive.push_back(bound.session);
    prepared.connection = bound.session->connection;
    for (const kql::Column& column : plan->columns) {
      prepared.columns.push_back({column.name, column.type});
    }
    prepared.options = std::move(bound.query.options);
    prepared.rows_of = FindRowsOfTable(plan);
    if (prepared.rows_of) {
      prepared.rows_of->select = [plan, connection = prepared.connection](TableProvider& other) {
        return Emitter(*connection, &other).Statement(plan, "o");
      };
    }
    return prepared;
  }

  Result<std::vector<ColumnSchema>> Schema(const QueryRequest& request, kql::Catalog& catalog,
                                           TableProvider& provider) override {
    KC_ASSIGN(Bound bound, BindText(request, catalog, provider));
    std::vector<ColumnSchema> columns;
    for (const kql::Column& column : bound.query.results[0].plan->columns) {
      columns.push_back({column.name, column.type});
    }
    return columns;
  }

  Result<ValueTable> Collect(const QueryRequest& request, kql::Catalog& catalog,
                             TableProvider& provider) override {
    KC_ASSIGN(KqlResult result, Run(request, catalog, provider));
    ResultTable& first = *result.tables[0];
    ValueTable table;
    table.name = first.name;
    table.columns = first.columns;
    while (true) {
      KC_ASSIGN(std::optional<Chunk> chunk, first.Next());
      if (!chunk) return table;
      for (size_t row = 0; row < chunk->rows(); ++row) {
        std::vector<Value> values;
        for (size_t i = 0; i < table.columns.size(); ++i) {
          values.push_back(CellValue(chunk->column(i), row, table.columns[i].type));
        }
        table.rows.push_back(std::move(values));
      }
    }
  }

  Database& database() override { return *database_; }

 private:
  // What v1 and v2 answers say of a query without render.
  static constexpr std::string_view kNoVisualization =
      R"({"Visualization":null,"Title":null,"XColumn":null,"Series":null,"YColumns":null,)"
      R"("AnomalyColumns":null,"XTitle":null,"YTitle":null,"XAxis":null,"YAxis":null,)"
      R"("Legend":null,"YSplit":null,"Accumulate":false,"IsQuerySorted":false,)"
      R"("Kind":null,"Ymin":"NaN","Ymax":"NaN"})";

  struct Bound {
    kql::BoundQuery query;
    std::shared_ptr<Session> session;
  };

  Result<Bound> BindText(const QueryRequest& request, kql::Catalog& catalog,
                         TableProvider& provider) {
    KC_ASSIGN(const kql::ast::Script script, kql::Parse(request.text));
    Bound bound;
    bound.session = std::make_shared<Session>();
    KC_ASSIGN(Connection connection, database_->Connect());
    bound.session->connection = std::make_shared<Connection>(std::move(connection));
    bound.session->watch = std::make_unique<Watch>(bound.session->connection, request);
    Runner runner(*bound.session->connection, provider);
    kql::BindRequest bind;
    bind.script = &script;
    bind.catalog = &catalog;
    bind.runner = &runner;
    bind.now_ticks = request.now_ticks != 0 ? request.now_ticks : world::SystemClock().NowTicks();
    bind.parameters = request.parameters;
    bind.tables = request.tables;
    KC_ASSIGN(bound.query, kql::Bind(bind));
    const auto& options = bound.query.options;
    const bool unlimited = options.contains("notruncation");
    bound.session->max_rows = unlimited ? 0 : request.max_rows;
    bound.session->max_bytes = unlimited ? 0 : request.max_bytes;
    if (const auto it = options.find("truncationmaxrecords"); it != options.end()) {
      if (const auto rows = ParseInt64(it->second)) bound.session->max_rows = *rows;
    }
    if (const auto it = options.find("truncationmaxsize"); it != options.end()) {
      if (const auto bytes = ParseInt64(it->second)) bound.session->max_bytes = *bytes;
    }
    return bound;
  }

  std::unique_ptr<Database> database_;
};

}  // namespace

Result<std::unique_ptr<Engine>> Engine::Create(const EngineOptions& options) {
  Database::Options database;
  database.threads = options.threads;
  if (options.memory_limit_bytes > 0) {
    database.memory_limit = std::to_string(options.memory_limit_bytes / (1 << 20)) + "MiB";
  }
  database.temp_directory = options.temp_directory;
  KC_ASSIGN(std::unique_ptr<Database> opened, Database::Open(database));
  return std::make_unique<EngineImpl>(std::move(opened));
}

}  // namespace kc::engine
