// The catalogue of generators: it is narrowed as one types, and a generator's details come when it is opened.
const find = (selector, within = document) => within.querySelector(selector);
const entries = [...document.querySelectorAll("[data-generator]")];
const input = find("[data-filter] input");

function narrow() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const each of entries) {
    each.hidden = !words.every((word) => each.dataset.words.includes(word));
    if (!each.hidden) count += 1;
  }
  for (const family of document.querySelectorAll(".family")) family.hidden = !find("details:not([hidden])", family);
  find("#none").hidden = count > 0 || !entries.length;
  find("#found").textContent = words.length ? `${count} of ${entries.length}` : "";
}

async function load(details) {
  if (!details.open || details.dataset.loaded) return;
  details.dataset.loaded = "1";
  const place = find(".detail", details);
  try {
    const answer = await fetch(details.dataset.generator, { headers: { "X-Fragment": "1" } });
    if (!answer.ok) throw new Error(answer.status);
    place.innerHTML = await answer.text();
  } catch {
    delete details.dataset.loaded; // its link stays, and it can be opened again
  }
}

input.addEventListener("input", narrow);
find("[data-filter]").addEventListener("submit", (event) => {
  event.preventDefault();
  history.replaceState(null, "", input.value ? `?q=${encodeURIComponent(input.value)}` : location.pathname);
});
for (const each of entries) each.addEventListener("toggle", () => load(each));
