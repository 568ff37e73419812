// A scenario's page: the text in an editor, what it gives beside it, drafts, and saving.
import { codeEditor } from "./code.js";
import { completions } from "./complete.js";
import { draftsOf } from "./drafts.js";
import { movable } from "./graph.js";

const find = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const form = find("[data-workbench]");
const area = find("#text");
const fields = form.elements;
const state = find("#edit-state");
const drafts = draftsOf(fields.opened.value);
let saved = area.value;
let valid = area.value; // the text that is shown beside, which has no problems
let shown = find("[data-shown]")?.dataset.shown || "";
let leaving = false;
let working = "";

const code = codeEditor(find("#code"), { text: area.value, label: "Text", changed, complete: completions(names) });
find("#code").hidden = false;
area.hidden = true;
find("label[for=text]").removeAttribute("for");
const isDirty = () => area.value !== saved;

function changed(text) {
  area.value = text;
  find("#save-answer").replaceChildren();
  if (isDirty()) keepSoon();
  else drafts.forget();
  tell();
  previewSoon();
}

/** What the page says of the text, and which buttons fit it. */
function tell() {
  const count = Number(find("#text-problems").dataset.count);
  const problems = count ? `${count} ${count === 1 ? "problem" : "problems"}` : "";
  const words = [working || (isDirty() ? "Not saved" : fields.base.value ? "Saved" : ""), problems].filter(Boolean).join(" · ");
  if (state.textContent !== words) state.textContent = words;
  state.classList.toggle("dirty", isDirty());
  find("#language").textContent = `${code.language} · Ctrl+Space completes, Esc then Tab leaves the text`;
  const link = find("[data-begin=saved]");
  if (link) link.hidden = isDirty();
  find("[data-begin=edited]").hidden = Boolean(link) && !isDirty();
}

function later(action, milliseconds) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  };
}

const keepSoon = later(() => isDirty() && drafts.keep(area.value), 200);
const previewSoon = later(() => preview(area.value), 400);

/** The answer to a posted form, as a document; what is no page is told as such. */
async function ask(address, values) {
  const answer = await fetch(address, { method: "POST", headers: { "X-Fragment": "1" }, body: new URLSearchParams(values) });
  const type = answer.headers.get("content-type") || "";
  if (!type.startsWith("text/html")) throw new Error(answer.status === 429 ? "too many requests" : `the server answered ${answer.status}`);
  return { ok: answer.ok, page: new DOMParser().parseFromString(await answer.text(), "text/html") };
}

// What the text gives

let turn = 0;

async function preview(text) {
  const mine = ++turn;
  let found;
  setTimeout(() => mine === turn && !found && (state.textContent = "Checking…"), 600);
  try {
    found = await ask("/scenarios/preview", { scenario: text, entity: shown });
  } catch (error) {
    if (mine !== turn) return;
    state.textContent = `No preview: ${error instanceof TypeError ? "the server does not answer" : error.message}`;
    setTimeout(() => mine === turn && preview(text), 3000);
    return;
  }
  if (mine !== turn) return;
  const fresh = find("#shown", found.page);
  if (text === area.value) adoptProblems(problemsOf(found.page));
  if (fresh && find("[data-shown]", fresh)) {
    valid = text;
    adopt(fresh);
  }
  find("#shown").classList.toggle("stale", valid !== area.value && Number(find("#text-problems").dataset.count) > 0);
  tell();
  checkSoon();
}

/** Have the rows of all entities made once the text rests, for mistakes that only rows bring to light. */
const checkSoon = later(async () => {
  const text = area.value;
  if (text === checked || text !== valid || Number(find("#text-problems").dataset.count)) return;
  checked = text;
  try {
    const found = await ask("/scenarios/preview", { scenario: text, entity: shown, every: "1" });
    if (text === area.value) adoptProblems(problemsOf(found.page));
    tell();
  } catch {
    checked = ""; // the next edit asks again
  }
}, 1200);
let checked = area.value;

/** The problems of an answer; one that was refused as a whole, for what it would take, has nothing else. */
function problemsOf(page) {
  const told = find("#text-problems", page);
  if (told) return told;
  page.body.dataset.count = all("li", page).length || 1;
  return page.body;
}

function adoptProblems(fresh) {
  const old = find("#text-problems");
  if (old.innerHTML !== fresh.innerHTML) {
    const notesOpen = find("details", old)?.open;
    old.replaceChildren(...fresh.childNodes);
    if (notesOpen && find("details", old)) find("details", old).open = true;
  }
  old.dataset.count = fresh.dataset.count;
  markProblems();
}

function markProblems() {
  const marks = all("#text-problems .bad li").map((each) => {
    const place = find("[data-line]", each);
    const words = [find(".what", each), find(".hint", each)].filter(Boolean).map((part) => part.textContent.trim());
    return { line: Number(place?.dataset.line), column: Number(place?.dataset.column), severity: "error", message: words.join("\n") };
  });
  code.mark(marks);
}

/** Change only what differs, so that focus, zoom and scrolling stay. */
function adopt(fresh) {
  const old = find("#shown");
  shown = find("[data-shown]", fresh).dataset.shown;
  if (!find("[data-shown]", old)) {
    old.replaceChildren(...fresh.childNodes);
  } else {
    const drawn = find(".graph-place", fresh).innerHTML;
    if (drawn !== lastDrawn) find(".graph-place", old).replaceChildren(...find(".graph-place", fresh).childNodes);
    lastDrawn = drawn;
    const [oldList, freshList] = [old, fresh].map((each) => find(".entity-list", each));
    if (listed(oldList) === listed(freshList)) current(shown);
    else oldList.replaceChildren(...freshList.childNodes);
    const [oldRows, freshRows] = [old, fresh].map((each) => find(".entity", each));
    const left = find(".scroll", oldRows).scrollLeft;
    const isSame = oldRows.id === freshRows.id;
    oldRows.replaceWith(freshRows);
    if (isSame) find(".scroll", freshRows).scrollLeft = left;
  }
  movable(find(".graph-card"));
  current(shown);
}

let lastDrawn = find(".graph-place")?.innerHTML;
const listed = (list) => all("a", list).map((each) => `${each.textContent}${each.dataset.line}`).join();

function current(name) {
  for (const each of all("#shown [data-entity]")) {
    if (each.dataset.entity === name) each.setAttribute("aria-current", "true");
    else each.removeAttribute("aria-current");
  }
}

find("#shown").addEventListener("click", async (event) => {
  const link = event.target.closest("[data-entity]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  shown = link.dataset.entity;
  current(shown);
  const line = all(".entity-list a").find((each) => each.dataset.entity === shown)?.dataset.line;
  if (Number(line) && valid === area.value) code.go(Number(line), 1, false);
  history.replaceState(null, "", `?entity=${encodeURIComponent(shown)}`);
  await preview(valid);
  if (link.closest("svg")) find(".entity-card").scrollIntoView({ block: "nearest" });
});

/** Entities that the text beside has, for completion. */
function names() {
  return all(".entity-list [data-entity]").map((each) => each.dataset.entity);
}

form.addEventListener("click", (event) => {
  const place = event.target.closest("[data-line]");
  if (place && place.tagName === "BUTTON") code.go(Number(place.dataset.line), Number(place.dataset.column) || 1);
});

form.addEventListener("click", async (event) => {
  if (!event.target.closest("[data-as-yaml]")) return;
  event.preventDefault();
  const answer = await fetch("/scenarios/as-yaml", { method: "POST", headers: { "X-Fragment": "1" }, body: new URLSearchParams({ scenario: area.value }) });
  if (answer.ok) code.replace(await answer.text());
  else previewSoon();
});

// Saving

async function save(how) {
  const text = area.value;
  const values = { scenario: text, opened: fields.opened.value, base: fields.base.value };
  if (how === "as") Object.assign(values, { how, as: fields.as.value });
  working = "Saving…";
  tell();
  let found;
  try {
    found = await ask("/scenarios/save", values);
  } catch (error) {
    working = "";
    tell();
    state.textContent = `Not saved: ${error instanceof TypeError ? "the server does not answer" : error.message}`;
    return;
  }
  working = "";
  find("#save-answer").replaceChildren(...found.page.body.children);
  const kept = find("#save-answer [data-base]");
  if (found.ok && kept) wasSaved(kept, text);
  for (const each of all("#save-answer [hidden]")) each.hidden = false;
  tell();
}

function wasSaved(kept, text) {
  saved = text;
  if (!isDirty()) drafts.forget();
  if (kept.dataset.id !== fields.opened.value) {
    drafts.forget();
    leaving = true;
    location.assign(`/scenarios/${encodeURIComponent(kept.dataset.id)}`);
    return;
  }
  fields.base.value = kept.dataset.base;
  const versions = find("[data-versions]", kept);
  if (versions) find("#versions").replaceChildren(...versions.childNodes);
  versions?.remove();
}

form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-save]");
  if (!button) return;
  event.preventDefault();
  const newer = find("#save-answer [data-newer]");
  if (button.dataset.save === "over") fields.base.value = newer.dataset.newer;
  save(button.dataset.save === "as" ? "as" : "here");
});

addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s" || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (fields.base.value) save("here");
  else openSaveAs();
});

function openSaveAs() {
  find(".save-as").open = true;
  fields.as.focus();
}

find(".save-as").addEventListener("toggle", (event) => event.target.open && fields.as.focus());
find(".save-as").addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    find(".save-as").open = false;
    find(".save-as summary").focus();
  } else if (event.key === "Enter" && event.target === fields.as) {
    event.preventDefault();
    save("as");
  }
});
document.addEventListener("click", (event) => {
  if (!event.target.closest(".save-as")) find(".save-as").open = false;
});

form.addEventListener("submit", () => {
  leaving = true; // to the first page, with this text; the draft stays for who comes back
  if (isDirty()) drafts.keep(area.value);
});
addEventListener("pageshow", () => (leaving = false));
addEventListener("pagehide", () => isDirty() && drafts.keep(area.value));
addEventListener("beforeunload", (event) => {
  if (isDirty() && !leaving) event.preventDefault();
});

// Drafts

function offerDraft() {
  const bar = find("#draft");
  const draft = drafts.newest(saved);
  bar.hidden = !draft;
  if (!draft) return;
  const time = find("time", bar);
  time.dateTime = new Date(draft.at).toISOString();
  time.textContent = new Date(draft.at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  bar.onclick = ({ target }) => {
    const what = target.dataset.draft;
    if (!what) return;
    if (what === "restore") {
      code.replace(draft.text);
      drafts.keep(draft.text);
    }
    drafts.remove(draft.key);
    offerDraft();
  };
}

markProblems();
offerDraft();
if (find(".graph-card")) movable(find(".graph-card"));
current(shown);
tell();
