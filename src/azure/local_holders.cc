#include "azure/local_holders.h"

#include "base/hash.h"
#include "base/text.h"

namespace kc::azure {

LocalHolders::LocalHolders(world::Files* files, std::string folder)
    : files_(folder.empty() ? nullptr : files), folder_(std::move(folder)) {}

std::string LocalHolders::PathOf(const std::string& object) const {
  return folder_ + "/" + Sha256Hex(object).substr(0, 32);
}

void LocalHolders::Hold(const std::string& object, const std::string& lease_id) {
  if (files_ == nullptr) return;
  std::lock_guard guard(mutex_);
  if (!files_->MakeFolders(folder_)) return;
  if (!locks_.contains(object)) {
    auto lock = files_->Lock(PathOf(object) + ".lock");
    if (!lock) return;
    locks_[object] = *std::move(lock);
  }
  // Without its id a dead holder is waited for.
  if (!files_->WriteAtomic(PathOf(object) + ".id", lease_id)) locks_.erase(object);
}

void LocalHolders::Drop(const std::string& object) {
  if (files_ == nullptr) return;
  std::lock_guard guard(mutex_);
  if (!locks_.contains(object)) return;
  (void)files_->Remove(PathOf(object) + ".id");
  // Who has opened this file just now locks one that has no name any more: then the next start
  // waits for a lease that it might have taken, no more.
  (void)files_->Remove(PathOf(object) + ".lock");
  locks_.erase(object);
}

std::string LocalHolders::DeadHolder(const std::string& object) {
  if (files_ == nullptr) return "";
  std::lock_guard guard(mutex_);
  if (locks_.contains(object) || !files_->Exists(PathOf(object) + ".id")) return "";
  auto lock = files_->Lock(PathOf(object) + ".lock");
  if (!lock) return "";
  auto id = files_->Read(PathOf(object) + ".id");
  return id ? std::string(Trim(*id)) : "";
}

}  // namespace kc::azure
