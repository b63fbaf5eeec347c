#include "wrappers.h"

namespace kc::sim {
namespace {

using azure::ObjectStore;
using kusto::Answer;
using kusto::Request;

class WrappedClient final : public kusto::Client {
 public:
  WrappedClient(std::unique_ptr<kusto::Client> inner, std::shared_ptr<ClientHooks> hooks)
      : inner_(std::move(inner)), hooks_(std::move(hooks)) {}
  Result<Answer> Query(const Request& request) override {
    auto answer = inner_->Query(request);
    if (hooks_->queried) hooks_->queried(request.text, answer);
    return answer;
  }
  Result<Answer> Show(const Request& request) override {
    auto answer = inner_->Show(request);
    if (hooks_->shown) hooks_->shown(request.text, answer);
    return answer;
  }
  Result<Answer> Command(const Request& request) override {
    if (hooks_->instead) {
      if (auto answer = hooks_->instead(request.text)) return std::move(*answer);
    }
    return inner_->Command(request);
  }
  const std::string& cluster() const override { return inner_->cluster(); }
  const kusto::ConnectionString& connection() const override { return inner_->connection(); }

 private:
  std::unique_ptr<kusto::Client> inner_;
  std::shared_ptr<ClientHooks> hooks_;
};

class LateAppends final : public ObjectStore {
 public:
  explicit LateAppends(std::unique_ptr<ObjectStore> inner) : inner_(std::move(inner)) {}

  Status Append(const std::string& name, std::string_view bytes, int64_t position,
                const std::string& lease_id) override {
    const std::optional<Sent> before = std::move(last_);
    last_ = Sent{name, std::string(bytes), position, lease_id};
    const Status status = Deliver(*last_);
    if (before) (void)Deliver(*before);
    return status;
  }

  Result<std::string> Put(const std::string& name, std::string_view bytes,
                          const azure::WriteCondition& condition) override {
    return inner_->Put(name, bytes, condition);
  }
  Result<std::string> PutIfAbsent(const std::string& name, std::string_view bytes) override {
    return inner_->PutIfAbsent(name, bytes);
  }
  Result<azure::ObjectContent> Get(const std::string& name) override { return inner_->Get(name); }
  Result<std::string> GetRange(const std::string& name, int64_t offset, int64_t length) override {
    return inner_->GetRange(name, offset, length);
  }
  Result<azure::ObjectInfo> Stat(const std::string& name) override { return inner_->Stat(name); }
  Result<azure::ListPage> List(const std::string& prefix, const std::string& page,
                               int limit) override {
    return inner_->List(prefix, page, limit);
  }
  Status Delete(const std::string& name, const std::string& lease_id) override {
    return inner_->Delete(name, lease_id);
  }
  Result<int64_t> DeletePrefix(const std::string& prefix) override {
    return inner_->DeletePrefix(prefix);
  }
  Status CreateAppend(const std::string& name) override { return inner_->CreateAppend(name); }
  Status AcquireLease(const std::string& name, const std::string& id, int seconds) override {
    return inner_->AcquireLease(name, id, seconds);
  }
  Status RenewLease(const std::string& name, const std::string& id) override {
    return inner_->RenewLease(name, id);
  }
  Status ReleaseLease(const std::string& name, const std::string& id) override {
    return inner_->ReleaseLease(name, id);
  }
  Status BreakLease(const std::string& name) override { return inner_->BreakLease(name); }
  Result<std::string> Grant(const std::string& path, azure::Access access,
                            world::Duration valid) override {
    return inner_->Grant(path, access, valid);
  }
  Result<std::string> NameOf(std::string_view address) const override {
    return inner_->NameOf(address);
  }
  const azure::StorageUrl& url() const override { return inner_->url(); }

 private:
  struct Sent {
    std::string name, bytes;
    int64_t position = 0;
    std::string lease_id;
  };
  Status Deliver(const Sent& sent) {
    int64_t position = sent.position;
    if (position < 0) {
      KC_ASSIGN(const auto info, inner_->Stat(sent.name));
      position = info.size;
    }
    return inner_->Append(sent.name, sent.bytes, position, sent.lease_id);
  }
  std::unique_ptr<ObjectStore> inner_;
  std::optional<Sent> last_;
};

}  // namespace

std::unique_ptr<kusto::Client> Wrap(std::unique_ptr<kusto::Client> inner,
                                    std::shared_ptr<ClientHooks> hooks) {
  return std::make_unique<WrappedClient>(std::move(inner), std::move(hooks));
}

std::unique_ptr<azure::ObjectStore> WithLateAppends(std::unique_ptr<azure::ObjectStore> inner) {
  return std::make_unique<LateAppends>(std::move(inner));
}

}  // namespace kc::sim
