// Where a caret stands in a YAML or JSON text, told from the lines alone, so that a text that is half written tells it too.

const ITEM = "[]"; // a step into a list

/**
 * The place of the end of `text`: steps from the root, each with its key and the values beside it; whether a key or a
 * value is being written; the word so far, and where it begins. `after` is the text behind the caret. Null in comments.
 */
export function placeAt(text, after = "") {
  if (/^\s*[{[]/.test(text)) return flowPlace(text, []);
  const lines = text.split("\n");
  const { column, dashes, rest } = parts(lines.pop());
  const above = parents(lines, column, dashes);
  const own = above.beside;
  for (const line of after.split("\n").slice(1)) {
    const next = parts(line);
    if (!next.rest || next.rest.startsWith("#")) continue;
    if (next.column < column || next.dashes.length) break;
    const [key, value] = pair(next.rest);
    if (next.column === column && key !== null) own[key] = value;
  }
  const [key, value] = pair(rest);
  if (key === null) return flowPlace(rest, above.steps, own);
  return flowPlace(value, [...above.steps, { key, beside: own }], null);
}

/** Names by their paths: of entities, and of columns by entity. */
export function namesIn(text) {
  const columns = {};
  const stack = [];
  let entity = "";
  for (const line of text.split("\n")) {
    const { column, dashes, rest } = parts(line);
    if (!rest || rest.startsWith("#")) continue;
    const left = dashes[0] ?? column;
    while (stack.length && (stack.at(-1).column > left || (stack.at(-1).column === left && !(dashes.length && !stack.at(-1).isItem)))) stack.pop();
    for (const dash of dashes) stack.push({ column: dash, key: ITEM, isItem: true });
    const [key] = pair(rest);
    const named = rest.match(/^\{?\s*name:\s*["']?([^\s,"'}]+)/);
    if (named && stack.at(-1)?.key === ITEM) stack.at(-1).key = named[1]; // a record of a list goes by its name
    else if (key !== null) stack.push({ column, key });
    else continue;
    const path = stack.map((each) => each.key);
    if (path[0] !== "entities" || path.includes(ITEM)) continue;
    if (path.length === 2) columns[(entity = path[1])] ??= [];
    else if (path.length === 4 && path[2] === "columns") columns[entity]?.push(path[3]);
  }
  return columns;
}

/** Where a line's content begins, the columns of dashes before it, and the content. */
function parts(line) {
  const [, indent, marks, rest] = line.match(/^( *)((?:- +|-$)*)(.*)$/);
  const dashes = [...marks.matchAll(/-/g)].map((each) => indent.length + each.index);
  return { column: indent.length + marks.length, dashes, rest };
}

/** The key and the value of `key: value`; [null, null] where it is none. */
function pair(rest) {
  const found = rest.match(/^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s#{}[\],&*!|>'"][^:#{}[\]]*?)\s*:(?:\s+(.*))?$/);
  return found ? [unquoted(found[1]), found[2] ?? ""] : [null, null];
}

function unquoted(word) {
  return word.replace(/^["']|["']$/g, "");
}

/** The steps from the root to a line that begins at `column`, and the values beside it so far. */
function parents(lines, column, dashes) {
  const steps = [];
  const beside = {};
  let level = beside;
  let at = column;
  let isItem = false;
  const enter = (dash) => {
    steps.unshift({ key: ITEM, beside: {} });
    level = steps[0].beside;
    at = dash;
    isItem = true;
  };
  for (const dash of [...dashes].reverse()) enter(dash);
  for (let index = lines.length - 1; index >= 0; index--) {
    const line = parts(lines[index]);
    if (!line.rest || line.rest.startsWith("#")) continue;
    const [key, value] = pair(line.rest);
    if (key !== null && (line.column < at || (isItem && line.column === at && !line.dashes.length))) {
      steps.unshift({ key, beside: {} });
      level = steps[0].beside;
      at = line.column;
      isItem = false;
    } else if (key !== null && line.column === at && !isItem) {
      level[key] = value;
    }
    for (const dash of [...line.dashes].reverse()) if (dash < at) enter(dash);
  }
  return { steps, beside };
}

/** The place at the end of a text in braces and brackets, or of a plain word. */
function flowPlace(text, steps, own = {}) {
  const stack = []; // of open braces: what each holds, and the key whose value is being written
  let token = "";
  let start = text.length;
  const top = () => stack.at(-1);
  const close = () => {
    const here = top();
    if (here?.isMap && here.key !== null) here.beside[here.key] = unquoted(token.trim());
    if (here?.isMap) here.key = null;
    token = "";
  };
  for (let index = 0; index < text.length; index++) {
    const letter = text[index];
    if (letter === '"' || letter === "'") {
      if (!token.trim()) start = index;
      let end = index + 1;
      while (end < text.length && text[end] !== letter) end += text[end] === "\\" && letter === '"' ? 2 : 1;
      token += text.slice(index, end + 1);
      index = end;
    } else if (letter === "#" && (index === 0 || /\s/.test(text[index - 1]))) {
      const end = text.indexOf("\n", index);
      if (end < 0) return null;
      index = end;
    } else if ((letter === "{" || letter === "[") && !token.trim()) {
      stack.push({ isMap: letter === "{", beside: {}, key: null });
      token = "";
    } else if ((letter === "}" || letter === "]") && stack.length) {
      close();
      stack.pop();
    } else if (letter === "," && stack.length) {
      close();
    } else if (letter === ":" && top()?.isMap && top().key === null && (/^\s|^$/.test(text[index + 1] ?? "") || token.trim().startsWith('"'))) {
      top().key = unquoted(token.trim());
      token = "";
    } else {
      if (!token.trim()) start = index;
      token += letter;
    }
  }
  const within = stack.map((each, index) => (each.isMap ? (index < stack.length - 1 || each.key !== null ? { key: each.key, beside: each.beside } : null) : { key: ITEM, beside: {} }));
  const here = top();
  const isKey = here ? here.isMap && here.key === null : own !== null;
  const word = token.trimStart();
  return {
    steps: [...steps, ...within.filter(Boolean)],
    isKey,
    beside: here ? here.beside : own || {},
    word,
    length: word ? text.length - start : 0,
    isFlow: stack.length > 0,
  };
}
