#include "engine/udf/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace kc::engine::udf {
namespace {

std::optional<int> ParsePrefix(std::string_view text, int most) {
  int value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || stop != text.data() + text.size() || value < 0 ||
      value > most) {
    return std::nullopt;
  }
  return value;
}

std::string_view Blankless(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

uint32_t Ipv4::Masked(int bits) const {
  return bits <= 0 ? 0 : address & (0xFFFFFFFFu << (32 - std::min(bits, 32)));
}

std::optional<Ipv4> ParseIpv4(std::string_view text) {
  text = Blankless(text);
  Ipv4 ip;
  const size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const auto prefix = ParsePrefix(text.substr(slash + 1), 32);
    if (!prefix) return std::nullopt;
    ip.prefix = *prefix;
    text = text.substr(0, slash);
  }
  const char* at = text.data();
  const char* end = at + text.size();
  for (int part = 0; part < 4; ++part) {
    if (part > 0) {
      if (at == end || *at != '.') return std::nullopt;
      ++at;
    }
    unsigned value = 0;
    const auto [stop, error] = std::from_chars(at, end, value);
    if (error != std::errc() || value > 255 || stop - at > 3) return std::nullopt;
    ip.address = ip.address << 8 | value;
    at = stop;
  }
  if (at != end) return std::nullopt;
  return ip;
}

std::string FormatIpv4(uint32_t address) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    if (shift < 24) out.push_back('.');
    out.append(std::to_string(address >> shift & 255));
  }
  return out;
}

bool IsPrivate(const Ipv4& ip) {
  const auto within = [&](uint32_t network, int prefix) {
    return ip.prefix >= prefix && ip.Masked(prefix) == network;
  };
  return within(0x0A000000, 8) || within(0xAC100000, 12) || within(0xC0A80000, 16);
}

std::optional<Ipv6> ParseIpv6(std::string_view text) {
  text = Blankless(text);
  Ipv6 ip;
  if (const auto v4 = ParseIpv4(text)) {
    ip.bytes[10] = ip.bytes[11] = 0xFF;
    for (int i = 0; i < 4; ++i) {
      ip.bytes[12 + i] = static_cast<unsigned char>(v4->address >> (24 - 8 * i));
    }
    ip.prefix = 96 + v4->prefix;
    return ip;
  }
  const size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const auto prefix = ParsePrefix(text.substr(slash + 1), 128);
    if (!prefix) return std::nullopt;
    ip.prefix = *prefix;
    text = text.substr(0, slash);
  }
  if (inet_pton(AF_INET6, std::string(text).c_str(), ip.bytes) != 1) return std::nullopt;
  // "::192.168.1.1" means the mapped address, and its prefix counts the last 32 bits.
  static constexpr unsigned char kZeros[12] = {};
  const bool dotted = text.find('.') != std::string_view::npos;
  if (dotted && std::memcmp(ip.bytes, kZeros, 12) == 0) {
    ip.bytes[10] = ip.bytes[11] = 0xFF;
    if (ip.prefix <= 32) ip.prefix += 96;
  }
  return ip;
}

int CompareIpv6(const Ipv6& a, const Ipv6& b, int bits) {
  for (int i = 0; i < 16 && bits > 0; ++i, bits -= 8) {
    const int mask = bits >= 8 ? 0xFF : 0xFF << (8 - bits) & 0xFF;
    const int x = a.bytes[i] & mask, y = b.bytes[i] & mask;
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}

std::string FormatIpv6(const Ipv6& ip) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (int i = 0; i < 16; ++i) {
    if (i > 0 && i % 2 == 0) out.push_back(':');
    out.push_back(kDigits[ip.bytes[i] >> 4]);
    out.push_back(kDigits[ip.bytes[i] & 15]);
  }
  return out;
}

void MaskIpv6(Ipv6& ip, int bits) {
  for (int i = 0; i < 16; ++i, bits -= 8) {
    if (bits <= 0) {
      ip.bytes[i] = 0;
    } else if (bits < 8) {
      ip.bytes[i] &= static_cast<unsigned char>(0xFF << (8 - bits));
    }
  }
}

}  // namespace kc::engine::udf
