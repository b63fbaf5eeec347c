// Renames the columns of a Parquet file. DuckDB ignores case in names and would call the second of
// "Foo" and "foo" something else; so such files are written under other names, which are put right
// in the file's footer afterwards.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"
#include "world/files.h"

namespace kc::local {

// The footer (Thrift's compact protocol: parquet.thrift, FileMetaData) with the columns' names
// replaced; names that aren't in the map stay. Only for files without nested columns. kStop if it
// is malformed.
Result<std::string> RenameInFooter(std::string_view footer,
                                   const std::map<std::string, std::string>& names);

// Appends a second footer with the new names to the file: readers look at the last one. On an error
// the file is unusable.
Status RenameParquetColumns(world::Files& files, const std::string& path,
                            const std::map<std::string, std::string>& names);

}  // namespace kc::local
