// Connection strings of clusters and addresses of lakes.
#include "azure/storage_url.h"
#include "fuzz/fuzz.h"
#include "kusto/connection_string.h"

namespace {

// A secret that stands in the input once must not be shown. Short ones may be part of a word.
void CheckHidden(std::string_view input, const std::string& secret, const std::string& shown) {
  constexpr size_t kLong = 12;
  if (secret.size() < kLong || input.find(secret) != input.rfind(secret)) return;
  kc::fuzz::Demand(shown.find(secret) == std::string::npos, "messages show no secrets");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = kc::fuzz::Text(data, size);
  if (const auto cluster = kc::kusto::ParseConnectionString(text)) {
    CheckHidden(text, cluster->secret, cluster->Shown());
  }
  if (const auto lake = kc::azure::ParseStorageUrl(text)) {
    // A managed identity's id is no secret, and shown.
    const bool secret = lake->credential.kind != kc::azure::CredentialKind::kManagedIdentity;
    if (secret) CheckHidden(text, lake->credential.secret, lake->Shown());
    (void)lake->UrlOf("a b/ü");
    (void)lake->Below("x/y");
  }
  return 0;
}
