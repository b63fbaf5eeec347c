// The floor that a copy is measured against: DuckDB alone reads Parquet files and writes them as
// one (what an export must do), then reads that and writes it again (what an ingestion must do),
// with the settings that kusto-local uses.
//   floor FOLDER_WITH_PARQUET EMPTY_FOLDER    prints the seconds
#include <fmt/format.h>

#include <cstdio>

#include "engine/duck.h"
#include "world/clock.h"

namespace {

std::string Pass(const std::string& from, const std::string& to) {
  return fmt::format(
      "COPY (SELECT * FROM read_parquet({})) TO {} "
      "(FORMAT parquet, CODEC zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 122880)",
      kc::engine::SqlString(from), kc::engine::SqlString(to));
}

kc::Result<double> Run(const std::string& source, const std::string& target) {
  KC_ASSIGN(auto database, kc::engine::Database::Open({}));
  KC_ASSIGN(auto connection, database->Connect());
  const std::string exported = target + "/exported.parquet";
  const std::string ingested = target + "/ingested.parquet";
  auto begin = kc::world::SystemClock().Monotonic();
  KC_TRY(connection.Execute(Pass(source + "/*.parquet", exported)));
  KC_TRY(connection.Execute(Pass(exported, ingested)));
  std::chrono::duration<double> took = kc::world::SystemClock().Monotonic() - begin;
  return took.count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: floor FOLDER_WITH_PARQUET EMPTY_FOLDER\n");
    return 2;
  }
  auto seconds = Run(argv[1], argv[2]);
  if (!seconds) {
    std::fprintf(stderr, "error: %s\n", seconds.error().message.c_str());
    return 1;
  }
  std::printf("%.3f\n", *seconds);
  return 0;
}
