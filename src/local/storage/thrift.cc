#include "local/storage/thrift.h"

#include <algorithm>

namespace kc::local {
namespace {

// Deeper nesting than any Parquet footer has.
constexpr int kMaxDepth = 32;
constexpr size_t kDoubleBytes = 8;
// Lists up to this length have it in their first byte.
constexpr uint64_t kLongList = 15;

bool IsBool(ThriftType type) {
  return type == ThriftType::kTrue || type == ThriftType::kFalse;
}

class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}

  bool Run(ThriftValue& out) { return Struct(out, 0) && at_ == in_.size(); }

 private:
  bool Byte(uint8_t& out) {
    if (at_ == in_.size()) return false;
    out = static_cast<uint8_t>(in_[at_++]);
    return true;
  }

  bool Varint(uint64_t& value) {
    value = 0;
    uint8_t byte = 0;
    for (int shift = 0; shift < 64 && Byte(byte); shift += 7) {
      value |= uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  bool Number(int64_t& value) {
    uint64_t zigzag = 0;
    if (!Varint(zigzag)) return false;
    value = static_cast<int64_t>(zigzag >> 1) ^ -static_cast<int64_t>(zigzag & 1);
    return true;
  }

  bool Take(uint64_t count, std::string& out) {
    if (in_.size() - at_ < count) return false;
    out.assign(in_.substr(at_, count));
    at_ += count;
    return true;
  }

  // `alone`: in a list or map, where a bool has a byte of its own.
  bool One(ThriftType type, ThriftValue& out, int depth, bool alone) {
    out.type = type;
    uint64_t length = 0;
    uint8_t byte = 0;
    switch (type) {
      case ThriftType::kTrue:
      case ThriftType::kFalse:
        if (!alone) return true;
        [[fallthrough]];
      case ThriftType::kByte:
        if (!Byte(byte)) return false;
        out.number = byte;
        return true;
      case ThriftType::kI16:
      case ThriftType::kI32:
      case ThriftType::kI64:
        return Number(out.number);
      case ThriftType::kDouble:
        return Take(kDoubleBytes, out.bytes);
      case ThriftType::kBinary:
        return Varint(length) && Take(length, out.bytes);
      case ThriftType::kList:
      case ThriftType::kSet:
        return List(out, depth + 1);
      case ThriftType::kMap:
        return Map(out, depth + 1);
      case ThriftType::kStruct:
        return Struct(out, depth + 1);
    }
    return false;
  }

  bool List(ThriftValue& out, int depth) {
    uint8_t header = 0;
    if (depth > kMaxDepth || !Byte(header)) return false;
    out.element = static_cast<ThriftType>(header & 15);
    uint64_t count = header >> 4;
    if (count == kLongList && !Varint(count)) return false;
    // Each takes a byte at least.
    if (count > in_.size() - at_) return false;
    out.items.resize(count);
    return std::all_of(out.items.begin(), out.items.end(),
                       [&](ThriftValue& item) { return One(out.element, item, depth, true); });
  }

  bool Map(ThriftValue& out, int depth) {
    uint64_t count = 0;
    uint8_t types = 0;
    if (depth > kMaxDepth || !Varint(count)) return false;
    if (count == 0) return true;
    if (count > in_.size() - at_ || !Byte(types)) return false;
    out.element = static_cast<ThriftType>(types >> 4);
    out.map_value = static_cast<ThriftType>(types & 15);
    out.items.resize(2 * count);
    for (size_t i = 0; i < out.items.size(); ++i) {
      if (!One(i % 2 == 0 ? out.element : out.map_value, out.items[i], depth, true)) return false;
    }
    return true;
  }

  bool Struct(ThriftValue& out, int depth) {
    if (depth > kMaxDepth) return false;
    out.type = ThriftType::kStruct;
    int64_t field = 0;
    uint8_t header = 0;
    while (Byte(header)) {
      if (header == 0) return true;
      int64_t id = field + (header >> 4);
      if (header >> 4 == 0 && !Number(id)) return false;
      // Fields come in order; two of one id would be told apart by nobody.
      if (id <= field || id > INT16_MAX) return false;
      field = id;
      out.fields.push_back({static_cast<int>(id), ThriftValue()});
      ThriftValue& value = out.fields.back().value;
      if (!One(static_cast<ThriftType>(header & 15), value, depth, false)) return false;
    }
    return false;
  }

  std::string_view in_;
  size_t at_ = 0;
};

class Writer {
 public:
  void Struct(const ThriftValue& value) {
    int last = 0;
    for (const auto& [id, field] : value.fields) {
      const auto type = static_cast<uint8_t>(field.type);
      if (id - last <= 15) {
        out_ += static_cast<char>((id - last) << 4 | type);
      } else {
        out_ += static_cast<char>(type);
        Number(id);
      }
      last = id;
      One(field, false);
    }
    out_ += '\0';
  }
  std::string Take() { return std::move(out_); }

 private:
  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }
  void Number(int64_t value) {
    Varint(static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63));
  }

  void One(const ThriftValue& value, bool alone) {
    if (IsBool(value.type) && !alone) return;
    switch (value.type) {
      case ThriftType::kTrue:
      case ThriftType::kFalse:
      case ThriftType::kByte:
        out_ += static_cast<char>(value.number);
        return;
      case ThriftType::kI16:
      case ThriftType::kI32:
      case ThriftType::kI64:
        return Number(value.number);
      case ThriftType::kBinary:
        Varint(value.bytes.size());
        [[fallthrough]];
      case ThriftType::kDouble:
        out_ += value.bytes;
        return;
      case ThriftType::kMap:
        Varint(value.items.size() / 2);
        if (value.items.empty()) return;
        out_ += static_cast<char>(static_cast<uint8_t>(value.element) << 4 |
                                  static_cast<uint8_t>(value.map_value));
        break;
      case ThriftType::kList:
      case ThriftType::kSet: {
        const uint64_t count = std::min<uint64_t>(value.items.size(), kLongList);
        out_ += static_cast<char>(count << 4 | static_cast<uint8_t>(value.element));
        if (count == kLongList) Varint(value.items.size());
        break;
      }
      case ThriftType::kStruct:
        return Struct(value);
    }
    for (const ThriftValue& item : value.items) One(item, true);
  }

  std::string out_;
};

auto Place(const std::vector<ThriftField>& fields, int field) {
  return std::lower_bound(fields.begin(), fields.end(), field,
                          [](const auto& entry, int id) { return entry.id < id; });
}

}  // namespace

const ThriftValue* ThriftValue::Find(int field) const {
  auto at = Place(fields, field);
  return at != fields.end() && at->id == field ? &at->value : nullptr;
}

int64_t ThriftValue::Number(int field) const {
  const ThriftValue* value = Find(field);
  return value != nullptr ? value->number : 0;
}

std::string_view ThriftValue::Bytes(int field) const {
  const ThriftValue* value = Find(field);
  return value != nullptr ? std::string_view(value->bytes) : std::string_view();
}

const std::vector<ThriftValue>& ThriftValue::Items(int field) const {
  static const std::vector<ThriftValue> kNone;
  const ThriftValue* value = Find(field);
  return value != nullptr ? value->items : kNone;
}

void ThriftValue::Set(int field, ThriftValue value) {
  auto at = fields.begin() + (Place(fields, field) - fields.cbegin());
  if (at == fields.end() || at->id != field) at = fields.insert(at, {field, ThriftValue()});
  at->value = std::move(value);
}

void ThriftValue::Erase(int field) {
  auto at = Place(fields, field);
  if (at != fields.end() && at->id == field) fields.erase(at);
}

ThriftValue ThriftI32(int64_t value) {
  ThriftValue out;
  out.type = ThriftType::kI32;
  out.number = value;
  return out;
}

ThriftValue ThriftI64(int64_t value) {
  ThriftValue out = ThriftI32(value);
  out.type = ThriftType::kI64;
  return out;
}

ThriftValue ThriftText(std::string text) {
  ThriftValue out;
  out.type = ThriftType::kBinary;
  out.bytes = std::move(text);
  return out;
}

ThriftValue ThriftList(std::vector<ThriftValue> structs) {
  ThriftValue out;
  out.type = ThriftType::kList;
  out.items = std::move(structs);
  return out;
}

Result<ThriftValue> ParseThrift(std::string_view bytes) {
  ThriftValue out;
  if (!Reader(bytes).Run(out)) return Stop("The Parquet footer is malformed");
  return out;
}

std::string WriteThrift(const ThriftValue& value) {
  Writer writer;
  writer.Struct(value);
  return writer.Take();
}

}  // namespace kc::local
