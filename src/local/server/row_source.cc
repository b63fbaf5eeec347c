#include "local/server/row_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/duck.h"
#include "engine/encode_json.h"

namespace kc::local {
namespace {

// Rows that are encoded at a time.
constexpr size_t kBatchRows = 2048;

class ValueRows final : public RowSource {
 public:
  explicit ValueRows(const ValueTable& table) : table_(table) {
    name = table.name;
    columns = table.columns;
  }
  Result<int64_t> Next(std::string& out) override {
    const size_t end = std::min(next_ + kBatchRows, table_.rows.size());
    const size_t begin = next_;
    for (; next_ < end; ++next_) {
      const std::vector<Value>& row = table_.rows[next_];
      KC_ASSERT(row.size() == columns.size());
      out += next_ == begin ? "[" : ",[";
      for (size_t i = 0; i < row.size(); ++i) {
        if (i != 0) out += ',';
        engine::AppendJsonCell(out, row[i], columns[i].type);
      }
      out += ']';
    }
    return static_cast<int64_t>(end - begin);
  }

 private:
  const ValueTable& table_;
  size_t next_ = 0;
};

// Rows of a query, up to the limits that its table has.
class EngineRows final : public RowSource {
 public:
  explicit EngineRows(engine::ResultTable& table) : table_(table) {
    name = table.name;
    columns = table.columns;
    types_ = engine::TypesOf(columns);
  }

  Result<int64_t> Next(std::string& out) override {
    if (!chunk_ || next_ == chunk_->rows()) {
      KC_ASSIGN(chunk_, table_.Next());
      next_ = 0;
      if (!chunk_) return 0;
    }
    size_t count = std::min(chunk_->rows() - next_, slice_);
    if (table_.max_rows > 0) {
      const int64_t left = table_.max_rows - rows_;
      if (left == 0) return TooLarge("record count", table_.max_rows);
      count = std::min(count, static_cast<size_t>(left));
    }
    const size_t before = out.size();
    engine::AppendJsonRows(out, *chunk_, next_, next_ + count, types_);
    const size_t size = out.size() - before;
    bytes_ += static_cast<int64_t>(size);
    if (table_.max_bytes > 0 && bytes_ > table_.max_bytes) {
      out.resize(before);
      return TooLarge("data size", table_.max_bytes);
    }
    next_ += count;
    rows_ += static_cast<int64_t>(count);
    slice_ = std::clamp(kSliceBytes / (size / count + 1), size_t{1}, kBatchRows);
    return static_cast<int64_t>(count);
  }

 private:
  // Text that is made at a time: rows may have cells of many megabytes.
  static constexpr size_t kSliceBytes = 1 << 20;

  static tl::unexpected<Error> TooLarge(const char* what, int64_t limit) {
    return Stop(fmt::format("Query result set has exceeded the internal {} limit {} "
                            "(E_QUERY_RESULT_SET_TOO_LARGE; see https://aka.ms/kustoquerylimits)",
                            what, limit),
                "E_QUERY_RESULT_SET_TOO_LARGE");
  }

  engine::ResultTable& table_;
  std::vector<ScalarType> types_;
  std::optional<engine::Chunk> chunk_;
  size_t next_ = 0;  // row of the chunk
  size_t slice_ = 16;
  int64_t rows_ = 0;
  int64_t bytes_ = 0;
};

}  // namespace

std::unique_ptr<RowSource> RowsOf(const ValueTable& table) {
  return std::make_unique<ValueRows>(table);
}
std::unique_ptr<RowSource> RowsOf(engine::ResultTable& table) {
  return std::make_unique<EngineRows>(table);
}

}  // namespace kc::local
