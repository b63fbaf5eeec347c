#include "local/export/properties.h"

#include "base/text.h"

namespace kc::local {
namespace {

constexpr int64_t kMinSizeLimit = int64_t{100} << 20;
constexpr int64_t kMaxSizeLimit = int64_t{4} << 30;

tl::unexpected<Error> Bad(std::string_view name, const std::string& value) {
  return Stop("Export property '" + std::string(name) + "' cannot be '" + value + "'",
              "BadRequest_InvalidExportProperty");
}

Status ReadFormat(const Command& command, ExportProperties* out) {
  const std::string format = ToLowerAscii(command.Text("format"));
  if (format == "tsv") out->format = ExportFormat::kTsv;
  if (format == "json") out->format = ExportFormat::kJson;
  if (format == "parquet") out->format = ExportFormat::kParquet;
  out->compressed = command.Has("compressed");
  std::string codec = ToLowerAscii(command.Property("compressionType"));
  if (out->format != ExportFormat::kParquet) {
    if (!codec.empty() && codec != "gzip") return Bad("compressionType", codec);
    return {};
  }
  if (codec.empty()) codec = out->compressed ? "gzip" : "snappy";
  for (std::string_view known :
       {"gzip", "snappy", "lz4_raw", "brotli", "zstd", "uncompressed", "lz4"}) {
    if (codec == known) {
      out->codec = codec;
      return {};
    }
  }
  return Bad("compressionType", codec);
}

Status ReadSizes(const Command& command, ExportProperties* out) {
  if (std::string text = command.Property("sizeLimit"); !text.empty()) {
    auto size = ParseInt64(text);
    if (!size || *size < kMinSizeLimit || *size > kMaxSizeLimit) {
      return Stop(
          "Export property 'sizeLimit' must be between 104857600 and 4294967296, not " + text,
          "BadRequest_InvalidExportProperty");
    }
    out->size_limit = *size;
  }
  if (std::string text = command.Property("parquetRowGroupSize"); !text.empty()) {
    auto rows = ParseInt64(text);
    if (!rows || *rows <= 0) return Bad("parquetRowGroupSize", text);
    out->row_group_rows = *rows;
  }
  return {};
}

Status ReadChoices(const Command& command, ExportProperties* out) {
  const std::string headers = command.Property("includeHeaders", "none");
  if (EqualsIgnoreCase(headers, "all")) {
    out->headers = ExportHeaders::kAll;
  } else if (EqualsIgnoreCase(headers, "firstFile")) {
    out->headers = ExportHeaders::kFirstFile;
  } else if (!EqualsIgnoreCase(headers, "none")) {
    return Bad("includeHeaders", headers);
  }
  const std::string encoding = command.Property("encoding", "UTF8NoBOM");
  out->byte_order_mark = EqualsIgnoreCase(encoding, "UTF8BOM");
  if (!out->byte_order_mark && !EqualsIgnoreCase(encoding, "UTF8NoBOM")) {
    return Bad("encoding", encoding);
  }
  const std::string distribution = command.Property("distribution", "per_shard");
  out->one_writer = !EqualsIgnoreCase(distribution, "per_shard");
  if (out->one_writer && !EqualsIgnoreCase(distribution, "per_node") &&
      !EqualsIgnoreCase(distribution, "single")) {
    return Bad("distribution", distribution);
  }
  KC_ASSIGN(bool distributed, command.BoolProperty("distributed", true));
  if (!distributed) out->one_writer = true;
  const std::string precision = command.Property("parquetDatetimePrecision", "millisecond");
  out->microseconds = EqualsIgnoreCase(precision, "microsecond");
  if (!out->microseconds && !EqualsIgnoreCase(precision, "millisecond")) {
    return Bad("parquetDatetimePrecision", precision);
  }
  return {};
}

// Prefixes become part of a file's name: no way out of the folder.
Status ReadNames(const Command& command, ExportProperties* out) {
  out->name_prefix = command.Property("namePrefix", "export");
  std::string extension = command.Property("fileExtension");
  if (extension.empty()) {
    constexpr const char* kExtensions[] = {"csv", "tsv", "json", "parquet"};
    extension = kExtensions[static_cast<size_t>(out->format)];
  }
  if (extension.front() != '.') extension.insert(0, ".");
  for (const std::string* name : {&out->name_prefix, &extension}) {
    if (name->find("..") != std::string::npos || name->find('\\') != std::string::npos ||
        name->find('\0') != std::string::npos || name->starts_with('/')) {
      return Bad("namePrefix or fileExtension", *name);
    }
  }
  if (out->compressed && out->format != ExportFormat::kParquet) extension += ".gz";
  out->extension = extension;
  return {};
}

}  // namespace

Result<ExportProperties> ReadExportProperties(const Command& command) {
  KC_TRY(command.RefuseOtherProperties(
      {"includeHeaders", "fileExtension", "namePrefix", "encoding", "compressionType",
       "distribution", "distributed", "persistDetails", "sizeLimit", "parquetRowGroupSize",
       "parquetDatetimePrecision", "useNativeParquetWriter", "concurrency", "spread"}));
  ExportProperties out;
  KC_TRY(ReadFormat(command, &out));
  KC_TRY(ReadChoices(command, &out));
  KC_TRY(ReadSizes(command, &out));
  KC_TRY(ReadNames(command, &out));
  KC_ASSIGN(out.persist_details, command.BoolProperty("persistDetails", command.Has("async")));
  return out;
}

}  // namespace kc::local
