#include "azure/file_lease.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "azure/object_names.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

namespace kc::azure {

FileLeases::FileLeases(const StoreWorld& world, std::string folder)
    : world_(world), folder_(std::move(folder)) {
  auto boot = world_.files->Read("/proc/sys/kernel/random/boot_id");
  if (boot) machine_ = std::string(Trim(*boot));
}

VersionedFile FileLeases::FileOf(const std::string& name) const {
  // The name itself may be too long, or be the folder of another one.
  return VersionedFile(*world_.files, folder_ + "/" + Sha256Hex(name).substr(0, 32));
}

std::string FileLeases::LockPath(const std::string& name, const std::string& id) const {
  return FileOf(name).folder() + "/holder-" + Sha256Hex(id).substr(0, 32);
}

std::string FileLeases::Write(const Record& record) {
  return DumpJson(Json{{"id", record.id},
                       {"beat", record.beat},
                       {"seconds", record.seconds},
                       {"machine", record.machine}});
}

FileLeases::Record FileLeases::Parse(const std::string& bytes) {
  Record record;
  auto json = ParseJson(bytes);
  if (!json || !json->is_object()) return record;
  auto text = [&](const char* key) {
    return json->contains(key) && (*json)[key].is_string() ? (*json)[key].get<std::string>() : "";
  };
  auto number = [&](const char* key) {
    return json->contains(key) && (*json)[key].is_number_integer() ? (*json)[key].get<int64_t>()
                                                                   : 0;
  };
  record.id = text("id");
  record.beat = number("beat");
  record.seconds = static_cast<int>(number("seconds"));
  record.machine = text("machine");
  return record;
}

Result<bool> FileLeases::IsFree(const std::string& name, const Record& record, int64_t version,
                                int seconds) {
  if (record.id.empty()) return true;
  // The holder keeps a file lock, which the system drops at its death; meaningful on one machine.
  if (!machine_.empty() && record.machine == machine_) {
    std::string path = LockPath(name, record.id);
    if (!locks_.contains(path) && world_.files->Lock(path)) return true;
  }
  Seen& seen = seen_[name];
  world::Duration now = world_.clock->Monotonic();
  if (seen.version != version) {
    seen = {version, now};
    return false;
  }
  return now - seen.since >= std::chrono::seconds(std::max(seconds, record.seconds));
}

Result<LeaseAnswer> FileLeases::Take(const std::string& name, int64_t version,
                                     const Record& record) {
  VersionedFile file = FileOf(name);
  KC_TRY(world_.files->MakeFolders(file.folder()));
  // Locked before the record can be seen: a record without its lock is a dead holder's.
  std::string path = LockPath(name, record.id);
  if (!locks_.contains(path)) {
    auto lock = world_.files->Lock(path);
    if (lock) locks_[path] = *std::move(lock);
  }
  Status swapped = file.Swap(version, Write(record));
  if (swapped) return LeaseAnswer::kHeld;
  locks_.erase(path);
  if (swapped.error().code == ErrorCode::kRedo) return LeaseAnswer::kPresent;
  return Fail(std::move(swapped).error());
}

Result<LeaseAnswer> FileLeases::Acquire(const std::string& name, const std::string& id,
                                        int seconds) {
  std::lock_guard lock(mutex_);
  KC_ASSIGN(VersionedValue value, FileOf(name).Read());
  Record old = Parse(value.bytes);
  if (old.id != id) {
    KC_ASSIGN(bool free, IsFree(name, old, value.version, seconds));
    if (!free) return LeaseAnswer::kPresent;
    if (!old.id.empty()) (void)world_.files->Remove(LockPath(name, old.id));
  }
  seen_.erase(name);
  return Take(name, value.version, {id, old.beat + 1, seconds, machine_});
}

Result<LeaseAnswer> FileLeases::Renew(const std::string& name, const std::string& id) {
  std::lock_guard lock(mutex_);
  KC_ASSIGN(VersionedValue value, FileOf(name).Read());
  Record record = Parse(value.bytes);
  if (record.id != id || id.empty()) return LeaseAnswer::kLost;
  ++record.beat;
  Status swapped = FileOf(name).Swap(value.version, Write(record));
  if (swapped) return LeaseAnswer::kHeld;
  if (swapped.error().code == ErrorCode::kRedo) return LeaseAnswer::kLost;
  return Fail(std::move(swapped).error());
}

Status FileLeases::Release(const std::string& name, const std::string& id) {
  std::lock_guard lock(mutex_);
  KC_ASSIGN(VersionedValue value, FileOf(name).Read());
  Record record = Parse(value.bytes);
  if (record.id != id || id.empty()) return {};
  Status swapped = FileOf(name).Swap(value.version, Write({"", record.beat + 1, 0, ""}));
  if (!swapped && swapped.error().code != ErrorCode::kRedo) return swapped;
  (void)world_.files->Remove(LockPath(name, id));
  locks_.erase(LockPath(name, id));
  return {};
}

Status FileLeases::Break(const std::string& name) {
  std::lock_guard lock(mutex_);
  constexpr int kAttempts = 100;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    KC_ASSIGN(VersionedValue value, FileOf(name).Read());
    Record record = Parse(value.bytes);
    if (record.id.empty()) return {};
    Status swapped = FileOf(name).Swap(value.version, Write({"", record.beat + 1, 0, ""}));
    if (swapped || swapped.error().code != ErrorCode::kRedo) return swapped;
  }
  return Fail(ErrorCode::kRetry, "the lease of '" + name + "' changes too fast to be broken");
}

Result<LeaseAnswer> FileLeases::Check(const std::string& name, const std::string& id) {
  std::lock_guard lock(mutex_);
  KC_ASSIGN(VersionedValue value, FileOf(name).Read());
  return Parse(value.bytes).id == id ? LeaseAnswer::kHeld : LeaseAnswer::kLost;
}

}  // namespace kc::azure
