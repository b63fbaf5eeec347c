#include "local/export/parquet_footer.h"

#include <cstdint>
#include <cstring>

namespace kc::local {
namespace {

constexpr std::string_view kMagic = "PAR1";
// Deeper nesting than any Parquet footer has.
constexpr int kMaxDepth = 32;

enum Type : uint8_t {
  kTrue = 1,
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

// What a value is, as far as names are concerned.
enum class Role { kOther, kFile, kSchemaElement, kRowGroup, kColumnChunk, kColumnMeta, kName };

// Role of a struct's field (of its elements, if it is a list), by the ids of parquet.thrift.
Role RoleOf(Role parent, int64_t field) {
  switch (parent) {
    case Role::kFile:
      return field == 2 ? Role::kSchemaElement : field == 4 ? Role::kRowGroup : Role::kOther;
    case Role::kSchemaElement:
      return field == 4 ? Role::kName : Role::kOther;
    case Role::kRowGroup:
      return field == 1 ? Role::kColumnChunk : Role::kOther;
    case Role::kColumnChunk:
      return field == 3 ? Role::kColumnMeta : Role::kOther;
    case Role::kColumnMeta:
      return field == 3 ? Role::kName : Role::kOther;
    default:
      return Role::kOther;
  }
}

// Copies a footer value by value, replacing names on the way.
class Copier {
 public:
  Copier(std::string_view in, const std::map<std::string, std::string>& names)
      : in_(in), names_(names) {}

  bool Run(std::string* out) {
    bool good = Struct(Role::kFile, 0) && at_ == in_.size();
    *out = std::move(out_);
    return good;
  }

 private:
  bool Take(size_t count) {
    if (in_.size() - at_ < count) return false;
    out_.append(in_.substr(at_, count));
    at_ += count;
    return true;
  }

  // Reads without copying.
  bool ReadVarint(uint64_t* value) {
    *value = 0;
    for (int shift = 0; shift < 64 && at_ < in_.size(); shift += 7) {
      auto byte = static_cast<uint8_t>(in_[at_++]);
      *value |= uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  void WriteVarint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }

  bool CopyVarint(uint64_t* value) {
    if (!ReadVarint(value)) return false;
    WriteVarint(*value);
    return true;
  }

  bool Binary(Role role) {
    uint64_t length = 0;
    if (!ReadVarint(&length) || in_.size() - at_ < length) return false;
    std::string_view text = in_.substr(at_, length);
    at_ += length;
    auto found = role == Role::kName ? names_.find(std::string(text)) : names_.end();
    if (found != names_.end()) text = found->second;
    WriteVarint(text.size());
    out_.append(text);
    return true;
  }

  // Of a list or map, where a flag takes a byte of its own.
  bool Element(Type type, Role role, int depth) {
    return type == kTrue || type == kFalse ? Take(1) : One(type, role, depth);
  }

  bool List(Role role, int depth) {
    if (at_ >= in_.size()) return false;
    auto header = static_cast<uint8_t>(in_[at_]);
    if (!Take(1)) return false;
    uint64_t count = header >> 4;
    if (count == 15 && !CopyVarint(&count)) return false;
    for (uint64_t i = 0; i < count; ++i) {
      if (!Element(static_cast<Type>(header & 15), role, depth)) return false;
    }
    return true;
  }

  bool Map(int depth) {
    uint64_t count = 0;
    if (!CopyVarint(&count)) return false;
    if (count == 0) return true;
    if (at_ >= in_.size()) return false;
    auto types = static_cast<uint8_t>(in_[at_]);
    if (!Take(1)) return false;
    for (uint64_t i = 0; i < count; ++i) {
      if (!Element(static_cast<Type>(types >> 4), Role::kOther, depth)) return false;
      if (!Element(static_cast<Type>(types & 15), Role::kOther, depth)) return false;
    }
    return true;
  }

  bool One(Type type, Role role, int depth) {
    uint64_t number = 0;
    switch (type) {
      case kTrue:
      case kFalse:
        return true;
      case kByte:
        return Take(1);
      case kI16:
      case kI32:
      case kI64:
        return CopyVarint(&number);
      case kDouble:
        return Take(8);
      case kBinary:
        return Binary(role);
      case kList:
      case kSet:
        return List(role, depth + 1);
      case kMap:
        return Map(depth + 1);
      case kStruct:
        return Struct(role, depth + 1);
    }
    return false;
  }

  bool Struct(Role role, int depth) {
    if (depth > kMaxDepth) return false;
    int64_t field = 0;
    while (at_ < in_.size()) {
      auto header = static_cast<uint8_t>(in_[at_]);
      if (!Take(1)) return false;
      if (header == 0) return true;
      if (header >> 4 != 0) {
        field += header >> 4;
      } else {
        uint64_t id = 0;
        if (!CopyVarint(&id)) return false;
        field = static_cast<int64_t>(id >> 1) ^ -static_cast<int64_t>(id & 1);
      }
      if (!One(static_cast<Type>(header & 15), RoleOf(role, field), depth)) return false;
    }
    return false;
  }

  std::string_view in_;
  const std::map<std::string, std::string>& names_;
  size_t at_ = 0;
  std::string out_;
};

}  // namespace

Result<std::string> RenameInFooter(std::string_view footer,
                                   const std::map<std::string, std::string>& names) {
  std::string out;
  if (!Copier(footer, names).Run(&out)) return Stop("The Parquet footer is malformed");
  return out;
}

Status RenameParquetColumns(world::Files& files, const std::string& path,
                            const std::map<std::string, std::string>& names) {
  KC_ASSIGN(world::FileInfo info, files.Stat(path));
  constexpr int64_t kTail = 8;  // the footer's length, four bytes, and the magic
  KC_ASSIGN(std::string tail, files.ReadRange(path, info.size - kTail, kTail));
  if (tail.size() != kTail || tail.substr(4) != kMagic) return Stop(path + " is not Parquet");
  uint32_t length = 0;
  std::memcpy(&length, tail.data(), sizeof length);
  if (length + kTail > info.size) return Stop(path + " is not Parquet");
  KC_ASSIGN(std::string footer, files.ReadRange(path, info.size - kTail - length, length));
  KC_ASSIGN(std::string renamed, RenameInFooter(footer, names));
  length = static_cast<uint32_t>(renamed.size());
  renamed.append(reinterpret_cast<const char*>(&length), sizeof length);
  renamed.append(kMagic);
  KC_ASSIGN(auto file, files.OpenAppend(path));
  return file->Append(renamed);
}

}  // namespace kc::local
