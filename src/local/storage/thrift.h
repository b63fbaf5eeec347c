// Values of Thrift's compact protocol, which the footers of Parquet files are written in: read
// whole, changed, written again. Fields that this program doesn't know are kept. Pure; safe from
// any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace kc::local {

enum class ThriftType : uint8_t {
  kTrue = 1,  // as the type of a list's elements: any bool
  kFalse = 2,
  kByte = 3,
  kI16 = 4,
  kI32 = 5,
  kI64 = 6,
  kDouble = 7,
  kBinary = 8,
  kList = 9,
  kSet = 10,
  kMap = 11,
  kStruct = 12,
};

struct ThriftField;

struct ThriftValue {
  ThriftType type = ThriftType::kStruct;
  int64_t number = 0;  // integers
  std::string bytes;   // kBinary; kDouble: its eight bytes
  // kList, kSet: elements; kMap: keys and values by turns. Their types.
  ThriftType element = ThriftType::kStruct;
  ThriftType map_value = ThriftType::kStruct;
  std::vector<ThriftValue> items;
  // kStruct: by field id, ascending.
  std::vector<ThriftField> fields;

  // Of a struct; null if it isn't there.
  const ThriftValue* Find(int field) const;
  ThriftValue* Find(int field) {
    return const_cast<ThriftValue*>(std::as_const(*this).Find(field));
  }
  // The field's number, bytes, items; 0 or empty if it isn't there or of another type.
  int64_t Number(int field) const;
  std::string_view Bytes(int field) const;
  const std::vector<ThriftValue>& Items(int field) const;
  void Set(int field, ThriftValue value);
  void Erase(int field);
};

struct ThriftField {
  int id = 0;
  ThriftValue value;
};

ThriftValue ThriftI32(int64_t value);
ThriftValue ThriftI64(int64_t value);
ThriftValue ThriftText(std::string text);
ThriftValue ThriftList(std::vector<ThriftValue> structs);

// kStop if the bytes aren't exactly one struct.
Result<ThriftValue> ParseThrift(std::string_view bytes);
std::string WriteThrift(const ThriftValue& value);

}  // namespace kc::local
