#include "local/storage/journal.h"

#include <algorithm>

#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"

namespace kc::local {
namespace {

constexpr int kFormatVersion = 1;
constexpr std::string_view kObjects = "/journal";
constexpr std::string_view kSnapshots = "/snapshots";
constexpr std::string_view kSuffix = ".jsonl";
constexpr std::string_view kUnfinished = ".tmp-";  // world::Files names its temporary files so
// More digits than 64 bits need, so that names sort like numbers.
constexpr size_t kDigits = 20;
// {"xxh64":"0123456789abcdef"}\n
constexpr size_t kTrailerBytes = 29;

std::string FileName(uint64_t number) {
  std::string digits = std::to_string(number);
  return std::string(kDigits - digits.size(), '0') + digits + std::string(kSuffix);
}

std::optional<uint64_t> NumberOf(std::string_view name) {
  if (name.size() != kDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  auto number = ParseInt64(name.substr(0, kDigits));
  if (!number || *number <= 0) return std::nullopt;
  return static_cast<uint64_t>(*number);
}

std::string Header(std::string_view kind, int version, uint64_t number) {
  return fmt::format("{{\"format\":\"kusto-local {}\",\"version\":{},\"object\":{}}}\n", kind,
                     version, number);
}

std::string Seal(std::string_view kind, uint64_t number, std::string_view payload) {
  std::string out = Header(kind, kFormatVersion, number);
  out.reserve(out.size() + payload.size() + kTrailerBytes);
  out += payload;
  out += fmt::format("{{\"xxh64\":\"{:016x}\"}}\n", XxHash64(out));
  return out;
}

tl::unexpected<Error> Damaged(const std::string& path, const std::string& what) {
  return Stop(
      "'" + path + "' " + what + "; the database can't be opened: restore the file from a backup",
      "DamagedStorage");
}

// Checks a sealed text and leaves the payload.
Result<std::string> Unseal(std::string_view kind, uint64_t number, const std::string& path,
                           std::string text) {
  size_t header = text.find('\n');
  if (header == std::string::npos || text.size() < header + 1 + kTrailerBytes) {
    return Damaged(path, "is cut short");
  }
  size_t end = text.size() - kTrailerBytes;
  std::string trailer =
      fmt::format("{{\"xxh64\":\"{:016x}\"}}\n", XxHash64(std::string_view(text).substr(0, end)));
  if (std::string_view(text).substr(end) != trailer) {
    return Damaged(path, "is damaged (its checksum differs)");
  }
  std::string_view first = std::string_view(text).substr(0, header + 1);
  if (first != Header(kind, kFormatVersion, number)) {
    return Stop("'" + path + "' was written by another version of kusto-local, or moved here: " +
                    std::string(first.substr(0, header)),
                "UnknownFormat");
  }
  return text.substr(header + 1, end - header - 1);
}

// The numbered files of a folder, ascending. At start nobody writes, so temporary files are
// unfinished and are removed; later they may be somebody's work.
Result<std::vector<uint64_t>> Numbers(world::Files& files, const std::string& folder,
                                      bool at_start) {
  std::vector<uint64_t> numbers;
  if (!files.Exists(folder)) return numbers;
  KC_ASSIGN(std::vector<world::FileInfo> found, files.List(folder));
  for (const world::FileInfo& file : found) {
    if (file.name.find(kUnfinished) != std::string::npos) {
      if (at_start) KC_TRY(files.Remove(folder + "/" + file.name));
    } else if (auto number = NumberOf(file.name)) {
      numbers.push_back(*number);
    } else {
      return Stop("'" + folder + "/" + file.name + "' does not belong there", "DamagedStorage");
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace

Journal::Journal(world::Files& files, std::string folder)
    : files_(files), folder_(std::move(folder)) {}

std::string Journal::ObjectPath(uint64_t number) const {
  return folder_ + std::string(kObjects) + "/" + FileName(number);
}

std::string Journal::SnapshotPath(uint64_t number) const {
  return folder_ + std::string(kSnapshots) + "/" + FileName(number);
}

Status Journal::Create() {
  KC_TRY(files_.MakeFolders(folder_ + std::string(kObjects)));
  return files_.MakeFolders(folder_ + std::string(kSnapshots));
}

Result<Journal::Contents> Journal::Load() {
  Contents out;
  // A process that was killed may have left names that no power failure would leave. What is shown,
  // and what older files are deleted for, must be durable.
  for (std::string_view folder : {kObjects, kSnapshots}) {
    std::string path = folder_ + std::string(folder);
    if (files_.Exists(path)) KC_TRY(files_.Sync(path));
  }
  KC_ASSIGN(std::vector<uint64_t> snapshots,
            Numbers(files_, folder_ + std::string(kSnapshots), true));
  KC_ASSIGN(std::vector<uint64_t> objects, Numbers(files_, folder_ + std::string(kObjects), true));
  if (!snapshots.empty()) {
    last_snapshot_ = snapshots.back();
    std::string path = SnapshotPath(last_snapshot_);
    KC_ASSIGN(std::string text, files_.Read(path));
    KC_ASSIGN(out.snapshot, Unseal("snapshot", last_snapshot_, path, std::move(text)));
  }
  last_object_ = last_snapshot_.load();
  for (uint64_t number : objects) {
    if (number <= last_snapshot_) continue;
    std::string path = ObjectPath(number);
    if (number != last_object_ + 1) return Damaged(ObjectPath(last_object_ + 1), "is missing");
    KC_ASSIGN(std::string text, files_.Read(path));
    out.object_bytes += static_cast<int64_t>(text.size());
    KC_ASSIGN(std::string payload, Unseal("journal", number, path, std::move(text)));
    out.objects.push_back(std::move(payload));
    last_object_ = number;
  }
  RemoveBefore(last_snapshot_);
  return out;
}

Status Journal::Append(std::string_view payload) {
  uint64_t number = last_object_ + 1;
  std::string path = ObjectPath(number);
  Status created = files_.CreateExclusive(path, Seal("journal", number, payload));
  if (created) {
    last_object_ = number;
    return {};
  }
  Error error = std::move(created).error();
  if (error.reason == "Exists") return Fail(std::move(error));
  if (!files_.Exists(path)) return Fail(std::move(error));
  // The name is there but may not be durable. Without it nothing has happened.
  if (files_.Remove(path) && files_.Sync(folder_ + std::string(kObjects))) {
    return Fail(std::move(error));
  }
  error.code = ErrorCode::kUnknownOutcome;
  return Fail(std::move(error));
}

Status Journal::WriteSnapshot(uint64_t last, std::string_view payload) {
  KC_TRY(files_.WriteAtomic(SnapshotPath(last), Seal("snapshot", last, payload)));
  last_snapshot_ = last;
  RemoveBefore(last);
  return {};
}

void Journal::RemoveBefore(uint64_t snapshot) {
  auto remove = [&](const std::string& folder, uint64_t below) {
    auto numbers = Numbers(files_, folder, false);
    if (!numbers) return;
    for (uint64_t number : *numbers) {
      if (number >= below) break;
      Status removed = files_.Remove(folder + "/" + FileName(number));
      if (!removed) LogWarn("old journal file stays: {}", removed.error().message);
    }
  };
  if (snapshot == 0) return;
  remove(folder_ + std::string(kObjects), snapshot + 1);
  remove(folder_ + std::string(kSnapshots), snapshot);
}

}  // namespace kc::local
