// The lines of standard input. Node's own reader of lines takes U+2028 for an end.
export async function* lines() {
  let rest = "";
  process.stdin.setEncoding("utf8");
  for await (const part of process.stdin) {
    const parts = (rest + part).split("\n");
    rest = parts.pop();
    yield* parts;
  }
}
