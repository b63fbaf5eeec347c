// .alter, .alter-merge and .drop extent tags.
#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "local/catalog/cluster.h"
#include "local/extents/commands.h"
#include "local/extents/selection.h"
#include "local/operations/operations.h"

namespace kc::local {
namespace {

enum class TagMode { kAlter, kMerge, kDrop };

struct TagJob {
  DatabasePtr database;
  std::string table_id;
  TagMode mode = TagMode::kAlter;
  std::vector<std::string> tags;
  std::vector<std::string> ids;
  // .drop … <| query gives the tags per extent, parallel to ids; empty otherwise.
  std::vector<std::vector<std::string>> tags_of;
  OperationRequest request;
};

std::vector<std::string> Changed(const TagJob& job, const Extent& extent, size_t index) {
  const auto& tags = job.tags_of.empty() ? job.tags : job.tags_of[index];
  if (job.mode == TagMode::kAlter) return tags;
  std::vector<std::string> out = extent.tags;
  if (job.mode == TagMode::kDrop) {
    std::erase_if(out, [&](const std::string& tag) {
      return std::find(tags.begin(), tags.end(), tag) != tags.end();
    });
    return out;
  }
  for (const std::string& tag : tags) {
    if (std::find(out.begin(), out.end(), tag) == out.end()) out.push_back(tag);
  }
  return out;
}

Result<OperationOutcome> RunTags(const TagJob& job) {
  std::vector<std::vector<Value>> rows;
  auto change = [&](const DatabaseState& state, TransactionBuilder& transaction) -> Status {
    rows.clear();
    TablePtr table = state.FindTableById(job.table_id);
    if (table == nullptr) return Stop("The table is gone", "BadRequest_EntityNotFound");
    for (size_t i = 0; i < job.ids.size(); ++i) {
      ExtentPtr extent = table->FindExtent(job.ids[i]);
      if (extent == nullptr) {
        return Stop("Extent '" + job.ids[i] + "' was not found in table '" + table->name() + "'",
                    "BadRequest_EntityNotFound");
      }
      std::vector<std::string> tags = Changed(job, *extent, i);
      if (tags == extent->tags) continue;
      ExtentMove move{extent->id, job.database->NewGuid()};
      rows.push_back({move.old_id, move.new_id, Join(tags, "\r\n"), std::string()});
      KC_TRY(transaction.RetagExtent(job.table_id, move, std::move(tags)));
    }
    transaction.SetEvent("ALTER-EXTENT-TAGS", table->name());
    return {};
  };
  KC_TRY(job.database->Commit(change));
  OperationOutcome outcome;
  outcome.result = OneTable({{"OriginalExtentId", ScalarType::kString},
                             {"ResultExtentId", ScalarType::kString},
                             {"ResultExtentTags", ScalarType::kString},
                             {"Details", ScalarType::kString}},
                            std::move(rows));
  return outcome;
}

Result<CommandResult> StartTags(std::shared_ptr<TagJob> job, const Command& command,
                                CommandContext& context) {
  job->request.persist_details = true;
  auto work = [job](OperationContext&) { return RunTags(*job); };
  return StartOrRun(command, context, job->request, work);
}

Result<std::shared_ptr<TagJob>> MakeJob(TagMode mode, const Command& command,
                                        CommandContext& context) {
  KC_TRY(command.RefuseOtherProperties({"extentCreatedOnFrom", "extentCreatedOnTo"}));
  auto job = std::make_shared<TagJob>();
  KC_ASSIGN(NamedTable named, FindNamedTable(command, "table", context));
  job->database = named.database;
  job->table_id = named.table->id();
  job->mode = mode;
  job->tags = command.List("tags");
  job->request = MakeOperation(command.kind, Resource::kOther, context);
  return job;
}

Result<CommandResult> AlterTags(const Command& command, CommandContext& context) {
  TagMode mode = command.kind == "AlterMergeExtentTags" ? TagMode::kMerge : TagMode::kAlter;
  KC_ASSIGN(auto job, MakeJob(mode, command, context));
  KC_ASSIGN(auto queried, QueryExtents(command.Text("query"), context));
  for (QueriedExtent& extent : queried) job->ids.push_back(std::move(extent.id));
  return StartTags(job, command, context);
}

// All extents of the table that have one of the tags.
Result<CommandResult> DropTags(const Command& command, CommandContext& context) {
  KC_ASSIGN(auto job, MakeJob(TagMode::kDrop, command, context));
  KC_ASSIGN(CreatedRange range, ReadCreatedRange(command));
  TablePtr table = job->database->state()->FindTableById(job->table_id);
  for (const auto& [ordinal, extent] : table->extents) {
    bool tagged = std::any_of(extent->tags.begin(), extent->tags.end(), [&](const auto& tag) {
      return std::find(job->tags.begin(), job->tags.end(), tag) != job->tags.end();
    });
    if (tagged && range.Holds(*extent)) job->ids.push_back(extent->id);
  }
  return StartTags(job, command, context);
}

// The query gives rows of ExtentId and Tags: one tag, or several joined by line ends.
Result<CommandResult> DropQueriedTags(const Command& command, CommandContext& context) {
  KC_ASSIGN(auto job, MakeJob(TagMode::kDrop, command, context));
  KC_ASSIGN(ValueTable table, context.run(command.Text("query")));
  auto id = table.Find("ExtentId");
  auto tags = table.Find("Tags");
  if (!id || !tags) {
    return Stop("The query must give the columns ExtentId and Tags", "BadRequest_QuerySchema");
  }
  std::map<std::string, std::vector<std::string>> wanted;
  for (const auto& row : table.rows) {
    const auto* text = std::get_if<std::string>(&row[*tags]);
    if (text == nullptr) continue;
    for (const std::string& tag : Split(ReplaceAll(*text, "\r\n", "\n"), '\n')) {
      wanted[GuidCell(row[*id])].push_back(tag);
    }
  }
  for (auto& [extent, list] : wanted) {
    job->ids.push_back(extent);
    job->tags_of.push_back(std::move(list));
  }
  return StartTags(job, command, context);
}

}  // namespace

void RegisterExtentTagsCommands(CommandRegistry& registry) {
  const auto effect = CommandEffect::kWritesDatabase;
  const std::string body =
      " [async] table <table:table> extent tags ( <tags:strings> ) [<with:with>]";
  registry.Add({"AlterExtentTags", ".alter" + body + " <| <query:rest>", effect, AlterTags});
  registry.Add(
      {"AlterMergeExtentTags", ".alter-merge" + body + " <| <query:rest>", effect, AlterTags});
  registry.Add({"DropExtentTags", ".drop" + body, effect, DropTags});
  registry.Add({"DropExtentTags",
                ".drop [async] table <table:table> extent tags [<with:with>] <| <query:rest>",
                effect, DropQueriedTags});
}

}  // namespace kc::local
