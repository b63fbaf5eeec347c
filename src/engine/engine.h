// Runs a KQL text: parse, bind, emit DuckDB SQL, stream typed results. The one door through which
// the rest of the program queries.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"
#include "engine/duck.h"
#include "engine/table_provider.h"
#include "kql/catalog.h"
#include "world/cancel.h"

namespace kc::engine {

// Kusto's default limits of a result ("query limits" in the documentation).
inline constexpr int64_t kDefaultMaxRows = 500'000;
inline constexpr int64_t kDefaultMaxBytes = 64 * 1024 * 1024;

struct QueryRequest {
  std::string text;
  // now() in ticks, the same for the whole query; 0: the system clock at the start.
  int64_t now_ticks = 0;
  // Values of declare query_parameters: KQL literals as texts ("5", "datetime(2020)", "'a'").
  std::map<std::string, std::string> parameters;
  // Tables that the text may name besides the catalog's, copied when the query starts. Used to pipe
  // the answer of a management command: name it kPipedInput and put that name before "| where …".
  std::map<std::string, std::shared_ptr<const ValueTable>> tables;
  // Defaults of cursor_after("") etc. are the catalog's matter; 0 seconds: no limit of time.
  double timeout_s = 0;
  world::CancelToken* cancel = nullptr;  // may be null; must outlive the result
  // Handed on to ResultTable's members of the same names; 0: no limit. `set notruncation;` and `set
  // truncationmaxrecords=` in the text win.
  int64_t max_rows = kDefaultMaxRows;
  int64_t max_bytes = kDefaultMaxBytes;
  // Set statements that are not the engine's own are returned in KqlResult::options.
};
inline constexpr std::string_view kPipedInput = "$command_result";

// One result table. Columns have KQL names and types; a chunk's column i holds columns[i] in its
// physical type: bool BOOLEAN, int INTEGER, long/datetime/timespan BIGINT (ticks), real DOUBLE,
// guid UUID, string/decimal/dynamic VARCHAR (dynamic: JSON text, NULL = null).
class ResultTable {
 public:
  virtual ~ResultTable() = default;
  std::string name;  // "PrimaryResult" unless `as` or fork gives one
  std::vector<ColumnSchema> columns;
  // The next chunk, never empty; nothing at the end. Tables are read in order: a call begins the
  // execution of this table's query. Errors are Kusto-shaped.
  virtual Result<std::optional<Chunk>> Next() = 0;
  // What the request and the text's set statements allow; 0: no limit. Whoever sends the rows on
  // keeps to it: he gives those that fit, then Kusto's error E_QUERY_RESULT_SET_TOO_LARGE.
  int64_t max_rows = 0;
  int64_t max_bytes = 0;
};

struct KqlResult {
  std::vector<std::unique_ptr<ResultTable>> tables;  // at least one
  // JSON text of the Visualization property ("" = none): always present for queries.
  std::string visualization;
  // cursor_current() if the query used a cursor function, else "".
  std::string cursor;
  std::map<std::string, std::string> options;  // `set x=y;` statements, values as texts
};

// A query whose rows are rows of one stored table, in its order: only filters and projections of
// pure expressions stand between. Valid as long as the PreparedSelect.
struct RowsOfTable {
  kql::TablePtr table;
  // Of each output, the column of the table whose values it shows unchanged.
  std::vector<std::optional<size_t>> stored;
  // The same SELECT over what another provider makes of the table.
  std::function<Result<std::string>(TableProvider&)> select;
};

// A SELECT for the first result table, ready to be wrapped (COPY (<sql>) TO …, CREATE TABLE … AS)
// and run on its own connection. Output column i is named "o<i>".
struct PreparedSelect {
  std::shared_ptr<Connection> connection;
  std::string sql;
  std::vector<ColumnSchema> columns;
  std::vector<std::shared_ptr<void>> keep_alive;  // until the statement has run
  std::map<std::string, std::string> options;
  std::optional<RowsOfTable> rows_of;
};

struct EngineOptions {
  int threads = 0;                 // of DuckDB; 0: as many as cores
  int64_t memory_limit_bytes = 0;  // 0: DuckDB's default (80 % of the machine)
  std::string temp_directory;      // spill; "" = none
};

// Safe from many threads: each query has a connection of its own. Results must be gone before the
// engine is. An engine must be destroyed before main() returns (or never): DuckDB's state of the
// thread is gone when static objects are destroyed.
class Engine {
 public:
  static Result<std::unique_ptr<Engine>> Create(const EngineOptions& options = {});
  virtual ~Engine() = default;

  // Binds and starts. Errors of syntax and names come here with Kusto's code as reason ("SYN0001",
  // "SEM0100"), errors of execution possibly from ResultTable::Next.
  virtual Result<KqlResult> Run(const QueryRequest& request, kql::Catalog& catalog,
                                TableProvider& provider) = 0;
  virtual Result<PreparedSelect> Prepare(const QueryRequest& request, kql::Catalog& catalog,
                                         TableProvider& provider) = 0;
  // Columns of the first result table, without running anything (but discovery queries of plugins
  // whose schema depends on data).
  virtual Result<std::vector<ColumnSchema>> Schema(const QueryRequest& request,
                                                   kql::Catalog& catalog,
                                                   TableProvider& provider) = 0;
  // Runs and collects the first table, whatever its size; for small results (tests, checks).
  virtual Result<ValueTable> Collect(const QueryRequest& request, kql::Catalog& catalog,
                                     TableProvider& provider) = 0;
  virtual Database& database() = 0;
};

}  // namespace kc::engine
