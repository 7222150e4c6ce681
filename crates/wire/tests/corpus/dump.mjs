// Reads JSON texts, one a line in hexadecimal, as Node does; prints each value in the form of three_parsers.rs.
import { readFileSync } from "node:fs";

const codes = (text) => [...text].map((c) => c.codePointAt(0).toString(16)).join(".");
const string = (text) => `s${codes(text)};`;

function number(value) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return `d${view.getBigUint64(0).toString(16).padStart(16, "0")}`;
}

function dump(value) {
  if (value === null) return "n";
  if (typeof value === "boolean") return value ? "t" : "f";
  if (typeof value === "number") return number(value);
  if (typeof value === "string") return string(value);
  if (Array.isArray(value)) return `[${value.map(dump).join("")}]`;
  const members = Object.keys(value).map((key) => [string(key), dump(value[key])]);
  members.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([key, inner]) => key + inner).join("")}}`;
}

const out = [];
for (const line of readFileSync(0, "utf8").trimEnd().split("\n")) {
  try {
    out.push(dump(JSON.parse(Buffer.from(line.trim(), "hex").toString("utf8"))));
  } catch {
    out.push("!");
  }
}
console.log(out.join("\n"));
