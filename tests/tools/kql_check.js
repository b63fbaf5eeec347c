'use strict';
// Microsoft's parser over texts: JSON lines {what, text, table?, columns?} on standard input (columns as in
// .create table); prints
// one line per text that is not accepted and ends with exit code 1 if there is any.
// A text is accepted if nothing in it is unknown, unparsed or an error; a query is bound against its
// table too. NODE_PATH names the folder of @kusto/language-service-next.
const fs = require('fs');
const path = require('path');
const vm = require('vm');

const home = path.dirname(require.resolve('@kusto/language-service-next/package.json'));
for (const file of ['bridge.min.js', 'Kusto.Language.Bridge.min.js']) {
  vm.runInThisContext(fs.readFileSync(path.join(home, file), 'utf8'));
}
const Language = Kusto.Language;

const kindNames = {};
for (const [name, value] of Object.entries(Language.Syntax.SyntaxKind)) {
  if (typeof value === 'number') kindNames[value] = name;
}
// The parser gives no diagnostic for an unknown command or an unparsed tail: the tree tells.
const badKinds = new Set(['UnknownCommand', 'BadCommand', 'PartialCommand', 'SkippedTokens',
                          'BadToken', 'BadQueryOperator']);

function visit(node, action) {
  action(node);
  for (let i = 0; i < node.ChildCount; i++) {
    const child = node.GetChild(i);
    if (child) visit(child, action);
  }
}

function globalsOf(request) {
  if (!request.table) return Language.GlobalState.Default;
  const table = new Language.Symbols.TableSymbol.$ctor7(request.table, `(${request.columns})`, null);
  const database = new Language.Symbols.DatabaseSymbol.ctor('db', [table]);
  const cluster = new Language.Symbols.ClusterSymbol.ctor('c.kusto.windows.net', [database]);
  return Language.GlobalState.Default.WithCluster(cluster).WithDatabase(database);
}

function problemsOf(request) {
  const globals = globalsOf(request);
  const code = request.table ? Language.KustoCode.ParseAndAnalyze(request.text, globals)
                             : Language.KustoCode.Parse(request.text, globals);
  const problems = [];
  const diagnostics = code.GetDiagnostics();
  for (let i = 0; i < diagnostics.Count; i++) {
    const d = diagnostics.getItem(i);
    if (d.Severity === 'Error') {
      problems.push(`${d.Message} at: ${request.text.substr(d.Start, 60)}`);
    }
  }
  visit(code.Syntax, (node) => {
    const kind = kindNames[node.Kind];
    if (badKinds.has(kind) && node.Width > 0) {
      problems.push(`${kind} at: ${request.text.substr(node.TextStart, 60)}`);
    }
  });
  return problems;
}

let refused = 0;
let checked = 0;
for (const line of fs.readFileSync(0, 'utf8').split('\n')) {
  if (!line) continue;
  const request = JSON.parse(line);
  checked += 1;
  const problems = problemsOf(request);
  if (problems.length === 0) continue;
  refused += 1;
  console.log(`${request.what}: ${problems.join('; ')}\n    ${request.text.slice(0, 300)}`);
}
console.log(`${checked} texts checked, ${refused} refused`);
process.exit(refused === 0 && checked > 0 ? 0 : 1);
