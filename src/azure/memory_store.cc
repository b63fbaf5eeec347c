#include "azure/memory_store.h"

#include <algorithm>

#include "azure/object_names.h"
#include "base/text.h"

namespace kc::azure {
namespace {

class MemoryStore final : public ObjectStore {
 public:
  MemoryStore(MemoryLake& lake, world::Clock& clock, const std::string& folder,
              world::Clock& client)
      : lake_(lake), clock_(clock) {
    client_.clock = &client;
    url_.kind = StorageKind::kBlob;
    url_.endpoint = "https://memory.blob.core.windows.net";
    url_.account = "memory";
    url_.container = "container";
    url_.path = folder;
  }

  Result<std::string> Put(const std::string& name, std::string_view bytes,
                          const WriteCondition& condition) override {
    KC_TRY(CheckName(name));
    return Change<std::string>("Put", name, [&]() -> Result<std::string> {
      KC_TRY(CheckFolders(name));
      MemoryObject* object = Find(name);
      KC_TRY(CheckLease(name, object, condition.lease_id));
      if (!condition.if_match.empty()) {
        if (object == nullptr || TagOf(*object) != condition.if_match) {
          return Fail(ConditionNotMet(url_, name));
        }
      }
      MemoryObject& target = lake_.objects[Key(name)];
      target.append = false;
      Store(target, std::string(bytes));
      return TagOf(target);
    });
  }

  Result<std::string> PutIfAbsent(const std::string& name, std::string_view bytes) override {
    return Create("PutIfAbsent", name, bytes, false);
  }

  Result<ObjectContent> Get(const std::string& name) override {
    KC_TRY(CheckName(name));
    return Look<ObjectContent>("Get", name, [&]() -> Result<ObjectContent> {
      MemoryObject* object = Find(name);
      if (object == nullptr) return Fail(NotFound(url_, name));
      return ObjectContent{object->bytes, TagOf(*object)};
    });
  }

  Result<std::string> GetRange(const std::string& name, int64_t offset, int64_t length) override {
    KC_TRY(CheckName(name));
    return Look<std::string>("GetRange", name, [&]() -> Result<std::string> {
      MemoryObject* object = Find(name);
      if (object == nullptr) return Fail(NotFound(url_, name));
      auto from = std::min(static_cast<size_t>(offset), object->bytes.size());
      return object->bytes.substr(from, static_cast<size_t>(length));
    });
  }

  Result<ObjectInfo> Stat(const std::string& name) override {
    KC_TRY(CheckName(name));
    return Look<ObjectInfo>("Stat", name, [&]() -> Result<ObjectInfo> {
      MemoryObject* object = Find(name);
      if (object == nullptr) return Fail(NotFound(url_, name));
      return InfoOf(name, *object);
    });
  }

  Result<ListPage> List(const std::string& prefix, const std::string& page, int limit) override {
    KC_TRY(CheckPrefix(prefix));
    return Look<ListPage>("List", prefix, [&]() -> Result<ListPage> {
      ListPage out;
      auto count = static_cast<size_t>(std::clamp(limit, 1, kLongestPage));
      for (auto& [key, object] : lake_.objects) {
        if (key.rfind(Key(prefix), 0) != 0) continue;
        std::string name = key.substr(url_.path.size() + 1);
        if (!page.empty() && name <= page) continue;
        if (out.objects.size() == count) {
          out.next = out.objects.back().name;
          break;
        }
        out.objects.push_back(InfoOf(name, object));
      }
      return out;
    });
  }

  Status Delete(const std::string& name, const std::string& lease_id) override {
    KC_TRY(CheckName(name));
    return Change<void>("Delete", name, [&]() -> Status {
      MemoryObject* object = Find(name);
      if (object == nullptr) return {};
      KC_TRY(CheckLease(name, object, lease_id));
      lake_.objects.erase(Key(name));
      return {};
    });
  }

  Result<int64_t> DeletePrefix(const std::string& prefix) override {
    if (prefix.empty()) return Stop("a whole lake is never deleted", "BadName");
    KC_ASSIGN(std::vector<ObjectInfo> objects, ListAll(*this, prefix));
    for (const ObjectInfo& object : objects) KC_TRY(Delete(object.name, ""));
    return static_cast<int64_t>(objects.size());
  }

  Status CreateAppend(const std::string& name) override {
    KC_ASSIGN(std::string tag, Create("CreateAppend", name, "", true));
    return {};
  }

  Status Append(const std::string& name, std::string_view bytes, int64_t position,
                const std::string& lease_id) override {
    KC_TRY(CheckName(name));
    if (bytes.size() > kMaxAppendBytes) return Fail(PastAppendLimit(name, bytes.size()));
    Status sent =
        Change<void>("Append", name, [&] { return DoAppend(name, bytes, position, lease_id); });
    if (sent) return sent;
    bool refused = sent.error().reason == "AppendPositionConditionNotMet";
    bool settle = refused || sent.error().code == ErrorCode::kUnknownOutcome;
    return settle ? SettleAppend(*this, name, bytes, position, refused) : sent;
  }

  Status AcquireLease(const std::string& name, const std::string& proposed_id,
                      int seconds) override {
    KC_TRY(CheckName(name));
    return Change<void>("AcquireLease", name, [&]() -> Status {
      MemoryObject* object = Find(name);
      if (object == nullptr) return Fail(NotFound(url_, name));
      if (Leased(*object) && object->lease_id != proposed_id) return Fail(LeasePresent(url_, name));
      object->lease_id = proposed_id;
      object->lease_seconds = std::clamp(seconds, kShortestLeaseSeconds, kLongestLeaseSeconds);
      object->lease_until = clock_.Monotonic() + std::chrono::seconds(object->lease_seconds);
      return {};
    });
  }

  Status RenewLease(const std::string& name, const std::string& lease_id) override {
    KC_TRY(CheckName(name));
    return Change<void>("RenewLease", name, [&]() -> Status {
      MemoryObject* object = Find(name);
      if (object == nullptr) return Fail(NotFound(url_, name));
      if (object->lease_id != lease_id) return Fail(LeaseLost(url_, name));
      object->lease_until = clock_.Monotonic() + std::chrono::seconds(object->lease_seconds);
      return {};
    });
  }

  Status ReleaseLease(const std::string& name, const std::string& lease_id) override {
    KC_TRY(CheckName(name));
    return Change<void>("ReleaseLease", name, [&]() -> Status {
      MemoryObject* object = Find(name);
      if (object != nullptr && object->lease_id == lease_id) object->lease_id.clear();
      return {};
    });
  }

  Status BreakLease(const std::string& name) override {
    KC_TRY(CheckName(name));
    return Change<void>("BreakLease", name, [&]() -> Status {
      if (MemoryObject* object = Find(name)) object->lease_id.clear();
      return {};
    });
  }

  Result<std::string> Grant(const std::string& path, Access access,
                            world::Duration valid) override {
    auto until = (clock_.Monotonic() + valid) / std::chrono::seconds(1);
    return url_.UrlOf(path) + (access == Access::kRead ? "?sp=r" : "?sp=cw") +
           "&until=" + std::to_string(until) + "&sig=memory";
  }

  Result<std::string> NameOf(std::string_view address) const override {
    std::string root = url_.UrlOf("") + "/";
    std::string plain = UrlDecode(address).value_or("");
    if (plain.rfind(root, 0) == 0 && CheckName(plain.substr(root.size()))) {
      return plain.substr(root.size());
    }
    return Stop("'" + std::string(address) + "' is not in the lake", "OutsideLake");
  }

  const StorageUrl& url() const override { return url_; }

 private:
  std::string Key(const std::string& name) const { return url_.path + "/" + name; }

  MemoryObject* Find(const std::string& name) {
    auto found = lake_.objects.find(Key(name));
    return found == lake_.objects.end() ? nullptr : &found->second;
  }

  static std::string TagOf(const MemoryObject& object) {
    return "v" + std::to_string(object.version);
  }
  static ObjectInfo InfoOf(const std::string& name, const MemoryObject& object) {
    return {name, static_cast<int64_t>(object.bytes.size()), TagOf(object), object.modified_ticks};
  }
  void Store(MemoryObject& object, std::string bytes) {
    object.bytes = std::move(bytes);
    object.version = lake_.next_version++;
    object.modified_ticks = clock_.NowTicks();
  }

  bool Leased(const MemoryObject& object) const {
    return !object.lease_id.empty() && clock_.Monotonic() < object.lease_until;
  }

  Status CheckLease(const std::string& name, const MemoryObject* object,
                    const std::string& lease_id) {
    if (lease_id.empty()) {
      if (object != nullptr && Leased(*object)) return Fail(LeaseLost(url_, name));
      return {};
    }
    if (object == nullptr || !Leased(*object) || object->lease_id != lease_id) {
      return Fail(LeaseLost(url_, name));
    }
    return {};
  }

  // Stricter than blobs: no object may lie where another one's folder is, as in a file system.
  Status CheckFolders(const std::string& name) {
    std::string key = Key(name);
    auto below = lake_.objects.lower_bound(key + "/");
    if (below != lake_.objects.end() && below->first.rfind(key + "/", 0) == 0) {
      return Stop("'" + name + "' is the folder of other objects", "BadName");
    }
    for (size_t slash = key.rfind('/'); slash != std::string::npos; slash = key.rfind('/')) {
      key.resize(slash);
      if (lake_.objects.contains(key)) return Stop("'" + key + "' is no folder", "BadName");
    }
    return {};
  }

  Result<std::string> Create(std::string_view call, const std::string& name, std::string_view bytes,
                             bool append) {
    KC_TRY(CheckName(name));
    auto made = Change<std::string>(call, name, [&]() -> Result<std::string> {
      if (Find(name) != nullptr) return Fail(Exists(url_, name));
      KC_TRY(CheckFolders(name));
      MemoryObject& object = lake_.objects[Key(name)];
      object.append = append;
      Store(object, std::string(bytes));
      return TagOf(object);
    });
    if (made || made.error().code != ErrorCode::kUnknownOutcome || append) return made;
    KC_TRY(SettlePutIfAbsent(*this, name, bytes));
    KC_ASSIGN(ObjectInfo info, Stat(name));
    return info.etag;
  }

  Status DoAppend(const std::string& name, std::string_view bytes, int64_t position,
                  const std::string& lease_id) {
    MemoryObject* object = Find(name);
    if (object == nullptr) return Fail(NotFound(url_, name));
    if (!object->append) return Stop("'" + name + "' is not made for appending", "InvalidBlobType");
    KC_TRY(CheckLease(name, object, lease_id));
    if (static_cast<int64_t>(object->bytes.size()) != position) {
      return Stop("the position is not the length", "AppendPositionConditionNotMet");
    }
    if (object->appends >= lake_.max_appends) {
      return Stop("'" + name + "' takes no more appends", "BlockCountExceedsLimit");
    }
    ++object->appends;
    Store(*object, object->bytes + std::string(bytes));
    return {};
  }

  static Error LostAnswer() {
    return {ErrorCode::kUnknownOutcome, "no answer from the storage", "NoAnswer"};
  }
  static Error Cancelled() { return {ErrorCode::kStop, "cancelled", "Cancelled"}; }
  static Error NotSent() { return {ErrorCode::kRetry, "the storage was not reached", "NotSent"}; }

  StoreFault FaultOf(std::string_view call, const std::string& name) {
    return lake_.fault ? lake_.fault(call, name) : StoreFault::kNone;
  }

  template <typename T, typename F>
  Result<T> Change(std::string_view call, const std::string& name, F act) {
    StoreFault fault = FaultOf(call, name);
    if (fault == StoreFault::kNotSent) return Fail(NotSent());
    if (fault == StoreFault::kLostRequest) return Fail(LostAnswer());
    if (fault == StoreFault::kCancelled) return Fail(Cancelled());
    if (fault == StoreFault::kTwice) (void)Act<T>(act);
    Result<T> result = Act<T>(act);
    if (lake_.acted) lake_.acted();
    if (fault == StoreFault::kLostResponse) return Fail(LostAnswer());
    return result;
  }

  template <typename T, typename F>
  Result<T> Act(F& act) {
    std::lock_guard lock(lake_.mutex);
    return act();
  }

  template <typename T, typename F>
  Result<T> Look(std::string_view call, const std::string& name, F act) {
    return RetryRead<T>(client_, [&]() -> Result<T> {
      const StoreFault fault = FaultOf(call, name);
      if (fault == StoreFault::kCancelled) return Fail(Cancelled());
      if (fault != StoreFault::kNone && fault != StoreFault::kTwice) return Fail(NotSent());
      Result<T> result = Act<T>(act);
      if (lake_.acted) lake_.acted();
      return result;
    });
  }

  MemoryLake& lake_;
  world::Clock& clock_;
  StoreWorld client_;
  StorageUrl url_;
};

}  // namespace

std::unique_ptr<ObjectStore> MakeMemoryStore(MemoryLake& lake, world::Clock& clock,
                                             std::string folder, world::Clock* client) {
  return std::make_unique<MemoryStore>(lake, clock, folder, client == nullptr ? clock : *client);
}

}  // namespace kc::azure
