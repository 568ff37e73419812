// The graph of entities: fitted to its place, zoomed and moved by mouse, touch, buttons and keys.
import { select, zoom, zoomIdentity, zoomTransform } from "./vendor/zoom.js";

const LARGEST = 3; // times its drawn size
const MOST_TALL = 320; // pixels
const KEYS = { "+": [1.25], "=": [1.25], "-": [0.8], ArrowLeft: [1, 40, 0], ArrowRight: [1, -40, 0], ArrowUp: [1, 0, 40], ArrowDown: [1, 0, -40] };

/** Make a drawn graph movable. card: what holds the picture and its buttons. */
export function movable(card) {
  const svg = card.querySelector("svg.graph");
  const place = card.querySelector(".graph-place");
  if (!svg || svg.dataset.movable) return;
  svg.dataset.movable = "1";
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const inner = document.createElementNS("http://www.w3.org/2000/svg", "g");
  inner.append(...[...svg.children].filter((each) => each.tagName !== "defs"));
  svg.append(inner);
  for (const name of ["viewBox", "width", "height"]) svg.removeAttribute(name);
  svg.classList.add("movable");
  place.classList.add("movable-place");

  const picture = select(svg);
  const fitted = () => {
    const scale = Math.min(1, place.clientWidth / width, place.clientHeight / height);
    return zoomIdentity.translate((place.clientWidth - width * scale) / 2, (place.clientHeight - height * scale) / 2).scale(scale);
  };
  let atFit = true;
  const moving = zoom()
    .scaleExtent([0.05, LARGEST])
    .extent(() => [[0, 0], [place.clientWidth, place.clientHeight]])
    // A plain wheel scrolls the page, and one finger too, as long as all of the graph is to be seen.
    .filter((event) => (event.type === "wheel" ? event.ctrlKey || event.metaKey : event.touches ? event.touches.length > 1 || !atFit : !event.button))
    .on("zoom", ({ transform }) => inner.setAttribute("transform", transform));
  picture.call(moving).on("dblclick.zoom", null).on("dragstart", (event) => event.preventDefault());
  const fit = () => {
    const tall = height * Math.min(1, place.clientWidth / width);
    place.style.height = `${Math.min(Math.max(tall + 8, 120), MOST_TALL)}px`;
    picture.call(moving.transform, fitted());
    atFit = true;
  };
  const scale = (factor, x = 0, y = 0) => {
    picture.call(moving.scaleBy, factor);
    if (x || y) picture.call(moving.translateBy, x / zoomTransform(svg).k, y / zoomTransform(svg).k);
    atFit = false;
  };
  moving.on("start", ({ sourceEvent }) => sourceEvent && (atFit = false));
  svg.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "0") fit();
    else if (KEYS[event.key]) scale(...KEYS[event.key]);
    else return;
    event.preventDefault();
  });
  // An entity that the keyboard reaches must be in sight.
  svg.addEventListener("focusin", (event) => {
    const box = event.target.getBoundingClientRect();
    const frame = place.getBoundingClientRect();
    const x = Math.max(frame.left + 8 - box.left, 0) || Math.min(frame.right - 8 - box.right, 0);
    const y = Math.max(frame.top + 8 - box.top, 0) || Math.min(frame.bottom - 8 - box.bottom, 0);
    if (x || y) scale(1, x, y);
  });
  const buttons = card.querySelector(".zoom");
  buttons.hidden = false;
  buttons.onclick = ({ target }) => {
    const way = target.dataset.zoom;
    if (way === "fit") fit();
    else if (way) scale(way === "in" ? 1.25 : 0.8);
  };
  new ResizeObserver(() => atFit && fit()).observe(place);
  fit();
}
