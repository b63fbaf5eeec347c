#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>

#include "base/text.h"
#include "base/ticks.h"
#include "cli/exit_codes.h"

#ifndef KC_VERSION
#define KC_VERSION "0.1.0"
#endif

namespace kc::cli {
namespace {

constexpr const char* kAbout =
    "Copies databases between Kusto clusters, exactly once: killed at any moment and started "
    "again, it "
    "goes on where it was.";
constexpr const char* kClusters =
    "-s https://help.kusto.windows.net/ \\\n    -d https://mine.eastus.kusto.windows.net --db "
    "Samples";

constexpr const char* kSecrets =
    "What is behind (Env:…) is taken where the option is missing: a command line, with the keys "
    "in\n"
    "it, is seen by all users of a machine, the environment is not.";

// What a user would type.
std::string ExampleOf(Command command) {
  const std::string lake = " -l https://acct.blob.core.windows.net/copy/d16 ";
  switch (command) {
    case Command::kStatus:
      return "Example:\n  kusto-copy status" + lake;
    case Command::kVerify:
      return "Example:\n  kusto-copy verify" + lake + kClusters +
             "\n\nWith -l, rows are compared up to where the copy is; without, all that is there.";
    case Command::kPlan:
      return "Example:\n  kusto-copy plan" + lake + kClusters;
    case Command::kCopy:
    case Command::kFollow:
      break;
  }
  return "Example:\n  kusto-copy" + lake + kClusters +
         " --tables-include StormEvents\n\nNo subcommand means copy.";
}

constexpr int kMostSlots = 10'000;
// A fingerprint's sums stay below 2^63.
constexpr int64_t kMostRows = int64_t{1} << 30;

struct Texts {
  std::vector<std::string> databases;
  std::string rpo, horizon, undated_wait;
};

// CLI11 gives one App its own options; copy's are given to the program too (the classic form).
void AddLake(CLI::App& app, Arguments& arguments, bool required = true) {
  auto* lake =
      app.add_option("-l,--lake", arguments.lake,
                     "Data lake folder: blob or ADLS gen 2 URL with credentials, or a local "
                     "folder")
          ->envname("KUSTO_COPY_LAKE");
  if (required) lake->required();
  app.add_flag("-v,--verbose", arguments.verbose, "Verbose messages");
  app.add_flag("--json", arguments.json, "One JSON object per line on standard output");
}

void AddClusters(CLI::App& app, Arguments& arguments, Texts& texts) {
  app.add_option("-s,--source", arguments.source, "Source cluster query connection string")
      ->envname("KUSTO_COPY_SOURCE")
      ->required();
  app.add_option("-d,--destination", arguments.destination,
                 "Destination cluster query connection string")
      ->envname("KUSTO_COPY_DESTINATION")
      ->required();
  app.add_option("--db", texts.databases,
                 "Database to copy; SRC=DST gives it another name; may be "
                 "repeated")
      ->required();
  app.add_option("--tables-include", arguments.options.tables_include,
                 "Names and * wildcards (default: all tables)");
  app.add_option("--tables-exclude", arguments.options.tables_exclude,
                 "Names and * wildcards; applied after --tables-include");
}

void AddCopy(CLI::App& app, Arguments& arguments, Texts& texts) {
  AddLake(app, arguments);
  AddClusters(app, arguments, texts);
  copy::Options& options = arguments.options;
  app.add_flag("--continuous", options.continuous,
               "Run until stopped; otherwise stop after the first iteration");
  app.add_option("--query-slots", options.query_slots,
                 "Concurrent queries per cluster (default: 10% of query capacity)")
      ->check(CLI::Range(1, kMostSlots));
  app.add_option("--export-slots", options.export_slots,
                 "Concurrent exports of the source (default: its export capacity)")
      ->check(CLI::Range(1, kMostSlots));
  app.add_option("--ingestion-slots", options.ingestion_slots,
                 "Concurrent ingestions (default: the destination's ingestion capacity)")
      ->check(CLI::Range(1, kMostSlots));
  app.add_option("-r,--rpo", texts.rpo,
                 "Target time between two iterations: 5m, 00:05:00, '5 minutes' (default: 5m)");
  app.add_option("-b,--backfillHorizon,--backfill-horizon", texts.horizon,
                 "How far back the first iteration starts: 30d (default: everything)");
  app.add_flag("--include-undated", options.include_undated,
               "Also copy, once, rows that have no ingestion time");
  app.add_option("--undated-quiet", texts.undated_wait,
                 "How long these rows must not change before they are copied (default: 10m)");
  app.add_flag("--append", options.append, "The destination's tables may hold rows already");
  app.add_option("--block-rows", options.block_rows, "Rows per block, at most")
      ->check(CLI::Range(int64_t{1}, kMostRows));
}

// One line, with what to do next.
int Refuse(const std::string& text) {
  std::fprintf(stderr, "kusto-copy: %s (see kusto-copy --help)\n", text.c_str());
  return kExitUsage;
}

// "A=B" where neither side is quoted: the first '=' divides.
copy::DatabasePair PairOf(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos) return {text, text};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

// An address that is given must say something: a variable of a script that is not set gives ''.
std::string EmptyAddress(const CLI::App& app, const Arguments& arguments) {
  const std::pair<const char*, const std::string*> addresses[] = {
      {"--lake", &arguments.lake},
      {"--source", &arguments.source},
      {"--destination", &arguments.destination}};
  for (const auto& [name, value] : addresses) {
    const auto* option = app.get_option_no_throw(name);
    if (option != nullptr && option->count() > 0 && Trim(*value).empty()) {
      return std::string(name) + " is empty";
    }
  }
  return "";
}

// What stands on the command line and nobody knows; nothing if all is known.
std::string UnknownWord(const CLI::App& app) {
  const auto unknown = app.remaining();
  if (unknown.empty()) return "";
  const auto option = std::find_if(unknown.begin(), unknown.end(),
                                   [](const auto& word) { return word.starts_with("-"); });
  if (option != unknown.end()) return "unknown option '" + *option + "'";
  return "'" + unknown.front() + "' is neither a command nor an option's value";
}

std::string Finish(Arguments& arguments, const Texts& texts) {
  for (const auto& text : texts.databases) {
    const auto pair = PairOf(text);
    if (pair.source.empty() || pair.destination.empty()) {
      return "--db '" + text + "' is not NAME or SOURCE=DESTINATION";
    }
    for (const auto& other : arguments.options.databases) {
      if (EqualsIgnoreCase(other.destination, pair.destination)) {
        return "--db gives '" + pair.destination + "' twice as destination";
      }
    }
    arguments.options.databases.push_back(pair);
  }
  if (!texts.rpo.empty()) {
    const auto rpo = ParsePeriod(texts.rpo);
    if (!rpo) return "--rpo '" + texts.rpo + "' is not a time; write 5m, 00:05:00 or '5 minutes'";
    arguments.options.rpo_ticks = *rpo;
  }
  if (!texts.undated_wait.empty()) {
    const auto quiet = ParsePeriod(texts.undated_wait);
    if (!quiet)
      return "--undated-quiet '" + texts.undated_wait + "' is not a time; write 10m or 1s";
    arguments.options.undated_quiet_ticks = *quiet;
  }
  if (!texts.horizon.empty()) {
    const auto horizon = ParsePeriod(texts.horizon);
    if (!horizon) {
      return "--backfillHorizon '" + texts.horizon +
             "' is not a time; write 30d, 12h or 1.00:00:00";
    }
    arguments.options.horizon_before = *horizon;
  }
  return "";
}

// The first word that names a subcommand; without one the classic form means copy.
Command CommandOf(int argc, const char* const* argv, int& skip) {
  static const std::pair<const char*, Command> kCommands[] = {{"copy", Command::kCopy},
                                                              {"status", Command::kStatus},
                                                              {"verify", Command::kVerify},
                                                              {"plan", Command::kPlan},
                                                              {"follow", Command::kFollow}};
  skip = 0;
  if (argc < 2) return Command::kCopy;
  for (const auto& [name, command] : kCommands) {
    if (std::string_view(argv[1]) != name) continue;
    skip = 1;
    return command;
  }
  return Command::kCopy;
}

}  // namespace

std::optional<int64_t> ParsePeriod(std::string_view text) {
  std::string plain = ToLowerAscii(Trim(text));
  // "5 minutes" and the like: a number and a word.
  static const std::pair<const char*, const char*> kWords[] = {
      {"seconds", "s"}, {"second", "s"}, {"minutes", "m"}, {"minute", "m"},
      {"hours", "h"},   {"hour", "h"},   {"days", "d"},    {"day", "d"},
      {"mins", "m"},    {"min", "m"},    {"secs", "s"},    {"sec", "s"}};
  for (const auto& [word, unit] : kWords) {
    if (!plain.ends_with(word)) continue;
    plain = std::string(Trim(plain.substr(0, plain.size() - std::string_view(word).size()))) + unit;
    break;
  }
  const auto ticks = ParseTimeSpan(plain);
  if (!ticks || *ticks <= 0) return std::nullopt;
  return ticks;
}

std::variant<Arguments, int> ParseArguments(int argc, const char* const* argv) {
  Arguments arguments;
  Texts texts;
  int skip = 0;
  arguments.command = CommandOf(argc, argv, skip);
  CLI::App app(kAbout, skip == 0 ? "kusto-copy" : std::string("kusto-copy ") + argv[1]);
  app.footer(ExampleOf(arguments.command) + "\n\n" + kSecrets + "\n\n" + kExitCodeHelp);
  app.set_version_flag("--version", "kusto-copy " KC_VERSION);
  app.get_formatter()->column_width(36);
  switch (arguments.command) {
    case Command::kCopy:
      AddCopy(app, arguments, texts);
      if (skip == 0) {
        app.description(
            std::string(kAbout) +
            "\n\nSubcommands (kusto-copy SUBCOMMAND --help): copy (the default), status, "
            "verify, plan, follow.");
      }
      break;
    case Command::kStatus:
      app.description("Shows what the checkpoint in the lake says, during a copy and after it.");
      AddLake(app, arguments);
      app.add_option("--db", texts.databases, "Only this destination database");
      break;
    case Command::kVerify:
      app.description(
          "Compares source and destination by table and by day: counts and fingerprints.");
      AddLake(app, arguments, false);
      AddClusters(app, arguments, texts);
      app.add_option("--by", arguments.by, "A datetime column to compare by its days");
      break;
    case Command::kPlan:
      app.description("Shows what would be copied; touches nothing.");
      AddCopy(app, arguments, texts);
      break;
    case Command::kFollow:
      return Refuse("'follow' isn't part of this version");
  }
  try {
    app.parse(argc - skip, argv + skip);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help() << std::flush;
    return static_cast<int>(kExitOk);
  } catch (const CLI::CallForVersion&) {
    std::cout << app.version() << std::endl;
    return static_cast<int>(kExitOk);
  } catch (const CLI::Error& error) {
    // What is wrong is worth more than what is missing.
    const std::string unknown = UnknownWord(app);
    return Refuse(unknown.empty() ? error.what() : unknown);
  }
  std::string wrong = EmptyAddress(app, arguments);
  if (wrong.empty()) wrong = Finish(arguments, texts);
  if (!wrong.empty()) return Refuse(wrong);
  return arguments;
}

}  // namespace kc::cli
