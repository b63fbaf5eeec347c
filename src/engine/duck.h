// DuckDB's C API behind types that clean up after themselves and report errors as values. Only this
// folder talks to DuckDB; duckdb.h is not included here.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"

struct _duckdb_appender;
struct _duckdb_connection;
struct _duckdb_data_chunk;
struct _duckdb_database;
struct _duckdb_vector;

namespace kc::engine {

// The physical types that this program puts into DuckDB or reads out of it. kOther: anything else;
// such a column can be skipped but not read.
enum class DuckType : uint8_t {
  kBool,
  kInt,     // INTEGER
  kLong,    // BIGINT
  kDouble,  // DOUBLE
  kUuid,
  kText,  // VARCHAR and BLOB
  kHugeInt,
  kOther,
};

// "BOOLEAN", "INTEGER", "BIGINT", "DOUBLE", "UUID", "VARCHAR": how a Kusto type is kept.
std::string_view SqlType(ScalarType type);
DuckType PhysicalType(ScalarType type);
// The beginning of the name that DuckDB gives itself in the files it writes: name and version.
std::string WriterName();
// 'it''s' and "col""umn".
std::string SqlString(std::string_view text);
std::string SqlName(std::string_view name);

// A VARCHAR cell, as DuckDB lays it out: up to 12 bytes inline, else a pointer.
struct DuckString {
  static constexpr uint32_t kInlineLength = 12;
  uint32_t length;
  char prefix[4];
  const char* pointer;

  std::string_view view() const { return {length <= kInlineLength ? prefix : pointer, length}; }
};
static_assert(sizeof(DuckString) == 16);

// A UUID or HUGEINT cell. The highest bit of a UUID is flipped, so that signed order is text order.
struct DuckHuge {
  uint64_t lower;
  int64_t upper;
};

// Lower case with hyphens, 36 characters to `out`.
void FormatUuid(DuckHuge uuid, char* out);
std::string FormatUuid(DuckHuge uuid);
// The canonical form of NormalizeGuid() only.
std::optional<DuckHuge> ParseUuid(std::string_view text);

// A view of one column of a chunk; valid as long as the chunk. Rows are not range-checked. Reading
// a cell that is null gives an undefined value (but no crash for numbers); ask IsNull first.
class Column {
 public:
  DuckType type() const { return type_; }
  bool IsNull(size_t row) const {
    return validity_ != nullptr && (validity_[row >> 6] >> (row & 63) & 1) == 0;
  }
  bool Bool(size_t row) const { return Data<bool>()[row]; }
  int32_t Int(size_t row) const { return Data<int32_t>()[row]; }
  int64_t Long(size_t row) const { return Data<int64_t>()[row]; }
  double Real(size_t row) const { return Data<double>()[row]; }
  std::string_view Text(size_t row) const { return Data<DuckString>()[row].view(); }
  DuckHuge Huge(size_t row) const { return Data<DuckHuge>()[row]; }
  template <typename T>
  const T* Data() const {
    return static_cast<const T*>(data_);
  }

 private:
  friend class Chunk;
  DuckType type_ = DuckType::kOther;
  const void* data_ = nullptr;
  const uint64_t* validity_ = nullptr;
};

// Up to 2048 rows of a result. Movable; not thread-safe.
class Chunk {
 public:
  explicit Chunk(_duckdb_data_chunk* owned);
  ~Chunk();
  Chunk(Chunk&& other) noexcept;
  Chunk& operator=(Chunk&& other) noexcept;

  size_t rows() const { return rows_; }
  size_t columns() const { return columns_.size(); }
  const Column& column(size_t i) const { return columns_[i]; }
  _duckdb_data_chunk* raw() const { return chunk_; }
  // Gives up the ownership; this chunk is empty afterwards.
  _duckdb_data_chunk* Release();

 private:
  _duckdb_data_chunk* chunk_;
  size_t rows_ = 0;
  std::vector<Column> columns_;
};

// A cell as a Value of the Kusto type that its column has: null VARCHAR cells of a string column
// are "". The column's physical type must be PhysicalType(type) (HUGEINT is accepted for long and
// wraps, INTEGER and BIGINT for each other).
Value CellValue(const Column& column, size_t row, ScalarType type);

// A running query. Rows are computed while they are fetched. Not thread-safe; the Connection must
// outlive it, and runs nothing else until it is destroyed or at its end.
class DuckResult {
 public:
  ~DuckResult();
  DuckResult(DuckResult&&) noexcept;
  DuckResult& operator=(DuckResult&&) noexcept;

  size_t columns() const;
  std::string ColumnName(size_t i) const;
  DuckType ColumnType(size_t i) const;
  // The next chunk (never empty); nothing at the end. An error ends the result.
  Result<std::optional<Chunk>> Next();

 private:
  friend class Connection;
  struct State;
  explicit DuckResult(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// One session. One thread at a time, but for Interrupt().
class Connection {
 public:
  ~Connection();
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;

  // Runs one or several statements separated by ';' to their end and drops their results.
  Status Execute(const std::string& sql);
  // Starts one statement; $1, $2 … are replaced by `parameters` (long for int64_t, VARCHAR for
  // strings). Errors of the query's text come from here, errors of its rows from Next().
  Result<DuckResult> Query(const std::string& sql, std::span<const Value> parameters = {});
  // The single value of the first row and column, as its physical type says; monostate if there is
  // no row.
  Result<Value> QueryValue(const std::string& sql, std::span<const Value> parameters = {});
  // Any thread: the running statement ends with an error whose reason is kInterrupted. No effect
  // when nothing runs.
  void Interrupt();
  _duckdb_connection* raw() const { return connection_; }

 private:
  friend class Database;
  explicit Connection(_duckdb_connection* owned) : connection_(owned) {}
  _duckdb_connection* connection_;
};

// Reasons that errors of this header carry.
inline constexpr std::string_view kInterrupted = "Interrupted";
inline constexpr std::string_view kOutOfMemory = "OutOfMemory";

// A database with all of Kusto's functions registered. Thread-safe. Must outlive its connections.
class Database {
 public:
  struct Options {
    std::string path;            // empty: in memory
    int threads = 0;             // 0: as many as the machine has
    std::string memory_limit;    // "2GB"; empty: DuckDB's (80 % of the machine's)
    std::string temp_directory;  // where large sorts and joins spill; empty: nowhere
  };
  static Result<std::unique_ptr<Database>> Open(const Options& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<Connection> Connect();

 private:
  explicit Database(_duckdb_database* owned) : database_(owned) {}
  _duckdb_database* database_;
};

// Rows to append, column by column: set every cell of rows 0 … n-1, append, start again. Not
// thread-safe.
class ChunkBuilder {
 public:
  static size_t Capacity();  // rows in a chunk: 2048
  explicit ChunkBuilder(std::span<const DuckType> types);
  ~ChunkBuilder();
  ChunkBuilder(const ChunkBuilder&) = delete;
  ChunkBuilder& operator=(const ChunkBuilder&) = delete;

  void SetNull(size_t column, size_t row);
  void SetBool(size_t column, size_t row, bool value) { Cell<bool>(column, row) = value; }
  void SetInt(size_t column, size_t row, int32_t value) { Cell<int32_t>(column, row) = value; }
  void SetLong(size_t column, size_t row, int64_t value) { Cell<int64_t>(column, row) = value; }
  void SetReal(size_t column, size_t row, double value) { Cell<double>(column, row) = value; }
  void SetUuid(size_t column, size_t row, DuckHuge value) { Cell<DuckHuge>(column, row) = value; }
  // Copied. Must be valid UTF-8 (SanitizeUtf8): DuckDB fails on other text later on.
  void SetText(size_t column, size_t row, std::string_view value);
  // Any value of the column's Kusto type; guid as canonical text.
  void SetValue(size_t column, size_t row, const Value& value);
  // Empties the chunk after it was appended.
  void Reset();

 private:
  friend class Appender;
  struct Target {
    DuckType type;
    _duckdb_vector* vector = nullptr;
    void* data = nullptr;
  };
  template <typename T>
  T& Cell(size_t column, size_t row) {
    return static_cast<T*>(targets_[column].data)[row];
  }
  void Attach();
  _duckdb_data_chunk* chunk_ = nullptr;
  std::vector<Target> targets_;
};

// Appends chunks to a table of `connection`. Rows may become visible before Close(), which reports
// what failed: append inside a transaction where all or nothing matters. Not thread-safe.
class Appender {
 public:
  static Result<Appender> Open(Connection& connection, const std::string& table);
  ~Appender();
  Appender(Appender&& other) noexcept;
  Appender& operator=(Appender&&) = delete;

  Status Append(const ChunkBuilder& chunk, size_t rows);
  Status Close();

 private:
  explicit Appender(_duckdb_appender* owned) : appender_(owned) {}
  _duckdb_appender* appender_;
};

}  // namespace kc::engine
