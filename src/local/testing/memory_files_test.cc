// Support of tests: the name keeps it out of the library.
#include "local/testing/memory_files.h"

#include <algorithm>

namespace kc::local {
namespace {

std::string FolderOf(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos || slash == 0 ? "/" : path.substr(0, slash);
}

bool IsChild(const std::string& path, const std::string& folder) {
  return path != folder && FolderOf(path) == folder;
}

bool IsBelow(const std::string& path, const std::string& folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

tl::unexpected<Error> Injected() {
  return Stop("injected fault", "EIO");
}
tl::unexpected<Error> NotFound(const std::string& path) {
  return Stop("'" + path + "' is not there", "NotFound");
}

class NoLock final : public world::FileLock {};

}  // namespace

class MemoryAppendFile final : public world::AppendFile {
 public:
  MemoryAppendFile(MemoryFiles& files, MemoryFiles::NodePtr node)
      : files_(files), node_(std::move(node)) {}
  Status Append(std::string_view bytes) override;
  Status Sync() override;
  int64_t size() const override { return static_cast<int64_t>(node_->bytes.size()); }

 private:
  MemoryFiles& files_;
  MemoryFiles::NodePtr node_;
};

void MemoryFiles::FailAt(int step, Fault fault) {
  fault_step_ = step_ + step;
  fault_ = fault;
  fired_ = false;
}

void MemoryFiles::Restart(bool power_failure) {
  crashed_ = false;
  fault_ = Fault::kNone;
  if (!power_failure) return;
  visible_ = durable_;
  for (auto& [path, node] : visible_) node->bytes = node->durable.value_or("");
}

std::map<std::string, std::string> MemoryFiles::All() const {
  std::map<std::string, std::string> out;
  for (const auto& [path, node] : visible_) {
    if (!node->folder) out[path] = node->bytes;
  }
  return out;
}

void MemoryFiles::Corrupt(const std::string& path, std::string bytes) {
  visible_.at(path)->bytes = bytes;
  visible_.at(path)->durable = std::move(bytes);
}

template <typename F>
Status MemoryFiles::Step(F&& effect) {
  if (crashed_) return Injected();
  Fault fault = step_++ == fault_step_ ? fault_ : Fault::kNone;
  if (fault == Fault::kNone) {
    effect();
    return {};
  }
  fired_ = true;
  fault_ = Fault::kNone;
  if (fault == Fault::kErrorAfter) effect();
  if (fault == Fault::kCrash) crashed_ = true;
  return Injected();
}

Status MemoryAppendFile::Append(std::string_view bytes) {
  return files_.Step([&] { node_->bytes += bytes; });
}

Status MemoryAppendFile::Sync() {
  return files_.Step([&] { node_->durable = node_->bytes; });
}

Result<std::string> MemoryFiles::Read(const std::string& path) {
  return ReadRange(path, 0, INT64_MAX);
}

Result<std::string> MemoryFiles::ReadRange(const std::string& path, int64_t offset,
                                           int64_t length) {
  std::string out;
  bool found = false;
  KC_TRY(Step([&] {
    auto it = visible_.find(path);
    found = it != visible_.end() && !it->second->folder;
    if (!found || static_cast<size_t>(offset) >= it->second->bytes.size()) return;
    out = it->second->bytes.substr(static_cast<size_t>(offset), static_cast<size_t>(length));
  }));
  if (!found) return NotFound(path);
  return out;
}

Status MemoryFiles::SyncFolder(const std::string& folder) {
  return Step([&] {
    std::erase_if(durable_, [&](const auto& entry) {
      return IsChild(entry.first, folder) && visible_.count(entry.first) == 0;
    });
    for (const auto& [path, node] : visible_) {
      if (IsChild(path, folder)) durable_[path] = node;
    }
  });
}

Result<std::string> MemoryFiles::WriteTemporary(const std::string& path, std::string_view bytes) {
  std::string temporary = path + ".tmp-" + std::to_string(++temporaries_);
  auto node = std::make_shared<Node>();
  KC_TRY(Step([&] { visible_[temporary] = node; }));
  Status written = Step([&] { node->bytes = bytes; });
  if (written) written = Step([&] { node->durable = node->bytes; });
  if (!written) {
    if (!crashed_) visible_.erase(temporary);
    return Fail(written.error());
  }
  return temporary;
}

Status MemoryFiles::WriteAtomic(const std::string& path, std::string_view bytes) {
  KC_ASSIGN(std::string temporary, WriteTemporary(path, bytes));
  KC_TRY(Step([&] {
    visible_[path] = visible_[temporary];
    visible_.erase(temporary);
  }));
  return SyncFolder(FolderOf(path));
}

Status MemoryFiles::CreateExclusive(const std::string& path, std::string_view bytes) {
  KC_ASSIGN(std::string temporary, WriteTemporary(path, bytes));
  bool existed = false;
  Status linked = Step([&] { existed = !visible_.emplace(path, visible_[temporary]).second; });
  if (!crashed_) visible_.erase(temporary);
  if (existed) return Fail(ErrorCode::kRedo, "'" + path + "' exists already", "Exists");
  KC_TRY(linked);
  return SyncFolder(FolderOf(path));
}

Result<std::unique_ptr<world::AppendFile>> MemoryFiles::OpenAppend(const std::string& path) {
  NodePtr node;
  KC_TRY(Step([&] {
    auto& slot = visible_[path];
    if (slot == nullptr) slot = std::make_shared<Node>();
    node = slot;
  }));
  KC_TRY(SyncFolder(FolderOf(path)));
  return std::make_unique<MemoryAppendFile>(*this, node);
}

Result<world::FileInfo> MemoryFiles::Stat(const std::string& path) {
  auto it = visible_.find(path);
  if (crashed_) return Injected();
  if (it == visible_.end()) return NotFound(path);
  world::FileInfo info;
  info.name = path.substr(path.rfind('/') + 1);
  info.is_folder = it->second->folder;
  info.size = static_cast<int64_t>(it->second->bytes.size());
  return info;
}

bool MemoryFiles::Exists(const std::string& path) {
  return !crashed_ && visible_.count(path) > 0;
}

Result<std::vector<world::FileInfo>> MemoryFiles::List(const std::string& folder) {
  if (crashed_) return Injected();
  if (visible_.count(folder) == 0) return NotFound(folder);
  std::vector<world::FileInfo> out;
  for (const auto& [path, node] : visible_) {
    if (IsChild(path, folder)) out.push_back(*Stat(path));
  }
  return out;
}

Status MemoryFiles::MakeFolders(const std::string& path) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    std::string at = path.substr(0, end);
    if (visible_.count(at) == 0) {
      KC_TRY(Step([&] {
        auto node = std::make_shared<Node>();
        node->folder = true;
        visible_[at] = node;
      }));
      KC_TRY(SyncFolder(FolderOf(at)));
    }
    if (end == std::string::npos) return {};
  }
}

Status MemoryFiles::Rename(const std::string& from, const std::string& to) {
  bool found = false;
  KC_TRY(Step([&] {
    Names moved;
    for (auto it = visible_.begin(); it != visible_.end();) {
      if (it->first == from || IsBelow(it->first, from)) {
        moved[to + it->first.substr(from.size())] = it->second;
        it = visible_.erase(it);
      } else {
        ++it;
      }
    }
    found = !moved.empty();
    for (auto& [path, node] : moved) {
      visible_[path] = node;
      // The names inside a folder move with it, at once.
      if (path != to) durable_[path] = node;
    }
  }));
  if (!found) return NotFound(from);
  KC_TRY(SyncFolder(FolderOf(to)));
  std::erase_if(durable_, [&](const auto& entry) { return IsBelow(entry.first, from); });
  return FolderOf(from) == FolderOf(to) ? Status() : SyncFolder(FolderOf(from));
}

Status MemoryFiles::LinkOrCopy(const std::string& from, const std::string& to) {
  if (visible_.count(from) == 0) return NotFound(from);
  KC_TRY(Step([&] { visible_[to] = visible_[from]; }));
  return SyncFolder(FolderOf(to));
}

Status MemoryFiles::Remove(const std::string& path) {
  return Step([&] { visible_.erase(path); });
}

Status MemoryFiles::RemoveAll(const std::string& path) {
  std::vector<std::string> paths;
  for (const auto& [name, node] : visible_) {
    if (name == path || IsBelow(name, path)) paths.push_back(name);
  }
  std::reverse(paths.begin(), paths.end());  // what is inside first
  for (const std::string& name : paths) KC_TRY(Remove(name));
  return {};
}

Status MemoryFiles::Sync(const std::string& path) {
  auto it = visible_.find(path);
  if (crashed_) return Injected();
  if (it == visible_.end()) return NotFound(path);
  if (it->second->folder) return SyncFolder(path);
  return Step([&] { it->second->durable = it->second->bytes; });
}

Result<std::unique_ptr<world::FileLock>> MemoryFiles::Lock(const std::string& path) {
  KC_TRY(Step([&] { visible_.emplace(path, std::make_shared<Node>()); }));
  return std::make_unique<NoLock>();
}

}  // namespace kc::local
