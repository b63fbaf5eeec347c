// The tables that a cluster has in the copy's database at present: their names and ids.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "copy/session.h"
#include "kusto/commands/schema.h"

namespace kc::copy {

// For what is looked up for each of ten thousand tables: a list that is sorted by name.
template <typename T>
void SortByName(std::vector<T>& all) {
  std::sort(all.begin(), all.end(), [](const T& a, const T& b) { return a.name < b.name; });
}
// Null if there is none.
template <typename T>
const T* FindByName(const std::vector<T>& sorted, const std::string& name) {
  const auto found =
      std::lower_bound(sorted.begin(), sorted.end(), name,
                       [](const T& one, const std::string& n) { return one.name < n; });
  return found == sorted.end() || found->name != name ? nullptr : &*found;
}

// Sorted by name.
using TablesNow = std::vector<kusto::commands::TableDetails>;

world::Task<Result<TablesNow>> ReadTables(Session& session, kusto::Client& client);
// The one of that name; what an unknown name gives is the cluster's: an error or none.
world::Task<Result<TablesNow>> ReadTable(Session& session, kusto::Client& client, std::string name);

// "" if there is none.
std::string IdOf(const TablesNow& tables, const std::string& name);
std::string NameOf(const TablesNow& tables, const std::string& id);

}  // namespace kc::copy
