#include "local/export/exporter.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "local/ingest/storage.h"

namespace kc::local {

const azure::StorageUrl& ArtifactPlacer::Root() const {
  return task_.roots[artifacts_.size() % task_.roots.size()];
}

Result<std::string> ArtifactPlacer::NextTemporary() {
  return NewTemporary(*task_.cluster);
}

Status ArtifactPlacer::Place(const std::string& temporary, int64_t rows) {
  const World& world = task_.cluster->world();
  KC_ASSIGN(world::FileInfo info, world.files->Stat(temporary));
  std::string name =
      fmt::format("{}_{}_{}{}", task_.properties->name_prefix, artifacts_.size() + 1,
                  ReplaceAll(world.random->Guid(), "-", ""), task_.properties->extension);
  KC_ASSIGN(std::string path, local::Place(world, temporary, Root(), name));
  artifacts_.push_back({std::move(path), rows, info.size});
  return {};
}

}  // namespace kc::local
