// The licences of the packages that went into bundles, whose esbuild metafiles are named: each text once, with its packages.
import { existsSync, readFileSync } from "node:fs";

const packages = new Set();
for (const file of process.argv.slice(2)) {
  for (const input of Object.keys(JSON.parse(readFileSync(file, "utf8")).inputs)) {
    const found = input.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//);
    if (found) packages.add(found[1]);
  }
}
const texts = new Map();
for (const name of [...packages].sort()) {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = ["LICENSE", "LICENSE.md", "LICENCE"].map((each) => `${folder}/${each}`).find(existsSync);
  if (!file) throw new Error(`${name} has no licence file`);
  const text = readFileSync(file, "utf8").trim();
  texts.set(text, [...(texts.get(text) || []), `${name} ${version} (${license})`]);
}
for (const [text, names] of texts) console.log(`${names.join("\n")}\n\n${text}\n\n${"-".repeat(72)}\n`);
