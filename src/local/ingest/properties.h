// The with (…) properties of ingestion commands. Values.
// Source: learn.microsoft.com, "Data ingestion properties".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "local/commands/command.h"
#include "local/ingest/formats.h"
#include "local/ingest/text_loader.h"

namespace kc::local {

struct IngestProperties {
  std::optional<DataFormat> format;
  std::string mapping;            // JSON text, "" = none
  std::string mapping_reference;  // "" = none
  int64_t creation_ticks = 0;     // 0: not given
  std::vector<std::string> tags;
  std::vector<std::string> ingest_if_not_exists;
  bool ignore_first_record = false;
  ValidationPolicy validation;
  bool extend_schema = false;
  bool recreate_schema = false;
  std::optional<std::string> folder;
  std::optional<std::string> docstring;
  std::optional<bool> ingestion_time_policy;
  bool persist_details = false;
};

// kStop, reason "BadRequest_MalformedIngestionProperty" (or another of Kusto's) for values that
// make no sense and for properties that aren't known.
Result<IngestProperties> ReadIngestProperties(const Command& command);

// The tags an extent would have that says it was ingested under that name.
std::string IngestByTag(const std::string& name);

}  // namespace kc::local
