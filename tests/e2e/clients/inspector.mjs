// npm's @modelcontextprotocol/inspector on the command line, driven by lines as python.py is: a run of it for each question.
//
//     node inspector.mjs MODULES
//
// It tells of an error its message alone. What it is to start stands in a file in the working folder.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { lines } from "./lines.mjs";

const modules = process.argv[2];
const file = "inspector.json";

function run(words, withinMs) {
  const program = `${modules}/.bin/mcp-inspector`;
  const fixed = [program, "--cli", "--config", file, "--server", "one", "--format", "json", "-q"];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...fixed, ...words]);
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (part) => { stdout += part; });
    child.stderr.on("data", (part) => { stderr += part; });
    const timer = setTimeout(() => { child.kill("SIGKILL"); resolve(["hung", withinMs]); }, withinMs);
    child.on("close", () => {
      clearTimeout(timer);
      resolve(told(stdout, stderr));
    });
  });
}

function told(stdout, stderr) {
  const envelope = stderr.split("\n").find((line) => line.startsWith('{"error":'));
  if (envelope !== undefined) return ["error", JSON.parse(envelope).error];
  try {
    return ["result", JSON.parse(stdout).result];
  } catch {
    return ["failed", stderr];
  }
}

const list = ["--method", "tools/list"];
for await (const line of lines()) {
  const question = JSON.parse(line);
  if (question.open) {
    const [command, ...args] = question.open;
    writeFileSync(file, JSON.stringify({ mcpServers: { one: { type: "stdio", command, args } } }));
  }
  const isCall = question.tool !== undefined;
  const call = ["--method", "tools/call", "--tool-name", question.tool, "--tool-args-json"];
  const words = isCall ? [...call, JSON.stringify(question.arguments)] : list;
  const [member, value] = await run(words, question.within_ms);
  process.stdout.write(`${JSON.stringify({ [member]: value })}\n`);
}
