// What a copy refuses to begin with at the destination (protocol F40), decided on what was read:
// the copy itself and `kusto-copy plan` say the same. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "kusto/commands/schema.h"

namespace kc::copy {

// kStop "OwnedByOther" if KC_Status() among the functions of `database` belongs to a copy with
// another id than `copy_id`; "" is a copy that is about to begin. True: it exists.
Result<bool> JudgeOwner(const std::vector<kusto::commands::FunctionInfo>& functions,
                        const std::string& database, const std::string& copy_id);

// Why a table that holds `rows` already can't be copied to without --append.
std::string NotEmptyText(const std::string& table, int64_t rows);

}  // namespace kc::copy
