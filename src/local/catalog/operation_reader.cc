#include <fmt/format.h>
#include <simdjson.h>

#include "local/catalog/operations.h"
#include "local/catalog/state_editor.h"

namespace kc::local {
namespace {

namespace dom = simdjson::dom;

// Remembers the first thing that was not as it should be, so that the readers stay short.
class Reader {
 public:
  explicit Reader(std::string& problem) : problem_(problem) {}

  std::string Text(const dom::object& object, const char* key) {
    std::string_view value;
    if (object[key].get(value) != simdjson::SUCCESS) Problem(key);
    return std::string(value);
  }
  std::string TextOr(const dom::object& object, const char* key) {
    std::string_view value;
    auto error = object[key].get(value);
    if (error != simdjson::SUCCESS && error != simdjson::NO_SUCH_FIELD) Problem(key);
    return std::string(value);
  }
  int64_t Number(const dom::object& object, const char* key) {
    int64_t value = 0;
    if (object[key].get(value) != simdjson::SUCCESS) Problem(key);
    return value;
  }
  bool FlagOr(const dom::object& object, const char* key) {
    bool value = false;
    auto error = object[key].get(value);
    if (error != simdjson::SUCCESS && error != simdjson::NO_SUCH_FIELD) Problem(key);
    return value;
  }
  // An absent array is empty.
  template <typename F>
  void Each(const dom::object& object, const char* key, F&& f) {
    dom::array array;
    auto error = object[key].get(array);
    if (error == simdjson::NO_SUCH_FIELD) return;
    if (error != simdjson::SUCCESS) return Problem(key);
    for (dom::element element : array) f(element);
  }
  dom::object Object(dom::element element) {
    dom::object object;
    if (element.get(object) != simdjson::SUCCESS) Problem("object");
    return object;
  }
  std::string TextOf(dom::element element) {
    std::string_view value;
    if (element.get(value) != simdjson::SUCCESS) Problem("string");
    return std::string(value);
  }
  int64_t NumberOf(dom::element element) {
    int64_t value = 0;
    if (element.get(value) != simdjson::SUCCESS) Problem("number");
    return value;
  }
  // [a, b, …]
  std::vector<int64_t> Numbers(dom::element element) {
    std::vector<int64_t> out;
    dom::array array;
    if (element.get(array) != simdjson::SUCCESS) {
      Problem("numbers");
      return out;
    }
    for (dom::element item : array) out.push_back(NumberOf(item));
    return out;
  }
  void Problem(std::string_view what) {
    if (problem_.empty()) problem_ = "'" + std::string(what) + "' is missing or wrong";
  }

 private:
  std::string& problem_;
};

class Applier {
 public:
  Applier(DatabaseState& state, const std::function<ExtentFilePtr(ExtentFile)>& register_file,
          const std::function<void(TransactionHeader)>& on_transaction)
      : state_(state),
        editor_(state),
        register_file_(register_file),
        on_transaction_(on_transaction),
        reader_(problem_) {}

  // Empty: applied; else what is wrong.
  std::string Apply(std::string_view line) {
    dom::element element;
    if (parser_.parse(line.data(), line.size()).get(element) != simdjson::SUCCESS) {
      return "the line is no JSON";
    }
    dom::object object = reader_.Object(element);
    std::string op = reader_.Text(object, "op");
    if (problem_.empty() && !ApplyMeta(op, object) && !ApplyData(op, object)) {
      return "unknown operation '" + op + "'";
    }
    return problem_;
  }

 private:
  bool ApplyMeta(const std::string& op, const dom::object& object) {
    if (op == "transaction") {
      Transaction(object);
    } else if (op == "database") {
      editor_.PutDatabase(Database(object));
    } else if (op == "tables") {
      std::vector<TableMeta> tables;
      reader_.Each(object, "tables",
                   [&](dom::element table) { tables.push_back(TableOf(reader_.Object(table))); });
      if (problem_.empty()) editor_.PutTables(std::move(tables));
    } else if (op == "drop-table") {
      if (!editor_.DropTable(reader_.Text(object, "id"))) reader_.Problem("table to drop");
    } else if (op == "function") {
      editor_.PutFunction(Function(object));
    } else if (op == "drop-function") {
      editor_.DropFunction(reader_.Text(object, "name"));
    } else if (op == "drop-database") {
      state_.dropped = true;
    } else {
      return false;
    }
    return true;
  }

  bool ApplyData(const std::string& op, const dom::object& object) {
    if (op == "add-extents") {
      std::string table = reader_.Text(object, "table");
      reader_.Each(object, "extents", [&](dom::element element) {
        ExtentPtr extent = ExtentOf(reader_.Object(element));
        if (problem_.empty() && !editor_.AddExtent(table, extent)) {
          reader_.Problem("table of extent " + extent->id);
        }
      });
    } else if (op == "remove-extents") {
      std::string table = reader_.Text(object, "table");
      reader_.Each(object, "ids", [&](dom::element element) {
        if (!editor_.RemoveExtent(table, reader_.TextOf(element))) reader_.Problem("extent");
      });
    } else if (op == "state") {
      state_.sequence = static_cast<uint64_t>(reader_.Number(object, "sequence"));
      state_.last_ticks = reader_.Number(object, "time");
      state_.cursor_position = reader_.Number(object, "cursor");
      state_.version = static_cast<uint64_t>(reader_.Number(object, "version"));
    } else {
      return false;
    }
    return true;
  }

  void Transaction(const dom::object& object) {
    TransactionHeader header;
    header.sequence = static_cast<uint64_t>(reader_.Number(object, "sequence"));
    header.ticks = reader_.Number(object, "time");
    header.version = static_cast<uint64_t>(reader_.Number(object, "version"));
    header.event = reader_.Text(object, "event");
    header.entity = reader_.Text(object, "entity");
    state_.sequence = header.sequence;
    state_.last_ticks = header.ticks;
    state_.version = header.version;
    on_transaction_(std::move(header));
  }

  PolicyMap Policies(const dom::object& object) {
    PolicyMap out;
    dom::object policies;
    if (object["policies"].get(policies) != simdjson::SUCCESS) {
      reader_.Problem("policies");
      return out;
    }
    for (auto [name, text] : policies) out[std::string(name)] = reader_.TextOf(text);
    return out;
  }

  std::vector<IngestionMapping> Mappings(const dom::object& object) {
    std::vector<IngestionMapping> out;
    reader_.Each(object, "mappings", [&](dom::element element) {
      dom::object json = reader_.Object(element);
      out.push_back({reader_.Text(json, "kind"), reader_.Text(json, "name"),
                     reader_.Text(json, "json"), reader_.Number(json, "updated")});
    });
    return out;
  }

  std::vector<Principal> Principals(const dom::object& object) {
    std::vector<Principal> out;
    reader_.Each(object, "principals", [&](dom::element element) {
      dom::object json = reader_.Object(element);
      out.push_back({reader_.Text(json, "role"), reader_.Text(json, "fqn"),
                     reader_.Text(json, "displayName"), reader_.Text(json, "objectId"),
                     reader_.Text(json, "type"), reader_.Text(json, "notes")});
    });
    return out;
  }

  DatabaseMeta Database(const dom::object& object) {
    DatabaseMeta meta;
    meta.id = reader_.Text(object, "id");
    meta.name = reader_.Text(object, "name");
    meta.pretty_name = reader_.Text(object, "prettyName");
    meta.created_ticks = reader_.Number(object, "created");
    meta.policies = Policies(object);
    meta.mappings = Mappings(object);
    meta.principals = Principals(object);
    return meta;
  }

  TableMeta TableOf(const dom::object& object) {
    TableMeta table;
    table.id = reader_.Text(object, "id");
    table.name = reader_.Text(object, "name");
    table.created_ticks = reader_.Number(object, "created");
    table.next_column_id = static_cast<int>(reader_.Number(object, "nextColumn"));
    table.folder = reader_.TextOr(object, "folder");
    table.docstring = reader_.TextOr(object, "docstring");
    table.policies = Policies(object);
    table.mappings = Mappings(object);
    table.principals = Principals(object);
    reader_.Each(object, "columns", [&](dom::element element) {
      dom::object json = reader_.Object(element);
      Column column;
      column.id = static_cast<int>(reader_.Number(json, "id"));
      column.name = reader_.Text(json, "name");
      column.docstring = reader_.TextOr(json, "docstring");
      column.encoding_policy = reader_.TextOr(json, "encoding");
      auto type = ParseScalarType(reader_.Text(json, "type"));
      if (!type) return reader_.Problem("type");
      column.type = *type;
      table.columns.push_back(std::move(column));
    });
    return table;
  }

  StoredFunction Function(const dom::object& object) {
    StoredFunction function;
    function.name = reader_.Text(object, "name");
    function.parameters = reader_.Text(object, "parameters");
    function.body = reader_.Text(object, "body");
    function.folder = reader_.Text(object, "folder");
    function.docstring = reader_.Text(object, "docstring");
    function.view = reader_.FlagOr(object, "view");
    function.skip_validation = reader_.FlagOr(object, "skipValidation");
    return function;
  }

  ExtentFile FileOf(const dom::object& object) {
    ExtentFile file;
    file.key = reader_.Text(object, "file");
    file.rows = reader_.Number(object, "rows");
    file.bytes = reader_.Number(object, "bytes");
    file.index_bytes = reader_.Number(object, "index");
    file.original_bytes = reader_.Number(object, "original");
    file.has_row_times = reader_.FlagOr(object, "fileHasTimes");
    reader_.Each(object, "columns", [&](dom::element element) {
      file.column_ids.push_back(static_cast<int>(reader_.NumberOf(element)));
    });
    reader_.Each(object, "ranges", [&](dom::element element) {
      std::vector<int64_t> range = reader_.Numbers(element);
      if (range.size() != 3) return reader_.Problem("ranges");
      file.ranges.push_back({static_cast<int>(range[0]), range[1], range[2]});
    });
    return file;
  }

  std::pair<int64_t, int64_t> Span(const dom::object& object, const char* key) {
    dom::element element;
    if (object[key].get(element) != simdjson::SUCCESS) reader_.Problem(key);
    if (!problem_.empty()) return {};
    std::vector<int64_t> numbers = reader_.Numbers(element);
    if (numbers.size() != 2) {
      reader_.Problem(key);
      return {};
    }
    return {numbers[0], numbers[1]};
  }

  ExtentPtr ExtentOf(const dom::object& object) {
    auto extent = std::make_shared<Extent>();
    extent->id = reader_.Text(object, "id");
    std::tie(extent->min_created_ticks, extent->max_created_ticks) = Span(object, "created");
    std::tie(extent->min_ingested, extent->max_ingested) = Span(object, "ingested");
    extent->row_times = reader_.FlagOr(object, "rowTimes");
    reader_.Each(object, "tags",
                 [&](dom::element element) { extent->tags.push_back(reader_.TextOf(element)); });
    auto map = std::make_shared<ColumnIdMap>();
    reader_.Each(object, "columnMap", [&](dom::element element) {
      std::vector<int64_t> pair = reader_.Numbers(element);
      if (pair.size() != 2) return reader_.Problem("columnMap");
      map->emplace_back(static_cast<int>(pair[0]), static_cast<int>(pair[1]));
    });
    dom::element present;
    if (object["columnMap"].get(present) == simdjson::SUCCESS) extent->column_map = map;
    ExtentFile file = FileOf(object);
    if (problem_.empty()) extent->file = register_file_(std::move(file));
    return extent;
  }

  DatabaseState& state_;
  StateEditor editor_;
  const std::function<ExtentFilePtr(ExtentFile)>& register_file_;
  const std::function<void(TransactionHeader)>& on_transaction_;
  std::string problem_;
  Reader reader_;
  dom::parser parser_;
};

}  // namespace

Status ApplyOperations(std::string_view lines, DatabaseState& state,
                       const std::function<ExtentFilePtr(ExtentFile)>& register_file,
                       const std::function<void(TransactionHeader)>& on_transaction) {
  Applier applier(state, register_file, on_transaction);
  int number = 0;
  while (!lines.empty()) {
    ++number;
    size_t end = lines.find('\n');
    if (end == std::string_view::npos) {
      return Stop(fmt::format("line {}: is cut short", number), "DamagedStorage");
    }
    std::string problem = applier.Apply(lines.substr(0, end));
    if (!problem.empty()) {
      return Stop(fmt::format("line {}: {}", number, problem), "DamagedStorage");
    }
    lines.remove_prefix(end + 1);
  }
  return {};
}

}  // namespace kc::local
