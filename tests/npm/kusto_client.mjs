// Runs requests through Microsoft's Node client: kusto_client.mjs URL < requests.jsonl
// A request is {"db","csl","api":"query|queryv1|mgmt","options":{},"parameters":{}}; the reply
// {"tables":[{"kind","types":[…],"rows":[[…]]}]} or {"error":"…","status":400}.
import readline from 'readline';
import { Client, ClientRequestProperties } from 'azure-kusto-data';

const METHODS = { query: 'executeQuery', queryv1: 'executeQueryV1', mgmt: 'executeMgmt' };
const client = new Client(process.argv[2]);
for await (const line of readline.createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const properties = new ClientRequestProperties(request.options ?? {}, request.parameters ?? {});
  let reply;
  try {
    const answer = await client[METHODS[request.api]](request.db, request.csl, properties);
    reply = {
      tables: answer.tables.map((table) => ({
        kind: table.kind, types: table.columns.map((column) => column.type), rows: table._rows,
      })),
    };
  } catch (error) {
    reply = { error: error.message, status: error.response?.status };
  }
  console.log(JSON.stringify(reply));
}
process.exit(0);
