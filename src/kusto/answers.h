// Answers of Kusto's REST API, v1 and v2, to values. Pure, safe from any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"

namespace kc::kusto {

struct Answer {
  // The primary results, in order; at least one (a result without rows still has its columns).
  std::vector<ValueTable> tables;
  // Key → value of @ExtendedProperties, the value as text or JSON text: "Cursor", "Visualization".
  std::map<std::string, std::string> properties;
  // EffectiveRequestOptions.QueryConsistency, "" when the answer doesn't say: "strongconsistency",
  // "weakconsistency".
  std::string consistency;
  std::string client_request_id;
  std::string activity_id;

  const ValueTable& table() const { return tables.front(); }
};

// Values as base/scalar.h says: 64-bit integers and decimals exactly, dynamic as the JSON text that
// came. Every sign of a partial failure makes the whole answer an error: an error object among the
// rows, HasErrors, OneApiErrors, a completion row of Level ≤ 2, v1's Exceptions and QueryStatus of
// Severity ≤ 2. The error's code is kRetry if it says "@permanent": false, else kStop; its reason
// is Kusto's code. Text that is no answer: kStop "BadAnswer".
Result<Answer> DecodeV2(std::string_view body);
Result<Answer> DecodeV1(std::string_view body);

// The error of an answer that isn't 200. `mutates`: whether the request could change something
// (then a 5xx that may come after acting is kUnknownOutcome). `retry_after` and `now_ticks` (UTC):
// the header in either form, "" if absent.
Error DecodeHttpError(int status, std::string_view body, std::string_view retry_after,
                      int64_t now_ticks, bool mutates);

// One value of a row as the type asks; a null gives 0, "" or false. The column must exist (an
// assert: use Require first).
int64_t GetInt(const ValueTable& table, size_t row, std::string_view column);
double GetReal(const ValueTable& table, size_t row, std::string_view column);
std::string GetText(const ValueTable& table, size_t row, std::string_view column);
// kStop "BadAnswer" naming the first column that is missing.
Status Require(const ValueTable& table, const std::vector<std::string_view>& columns);

}  // namespace kc::kusto
