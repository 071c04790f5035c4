// Runs pdfme's own generator over a list of jobs read from standard input, and answers with JSON.
// Not here: any layout of ours, any judgement of what came out.
//
//   node generate.mjs [--modules DIR]                    jobs -> PDF files; answers [{out, milliseconds} | {out, error}]
//   node generate.mjs [--modules DIR] --time [REPEATS]   jobs -> CPU per document; answers [{template, cpu_ms, ...}]
//   node generate.mjs [--modules DIR] --default-font OUT writes the font that pdfme uses when given none
//
// A job: {"template": path, "inputs": path, "fonts": {name: path}, "fallback": name, "out": path}.
// Without fonts pdfme's default font is used. DIR is the node_modules that hold @pdfme, by default beside this file.

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const WARM_UP = 30;
const REPEATS = 300;
// pdfme takes dates of documents and the expression {date} from the clock; a fixed day makes reruns equal.
const TODAY = Date.UTC(2025, 0, 1);
globalThis.Date = class extends Date {
  constructor(...parts) {
    super(...(parts.length ? parts : [TODAY]));
  }
  static now() {
    return TODAY;
  }
};

const flag = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : (process.argv[at + 1] ?? "");
};
const modules = flag("--modules") ?? join(dirname(fileURLToPath(import.meta.url)), "node_modules");
const load = (name) => import(pathToFileURL(join(modules, "@pdfme", name, "dist", "index.js")));

// pdfme warns on every table over a PDF; standard output belongs to the answer.
console.log = console.warn = () => {};

const [{ generate }, schemas, { getDefaultFont }] = await Promise.all(["generator", "schemas", "common"].map(load));
const isPlugin = (value) => typeof value?.pdf === "function" && value.propPanel !== undefined;
const plugins = Object.fromEntries(
  Object.entries({ ...schemas, ...schemas.barcodes }).filter(([, value]) => isPlugin(value)),
);

const readFonts = ({ fonts = {}, fallback }) => {
  const names = Object.keys(fonts);
  if (names.length === 0) return getDefaultFont();
  return Object.fromEntries(
    names.map((name) => [name, { data: readFileSync(fonts[name]), fallback: name === (fallback ?? names[0]), subset: true }]),
  );
};

const readProps = (job) => ({
  template: JSON.parse(readFileSync(job.template, "utf8")),
  inputs: JSON.parse(readFileSync(job.inputs, "utf8")),
  plugins,
  options: { font: readFonts(job) },
});

const render = async (job) => {
  const begun = process.hrtime.bigint();
  try {
    writeFileSync(job.out, await generate(readProps(job)));
  } catch (error) {
    return { out: job.out, error: String(error?.message ?? error) };
  }
  return { out: job.out, milliseconds: Number(process.hrtime.bigint() - begun) / 1e6 };
};

const time = async (job, repeats) => {
  const props = readProps(job);
  let bytes = 0;
  for (let i = 0; i < WARM_UP; i += 1) bytes = (await generate(props)).length;
  const begun = process.cpuUsage();
  for (let i = 0; i < repeats; i += 1) await generate(props);
  const { user, system } = process.cpuUsage(begun);
  return { template: job.template, inputs: job.inputs, repeats, bytes, cpu_ms: (user + system) / 1000 / repeats };
};

const answer = async () => {
  const font = flag("--default-font");
  if (font !== undefined) {
    writeFileSync(font, Object.values(getDefaultFont())[0].data);
    return [];
  }
  const jobs = JSON.parse(readFileSync(0, "utf8"));
  const repeats = process.argv.includes("--time") ? Number(flag("--time")) || REPEATS : 0;
  const answers = [];
  // One after the other: times would mean nothing side by side, and memory stays small.
  for (const job of jobs) answers.push(repeats ? await time(job, repeats) : await render(job));
  return answers;
};

process.stdout.write(`${JSON.stringify(await answer())}\n`);
