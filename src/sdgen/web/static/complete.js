// Completion of scenarios from their JSON Schema: keys, generators and their params, types, and the text's own names.
import { namesIn, placeAt } from "./yaml-place.js";

const ENTITY_KEYS = ["entity", "per", "parent"];
const COLUMN_KEYS = ["column", "columns", "to", "key", "unique", "by", "order_by", "from", "after", "before", "of"];
const WORD = /^[\w.<>(), -]*$/;

/** A source of completions. shown: names of entities that the page knows besides those the text is seen to hold. */
export function completions(shown) {
  let loaded = null;
  const load = () => (loaded ||= Promise.all([get("/api/v1/schema"), get("/api/v1/generators")]).then(prepared).catch(() => (loaded = null)));
  if ("requestIdleCallback" in window) requestIdleCallback(load);
  return async (context) => {
    const text = context.state.doc.toString();
    const place = placeAt(text.slice(0, context.pos), text.slice(context.pos));
    if (!place || (!context.explicit && !place.word)) return null;
    const known = await load();
    if (!known || context.aborted) return null;
    const columns = namesIn(text);
    for (const name of shown()) columns[name] ??= [];
    const options = place.isKey ? keys(known, place, text) : values(known, place, columns, text);
    return options.length ? { from: context.pos - place.length, options, validFor: WORD } : null;
  };
}

async function get(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(address);
  return answer.json();
}

function prepared([schema, { generators }]) {
  const params = new Map();
  for (const { if: condition, then } of schema.$defs.params.allOf) {
    params.set(condition.properties.generator.const, then.properties.params);
  }
  return { schema, params, generators: new Map(generators.map((each) => [each.name, each])) };
}

/** The schemas that may stand at a path. */
function schemasAt(known, steps, text) {
  let here = expanded(known.schema, [known.schema]);
  steps.forEach((step, index) => {
    const filler = step.key === "params" ? step.beside.generator || step.beside.type : step.key === "fk" ? "fk" : "";
    const params = filler && known.params.get(filler in presetsOf(text) ? presetsOf(text)[filler] : filler);
    if (params && index) {
      here = [params];
      return;
    }
    const next = here.flatMap((each) => {
      if (step.key === "[]") return each.items ? [each.items] : [];
      const own = each.properties?.[step.key];
      return own ? [own] : typeof each.additionalProperties === "object" ? [each.additionalProperties] : [];
    });
    here = expanded(known.schema, next);
  });
  return here;
}

/** Schemas with what they refer to and choose from in their place. */
function expanded(root, schemas, depth = 0) {
  if (depth > 8) return [];
  return schemas.flatMap((each) => {
    const inner = [...(each.anyOf || []), ...(each.oneOf || [])];
    if (each.$ref) inner.push(each.$ref.split("/").slice(1).reduce((value, name) => value[name], root));
    return [each, ...expanded(root, inner, depth + 1)];
  });
}

/** The scenario's own presets, each with its generator. */
function presetsOf(text) {
  const found = {};
  const block = text.match(/^presets:[^\n]*\n((?:[ \t]+[^\n]*\n|\s*\n)*)/m);
  for (const [, name, filler] of (block?.[1] || "").matchAll(/^\s+([\w.-]+):.*?\bgenerator:\s*["']?([\w.]+)/gm)) found[name] = filler;
  return found;
}

function keys(known, place, text) {
  const found = new Map();
  for (const schema of schemasAt(known, place.steps, text)) {
    for (const [name, inner] of Object.entries(schema.properties || {})) {
      if (name in place.beside && name !== place.word) continue;
      if (!found.has(name)) found.set(name, option(name, "property", inner.description, place.word.startsWith('"') ? `"${name}": ` : `${name}: `));
    }
  }
  return [...found.values()];
}

function values(known, place, columns, text) {
  const steps = place.steps.filter((step) => step.key !== "[]");
  const last = steps.at(-1);
  if (!last) return [];
  const above = steps.at(-2)?.key;
  if (last.key === "generator" || (last.key === "type" && above === "generator")) return fillers(known, text);
  const entity = steps[0].key === "entities" ? steps[1]?.key : "";
  const named = Object.keys(columns).map((name) => option(name, "class", "", name, "entity"));
  if (last.key === "references") {
    const pairs = Object.entries(columns).flatMap(([name, own]) => own.map((column) => option(`${name}.${column}`, "class", "", undefined, "column")));
    return [...named, ...pairs];
  }
  if (ENTITY_KEYS.includes(last.key)) return named;
  const found = new Map();
  for (const schema of schemasAt(known, place.steps, text)) {
    const words = [...(schema.enum || []), ...("const" in schema ? [schema.const] : []), ...(schema.examples || []), ...(schema.type === "boolean" ? [true, false] : [])];
    for (const word of words.map(String)) found.set(word, option(word, last.key === "type" ? "type" : "enum", "", quoted(word, place)));
  }
  if (!found.size && (COLUMN_KEYS.includes(last.key) || last.key === "params")) {
    const owner = last.beside.entity in columns && last.key !== "columns" ? last.beside.entity : entity;
    return (columns[owner] || []).map((name) => option(name, "variable", "", name, `column of ${owner}`));
  }
  return [...found.values()];
}

/** A word that must stand in quotes where braces and commas would end it. */
function quoted(word, place) {
  return place.isFlow && /[,[\]{}]/.test(word) ? `"${word}"` : word;
}

function fillers(known, text) {
  const own = Object.entries(presetsOf(text)).map(([name, filler]) => option(name, "constant", `a preset of this scenario: ${filler}`, name, "preset"));
  const every = [...known.generators.values()].map((each) => ({ label: each.name, type: "function", info: () => described(each), boost: each.name.includes(".") ? 0 : 1 }));
  return [...own, ...every];
}

function option(label, type, description = "", apply = label, detail = undefined) {
  return { label, type, apply, detail, ...(description ? { info: description } : {}) };
}

function described({ summary, example, params }) {
  const box = document.createElement("div");
  const add = (tag, text) => (box.append(Object.assign(document.createElement(tag), { textContent: text })));
  add("div", summary);
  if (example) add("code", example);
  if (params.length) add("div", `params: ${params.map((each) => each.name).join(", ")}`);
  return box;
}
