// Hashes, and the joining of texts that feeds them: the content fingerprint of a copy is made of
// these, so they work without an allocation per row.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdio>

#include "base/hash.h"
#include "base/ticks.h"
#include "engine/udf/families.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {
namespace {

int64_t HashBytes(const void* data, size_t length) {
  return static_cast<int64_t>(XXH64(data, length, 0));
}

// One row's arguments from `first` on, separated by the first argument when `delimited`.
void JoinRow(const Call& call, idx_t row, bool delimited, std::string& out) {
  out.clear();
  std::string_view delimiter;
  size_t first = 0;
  if (delimited) {
    delimiter = call.inputs[0].Get<Text>(row);
    first = 1;
  }
  for (size_t i = first; i < call.inputs.size(); ++i) {
    if (i > first) out.append(delimiter);
    out.append(call.inputs[i].Get<Text>(row));
  }
}

void JoinAll(const Call& call, Output& output, bool delimited) {
  std::string buffer;
  for (idx_t row = 0; row < call.rows; ++row) {
    JoinRow(call, row, delimited, buffer);
    output.SetText(row, buffer);
  }
}

void HashAll(const Call& call, Output& output, bool delimited) {
  std::string buffer;
  int64_t* out = output.Data<int64_t>();
  for (idx_t row = 0; row < call.rows; ++row) {
    JoinRow(call, row, delimited, buffer);
    out[row] = HashBytes(buffer.data(), buffer.size());
  }
}

// hash(x, modulus): in [0, modulus).
std::optional<int64_t> Reduce(int64_t hash, int64_t modulus) {
  if (modulus <= 0) return std::nullopt;
  const int64_t rest = hash % modulus;
  return rest < 0 ? rest + modulus : rest;
}

}  // namespace

void AddHashes(Registrar& r) {
  r.Add("kql_hash_string", [](Text v) { return HashBytes(v.data(), v.size()); });
  r.Add("kql_hash_long", [](int64_t v) { return HashBytes(&v, sizeof(v)); });
  r.Add("kql_hash_int", [](int32_t v) { return HashBytes(&v, sizeof(v)); });
  r.Add("kql_hash_real", [](double v) { return HashBytes(&v, sizeof(v)); });
  r.Add("kql_hash_bool", [](bool v) { return HashBytes(&v, sizeof(v)); });
  r.Add("kql_hash_mod", [](int64_t hash, int64_t modulus) { return Reduce(hash, modulus); });
  r.Add("kql_hash_md5", [](StrOut& out, Text v) { out.append(Md5Hex(v)); });
  r.Add("kql_hash_sha1", [](StrOut& out, Text v) { out.append(Sha1Hex(v)); });
  r.Add("kql_hash_sha256", [](StrOut& out, Text v) { out.append(Sha256Hex(v)); });
  r.AddVariadic("kql_strcat", {DUCKDB_TYPE_VARCHAR}, DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR,
                [](const Call& call, Output& output) { JoinAll(call, output, false); });
  r.AddVariadic("kql_strcat_delim", {DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR}, DUCKDB_TYPE_VARCHAR,
                DUCKDB_TYPE_VARCHAR,
                [](const Call& call, Output& output) { JoinAll(call, output, true); });
  // hash_xxhash64(strcat_delim(…)) in one go: the joined text is never stored.
  r.AddVariadic("kql_hash_strcat_delim", {DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR},
                DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_BIGINT,
                [](const Call& call, Output& output) { HashAll(call, output, true); });
}

}  // namespace kc::engine::udf
