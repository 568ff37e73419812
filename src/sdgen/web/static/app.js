// What the pages do beyond links and forms. Without this file they still work, without previews and live figures.
"use strict";

const find = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

/** The text of a page's part; what is wrong comes as a part too. */
async function part(address, form) {
  const asked = { headers: { "X-Fragment": "1" } };
  if (form) Object.assign(asked, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  const answer = await fetch(address, asked);
  const type = answer.headers.get("content-type") || "";
  if (type.startsWith("text/html")) return { ok: answer.ok, html: await answer.text() };
  return { ok: false, html: notice(`The server answered ${answer.status}. Try again in a moment.`) };
}

function notice(text) {
  const box = document.createElement("div");
  box.className = "notice bad";
  box.setAttribute("role", "alert");
  box.textContent = text;
  return box.outerHTML;
}

/** Put a part into its place; the newest request wins, and a lost connection is told. */
async function show(place, address, form) {
  const turn = (place.turn = (place.turn || 0) + 1);
  place.setAttribute("aria-busy", "true");
  let found;
  try {
    found = await part(address, form);
  } catch {
    found = { ok: false, html: notice("The server does not answer.") };
  }
  if (turn !== place.turn) return null;
  place.removeAttribute("aria-busy");
  place.innerHTML = found.html;
  return found;
}

function later(action, milliseconds) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  };
}

// A run's page

function loadOnOpening(within) {
  for (const details of all("details[data-load]", within)) {
    const load = () => {
      if (!details.open || details.loaded) return;
      details.loaded = true;
      show(find(".columns-place", details), details.dataset.load);
    };
    details.addEventListener("toggle", load);
    load();
  }
}

async function pictures(run) {
  const place = find("[data-pictures]", run);
  if (run.dataset.status !== "success") {
    find("p", place).textContent = "There are none of a run that wrote nothing.";
    return;
  }
  if (await show(place, place.dataset.pictures)) loadOnOpening(place);
}

/** Change only what differs, so that focus, selection and scrolling stay. */
function update(run, html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  for (const piece of all("[data-live]", fresh)) {
    const old = find(`[data-live="${piece.dataset.live}"]`, run);
    if (!old || old.innerHTML === piece.innerHTML) continue;
    const atEnd = old.scrollHeight - old.scrollTop - old.clientHeight < 40;
    adopt(old, piece);
    if (piece.dataset.live === "log" && atEnd) old.scrollTop = old.scrollHeight;
  }
  run.dataset.status = find('[data-live="head"]', fresh).dataset.status;
}

/** Bars are kept and given new values, so that they move instead of blinking. */
function adopt(old, fresh) {
  const olds = all("progress", old);
  const news = all("progress", fresh);
  old.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)));
  if (olds.length !== news.length) return;
  all("progress", old).forEach((bar, index) => {
    const kept = olds[index];
    kept.className = news[index].className;
    kept.max = news[index].max;
    kept.value = news[index].value;
    bar.replaceWith(kept);
  });
}

const over = (run) => !["pending", "running"].includes(run.dataset.status);

function watch(run) {
  const address = run.dataset.run;
  let busy = false;
  let again = false;
  let last = 0;
  const refresh = async () => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      const found = await part(`${address}/state`);
      if (found.ok) update(run, found.html);
    } catch {
      // The server is away for a moment; the next turn asks again.
    }
    busy = false;
    last = Date.now();
    if (over(run)) {
      end();
    } else if (again) {
      again = false;
      setTimeout(refresh, 200);
    }
  };
  const log = find('[data-live="log"]', run);
  log.scrollTop = log.scrollHeight;
  const events = new EventSource(`/api/v1${address}/events`);
  for (const name of ["progress", "log", "end"]) events.addEventListener(name, refresh);
  const timer = setInterval(() => Date.now() - last > 1500 && refresh(), 1000);
  let ended = false;
  const end = () => {
    if (ended) return;
    ended = true;
    events.close();
    clearInterval(timer);
    pictures(run);
  };
}

// The first page

function startForm(form) {
  const chosen = find("#scenario_id", form);
  const text = find("#scenario", form);
  const rows = () => show(find("#rows"), "/rows", form);
  chosen.addEventListener("change", () => {
    find("#pasted").toggleAttribute("data-folded", chosen.value !== "");
    rows();
  });
  text.addEventListener("input", later(rows, 500));
  find("[data-plan]", form).addEventListener("click", async (event) => {
    event.preventDefault();
    const place = find("#plan");
    const found = await show(place, "/plan", form);
    if (!found) return;
    tellAtFields(form, place);
    announce(found.ok ? "The plan stands below the form." : "");
    place.scrollIntoView({ block: "nearest" });
  });
  form.addEventListener("submit", () => {
    const button = find(".first", form);
    setTimeout(() => (button.disabled = true));
    addEventListener("pageshow", () => (button.disabled = false), { once: true });
  });
}

// Targets

function tester(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = find("button", form);
    button.disabled = true;
    await show(find(".probe", form.closest(".card")), form.action, form);
    button.disabled = false;
    button.focus();
  });
}

for (const run of all("[data-run]")) over(run) ? pictures(run) : watch(run);
for (const form of all("[data-start]")) startForm(form);
for (const form of all("[data-test]")) tester(form);
