// What the pages of runs, rows and targets do beyond links and forms; it builds on app.js.
"use strict";

// Times that tell how long ago something was; the moment itself is in their title.

const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

function ago(moment, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(moment)) / 1000);
  if (seconds < 5) return "just now";
  const [unit, size] = UNITS.find((each) => seconds >= each[1]);
  return `${Math.round(seconds / size)} ${unit} ago`;
}

setInterval(() => {
  for (const time of all("[data-ago]")) {
    const text = ago(time.dateTime);
    if (time.textContent !== text) time.textContent = text;
  }
}, 15_000);

// Copying: a button that says for a moment that it has copied. It stays away where nothing can be copied.

function offerCopying(within = document) {
  if (!navigator.clipboard) return;
  for (const button of all("[data-copy]", within)) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.classList.add("copied");
    announce("Copied.");
  } catch {
    announce("The browser does not allow to copy.");
  }
  setTimeout(() => button.classList.remove("copied"), 1500);
});

/** Tell a screen reader, and nobody else. */
function announce(text) {
  const place = find("#announced");
  if (place) place.textContent = text;
}

// A form whose answer holds problems: each is told at its field too, and the first field gets the focus.

function clearWrong(form) {
  for (const field of all("[aria-invalid=true]", form)) field.removeAttribute("aria-invalid");
  for (const place of all(".wrong[id]", form)) {
    place.hidden = true;
    place.textContent = "";
  }
}

function tellAtFields(form, problems) {
  clearWrong(form);
  for (const problem of all("[data-field]", problems)) {
    const field = document.getElementById(problem.dataset.field);
    if (!field || !form.contains(field)) continue;
    field.setAttribute("aria-invalid", "true");
    const place = document.getElementById(`${field.id}-wrong`);
    if (!place) continue;
    const hint = find(".hint", problem);
    const what = find(".what", problem);
    const text = what.textContent + (hint ? `: ${hint.textContent}` : "");
    for (const each of [what, hint]) each?.remove(); // the list leads to the field, where it is told
    place.textContent = place.textContent ? `${place.textContent}; ${text}` : text;
    place.hidden = false;
    for (let fold = field.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  }
}

// A field that is mended is no longer marked.
document.addEventListener("input", (event) => {
  const field = event.target;
  if (!field.matches("[aria-invalid=true]") || field.closest("[data-editor]")) return;
  field.removeAttribute("aria-invalid");
  const place = document.getElementById(`${field.id}-wrong`);
  if (place) place.hidden = true;
});

// The list of runs: two of them are compared.

for (const form of all("[data-compare]")) {
  const button = find("[data-compare-button]", form);
  const boxes = all("input[name=run]", form);
  const check = () => {
    const chosen = boxes.filter((box) => box.checked);
    button.disabled = chosen.length !== 2;
    for (const box of boxes) box.disabled = chosen.length === 2 && !box.checked;
  };
  form.addEventListener("change", check);
  addEventListener("pageshow", check);
  check();
}

// A target's form: it is tried without being kept.

for (const form of all("[data-target-form]")) {
  const button = find("[data-try]", form);
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    button.disabled = true;
    const found = await show(find("#result", form), "/targets/try", form);
    button.disabled = false;
    if (!found) return;
    tellAtFields(form, find("#result", form));
    announce(found.ok ? "The target was tried; the result stands below." : "");
  });
}

// Logs are read from their end.

for (const log of all('[data-live="log"]')) {
  const toEnd = () => (log.scrollTop = log.scrollHeight);
  log.closest("details")?.addEventListener("toggle", toEnd);
  toEnd();
}

loadOnOpening(document);
offerCopying();
