// What is new at the source: rows per table in the next window. A table that can't be counted stops
// (session.blocked), the others go on.
#pragma once

#include "copy/session.h"

namespace kc::copy {

// Counts the rows of each named table after its watermark up to `upto`; only tables with rows come
// into `rows`.
world::Task<Status> CountNewRows(Session& session, std::vector<std::string> names, std::string upto,
                                 std::map<std::string, int64_t>& rows);

// Fills session.undated for tables without a watermark, and tells what is found.
world::Task<Status> CountUndatedRows(Session& session);

// Tells the difference between two counts of what lies before a table's watermark.
void TellBehind(Session& session, const std::string& table, int64_t before, int64_t now);

// Counts the closed windows of tables that have nothing new (protocol F23): rows that came behind
// the cursor, or that were removed after they were copied, are told, once. Of many tables some at a
// time.
world::Task<Status> LookBehind(Session& session, std::vector<std::string> names);

// "" if nothing of the table was ever copied whole.
std::string WatermarkOf(const Session& session, const std::string& table);

}  // namespace kc::copy
