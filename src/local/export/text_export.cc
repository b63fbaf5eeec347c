// .export to csv, tsv and json.
#include <zlib.h>

#include <memory>
#include <utility>

#include "engine/duck.h"
#include "engine/encode_csv.h"
#include "local/export/exporter.h"

namespace kc::local {
namespace {

// Text is packed and written so much at a time.
constexpr size_t kFlushBytes = size_t{1} << 20;
// The size of a file is looked at after so many rows.
constexpr size_t kBatchRows = 256;
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

// One batch of rows as text.
class RowEncoder {
 public:
  RowEncoder(const std::vector<ColumnSchema>& columns, ExportFormat format)
      : columns_(columns),
        format_(format),
        csv_(format == ExportFormat::kTsv ? engine::kTsv : engine::kCsv) {
    for (const ColumnSchema& column : columns) types_.push_back(column.type);
  }

  std::string Header() const {
    std::string out;
    if (format_ != ExportFormat::kJson) engine::AppendCsvHeader(out, columns_, csv_);
    return out;
  }

  void Append(std::string& out, const engine::Chunk& chunk, size_t first, size_t last) const {
    if (format_ == ExportFormat::kJson) {
      return engine::AppendJsonLines(out, chunk, first, last, columns_);
    }
    size_t from = out.size();
    engine::AppendCsvRows(out, chunk, first, last, types_, csv_);
    if (columns_.size() == 1) QuoteEmptyLines(out, from);
  }

 private:
  // A lone empty cell would be an empty line, which readers pass over. Cells with line breaks are
  // in quotes, so an empty line outside of quotes is one.
  void QuoteEmptyLines(std::string& out, size_t from) const {
    std::string lines = out.substr(from);
    out.resize(from);
    bool quoted = false;
    bool line_start = true;
    for (char c : lines) {
      if (line_start && !quoted && c == csv_.line_end.front()) out += "\"\"";
      if (c == '"') quoted = !quoted;
      line_start = !quoted && c == csv_.line_end.back();
      out += c;
    }
  }

  const std::vector<ColumnSchema>& columns_;
  ExportFormat format_;
  engine::CsvFormat csv_;
  std::vector<ScalarType> types_;
};

// Rows into artifacts, a new one whenever the limit is passed.
class TextExport {
 public:
  explicit TextExport(const ExportTask& task)
      : task_(task), placer_(task), encoder_(task.query->select.columns, task.properties->format) {}

  Status Add(const engine::Chunk& chunk) {
    for (size_t first = 0; first < chunk.rows();) {
      if (file_ == nullptr) KC_TRY(Begin());
      size_t last = std::min(first + kBatchRows, chunk.rows());
      encoder_.Append(text_, chunk, first, last);
      rows_ += static_cast<int64_t>(last - first);
      first = last;
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
