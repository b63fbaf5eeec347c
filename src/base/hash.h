// Hashes and checksums, by well-kept libraries (xxHash, OpenSSL). Pure, safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kc {

// XXH64 with seed 0, the value of KQL's hash_xxhash64(string).
uint64_t XxHash64(std::string_view bytes);
// Lower-case hexadecimal digests.
std::string Md5Hex(std::string_view bytes);
std::string Sha1Hex(std::string_view bytes);
std::string Sha256Hex(std::string_view bytes);
// Raw bytes.
std::string Md5(std::string_view bytes);
std::string HmacSha256(std::string_view key, std::string_view bytes);

}  // namespace kc
