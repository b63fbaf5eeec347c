#include "base/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/error.h"
#include "base/text.h"

namespace kc {
namespace {

std::string Digest(const EVP_MD* algorithm, std::string_view bytes) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned length = 0;
  int ok = EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(out.data()),
                      &length, algorithm, nullptr);
  KC_ASSERT(ok == 1);
  out.resize(length);
  return out;
}

}  // namespace

uint64_t XxHash64(std::string_view bytes) {
  return XXH64(bytes.data(), bytes.size(), 0);
}

std::string Md5(std::string_view bytes) {
  return Digest(EVP_md5(), bytes);
}
std::string Md5Hex(std::string_view bytes) {
  return HexEncode(Md5(bytes));
}
std::string Sha1Hex(std::string_view bytes) {
  return HexEncode(Digest(EVP_sha1(), bytes));
}
std::string Sha256Hex(std::string_view bytes) {
  return HexEncode(Digest(EVP_sha256(), bytes));
}

std::string HmacSha256(std::string_view key, std::string_view bytes) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned length = 0;
  const unsigned char* done =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
           reinterpret_cast<unsigned char*>(out.data()), &length);
  KC_ASSERT(done != nullptr);
  out.resize(length);
  return out;
}

}  // namespace kc
