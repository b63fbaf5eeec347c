// .show version, .show cluster, .show queries … and .cancel query.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "local/commands/activities.h"
#include "local/commands/handlers.h"
#include "local/commands/schema_access.h"
#include "local/commands/version.h"
#include "world/processes.h"

namespace kc::local {
namespace {

constexpr std::string_view kEnvironment =
    R"({"Environment":"Local","SystemId":"kusto-local","IsEmulator":true})";

Result<CommandResult> ShowVersion(const Command&, CommandContext&) {
  return OneTable(
      ParseColumns(
          "BuildVersion:string BuildTime:datetime ServiceType:string ProductVersion:string"),
      {{std::string(kBuildVersion), *ParseDateTime(kBuildTime), Text("Engine"),
        std::string(kProductVersion)}});
}

// Bytes of a line of /proc/meminfo ("MemTotal"), 0 if it isn't known.
int64_t MemoryLine(const std::string& text, std::string_view name) {
  const size_t at = text.find(std::string(name) + ":");
  if (at == std::string::npos) return 0;
  const size_t digits = text.find_first_of("0123456789", at);
  const size_t end = text.find(' ', digits);
  if (end == std::string::npos) return 0;
  return ParseInt64(text.substr(digits, end - digits)).value_or(0) * 1024;
}

std::vector<Value> ClusterRow(const CommandContext& context) {
  const std::string& endpoint = context.cluster.options().endpoint;
  const std::string memory =
      context.cluster.world().files->Read("/proc/meminfo").value_or(std::string());
  return {Text("KEngine000000"),
          endpoint,
          world::HostName(),
          context.cluster.started_ticks(),
          true,
          MemoryLine(memory, "MemTotal"),
          MemoryLine(memory, "MemAvailable"),
          int64_t{world::CpuCount()},
          std::string(kEnvironment)};
}

constexpr std::string_view kClusterColumns =
    "NodeId:string Address:string Name:string StartTime:datetime IsAdmin:bool "
    "MachineTotalMemory:long MachineAvailableMemory:long ProcessorCount:int "
    "EnvironmentDescription:string";

Result<CommandResult> ShowCluster(const Command&, CommandContext& context) {
  return OneTable(ParseColumns(kClusterColumns), {ClusterRow(context)});
}

Result<CommandResult> ShowClusterDetails(const Command&, CommandContext& context) {
  std::vector<Value> row = ClusterRow(context);
  row.push_back(std::string(kProductVersion));
  return OneTable(ParseColumns(std::string(kClusterColumns) + " NetAndClsVersion:string"),
                  {std::move(row)});
}

Result<CommandResult> ShowDiagnostics(const Command&, CommandContext& context) {
  int64_t extents = 0;
  int64_t most = 0;
  std::string fullest;
  double original = 0;
  double bytes = 0;
  for (const DatabasePtr& database : context.cluster.databases()) {
    const StatePtr state = database->state();
    for (const auto& [name, table] : state->tables) {
      const auto count = static_cast<int64_t>(table->extents.size());
      extents += count;
      original += static_cast<double>(table->original_bytes);
      bytes += static_cast<double>(table->bytes);
      if (count > most) {
        most = count;
        fullest = name;
      }
    }
  }
  // The part of Microsoft's columns that means something on one machine.
  return OneTable(
      ParseColumns("IsHealthy:bool EnvironmentDescription:string IsScaleOutRequired:bool "
                   "MachinesTotal:int MachinesOffline:int NodeLastRestartedOn:datetime "
                   "AdminLastElectedOn:datetime ExtentsTotal:int TotalOriginalDataSize:real "
                   "TotalExtentSize:real BuildVersion:string BuildTime:datetime "
                   "NotHealthyReason:string IsAttentionRequired:bool "
                   "AttentionRequiredReason:string ProductVersion:string "
                   "MaxExtentsInSingleTable:int TableWithMaxExtents:string NumberOfDatabases:int"),
      {{true, std::string(kEnvironment), false, int64_t{1}, int64_t{0},
        context.cluster.started_ticks(), context.cluster.started_ticks(), extents, original, bytes,
        std::string(kBuildVersion), *ParseDateTime(kBuildTime), Text(""), false, Text(""),
        std::string(kProductVersion), most, fullest,
        static_cast<int64_t>(context.cluster.databases().size())}});
}

Result<CommandResult> ShowClusterServices(const Command&, CommandContext&) {
  return OneTable(
      ParseColumns("NodeId:string IsClusterAdmin:bool IsFabricManager:bool IsDatabaseAdmin:bool "
                   "IsWeakConsistencyNode:bool IsRowStoreHostNode:bool IsDataNode:bool"),
      {{Text("KEngine000000"), true, true, true, false, true, true}});
}

// The properties that a request had aren't kept.
constexpr std::string_view kNoJson = "{}";

Result<CommandResult> ShowQueries(CommandContext& context, bool running_only) {
  std::vector<std::vector<Value>> rows;
  for (const Activity& activity : context.activities->List()) {
    const bool running = activity.state == "InProgress";
    if (activity.is_command || (running_only && !running)) continue;
    std::vector<Value> row = {activity.client_request_id,
                              activity.text,
                              activity.database,
                              activity.started_ticks,
                              activity.updated_ticks,
                              activity.duration_ticks,
                              activity.state,
                              activity.activity_id,
                              activity.user,
                              activity.failure,
                              int64_t{0},
                              std::string(kNoJson),
                              activity.application,
                              int64_t{0},
                              std::string(kNoJson),
                              activity.principal,
                              std::string(kNoJson),
                              std::string(kNoJson),
                              Text("default")};
    if (!running_only) {
      row.push_back(std::string(kNoJson));
      row.push_back(Text(""));
    }
    rows.push_back(std::move(row));
  }
  const std::string common =
      "ClientActivityId:string Text:string Database:string StartedOn:datetime "
      "LastUpdatedOn:datetime Duration:timespan State:string RootActivityId:guid User:string "
      "FailureReason:string TotalCpu:timespan CacheStatistics:dynamic Application:string "
      "MemoryPeak:long ";
  if (running_only) {
    return OneTable(ParseColumns(common + "ScannedEventStatistics:dynamic Pricipal:string "
                                          "ClientRequestProperties:dynamic "
                                          "ResultSetStatistics:dynamic WorkloadGroup:string"),
                    std::move(rows));
  }
  return OneTable(
      ParseColumns(common + "ScannedExtentsStatistics:dynamic Principal:string "
                            "ClientRequestProperties:dynamic ResultSetStatistics:dynamic "
                            "WorkloadGroup:string OverallQueryStats:string VirtualCluster:string"),
      std::move(rows));
}

Result<CommandResult> ShowAllQueries(const Command&, CommandContext& context) {
  return ShowQueries(context, false);
}
Result<CommandResult> ShowRunningQueries(const Command&, CommandContext& context) {
  return ShowQueries(context, true);
}

Result<CommandResult> ShowCommands(const Command&, CommandContext& context) {
  std::vector<std::vector<Value>> rows;
  for (const Activity& activity : context.activities->List()) {
    if (!activity.is_command) continue;
    rows.push_back({activity.client_request_id, activity.command_type, activity.text,
                    activity.database, activity.started_ticks, activity.updated_ticks,
                    activity.duration_ticks, activity.state, activity.activity_id, activity.user,
                    activity.failure, activity.application, activity.principal, int64_t{0},
                    std::string(kNoJson), std::string(kNoJson), Text("default"), Text("")});
  }
  return OneTable(
      ParseColumns("ClientActivityId:string CommandType:string Text:string Database:string "
                   "StartedOn:datetime LastUpdatedOn:datetime Duration:timespan State:string "
                   "RootActivityId:guid User:string FailureReason:string Application:string "
                   "Principal:string TotalCpu:timespan ResourcesUtilization:dynamic "
                   "ClientRequestProperties:dynamic WorkloadGroup:string VirtualCluster:string"),
      std::move(rows));
}

Result<CommandResult> ShowCommandsAndQueries(const Command&, CommandContext& context) {
  std::vector<std::vector<Value>> rows;
  for (const Activity& activity : context.activities->List()) {
    rows.push_back({activity.client_request_id,
                    activity.is_command ? activity.command_type : "Query",
                    activity.text,
                    activity.database,
                    activity.started_ticks,
                    activity.updated_ticks,
                    activity.duration_ticks,
                    activity.state,
                    activity.failure,
                    activity.activity_id,
                    activity.user,
                    activity.application,
                    activity.principal,
                    std::string(kNoJson),
                    int64_t{0},
                    int64_t{0},
                    std::string(kNoJson),
                    std::string(kNoJson),
                    std::string(kNoJson),
                    Text("default"),
                    Text("")});
  }
  return OneTable(
      ParseColumns("ClientActivityId:string CommandType:string Text:string Database:string "
                   "StartedOn:datetime LastUpdatedOn:datetime Duration:timespan State:string "
                   "FailureReason:string RootActivityId:guid User:string Application:string "
                   "Principal:string ClientRequestProperties:dynamic TotalCpu:timespan "
                   "MemoryPeak:long CacheStatistics:dynamic ScannedExtentsStatistics:dynamic "
                   "ResultSetStatistics:dynamic WorkloadGroup:string VirtualCluster:string"),
      std::move(rows));
}

Result<CommandResult> CancelQuery(const Command& command, CommandContext& context) {
  const std::string& id = command.Text("id");
  const int cancelled = context.activities->Cancel(id);
  return OneTable(
      ParseColumns("ClientRequestId:string ReasonPhrase:string RunningQueryCanceled:bool"),
      {{id, command.Property("reason"), cancelled > 0}});
}

}  // namespace

void RegisterShowClusterCommands(CommandRegistry& registry) {
  const auto add = [&](const char* kind, const char* pattern, CommandHandler handler) {
    registry.Add({kind, pattern, CommandEffect::kReads, std::move(handler)});
  };
  add("VersionShow", ".show version", ShowVersion);
  add("ClusterShow", ".show cluster", ShowCluster);
  add("ClusterDetailsShow", ".show cluster details", ShowClusterDetails);
  add("ClusterServicesShow", ".show cluster services", ShowClusterServices);
  add("DiagnosticsShow", ".show diagnostics", ShowDiagnostics);
  add("QueriesShow", ".show queries", ShowAllQueries);
  add("RunningQueriesShow", ".show running queries", ShowRunningQueries);
  add("CommandsShow", ".show commands", ShowCommands);
  add("CommandsAndQueriesShow", ".show commands-and-queries", ShowCommandsAndQueries);
  add("QueryCancel", ".cancel query <id:string> [<with:with>]", CancelQuery);
}

}  // namespace kc::local
