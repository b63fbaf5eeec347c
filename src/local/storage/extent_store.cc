#include "local/storage/extent_store.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "base/log.h"

namespace kc::local {

// Shared with the tokens in ExtentFile::lifetime, which may outlive the store.
struct ExtentStore::Trash {
  std::mutex mutex;
  bool collecting = false;
  std::vector<std::string> keys;                                // to be deleted
  std::map<std::string, std::weak_ptr<const ExtentFile>> live;  // registered

  // Destroyed with the last copy of the file's object.
  struct Token {
    std::shared_ptr<Trash> trash;
    std::string key;
    ~Token() {
      std::lock_guard lock(trash->mutex);
      trash->live.erase(key);
      if (trash->collecting) trash->keys.push_back(key);
    }
  };
};

ExtentStore::ExtentStore(world::Files& files, world::Random& random, std::string folder)
    : files_(files), random_(random), folder_(std::move(folder)), trash_(new Trash) {}

ExtentStore::~ExtentStore() {
  StopCollecting();
}

namespace {

std::string DraftKey(const std::string& stem, int number) {
  return stem + "-" + std::to_string(number) + ".parquet";
}

}  // namespace

ExtentStore::Draft::~Draft() {
  if (kept_) return;
  for (const std::string& key : Keys()) store_.Discard(key);
}

std::string ExtentStore::Draft::first_path() const {
  return store_.PathOf(DraftKey(stem_, 0));
}

std::vector<std::string> ExtentStore::Draft::Keys() const {
  std::vector<std::string> keys;
  while (true) {
    std::string key = DraftKey(stem_, static_cast<int>(keys.size()));
    if (!store_.files_.Exists(store_.PathOf(key))) return keys;
    keys.push_back(std::move(key));
  }
}

Status ExtentStore::Draft::Keep() {
  for (const std::string& key : Keys()) KC_TRY(store_.files_.Sync(store_.PathOf(key)));
  KC_TRY(store_.files_.Sync(store_.folder_));
  kept_ = true;
  return {};
}

void ExtentStore::Discard(std::string_view key) {
  Status removed = files_.Remove(PathOf(key));
  if (!removed) LogWarn("an unused file stays until the next start: {}", removed.error().message);
}

std::string ExtentStore::PathOf(std::string_view key) const {
  return folder_ + "/" + std::string(key);
}

ExtentFilePtr ExtentStore::Register(ExtentFile file) {
  std::lock_guard lock(trash_->mutex);
  std::weak_ptr<const ExtentFile>& slot = trash_->live[file.key];
  if (ExtentFilePtr existing = slot.lock()) return existing;
  auto token = std::make_shared<Trash::Token>();
  token->trash = trash_;
  token->key = file.key;
  file.lifetime = std::move(token);
  auto out = std::make_shared<const ExtentFile>(std::move(file));
  slot = out;
  return out;
}

int ExtentStore::CollectGarbage() {
  std::vector<std::string> keys;
  {
    std::lock_guard lock(trash_->mutex);
    if (!trash_->collecting) return 0;
    keys.swap(trash_->keys);
  }
  int deleted = 0;
  for (const std::string& key : keys) {
    Status removed = files_.Remove(PathOf(key));
    if (removed) {
      ++deleted;
    } else {
      LogWarn("extent file stays until the next start: {}", removed.error().message);
    }
  }
  return deleted;
}

size_t ExtentStore::Count() const {
  std::lock_guard lock(trash_->mutex);
  return trash_->live.size() + trash_->keys.size();
}

Status ExtentStore::RemoveOrphans() {
  KC_ASSIGN(std::vector<world::FileInfo> found, files_.List(folder_));
  std::set<std::string> live;
  {
    std::lock_guard lock(trash_->mutex);
    for (const auto& [key, file] : trash_->live) live.insert(key);
  }
  for (const world::FileInfo& file : found) {
    if (live.count(file.name) > 0) {
      live.erase(file.name);
      continue;
    }
    KC_TRY(file.is_folder ? files_.RemoveAll(PathOf(file.name)) : files_.Remove(PathOf(file.name)));
  }
  if (!live.empty()) {
    return Stop("the extent file '" + PathOf(*live.begin()) + "' is missing", "DamagedStorage");
  }
  std::lock_guard lock(trash_->mutex);
  trash_->collecting = true;
  return {};
}

void ExtentStore::StopCollecting() {
  std::lock_guard lock(trash_->mutex);
  trash_->collecting = false;
  trash_->keys.clear();
}

}  // namespace kc::local
