// .export to csv, tsv and json.
#include <zlib.h>

#include <cmath>
#include <memory>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "engine/duck.h"
#include "engine/udf/json_text.h"
#include "local/export/exporter.h"

namespace kc::local {
namespace {

// Text is packed and written so much at a time.
constexpr size_t kFlushBytes = size_t{1} << 20;
// zlib's fastest: three times as fast as its default for a tenth more bytes.
constexpr int kGzipLevel = 1;

// One artifact being written.
class TextFile {
 public:
  static Result<std::unique_ptr<TextFile>> Open(world::Files& files, std::string path, bool gzip) {
    auto file = std::unique_ptr<TextFile>(new TextFile(files, std::move(path), gzip));
    KC_ASSIGN(file->file_, files.OpenAppend(file->path_));
    return file;
  }
  ~TextFile() {
    if (gzip_) deflateEnd(&stream_);
    file_.reset();
    if (!closed_) (void)files_.Remove(path_);
  }
  Status Write(std::string_view text) {
    written_ += static_cast<int64_t>(text.size());
    return gzip_ ? Deflate(text, Z_NO_FLUSH) : file_->Append(text);
  }
  Status Close() {
    if (gzip_) KC_TRY(Deflate("", Z_FINISH));
    file_.reset();
    closed_ = true;
    return {};
  }
  const std::string& path() const { return path_; }
  int64_t written() const { return written_; }

 private:
  TextFile(world::Files& files, std::string path, bool gzip)
      : files_(files), path_(std::move(path)), gzip_(gzip) {
    constexpr int kGzipHeader = 16;
    if (gzip_) {
      KC_ASSERT(deflateInit2(&stream_, kGzipLevel, Z_DEFLATED, MAX_WBITS + kGzipHeader, 8,
                             Z_DEFAULT_STRATEGY) == Z_OK);
    }
  }
  Status Deflate(std::string_view text, int flush) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    packed_.resize(kFlushBytes);
    int rc = Z_OK;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(packed_.data());
      stream_.avail_out = static_cast<uInt>(packed_.size());
      rc = deflate(&stream_, flush);
      KC_ASSERT(rc != Z_STREAM_ERROR);
      KC_TRY(file_->Append(std::string_view(packed_.data(), packed_.size() - stream_.avail_out)));
    } while (stream_.avail_out == 0 || (flush == Z_FINISH && rc != Z_STREAM_END));
    return {};
  }

  world::Files& files_;
  std::string path_;
  bool gzip_;
  std::unique_ptr<world::AppendFile> file_;
  z_stream stream_{};
  std::string packed_;
  int64_t written_ = 0;
  bool closed_ = false;
};

// Quoted only where reading needs it, and where a lone empty field would be an empty line.
void AppendField(std::string& out, std::string_view text, char delimiter, bool alone) {
  const char special[] = {delimiter, '"', '\n', '\r'};
  if (text.find_first_of(std::string_view(special, sizeof special)) == std::string_view::npos &&
      !(alone && text.empty())) {
    out.append(text);
    return;
  }
  out += '"';
  for (char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

// A cell's text without quotes; "" for nulls.
void AppendCellText(std::string& out, const engine::Column& column, size_t row, ScalarType type) {
  if (column.IsNull(row)) return;
  switch (type) {
    case ScalarType::kBool:
      out += column.Bool(row) ? "true" : "false";
      return;
    case ScalarType::kInt:
      out += std::to_string(column.Int(row));
      return;
    case ScalarType::kLong:
      out += std::to_string(column.Long(row));
      return;
    case ScalarType::kReal:
      out += FormatDouble(column.Real(row));
      return;
    case ScalarType::kDateTime:
      out += FormatDateTime(column.Long(row));
      return;
    case ScalarType::kTimeSpan:
      out += FormatTimeSpan(column.Long(row));
      return;
    case ScalarType::kGuid:
      out += engine::FormatUuid(column.Huge(row));
      return;
    default:
      out += column.Text(row);
  }
}

class RowEncoder {
 public:
  RowEncoder(const std::vector<ColumnSchema>& columns, ExportFormat format)
      : columns_(columns), format_(format), delimiter_(format == ExportFormat::kTsv ? '\t' : ',') {
    for (const ColumnSchema& column : columns) keys_.push_back(JsonString(column.name) + ":");
  }

  std::string Header() const {
    std::string out;
    if (format_ == ExportFormat::kJson) return out;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) out += delimiter_;
      AppendField(out, columns_[i].name, delimiter_, columns_.size() == 1);
    }
    return out + "\r\n";
  }

  void Append(std::string& out, const engine::Chunk& chunk, size_t row) {
    if (format_ == ExportFormat::kJson) return AppendJson(out, chunk, row);
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) out += delimiter_;
      cell_.clear();
      const engine::Column& column = chunk.column(i);
      if (columns_[i].type == ScalarType::kDynamic && !column.IsNull(row) &&
          column.Text(row).starts_with('"')) {
        // As tostring(): a dynamic string loses its quotes, and with them its being a string.
        engine::udf::AppendJsonUnquoted(cell_, column.Text(row));
      } else {
        AppendCellText(cell_, column, row, columns_[i].type);
      }
      AppendField(out, cell_, delimiter_, columns_.size() == 1);
    }
    out += "\r\n";
  }

 private:
  void AppendJson(std::string& out, const engine::Chunk& chunk, size_t row) {
    out += '{';
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) out += ',';
      out += keys_[i];
      const engine::Column& column = chunk.column(i);
      ScalarType type = columns_[i].type;
      if (column.IsNull(row) && type != ScalarType::kString) {
        out += "null";
        continue;
      }
      cell_.clear();
      AppendCellText(cell_, column, row, type);
      bool bare = type == ScalarType::kBool || type == ScalarType::kInt ||
                  type == ScalarType::kLong || type == ScalarType::kDynamic ||
                  (type == ScalarType::kReal && std::isfinite(column.Real(row)));
      if (bare) {
        out += cell_;
      } else {
        AppendJsonString(out, cell_);
      }
    }
    out += "}\r\n";
  }

  const std::vector<ColumnSchema>& columns_;
  ExportFormat format_;
  char delimiter_;
  std::vector<std::string> keys_;
  std::string cell_;
};

// Rows into artifacts, a new one whenever the limit is passed.
class TextExport {
 public:
  explicit TextExport(const ExportTask& task)
      : task_(task), placer_(task), encoder_(task.query->select.columns, task.properties->format) {}

  Status Add(const engine::Chunk& chunk) {
    for (size_t row = 0; row < chunk.rows(); ++row) {
      if (file_ == nullptr) KC_TRY(Begin());
      encoder_.Append(text_, chunk, row);
      ++rows_;
      if (text_.size() >= kFlushBytes) KC_TRY(Flush());
      if (file_->written() >= task_.properties->size_limit) KC_TRY(End());
    }
    return {};
  }
  Result<std::vector<Artifact>> Finish() {
    if (file_ != nullptr) KC_TRY(End());
    return placer_.Take();
  }

 private:
  Status Begin() {
    const ExportProperties& p = *task_.properties;
    KC_ASSIGN(std::string path, placer_.NextTemporary());
    KC_ASSIGN(file_, TextFile::Open(*task_.cluster->world().files, path, p.compressed));
    if (p.byte_order_mark) text_ += "\xEF\xBB\xBF";
    const bool header = p.headers == ExportHeaders::kAll ||
                        (p.headers == ExportHeaders::kFirstFile && placer_.count() == 0);
    if (header) text_ += encoder_.Header();
    return {};
  }
  Status Flush() {
    KC_TRY(file_->Write(text_));
    text_.clear();
    return {};
  }
  Status End() {
    KC_TRY(Flush());
    KC_TRY(file_->Close());
    std::string path = file_->path();
    file_.reset();
    return placer_.Place(path, std::exchange(rows_, 0));
  }

  const ExportTask& task_;
  ArtifactPlacer placer_;
  RowEncoder encoder_;
  std::unique_ptr<TextFile> file_;
  std::string text_;
  int64_t rows_ = 0;
};

}  // namespace

Result<std::vector<Artifact>> ExportText(const ExportTask& task) {
  engine::Connection& connection = *task.query->select.connection;
  InterruptOnCancel interrupt(*task.cancel, connection);
  TextExport out(task);
  KC_ASSIGN(auto result, connection.Query(task.query->select.sql));
  while (true) {
    KC_ASSIGN(auto chunk, result.Next());
    if (!chunk) break;
    KC_TRY(out.Add(*chunk));
  }
  return out.Finish();
}

}  // namespace kc::local
