#include "azure/versioned_file.h"

#include <algorithm>

#include "base/text.h"

namespace kc::azure {
namespace {

// Older files are removed; a few are kept for writers that are between their look and their write.
constexpr int64_t kKept = 3;

std::optional<int64_t> VersionOf(const std::string& name) {
  constexpr size_t kDigits = 20;
  if (name.size() != kDigits) return std::nullopt;
  return ParseInt64(name);
}

}  // namespace

std::string VersionedFile::PathOf(int64_t version) const {
  std::string digits = std::to_string(version);
  return folder_ + "/" + std::string(20 - digits.size(), '0') + digits;
}

Result<int64_t> VersionedFile::Newest() {
  auto entries = files_.List(folder_);
  if (!entries) {
    if (entries.error().reason == "NotFound") return 0;
    return Fail(std::move(entries).error());
  }
  int64_t newest = 0;
  for (const world::FileInfo& entry : *entries) {
    newest = std::max(newest, VersionOf(entry.name).value_or(0));
  }
  return newest;
}

Result<VersionedValue> VersionedFile::Read() {
  // A version may be removed by others between the two steps; then there is a newer one.
  constexpr int kAttempts = 100;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    KC_ASSIGN(int64_t newest, Newest());
    if (newest == 0) return VersionedValue{};
    auto bytes = files_.Read(PathOf(newest));
    if (bytes) return VersionedValue{newest, *std::move(bytes)};
    if (bytes.error().reason != "NotFound") return Fail(std::move(bytes).error());
  }
  return Fail(ErrorCode::kRetry, "'" + folder_ + "' changes faster than it can be read");
}

Status VersionedFile::Swap(int64_t seen, std::string_view bytes) {
  KC_TRY(files_.MakeFolders(folder_));
  KC_TRY(files_.CreateExclusive(PathOf(seen + 1), bytes));
  // A writer that slept through several versions may have re-created one that was removed.
  KC_ASSIGN(int64_t newest, Newest());
  if (newest != seen + 1) {
    return Fail(ErrorCode::kRedo, "'" + folder_ + "' was changed by another", "Exists");
  }
  RemoveOld(newest);
  return {};
}

void VersionedFile::RemoveOld(int64_t newest) {
  auto entries = files_.List(folder_);
  if (!entries) return;
  for (const world::FileInfo& entry : *entries) {
    auto version = VersionOf(entry.name);
    // What can't be removed now is removed after the next write.
    if (version && *version <= newest - kKept) (void)files_.Remove(PathOf(*version));
  }
}

}  // namespace kc::azure
