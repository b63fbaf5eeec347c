#include "local/server/row_source.h"

#include <algorithm>

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

class EngineRows final : public RowSource {
 public:
  explicit EngineRows(engine::ResultTable& table) : table_(table) {
    name = table.name;
    columns = table.columns;
    types_ = engine::TypesOf(columns);
  }
  Result<int64_t> Next(std::string& out) override {
    KC_ASSIGN(const std::optional<engine::Chunk> chunk, table_.Next());
    if (!chunk) return 0;
    engine::AppendJsonRows(out, *chunk, types_);
    return static_cast<int64_t>(chunk->rows());
  }

 private:
  engine::ResultTable& table_;
  std::vector<ScalarType> types_;
};

}  // namespace

std::unique_ptr<RowSource> RowsOf(const ValueTable& table) {
  return std::make_unique<ValueRows>(table);
}
std::unique_ptr<RowSource> RowsOf(engine::ResultTable& table) {
  return std::make_unique<EngineRows>(table);
}

}  // namespace kc::local
