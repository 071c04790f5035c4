// Makes PDFs with pdfme's own generator, template and font held in memory, and tells what CPU time that took.
// Not here: anything of ours; which documents these are (render.py).
//
//   node pdfme.mjs NODE_MODULES TEMPLATE.json FONT.ttf
//
// Asked by one line of JSON each on standard input, {"documents": FILE, "out": FILE}: documents is a list of inputs (lists of
// texts by field), out takes the PDF of the first. Answers one line of JSON: {"cpu_ms", "bytes"} in all.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [modules, template, font] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(join(modules, "@pdfme", name, "dist", "index.js")));
const [{ generate }, { text }] = await Promise.all(["generator", "schemas"].map(load));
const shared = {
  template: JSON.parse(readFileSync(template, "utf8")),
  plugins: { text },
  options: { font: { Roboto: { data: readFileSync(font), fallback: true, subset: true } } },
};

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  const documents = JSON.parse(readFileSync(asked.documents, "utf8"));
  const made = [];
  const begun = process.cpuUsage();
  for (const inputs of documents) made.push(await generate({ ...shared, inputs }));
  const { user, system } = process.cpuUsage(begun);
  writeFileSync(asked.out, made[0]);
  const bytes = made.reduce((sum, pdf) => sum + pdf.length, 0);
  process.stdout.write(`${JSON.stringify({ cpu_ms: (user + system) / 1000, bytes })}\n`);
}
