// Writes the rows of a prepared query to storage.
#pragma once

#include <string>
#include <vector>

#include "azure/storage_url.h"
#include "base/error.h"
#include "local/catalog/cluster.h"
#include "local/export/properties.h"
#include "local/operations/queries.h"
#include "world/cancel.h"

namespace kc::local {

struct Artifact {
  std::string path;  // the full address without credentials
  int64_t rows = 0;
  int64_t bytes = 0;
};

struct ExportTask {
  Cluster* cluster = nullptr;
  const ExportProperties* properties = nullptr;
  std::vector<azure::StorageUrl> roots;  // artifacts are spread over them in turn
  PreparedQuery* query = nullptr;
  world::CancelToken* cancel = nullptr;
};

// Hands out the names of artifacts and brings finished files to their places. One thread at a time.
class ArtifactPlacer {
 public:
  explicit ArtifactPlacer(const ExportTask& task) : task_(task) {}
  // Where the next artifact should be written.
  Result<std::string> NextTemporary();
  // Publishes the file that NextTemporary named last, or another one meant for the same place.
  Status Place(const std::string& temporary, int64_t rows);
  std::vector<Artifact> Take() { return std::move(artifacts_); }
  size_t count() const { return artifacts_.size(); }

 private:
  const azure::StorageUrl& Root() const;
  const ExportTask& task_;
  std::vector<Artifact> artifacts_;
};

// No rows: no artifacts. What was placed before an error stays, as in Kusto.
Result<std::vector<Artifact>> ExportParquet(const ExportTask& task);
Result<std::vector<Artifact>> ExportText(const ExportTask& task);

}  // namespace kc::local
