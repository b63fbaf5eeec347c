// Commands that make tables, functions and policies again.
#pragma once

#include <string>
#include <vector>

#include "local/catalog/model.h"

namespace kc::local {

struct ScriptOptions {
  bool encoding_policies = true;
  bool security = true;
  bool mappings = true;
};

// One command each, in an order in which they can be run.
std::vector<std::string> SchemaScript(const DatabaseState& state, const ScriptOptions& options);
// ".create-merge table T (a:string) with (folder=…, docstring=…)"
std::string CreateTableText(const TableMeta& table);
// A name for people to read: bare where KQL lets it be.
std::string PlainName(const std::string& name);

}  // namespace kc::local
