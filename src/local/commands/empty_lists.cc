// Lists of things that kusto-local does not have: there are none of them, which is an answer.
#include "local/commands/handlers.h"
#include "local/commands/schema_access.h"

namespace kc::local {
namespace {

struct EmptyList {
  const char* kind;
  const char* pattern;
  const char* columns;
};

constexpr EmptyList kLists[] = {
    {"MaterializedViewsShow", ".show materialized-views [(<names:wildcards>)]",
     "Name:string SourceTable:string Query:string MaterializedTo:datetime LastRun:datetime "
     "LastRunResult:string IsHealthy:bool IsEnabled:bool Folder:string DocString:string "
     "AutoUpdateSchema:bool EffectiveDateTime:datetime Lookback:timespan "
     "LookbackColumn:string"},
    {"MaterializedViewsDetailsShow", ".show materialized-views [(<names:wildcards>)] details",
     "MaterializedViewName:string DatabaseName:string Folder:string DocString:string "
     "TotalExtents:long TotalExtentSize:real TotalOriginalSize:real TotalRowCount:long "
     "HotExtents:long HotExtentSize:real HotOriginalSize:real HotRowCount:long "
     "AuthorizedPrincipals:string RetentionPolicy:string CachingPolicy:string "
     "ShardingPolicy:string MergePolicy:string MinExtentsCreationTime:datetime "
     "MaxExtentsCreationTime:datetime"},
    {"ExternalTablesShow", ".show external tables",
     "TableName:string TableType:string Folder:string DocString:string Properties:string "
     "ConnectionStrings:dynamic Partitions:dynamic PathFormat:string"},
    {"ExternalTablesDetailsShow", ".show external tables details",
     "TableName:string QueryAccelerationPolicy:string QueryAccelerationState:string"},
    {"ContinuousExportsShow", ".show continuous-exports",
     "Name:string ExternalTableName:string Query:string ForcedLatency:timespan "
     "IntervalBetweenRuns:timespan CursorScopedTables:string ExportProperties:string "
     "LastRunTime:datetime StartCursor:string IsDisabled:bool LastRunResult:string "
     "ExportedTo:datetime IsRunning:bool"},
    {"EntityGroupsShow", ".show entity_groups", "Name:string Entities:string"},
    {"StoredQueryResultsShow", ".show stored_query_results",
     "StoredQueryResultId:guid Name:string DatabaseName:string PrincipalIdentity:string "
     "SizeInBytes:long RowCount:long CreatedOn:datetime ExpiresOn:datetime"},
    {"BlockedPrincipalsShow", ".show cluster blockedprincipals",
     "PrincipalType:string PrincipalDisplayName:string PrincipalObjectId:string "
     "PrincipalFQN:string Application:string User:string BlockedUntil:datetime "
     "Reason:string"},
    {"StreamingIngestionFailuresShow", ".show streamingingestion failures",
     "Database:string Table:string Principal:string RootActivityId:guid "
     "IngestionProperties:dynamic Count:long FirstFailureOn:datetime "
     "LastFailureOn:datetime FailureKind:string ErrorCode:string Details:string"},
    {"StreamingIngestionStatisticsShow", ".show streamingingestion statistics",
     "Database:string Table:string StartTime:datetime EndTime:datetime Count:long "
     "MinDuration:timespan MaxDuration:timespan AvgDuration:timespan TotalDataSize:long "
     "MinDataSize:long MaxDataSize:long TotalRowCount:long MinRowCount:long "
     "MaxRowCount:long IngestionStatus:string NumOfRowStoresReferences:int "
     "Principal:string NodeId:string IngestionProperties:dynamic"},
};

}  // namespace

void RegisterEmptyLists(CommandRegistry& registry) {
  for (const EmptyList& list : kLists) {
    registry.Add({list.kind, list.pattern, CommandEffect::kReads,
                  [columns = list.columns](const Command&,
                                           CommandContext& context) -> Result<CommandResult> {
                    KC_TRY(TargetDatabase(context));
                    return OneTable(ParseColumns(columns), {});
                  }});
  }
}

}  // namespace kc::local
