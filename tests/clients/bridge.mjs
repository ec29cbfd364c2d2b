// Calls trello.js for a Python test: one JSON request per line on stdin, one JSON reply per line on stdout.
//
// {"host", "key", "token", "call": "organizations.createOrganization", "with": {...}}     one method
// {"host", "key", "token", "batch": [["members.getMember", {...}], ...]}                  its batch runner
// {"schema": "ActionSchema", "value": {...}}                                              one of its schemas alone
import { createInterface } from 'node:readline';
import { createTrelloClient } from 'trello.js';
import * as models from 'trello.js/models';

function method(client, path) {
  const [group, name] = path.split('.');
  if (typeof client[group]?.[name] !== 'function') throw new TypeError(`trello.js has no method ${path}`);
  return client[group][name];
}

async function answer(request) {
  if (request.schema) return models[request.schema].parse(request.value);
  const client = createTrelloClient({ host: `${request.host}/1`, apiKey: request.key, apiToken: request.token });
  if (request.batch) {
    return client.batch.run(batched => request.batch.map(([path, parameters]) => method(batched, path)(parameters)));
  }
  return method(client, request.call)(request.with);
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply;
  try {
    reply = { value: (await answer(JSON.parse(line))) ?? null };
  } catch (error) {
    reply = { error: error.name, message: error.message };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
