// kusto-local: a Kusto-compatible cluster on this machine.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <string>

#include "base/log.h"
#include "local/commands/version.h"
#include "local/server/program.h"
#include "world/processes.h"

namespace {

struct Arguments {
  kc::local::ProgramOptions options;
  bool verbose = false;
};

void Define(CLI::App& app, Arguments& arguments) {
  app.add_option("--listen", arguments.options.listen,
                 "Address and port to listen on; port 0 takes any free one")
      ->capture_default_str();
  app.add_option("--storage", arguments.options.storage,
                 "Folder of the databases; created if it isn't there (required)");
  const auto capacity = [&](const char* name, int& value, const char* text) {
    app.add_option(name, value, text)->check(CLI::Range(1, 10'000));
  };
  capacity("--export-capacity", arguments.options.export_capacity,
           "Exports that run at a time (Kusto's formula)");
  capacity("--ingestion-capacity", arguments.options.ingestion_capacity,
           "Ingestions that run at a time (Kusto's formula)");
  capacity("--query-capacity", arguments.options.query_capacity,
           "Queries that run at a time (Kusto's formula)");
  app.add_option("--maintenance-interval", arguments.options.maintenance_interval_s,
                 "Seconds between two rounds of merges, retention and snapshots")
      ->check(CLI::Range(0.1, 86'400.0))
      ->capture_default_str();
  app.add_flag("-v,--verbose", arguments.verbose, "Say more, on standard error");
  app.set_version_flag("--version", std::string(kc::local::kProductVersion));
  app.footer(
      "It prints one line with its address when it is ready, and ends on SIGTERM or Ctrl-C.\n"
      "Exit codes: 0 ended as told, 1 internal failure, 2 wrong arguments, 3 the address can't be\n"
      "listened on, 4 the storage is in use by another process, 5 the storage can't be used.");
}

// One line, with what to do next.
int Refuse(const std::string& text) {
  fmt::print(stderr, "kusto-local: {} (see kusto-local --help)\n", text);
  return kc::local::kExitArguments;
}

}  // namespace

int main(int argc, char** argv) {
  static kc::world::CancelToken stop;
  kc::world::OnTermination(stop);
  Arguments arguments;
  CLI::App app("kusto-local: a Kusto-compatible cluster on this machine", "kusto-local");
  Define(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // help and version
    return Refuse(error.what());
  }
  // Not CLI11's required(): that would hide a misspelt option behind the one that is missing.
  if (arguments.options.storage.empty()) {
    return Refuse("--storage is required: the folder of the databases");
  }
  if (!std::isfinite(arguments.options.maintenance_interval_s)) {
    return Refuse("--maintenance-interval is not a number");
  }
  kc::SetLogLevel(arguments.verbose ? kc::LogLevel::kDebug : kc::LogLevel::kInfo);
  return kc::local::RunProgram(arguments.options, stop);
}
