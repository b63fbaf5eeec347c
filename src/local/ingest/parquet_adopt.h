// Ingestion of Parquet without encoding it again: the file's own pieces become the extent's where
// they hold just the values that would be written.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "local/ingest/parquet_loader.h"
#include "local/storage/extent_writer.h"
#include "world/files.h"

namespace kc::local {

// The rows of the file `path` as an extent. Each value of the pieces that are taken over is read
// and looked at; columns that are converted are written anew beside them (`temporary`: a file for
// those). Nothing if this file isn't fit for it: written by another program (whose statistics the
// extents' own would have to rely on), not compressed as extents are, values that ingestion
// changes, few rows.
Result<std::optional<std::vector<ExtentFilePtr>>> AdoptParquet(
    engine::Connection& connection, world::Files& files, ExtentStore& store,
    const std::string& path, const std::string& temporary, const ParquetSelect& select,
    const ExtentWriteRequest& write);

}  // namespace kc::local
