// Runs the cases of *.test files (README.md here) through the engine.
#include <cmath>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "engine/duck.h"
#include "engine/encode_json.h"
#include "engine/engine.h"
#include "kql/parser.h"

namespace kc::engine {
namespace {

// ---- tables
// ---------------------------------------------------------------------------------------

struct MemoryTable : kql::TableInfo {
  std::string sql;  // the rows as a SELECT
};
using Tables = std::map<std::string, std::shared_ptr<MemoryTable>>;

class MemoryCatalog : public kql::Catalog {
 public:
  explicit MemoryCatalog(const Tables& tables) : tables_(tables) {}
  std::string CurrentCluster() const override { return "http://127.0.0.1"; }
  std::string CurrentDatabase() const override { return "Test"; }
  Result<kql::TablePtr> FindTable(const kql::DatabaseRef&, std::string_view name,
                                  kql::TableKind) override {
    const auto it = tables_.find(std::string(name));
    return it == tables_.end() ? kql::TablePtr() : kql::TablePtr(it->second);
  }
  Result<kql::FunctionPtr> FindFunction(const kql::DatabaseRef&, std::string_view) override {
    return kql::FunctionPtr();
  }
  Result<std::vector<std::string>> ListTables(const kql::DatabaseRef&,
                                              std::string_view pattern) override {
    std::vector<std::string> names;
    for (const auto& [name, table] : tables_) {
      if (MatchesWildcard(name, pattern)) names.push_back(name);
    }
    return names;
  }
  Result<std::vector<std::string>> ListDatabases(const std::string&, std::string_view) override {
    return std::vector<std::string>{"Test"};
  }
  Result<std::string> CursorCurrent(const kql::DatabaseRef&) override { return std::string("0"); }
  Result<int64_t> DecodeCursor(const kql::DatabaseRef&, std::string_view) override { return 0; }
  Result<ValueTable> ExecuteShowCommand(std::string_view, std::string_view) override {
    return Stop("There are no commands here");
  }
  Result<ValueTable> ReadExternalData(
      const std::vector<ColumnSchema>&, const std::vector<std::string>&,
      const std::vector<std::pair<std::string, std::string>>&) override {
    return Stop("There are no files here");
  }

 private:
  const Tables& tables_;
};

class MemoryProvider : public TableProvider {
 public:
  Result<ScanRelation> Open(const TableScan& scan) override {
    return ScanRelation{static_cast<const MemoryTable&>(*scan.table).sql, nullptr};
  }
};

std::string CellSql(const Json& cell, ScalarType type) {
  const std::string sql_type(SqlType(type));
  if (cell.is_null()) return type == ScalarType::kString ? "''" : "CAST(NULL AS " + sql_type + ")";
  std::string text = cell.is_string() ? cell.get<std::string>() : DumpJson(cell);
  if (type == ScalarType::kDateTime) text = std::to_string(ParseDateTime(text).value());
  if (type == ScalarType::kTimeSpan) text = std::to_string(ParseTimeSpan(text).value());
  if (type == ScalarType::kDynamic) text = DumpJson(cell);
  return "CAST(" + SqlString(text) + " AS " + sql_type + ")";
}

Result<std::shared_ptr<MemoryTable>> MakeTable(const std::string& head,
                                               const std::vector<std::string>& lines) {
  const size_t open = head.find('(');
  KC_ASSIGN(const std::vector<kql::ast::ColumnDecl> columns, kql::ParseColumns(head.substr(open)));
  auto table = std::make_shared<MemoryTable>();
  table->name = std::string(Trim(head.substr(0, open)));
  table->has_hidden_columns = false;
  std::string names, empty;
  for (size_t i = 0; i < columns.size(); ++i) {
    table->columns.push_back({columns[i].name, columns[i].type});
    names += (i > 0 ? ", c" : "c") + std::to_string(i);
    empty += (i > 0 ? ", " : "") + CellSql(Json(), columns[i].type);
  }
  std::string values;
  for (const std::string& line : lines) {
    if (Trim(line).empty()) continue;
    KC_ASSIGN(const Json row, ParseJson(line));
    std::string cells;
    for (size_t i = 0; i < columns.size(); ++i) {
      cells += (i > 0 ? ", " : "") + CellSql(row.at(i), columns[i].type);
    }
    values += (values.empty() ? "(" : ", (") + cells + ")";
  }
  const std::string none = values.empty() ? " WHERE false" : "";
  if (values.empty()) values = "(" + empty + ")";
  table->sql = "SELECT * FROM (VALUES " + values + ") AS t(" + names + ")" + none;
  return table;
}

// ---- cases
// ----------------------------------------------------------------------------------------

struct Expected {
  std::string name;
  std::string columns;
  std::vector<std::string> rows;
  bool unordered = false;
};

struct Case {
  std::string name;
  int line = 0;
  std::string query;
  std::string error;
  std::vector<Expected> tables;
};

struct Block {
  std::string head;
  int line = 0;
  std::vector<std::string> lines;
  std::vector<std::string> before;  // comments and blank lines, kept when recording
};

struct TestFile {
  std::vector<Block> blocks;
  std::vector<std::string> tail;
};

TestFile ReadFile(std::istream& in) {
  TestFile file;
  std::string line;
  bool inside = false;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.starts_with("===")) {
      file.blocks.push_back({std::string(Trim(line.substr(3))), number, {}, std::move(file.tail)});
      file.tail.clear();
      inside = true;
    } else if (!inside || line.empty() || (line.starts_with('#') && !file.tail.empty())) {
      file.tail.push_back(line);
    } else {
      // Blank lines inside of a block belong to it.
      Block& block = file.blocks.back();
      block.lines.insert(block.lines.end(), file.tail.begin(), file.tail.end());
      file.tail.clear();
      block.lines.push_back(line);
    }
  }
  return file;
}

Case ReadCase(const Block& block) {
  Case c;
  c.name = block.head;
  c.line = block.line;
  bool in_query = true, in_columns = false;
  for (const std::string& line : block.lines) {
    if (!line.starts_with("---")) {
      if (in_query) {
        c.query += line + "\n";
      } else if (in_columns) {
        c.tables.back().columns += line;
      } else if (!Trim(line).empty() && !c.tables.empty()) {
        c.tables.back().rows.push_back(line);
      }
      continue;
    }
    in_query = false;
    const std::string_view section = Trim(std::string_view(line).substr(3));
    in_columns = section == "columns";
    if (section.starts_with("error")) {
      c.error = std::string(Trim(section.substr(5)));
    } else if (section.starts_with("table ")) {
      c.tables.push_back({std::string(Trim(section.substr(6))), "", {}, false});
    } else if (in_columns && (c.tables.empty() || !c.tables.back().columns.empty())) {
      c.tables.emplace_back();
    } else if (section.starts_with("rows") && !c.tables.empty()) {
      c.tables.back().unordered = section.find("unordered") != std::string_view::npos;
    }
  }
  return c;
}

// ---- answers
// --------------------------------------------------------------------------------------

std::string PlainName(const std::string& name) {
  const bool plain = !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0])) &&
                     std::all_of(name.begin(), name.end(), [](unsigned char c) {
                       return std::isalnum(c) || c == '_' || c == '$';
                     });
  return plain ? name : KqlName(name);
}

std::string ColumnsText(const std::vector<ColumnSchema>& columns) {
  std::vector<std::string> items;
  for (const ColumnSchema& column : columns) {
    items.push_back(PlainName(column.name) + ":" + std::string(KustoName(column.type)));
  }
  return Join(items, ", ");
}

// All tables of the answer, or the reason of the error.
Result<std::vector<Expected>> Answer(Engine& engine, const std::string& query,
                                     const Tables& tables) {
  MemoryCatalog catalog(tables);
  MemoryProvider provider;
  QueryRequest request;
  request.text = query;
  request.now_ticks = ParseDateTime("2024-06-15T12:00:00Z").value();
  KC_ASSIGN(KqlResult result, engine.Run(request, catalog, provider));
  std::vector<Expected> answer;
  for (const auto& table : result.tables) {
    Expected one;
    one.name = table->name;
    one.columns = ColumnsText(table->columns);
    const std::vector<ScalarType> types = TypesOf(table->columns);
    while (true) {
      KC_ASSIGN(std::optional<Chunk> chunk, table->Next());
      if (!chunk) break;
      for (size_t row = 0; row < chunk->rows(); ++row) {
        std::string text;
        AppendJsonRows(text, *chunk, row, row + 1, types);
        one.rows.push_back(std::move(text));
      }
    }
    answer.push_back(std::move(one));
  }
  return answer;
}

bool SameValue(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number() && (a.is_number_float() || b.is_number_float())) {
    const double x = a.get<double>(), y = b.get<double>();
    return x == y || std::fabs(x - y) <= 1e-12 * std::max(std::fabs(x), std::fabs(y));
  }
  if (a.type() != b.type()) return a.is_number() && b.is_number() && a == b;
  if (!a.is_structured()) return a == b;
  if (a.size() != b.size()) return false;
  for (auto x = a.begin(), y = b.begin(); x != a.end(); ++x, ++y) {
    if (a.is_object() && x.key() != y.key()) return false;
    if (!SameValue(*x, *y)) return false;
  }
  return true;
}

bool SameRows(const std::vector<std::string>& want, const std::vector<std::string>& got,
              bool unordered) {
  if (want.size() != got.size()) return false;
  std::vector<Json> left;
  for (const std::string& row : got) left.push_back(ParseJson(row).value());
  for (const std::string& row : want) {
    const auto expected = ParseJson(row);
    if (!expected) return false;
    const auto found = std::find_if(left.begin(), unordered ? left.end() : left.begin() + 1,
                                    [&](const Json& r) { return SameValue(*expected, r); });
    if (found == (unordered ? left.end() : left.begin() + 1)) return false;
    left.erase(found);
  }
  return true;
}

std::string Show(const std::vector<Expected>& tables) {
  std::string text;
  for (const Expected& table : tables) {
    if (tables.size() > 1) text += "--- table " + table.name + "\n";
    text += "--- columns\n" + table.columns + "\n--- rows";
    text += table.unordered ? " unordered\n" : "\n";
    for (const std::string& row : table.rows) text += row + "\n";
  }
  return text;
}

// What is wrong with the case, empty if nothing.
std::string Check(const Case& c, const Result<std::vector<Expected>>& answer) {
  if (!c.error.empty()) {
    if (answer) return "an error was expected, the answer is\n" + Show(*answer);
    if (c.error == "*" || answer.error().reason == c.error) return "";
    return "another error: " + answer.error().reason + ": " + answer.error().message + "\n";
  }
  if (!answer) return "error " + answer.error().reason + ": " + answer.error().message + "\n";
  if (c.tables.empty()) return "the case expects nothing\n";
  bool same = answer->size() == c.tables.size();
  for (size_t i = 0; same && i < c.tables.size(); ++i) {
    const Expected& want = c.tables[i];
    const Expected& got = (*answer)[i];
    same = (want.name.empty() || want.name == got.name) && want.columns == got.columns &&
           SameRows(want.rows, got.rows, want.unordered);
  }
  return same ? "" : "the answer is\n" + Show(*answer);
}

void Record(Block* block, const Case& c, Result<std::vector<Expected>> answer) {
  std::vector<std::string> lines;
  for (const std::string& line : Split(c.query, '\n')) lines.push_back(line);
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  std::string sections;
  if (answer) {
    for (size_t i = 0; i < answer->size() && i < c.tables.size(); ++i) {
      (*answer)[i].unordered = c.tables[i].unordered;
    }
    sections = Show(*answer);
  } else {
    sections = "--- error " + answer.error().reason + "\n";
  }
  for (const std::string& line : Split(sections, '\n')) lines.push_back(line);
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  block->lines = std::move(lines);
}

void WriteFile(const std::string& path, const TestFile& file) {
  std::ofstream out(path);
  for (const Block& block : file.blocks) {
    for (const std::string& line : block.before) out << line << "\n";
    out << "=== " << block.head << "\n";
    for (const std::string& line : block.lines) out << line << "\n";
  }
  for (const std::string& line : file.tail) out << line << "\n";
}

// Number of failed cases; -1 if the file can't be read.
int RunFile(Engine& engine, const std::string& path, bool record) {
  std::ifstream in(path);
  if (!in) {
    std::cerr << path << ": can't be read\n";
    return -1;
  }
  TestFile file = ReadFile(in);
  Tables tables;
  int failed = 0, passed = 0;
  for (Block& block : file.blocks) {
    if (block.head.starts_with("table ")) {
      auto table = MakeTable(block.head.substr(6), block.lines);
      if (!table) {
        std::cerr << path << ":" << block.line << ": " << table.error().message << "\n";
        return -1;
      }
      tables[(*table)->name] = *table;
      continue;
    }
    const Case c = ReadCase(block);
    auto answer = Answer(engine, c.query, tables);
    if (record) {
      Record(&block, c, std::move(answer));
      continue;
    }
    const std::string wrong = Check(c, answer);
    wrong.empty() ? ++passed : ++failed;
    if (!wrong.empty()) {
      std::cout << path << ":" << c.line << ": " << c.name << ": " << wrong << "\n";
    }
  }
  if (record) WriteFile(path, file);
  std::cout << path << ": " << passed << " passed, " << failed << " failed\n";
  return failed;
}

}  // namespace
}  // namespace kc::engine

int main(int argc, char** argv) {
  bool record = false;
  std::vector<std::string> paths;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--record") {
      record = true;
    } else {
      paths.emplace_back(argv[i]);
    }
  }
  if (paths.empty()) {
    std::cerr << "usage: kql_test_runner [--record] FILE…\n";
    return 2;
  }
  auto engine = kc::engine::Engine::Create({.threads = 2});
  if (!engine) {
    std::cerr << engine.error().message << "\n";
    return 2;
  }
  bool good = true;
  for (const std::string& path : paths) {
    good = kc::engine::RunFile(**engine, path, record) == 0 && good;
  }
  return good ? 0 : 1;
}
