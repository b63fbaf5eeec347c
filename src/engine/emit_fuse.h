// One rewrite of bound expressions before SQL is made of them: a hash of joined texts, as the
// content fingerprint of a copy computes it for every row, becomes one function that reads the
// columns themselves and never stores the texts.
#pragma once

#include <string>

#include "kql/plan.h"

namespace kc::engine {

// hash_xxhash64(strcat_delim('d', e1, e2 …)) → kql_hash_row('d', kinds, a1, a2 …), where each of
// the kinds says how the text of an argument is made of a column (udf/row_hash.cc), 's' standing
// for a text as it is. Other expressions stay as they are. The value is the same.
kql::ExprPtr FuseRowHash(const kql::ExprPtr& expr);

// What an expression of one column looks like, the column being "#": for finding known shapes.
// Empty if it reads no or several columns.
std::string ShapeOf(const kql::Expr& expr, kql::ExprPtr& column);

}  // namespace kc::engine
