// Management commands: the parsed command, what a handler gets and gives, and the registry that
// ties command texts to handlers.
//
// A handler is registered with the grammar of its command, in a small notation:
//
//     registry.Add({"TableCreate", ".create table <table:table> <columns:columns> [<with:with>]",
//                   CommandEffect::kWritesDatabase, CreateTable});
//
// clang-format off
//   word        a keyword, compared without case (create-merge, policy, async); also the marks
//               ( ) , = . * <|   ([ and ] are written \[ and \]: bare, they enclose optional parts)
//   [ … ]       an optional part, see Has(). "[async]" itself is recorded: Has("async").
//   {x=a|b c}   one of these keyword phrases, captured as x ("b c"); {a|b}: without capture
//   <x:type>    a capture called x, of type
//     name        an entity name: bare (letters, digits, _), ['…'], ["…"], or a string literal
//     table       the same with an optional database before it: db.T, ['d b'].T, database("db").T
//     names       names separated by commas (parentheses, if any, stand in the pattern)
//     tables      as names, each with an optional database: List(), Databases()
//     wildcards   names in which * may stand
//     path        T.c or db.T.c: List() has the parts, Text() the last one
//     pairs       a=b, c=d: names or paths (parts joined by kPathSeparator); List() alternates
//     string      a literal of any form ("…", '…', @"…", h"…", ```…```, ~~~…~~~; neighbours join)
//     one_string  a single literal, where another literal follows that doesn't belong to it
//     strings     string literals separated by commas
//     guid guids  bare, quoted or guid(…); lower case with hyphens afterwards
//     bool        true/false (also 0/1, "true"): Text() is "true" or "false"
//     number, timespan, datetime   Integer(): the number or the ticks
//     literal     any scalar literal or bare word: its text without quotes
//     columns     (a:string, ['b c']:long): Columns()
//     tabledefs   T1 (a:string), T2 (b:long): List() has names, Groups() the columns of each
//     docs        (a:"…", b:"…"): List() alternates name and text
//     with        with (name=value, …), the word `with` included: Property() etc.
//     group       balanced (…), as written, parentheses included; body: balanced {…}
//     rest        all that follows, trimmed; only at the end
// clang-format on
//
// Of the patterns that match the whole text the first registered wins; when none does, the error
// points at the place where the best one stopped.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"
#include "world/cancel.h"

namespace kc::local {

class Activities;  // local/commands/activities.h
class Cluster;     // local/catalog
class CommandRegistry;
class Operations;  // local/operations

// Between the parts of a path in a `pairs` capture: no name has it.
inline constexpr char kPathSeparator = '\x1f';

// One name=value of a with(…) list. Values are texts without quotes; bare words stay as they are.
struct CommandProperty {
  std::string name;
  std::string value;
  bool quoted = false;  // written as a string literal
};

// What one capture of a pattern holds.
struct Captured {
  std::string text;
  std::string database;  // of `table`: the database written before the name, or ""
  std::vector<std::string> list;
  std::vector<std::string> databases;  // of `tables`, parallel to list
  std::vector<ColumnSchema> columns;
  std::vector<std::vector<ColumnSchema>> groups;
};

// A parsed command. A value; safe to read from any thread.
class Command {
 public:
  std::string kind;  // of the pattern that matched: "TableCreate"
  std::string text;  // the whole command as sent, without a query piped onto it

  bool Has(std::string_view capture) const;
  // "" / empty when not captured.
  const std::string& Text(std::string_view capture) const;
  const std::string& Database(std::string_view capture) const;
  const std::vector<std::string>& List(std::string_view capture) const;
  const std::vector<std::string>& Databases(std::string_view capture) const;
  const std::vector<ColumnSchema>& Columns(std::string_view capture) const;
  const std::vector<std::vector<ColumnSchema>>& Groups(std::string_view capture) const;
  // Ticks or whole numbers of `number`, `timespan`, `datetime`; 0 when not captured.
  int64_t Integer(std::string_view capture) const;

  // The with(…) list: names are compared without case.
  const std::vector<CommandProperty>& Properties() const { return properties_; }
  const CommandProperty* FindProperty(std::string_view name) const;
  std::string Property(std::string_view name, std::string_view otherwise = "") const;
  // kStop if the property is there and is no boolean.
  Result<bool> BoolProperty(std::string_view name, bool otherwise) const;
  // kStop naming the first property that isn't in `known`.
  Status RefuseOtherProperties(const std::vector<std::string_view>& known) const;

  std::map<std::string, Captured, std::less<>> captures_;
  std::vector<CommandProperty> properties_;
};

// The options of a request (kusto.md §1.3), as the endpoints read them; `set` statements are the
// query's own.
struct RequestOptions {
  std::map<std::string, std::string, std::less<>> options;  // names lower case; JSON values as text
  std::map<std::string, std::string, std::less<>> parameters;  // query parameters: KQL literals
  std::string client_request_id;
  std::string activity_id;  // a GUID
  std::string application;  // x-ms-app, for .show queries
  std::string user;
  // "aaduser=…" of the caller; without authentication a fixed local principal.
  std::string principal;
  bool read_only = false;  // request_readonly or x-ms-readonly
};

struct CommandResult {
  // Usually one; the endpoint names it Table_0.
  std::vector<ValueTable> tables;
};

// What a handler works with. Lives as long as the request (async work must copy what it needs and
// hold only cluster and operations, which outlive all requests).
struct CommandContext {
  Cluster& cluster;
  Operations* operations = nullptr;
  Activities* activities = nullptr;
  const CommandRegistry* registry = nullptr;
  std::string database;  // the request's; may not exist
  const RequestOptions& request;
  std::shared_ptr<world::CancelToken> cancel;  // client gone, timeout, .cancel query
  // Runs another command or query in the same context: a text that starts with a dot is a command
  // (it may have a query piped onto it). For results that fit in memory.
  std::function<Result<ValueTable>(std::string_view text)> run;
  // Binds a query of that database without running it: its columns, or the error that running it
  // would begin with.
  std::function<Result<std::vector<ColumnSchema>>(std::string_view text,
                                                  const std::string& database)>
      validate;
};

using CommandHandler = std::function<Result<CommandResult>(const Command&, CommandContext&)>;

// What a command does to the world, for read-only requests, followers and .execute database script.
enum class CommandEffect {
  kReads,           // .show and the like
  kWritesDatabase,  // refused on read-only (follower) databases
  kWritesCluster,
  kReadsToStorage,  // .export: changes nothing here
};

struct CommandEntry {
  std::string kind;     // "TableCreate": CommandType in .show commands and throttling errors
  std::string pattern;  // the notation above
  CommandEffect effect = CommandEffect::kReads;
  CommandHandler handler;
};

struct FoundCommand {
  Command command;
  const CommandEntry* entry = nullptr;
};

// Filled at start, then read-only and safe from any thread.
class CommandRegistry {
 public:
  CommandRegistry();
  ~CommandRegistry();
  CommandRegistry(const CommandRegistry&) = delete;
  CommandRegistry& operator=(const CommandRegistry&) = delete;

  // Aborts when the pattern is malformed.
  void Add(CommandEntry entry);
  // `text` must hold the command alone. kStop, reason "BadRequest_SyntaxError" (or
  // "BadRequest_CommandNotSupported" when no pattern even begins like this).
  Result<FoundCommand> Find(std::string_view text) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Where a query is piped onto a command (".show tables | where …"): the text before the first
// top-level
// '|' and the text after it, which is empty if there is none. What follows "<|" belongs to the
// command.
struct SplitCommand {
  std::string_view command;
  std::string_view query;
};
SplitCommand SplitPipedCommand(std::string_view text);
// Does the text, after blanks and comments, begin with a dot?
bool IsCommandText(std::string_view text);

// The result of a command that is one row of texts and the like.
CommandResult OneTable(std::vector<ColumnSchema> columns, std::vector<std::vector<Value>> rows);

// Each area's registrations; called by the program at start.
void RegisterSchemaCommands(CommandRegistry& registry);  // local/commands
void RegisterDataCommands(CommandRegistry& registry);  // local/ingest, export, operations, extents

}  // namespace kc::local
