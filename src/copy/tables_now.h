// The tables that a cluster has in the copy's database at present: their names and ids.
#pragma once

#include <string>
#include <vector>

#include "copy/session.h"
#include "kusto/commands/schema.h"

namespace kc::copy {

using TablesNow = std::vector<kusto::commands::TableDetails>;

world::Task<Result<TablesNow>> ReadTables(Session& session, kusto::Client& client);
// The one of that name; what an unknown name gives is the cluster's: an error or none.
world::Task<Result<TablesNow>> ReadTable(Session& session, kusto::Client& client, std::string name);

// "" if there is none.
std::string IdOf(const TablesNow& tables, const std::string& name);
std::string NameOf(const TablesNow& tables, const std::string& id);

}  // namespace kc::copy
