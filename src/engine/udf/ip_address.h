// IPv4 and IPv6 addresses with prefixes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kc::engine::udf {

struct Ipv4 {
  uint32_t address = 0;
  int prefix = 32;
  uint32_t Masked(int bits) const;
  uint32_t Network() const { return Masked(prefix); }
};
// "10.1.2.3" or "10.1.2.3/24".
std::optional<Ipv4> ParseIpv4(std::string_view text);
std::string FormatIpv4(uint32_t address);
// Any address of private use (RFC 1918); the whole network must be.
bool IsPrivate(const Ipv4& ip);

struct Ipv6 {
  unsigned char bytes[16] = {};
  int prefix = 128;
};
// Both kinds; an IPv4 address is mapped to ::ffff:a.b.c.d, its prefix too.
std::optional<Ipv6> ParseIpv6(std::string_view text);
// -1, 0, 1 by the first `bits` bits.
int CompareIpv6(const Ipv6& a, const Ipv6& b, int bits);
// Eight groups of four digits.
std::string FormatIpv6(const Ipv6& ip);
void MaskIpv6(Ipv6& ip, int bits);

}  // namespace kc::engine::udf
