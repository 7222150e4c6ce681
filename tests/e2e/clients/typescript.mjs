// A client of npm's @modelcontextprotocol/sdk, driven by lines as python.py is.
//
//     node typescript.mjs MODULES
//
// MODULES is the folder node_modules that has the SDK.
import { pathToFileURL } from "node:url";
import { lines } from "./lines.mjs";

const modules = process.argv[2];
const sdk = (name) => import(pathToFileURL(`${modules}/@modelcontextprotocol/sdk/dist/esm/${name}`));
const { Client } = await sdk("client/index.js");
const { StdioClientTransport } = await sdk("client/stdio.js");
const { McpError } = await sdk("types.js");

async function outcome(asked, withinMs) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(["hung", withinMs]), withinMs);
  });
  const answered = asked.then(
    (result) => ["result", result ?? {}],
    (why) =>
      why instanceof McpError
        ? ["error", { code: why.code, message: why.message, data: why.data }]
        : ["failed", String(why)],
  );
  const [member, value] = await Promise.race([answered, late]);
  clearTimeout(timer);
  process.stdout.write(`${JSON.stringify({ [member]: value })}\n`);
}

let client;
for await (const line of lines()) {
  const question = JSON.parse(line);
  const options = { timeout: 2 * question.within_ms };
  if (question.open) {
    await client?.close();
    const [command, ...args] = question.open;
    client = new Client({ name: "typescript", version: "1" });
    const transport = new StdioClientTransport({ command, args, stderr: "inherit" });
    await outcome(client.connect(transport), question.within_ms);
  } else if (question.list) {
    await outcome(client.listTools({}, options), question.within_ms);
  } else {
    const call = { name: question.tool, arguments: question.arguments };
    await outcome(client.callTool(call, undefined, options), question.within_ms);
  }
}
await client?.close();
