#include "engine/duck.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "base/text.h"
#include "duckdb.h"
#include "engine/udf/registry.h"

namespace kc::engine {
namespace {

Error DuckError(const char* message, duckdb_error_type type = DUCKDB_ERROR_INVALID) {
  Error error;
  error.message = message != nullptr ? message : "DuckDB failed without a message";
  for (char& c : error.message) {
    if (c == '\n') c = ' ';
  }
  if (type == DUCKDB_ERROR_INTERRUPT || error.message.rfind("INTERRUPT", 0) == 0) {
    error.reason = kInterrupted;
  } else if (type == DUCKDB_ERROR_OUT_OF_MEMORY ||
             error.message.rfind("Out of Memory Error", 0) == 0) {
    error.reason = kOutOfMemory;
  }
  return error;
}

DuckType FromDuck(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN:
      return DuckType::kBool;
    case DUCKDB_TYPE_INTEGER:
      return DuckType::kInt;
    case DUCKDB_TYPE_BIGINT:
      return DuckType::kLong;
    case DUCKDB_TYPE_DOUBLE:
      return DuckType::kDouble;
    case DUCKDB_TYPE_UUID:
      return DuckType::kUuid;
    case DUCKDB_TYPE_VARCHAR:
    case DUCKDB_TYPE_BLOB:
      return DuckType::kText;
    case DUCKDB_TYPE_HUGEINT:
      return DuckType::kHugeInt;
    default:
      return DuckType::kOther;
  }
}

duckdb_type ToDuck(DuckType type) {
  switch (type) {
    case DuckType::kBool:
      return DUCKDB_TYPE_BOOLEAN;
    case DuckType::kInt:
      return DUCKDB_TYPE_INTEGER;
    case DuckType::kLong:
      return DUCKDB_TYPE_BIGINT;
    case DuckType::kDouble:
      return DUCKDB_TYPE_DOUBLE;
    case DuckType::kUuid:
      return DUCKDB_TYPE_UUID;
    case DuckType::kHugeInt:
      return DUCKDB_TYPE_HUGEINT;
    default:
      return DUCKDB_TYPE_VARCHAR;
  }
}

duckdb_state Bind(duckdb_prepared_statement statement, idx_t index, const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) {
    return duckdb_bind_boolean(statement, index, *flag);
  }
  if (const auto* number = std::get_if<int64_t>(&value)) {
    return duckdb_bind_int64(statement, index, *number);
  }
  if (const auto* real = std::get_if<double>(&value)) {
    return duckdb_bind_double(statement, index, *real);
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    return duckdb_bind_varchar_length(statement, index, text->data(), text->size());
  }
  return duckdb_bind_null(statement, index);
}

}  // namespace

std::string_view SqlType(ScalarType type) {
  switch (type) {
    case ScalarType::kBool:
      return "BOOLEAN";
    case ScalarType::kInt:
      return "INTEGER";
    case ScalarType::kLong:
    case ScalarType::kDateTime:
    case ScalarType::kTimeSpan:
      return "BIGINT";
    case ScalarType::kReal:
      return "DOUBLE";
    case ScalarType::kGuid:
      return "UUID";
    case ScalarType::kDecimal:
    case ScalarType::kString:
    case ScalarType::kDynamic:
      return "VARCHAR";
  }
  KC_ASSERT(false);
}

DuckType PhysicalType(ScalarType type) {
  switch (type) {
    case ScalarType::kBool:
      return DuckType::kBool;
    case ScalarType::kInt:
      return DuckType::kInt;
    case ScalarType::kLong:
    case ScalarType::kDateTime:
    case ScalarType::kTimeSpan:
      return DuckType::kLong;
    case ScalarType::kReal:
      return DuckType::kDouble;
    case ScalarType::kGuid:
      return DuckType::kUuid;
    case ScalarType::kDecimal:
    case ScalarType::kString:
    case ScalarType::kDynamic:
      return DuckType::kText;
  }
  KC_ASSERT(false);
}

std::string WriterName() {
  return std::string("DuckDB version ") + duckdb_library_version() + " ";
}

std::string SqlString(std::string_view text) {
  std::string quoted = "'" + ReplaceAll(std::string(text), "'", "''") + "'";
  if (quoted.find('\0') == std::string::npos) return quoted;
  // DuckDB's parser takes a NUL for the end of the statement.
  return "(" + ReplaceAll(std::move(quoted), std::string_view("\0", 1), "'||chr(0)||'") + ")";
}

std::string SqlName(std::string_view name) {
  return "\"" + ReplaceAll(std::string(name), "\"", "\"\"") + "\"";
}

void FormatUuid(DuckHuge uuid, char* out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const uint64_t high = static_cast<uint64_t>(uuid.upper) ^ (uint64_t{1} << 63);
  int at = 0;
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) out[at++] = '-';
    const uint64_t half = nibble < 16 ? high : uuid.lower;
    out[at++] = kDigits[half >> (60 - 4 * (nibble % 16)) & 15];
  }
}

std::string FormatUuid(DuckHuge uuid) {
  std::string text(36, '\0');
  FormatUuid(uuid, text.data());
  return text;
}

std::optional<DuckHuge> ParseUuid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  uint64_t halves[2] = {0, 0};
  int nibble = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != '-') return std::nullopt;
      continue;
    }
    int digit = -1;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (digit < 0) return std::nullopt;
    uint64_t& half = halves[nibble++ / 16];
    half = half << 4 | static_cast<uint64_t>(digit);
  }
  return DuckHuge{halves[1], static_cast<int64_t>(halves[0] ^ (uint64_t{1} << 63))};
}

Chunk::Chunk(duckdb_data_chunk owned) : chunk_(owned) {
  rows_ = duckdb_data_chunk_get_size(chunk_);
  columns_.resize(duckdb_data_chunk_get_column_count(chunk_));
  for (size_t i = 0; i < columns_.size(); ++i) {
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk_, i);
    duckdb_logical_type type = duckdb_vector_get_column_type(vector);
    columns_[i].type_ = FromDuck(duckdb_get_type_id(type));
    duckdb_destroy_logical_type(&type);
    columns_[i].data_ = duckdb_vector_get_data(vector);
    columns_[i].validity_ = duckdb_vector_get_validity(vector);
  }
}

Chunk::~Chunk() {
  if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
}

Chunk::Chunk(Chunk&& other) noexcept
    : chunk_(std::exchange(other.chunk_, nullptr)),
      rows_(std::exchange(other.rows_, 0)),
      columns_(std::move(other.columns_)) {}

Chunk& Chunk::operator=(Chunk&& other) noexcept {
  std::swap(chunk_, other.chunk_);
  std::swap(rows_, other.rows_);
  std::swap(columns_, other.columns_);
  return *this;
}

duckdb_data_chunk Chunk::Release() {
  columns_.clear();
  rows_ = 0;
  return std::exchange(chunk_, nullptr);
}

Value CellValue(const Column& column, size_t row, ScalarType type) {
  if (column.IsNull(row)) {
    return type == ScalarType::kString ? Value(std::string()) : Value();
  }
  switch (column.type()) {
    case DuckType::kBool:
      return column.Bool(row);
    case DuckType::kInt:
      return static_cast<int64_t>(column.Int(row));
    case DuckType::kLong:
      return column.Long(row);
    case DuckType::kDouble:
      return column.Real(row);
    case DuckType::kUuid:
      return FormatUuid(column.Huge(row));
    case DuckType::kText:
      return std::string(column.Text(row));
    case DuckType::kHugeInt:
      return static_cast<int64_t>(column.Huge(row).lower);
    case DuckType::kOther:
      break;
  }
  return Value();
}

struct DuckResult::State {
  duckdb_prepared_statement statement = nullptr;
  duckdb_pending_result pending = nullptr;
  duckdb_result result = {};
  bool ended = false;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (pending != nullptr) duckdb_destroy_pending(&pending);
    duckdb_destroy_result(&result);
    if (statement != nullptr) duckdb_destroy_prepare(&statement);
  }
};

namespace {

// A thread that has nothing to do for its query until others finish their part looks again after
// this time, twice as long each time: DuckDB's own loop looks without a pause, and two programs on
// a few cores take the time for that from each other (a fifth of a copy's, measured).
constexpr std::chrono::microseconds kFirstLook{20};
constexpr std::chrono::microseconds kLongestLook{1000};

// Works on the query until its first rows are there. False: it failed.
bool WorkUntilReady(duckdb_pending_result pending) {
  std::chrono::microseconds pause = kFirstLook;
  while (true) {
    switch (duckdb_pending_execute_task(pending)) {
      case DUCKDB_PENDING_RESULT_NOT_READY:
        pause = kFirstLook;
        break;
      case DUCKDB_PENDING_NO_TASKS_AVAILABLE:
        std::this_thread::sleep_for(pause);
        pause = std::min(pause * 2, kLongestLook);
        break;
      case DUCKDB_PENDING_RESULT_READY:
        return true;
      case DUCKDB_PENDING_ERROR:
        return false;
    }
  }
}

}  // namespace

DuckResult::DuckResult(std::unique_ptr<State> state) : state_(std::move(state)) {}
DuckResult::~DuckResult() = default;
DuckResult::DuckResult(DuckResult&&) noexcept = default;
DuckResult& DuckResult::operator=(DuckResult&&) noexcept = default;

size_t DuckResult::columns() const {
  return duckdb_column_count(&state_->result);
}

std::string DuckResult::ColumnName(size_t i) const {
  const char* name = duckdb_column_name(&state_->result, i);
  return name != nullptr ? name : "";
}

DuckType DuckResult::ColumnType(size_t i) const {
  return FromDuck(duckdb_column_type(&state_->result, i));
}

Result<std::optional<Chunk>> DuckResult::Next() {
  while (!state_->ended) {
    duckdb_data_chunk raw = duckdb_fetch_chunk(state_->result);
    if (raw == nullptr) {
      state_->ended = true;
      const char* message = duckdb_result_error(&state_->result);
      if (message != nullptr && *message != '\0') {
        return Fail(DuckError(message, duckdb_result_error_type(&state_->result)));
      }
      break;
    }
    Chunk chunk(raw);
    if (chunk.rows() > 0) return std::optional<Chunk>(std::move(chunk));
  }
  return std::optional<Chunk>();
}

Connection::~Connection() {
  if (connection_ != nullptr) duckdb_disconnect(&connection_);
}

Connection::Connection(Connection&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}

Connection& Connection::operator=(Connection&& other) noexcept {
  std::swap(connection_, other.connection_);
  return *this;
}

Status Connection::Execute(const std::string& sql) {
  duckdb_result result;
  const duckdb_state state = duckdb_query(connection_, sql.c_str(), &result);
  Status status;
  if (state != DuckDBSuccess) {
    status = Fail(DuckError(duckdb_result_error(&result), duckdb_result_error_type(&result)));
  }
  duckdb_destroy_result(&result);
  return status;
}

Result<DuckResult> Connection::Query(const std::string& sql, std::span<const Value> parameters) {
  auto state = std::make_unique<DuckResult::State>();
  if (duckdb_prepare(connection_, sql.c_str(), &state->statement) != DuckDBSuccess) {
    return Fail(DuckError(duckdb_prepare_error(state->statement)));
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (Bind(state->statement, i + 1, parameters[i]) != DuckDBSuccess) {
      return Fail(DuckError(duckdb_prepare_error(state->statement)));
    }
  }
  if (duckdb_pending_prepared_streaming(state->statement, &state->pending) != DuckDBSuccess) {
    return Fail(DuckError(duckdb_pending_error(state->pending)));
  }
  if (!WorkUntilReady(state->pending)) {
    return Fail(DuckError(duckdb_pending_error(state->pending)));
  }
  if (duckdb_execute_pending(state->pending, &state->result) != DuckDBSuccess) {
    return Fail(
        DuckError(duckdb_result_error(&state->result), duckdb_result_error_type(&state->result)));
  }
  return DuckResult(std::move(state));
}

Result<Value> Connection::QueryValue(const std::string& sql, std::span<const Value> parameters) {
  KC_ASSIGN(DuckResult result, Query(sql, parameters));
  KC_ASSIGN(std::optional<Chunk> chunk, result.Next());
  if (!chunk || chunk->columns() == 0) return Value();
  // No string column is ever null, so dynamic's rule (null stays null) fits every type here.
  return CellValue(chunk->column(0), 0, ScalarType::kDynamic);
}

void Connection::Interrupt() {
  duckdb_interrupt(connection_);
}

Result<std::unique_ptr<Database>> Database::Open(const Options& options) {
  duckdb_config config = nullptr;
  if (duckdb_create_config(&config) != DuckDBSuccess) return Stop("DuckDB has no configuration");
  const auto set = [&](const char* name, const std::string& value) {
    if (!value.empty()) duckdb_set_config(config, name, value.c_str());
  };
  set("threads", options.threads > 0 ? std::to_string(options.threads) : "");
  set("memory_limit", options.memory_limit);
  set("temp_directory", options.temp_directory);
  set("preserve_insertion_order", "true");
  set("autoinstall_known_extensions", "false");
  set("autoload_known_extensions", "false");
  duckdb_database raw = nullptr;
  char* message = nullptr;
  const duckdb_state state = duckdb_open_ext(options.path.empty() ? nullptr : options.path.c_str(),
                                             &raw, config, &message);
  duckdb_destroy_config(&config);
  if (state != DuckDBSuccess) {
    Error error = DuckError(message);
    duckdb_free(message);
    return Fail(std::move(error));
  }
  std::unique_ptr<Database> database(new Database(raw));
  KC_ASSIGN(Connection connection, database->Connect());
  // Halves the time of queries over many extents, whose files never change.
  KC_TRY(connection.Execute("SET GLOBAL parquet_metadata_cache=true"));
  KC_TRY(udf::RegisterAll(connection));
  return database;
}

Database::~Database() {
  duckdb_close(&database_);
}

Result<Connection> Database::Connect() {
  duckdb_connection raw = nullptr;
  if (duckdb_connect(database_, &raw) != DuckDBSuccess) {
    return Stop("DuckDB refused a connection");
  }
  Connection connection(raw);
  KC_TRY(connection.Execute("SET TimeZone='UTC'"));
  return connection;
}

size_t ChunkBuilder::Capacity() {
  return duckdb_vector_size();
}

ChunkBuilder::ChunkBuilder(std::span<const DuckType> types) {
  std::vector<duckdb_logical_type> logical;
  for (const DuckType type : types) {
    logical.push_back(duckdb_create_logical_type(ToDuck(type)));
    targets_.push_back({type});
  }
  chunk_ = duckdb_create_data_chunk(logical.data(), logical.size());
  for (duckdb_logical_type& type : logical) duckdb_destroy_logical_type(&type);
  Attach();
}

ChunkBuilder::~ChunkBuilder() {
  duckdb_destroy_data_chunk(&chunk_);
}

void ChunkBuilder::Attach() {
  for (size_t i = 0; i < targets_.size(); ++i) {
    targets_[i].vector = duckdb_data_chunk_get_vector(chunk_, i);
    targets_[i].data = duckdb_vector_get_data(targets_[i].vector);
  }
}

void ChunkBuilder::SetNull(size_t column, size_t row) {
  duckdb_vector vector = targets_[column].vector;
  duckdb_vector_ensure_validity_writable(vector);
  duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector), row);
}

void ChunkBuilder::SetText(size_t column, size_t row, std::string_view value) {
  duckdb_vector_assign_string_element_len(targets_[column].vector, row, value.data(), value.size());
}

void ChunkBuilder::SetValue(size_t column, size_t row, const Value& value) {
  const DuckType type = targets_[column].type;
  if (const auto* flag = std::get_if<bool>(&value)) {
    SetBool(column, row, *flag);
  } else if (const auto* number = std::get_if<int64_t>(&value)) {
    type == DuckType::kInt ? SetInt(column, row, static_cast<int32_t>(*number))
                           : SetLong(column, row, *number);
  } else if (const auto* real = std::get_if<double>(&value)) {
    SetReal(column, row, *real);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    if (type == DuckType::kUuid) {
      const std::optional<DuckHuge> uuid = ParseUuid(*text);
      uuid ? SetUuid(column, row, *uuid) : SetNull(column, row);
    } else {
      SetText(column, row, *text);
    }
  } else {
    SetNull(column, row);
  }
}

void ChunkBuilder::Reset() {
  duckdb_data_chunk_reset(chunk_);
  Attach();
}

Result<Appender> Appender::Open(Connection& connection, const std::string& table) {
  duckdb_appender raw = nullptr;
  if (duckdb_appender_create(connection.raw(), nullptr, table.c_str(), &raw) != DuckDBSuccess) {
    Error error = DuckError(duckdb_appender_error(raw));
    duckdb_appender_destroy(&raw);
    return Fail(std::move(error));
  }
  return Appender(raw);
}

Appender::~Appender() {
  if (appender_ != nullptr) duckdb_appender_destroy(&appender_);
}

Appender::Appender(Appender&& other) noexcept
    : appender_(std::exchange(other.appender_, nullptr)) {}

Status Appender::Append(const ChunkBuilder& chunk, size_t rows) {
  duckdb_data_chunk_set_size(chunk.chunk_, rows);
  if (duckdb_append_data_chunk(appender_, chunk.chunk_) != DuckDBSuccess) {
    return Fail(DuckError(duckdb_appender_error(appender_)));
  }
  return {};
}

Status Appender::Close() {
  if (duckdb_appender_close(appender_) != DuckDBSuccess) {
    return Fail(DuckError(duckdb_appender_error(appender_)));
  }
  return {};
}

}  // namespace kc::engine
