// The real transport: libcurl, connections reused for requests that change nothing, TLS by OpenSSL,
// gzip and deflate answers unpacked. Proxies are taken from the environment as libcurl does.
#pragma once

#include <memory>

#include "world/transport.h"

namespace kc::http {

// Safe from any thread. The connections of `max_idle` reads, to a few hosts each, are kept
// for reuse; those of mutations never.
std::unique_ptr<world::Transport> MakeCurlTransport(int max_idle = 16);

}  // namespace kc::http
