// The manifest of a checkpoint: which segment counts, whose it is (docs/formats/checkpoint.md).
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "checkpoint/record.h"

namespace kc::checkpoint {

// What a checkpoint belongs to; another one is refused.
struct Identity {
  std::string source, source_database;
  std::string destination, destination_database;
  bool operator==(const Identity&) const = default;
};

struct Manifest {
  int version = kFormatVersion;
  std::string copy_id;
  int64_t generation = 0;
  std::string segment;  // "": no owner ever began one
  int64_t bytes = 0;    // of the segment when this was written: it can only have grown since
  std::string holder;
  Identity identity;
};

std::string ManifestText(const Manifest& manifest);
// kStop "Damaged" if it isn't, to the last byte, what ManifestText made; "NewerVersion".
Result<Manifest> ReadManifest(std::string_view text);

}  // namespace kc::checkpoint
