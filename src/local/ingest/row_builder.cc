#include "local/ingest/row_builder.h"

#include <limits>
#include <utility>

#include "base/text.h"
#include "engine/ingest_cells.h"
#include "local/ingest/value_parser.h"

namespace kc::local {
namespace {

std::vector<engine::DuckType> PhysicalTypes(const std::vector<TargetColumn>& columns) {
  std::vector<engine::DuckType> types;
  for (const TargetColumn& column : columns) {
    types.push_back(engine::PhysicalType(column.schema.type));
  }
  return types;
}

}  // namespace

RowBuilder::RowBuilder(std::vector<TargetColumn> columns, ChunkSink& sink)
    : columns_(std::move(columns)), sink_(sink), chunk_(PhysicalTypes(columns_)) {
  set_.resize(columns_.size());
}

void RowBuilder::Mark(size_t column, size_t bytes) {
  original_bytes_ += static_cast<int64_t>(bytes);
  if (set_[column]) return;
  set_[column] = true;
  ++set_count_;
}

void RowBuilder::SetNull(size_t column) {
  if (columns_[column].schema.type == ScalarType::kString) {
    chunk_.SetText(column, row_, "");
  } else {
    chunk_.SetNull(column, row_);
  }
  Mark(column, 0);
}

void RowBuilder::SetLong(size_t column, int64_t value) {
  if (columns_[column].schema.type != ScalarType::kInt) {
    chunk_.SetLong(column, row_, value);
  } else if (value < std::numeric_limits<int32_t>::min() ||
             value > std::numeric_limits<int32_t>::max()) {
    return SetNull(column);
  } else {
    chunk_.SetInt(column, row_, static_cast<int32_t>(value));
  }
  Mark(column, sizeof value);
}

void RowBuilder::SetReal(size_t column, double value) {
  chunk_.SetReal(column, row_, value);
  Mark(column, sizeof value);
}

void RowBuilder::SetBool(size_t column, bool value) {
  chunk_.SetBool(column, row_, value);
  Mark(column, 1);
}

void RowBuilder::SetDynamic(size_t column, std::string_view json) {
  if (json == "null" || json.size() > columns_[column].max_value_bytes) return SetNull(column);
  chunk_.SetText(column, row_, json);
  Mark(column, json.size());
}

void RowBuilder::SetText(size_t column, std::string_view text) {
  const TargetColumn& target = columns_[column];
  switch (target.schema.type) {
    case ScalarType::kString: {
      std::string_view cell = engine::StringCell(text, target.max_value_bytes, scratch_);
      chunk_.SetText(column, row_, cell);
      return Mark(column, cell.size());
    }
    case ScalarType::kDynamic: {
      bool there = engine::DynamicCell(text, target.max_value_bytes, scratch_);
      return there ? SetDynamic(column, scratch_) : SetNull(column);
    }
    case ScalarType::kBool: {
      auto value = ParseBoolText(text);
      return value ? SetBool(column, *value) : SetNull(column);
    }
    case ScalarType::kInt:
    case ScalarType::kLong: {
      auto value = ParseLongText(text);
      return value ? SetLong(column, *value) : SetNull(column);
    }
    case ScalarType::kReal: {
      auto value = ParseRealText(text);
      return value ? SetReal(column, *value) : SetNull(column);
    }
    case ScalarType::kDateTime: {
      auto ticks = ParseDateTimeText(text);
      return ticks ? SetLong(column, *ticks) : SetNull(column);
    }
    case ScalarType::kTimeSpan: {
      auto ticks = ParseTimeSpanText(text);
      return ticks ? SetLong(column, *ticks) : SetNull(column);
    }
    case ScalarType::kDecimal: {
      auto decimal = ParseDecimalText(text);
      if (!decimal) return SetNull(column);
      chunk_.SetText(column, row_, *decimal);
      return Mark(column, decimal->size());
    }
    case ScalarType::kGuid: {
      auto guid = NormalizeGuid(Trim(text));
      if (!guid) return SetNull(column);
      chunk_.SetUuid(column, row_, *engine::ParseUuid(*guid));
      return Mark(column, sizeof(engine::DuckHuge));
    }
  }
}

Status RowBuilder::EndRow() {
  if (set_count_ < columns_.size()) {
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (!set_[i]) SetNull(i);
    }
  }
  set_.assign(columns_.size(), false);
  set_count_ = 0;
  ++row_;
  ++rows_;
  return row_ == engine::ChunkBuilder::Capacity() ? Finish() : Status();
}

Status RowBuilder::Finish() {
  if (row_ == 0) return {};
  KC_TRY(sink_.Append(chunk_, row_));
  chunk_.Reset();
  row_ = 0;
  return {};
}

}  // namespace kc::local
