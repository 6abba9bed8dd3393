// `npm run docs` builds the site of the documents, `npm run docs:serve` shows it and follows changes. Both first write
// the pages that are made from the code to docs/reference/generated, and copies of the examples' pages to docs/examples.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { exampleCopy, generatedPages } from "./generated.ts";
import { GENERATED, ROOT } from "./markdown.ts";

const [mode = "build"] = process.argv.slice(2);
process.chdir(ROOT);

rmSync(GENERATED, { recursive: true, force: true });
rmSync("docs/examples", { recursive: true, force: true });
for (const [path, page] of Object.entries(await generatedPages())) write(path, page);
for (const name of readdirSync("examples").filter((folder) => existsSync(`examples/${folder}/README.md`)))
  write(`docs/examples/${name}.md`, exampleCopy(name, readFileSync(`examples/${name}/README.md`, "utf8")));
run("typedoc/bin/typedoc", "--options", "scripts/docs/typedoc.json");
nameModules(`${GENERATED}/api`);
run("vitepress/bin/vitepress.js", mode, "docs");

/** TypeDoc calls the entries by their files; readers import them by the package's names. */
function nameModules(folder: string): void {
  renameSync(`${folder}/index-1.md`, `${folder}/unfold.md`);
  for (const file of readdirSync(folder)) {
    const page = readFileSync(`${folder}/${file}`, "utf8")
      .replaceAll("index-1.md", "unfold.md")
      .replace("[index](", "[unfold](")
      .replace("[speech](", "[unfold/speech](")
      .replace(/^# index$/mu, "# unfold")
      .replace(/^# speech$/mu, "# unfold/speech")
      .replace(/^ {4}.*$/gmu, (code) => code.replace(/\\([{}<>*_])/gu, "$1")); // nothing in code is escaped
    writeFileSync(`${folder}/${file}`, page);
  }
}

function write(path: string, page: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, page);
}

function run(script: string, ...words: string[]): void {
  const { status } = spawnSync(process.execPath, [join("node_modules", script), ...words], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
