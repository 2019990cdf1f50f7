"use strict";
// What pages do besides what links and forms do alone: follow a search, fold the filters, move by keys.

const parsed = (text) => new DOMParser().parseFromString(text, "text/html");

let turn = 0; // counts the searches that were begun; of an older one no more news are shown

/** Wait for news of a search and show them, until it is done. */
async function follow() {
  const own = ++turn;
  let pause = 1000; // milliseconds until the best of what is found so far are shown again, where all are sorted
  let next = Date.now() + pause;
  for (;;) {
    const main = document.querySelector("main[data-progress]");
    const results = document.getElementById("results");
    if (!main || !results || results.dataset.done === "true") return;
    const known = new URLSearchParams({ found: results.dataset.count, searched: results.dataset.searched });
    const address = main.dataset.progress + (main.dataset.progress.endsWith("?") ? "" : "&") + known;
    const state = await (await fetch(address)).json();
    if (own !== turn) return;
    if (state.error) {
      location.reload();
      return;
    }
    const isMore = state.count > Number(results.dataset.shown);
    const isTime = results.dataset.waits === "full" || Date.now() > next;
    if (state.done || (isMore && isTime && !results.contains(document.activeElement))) {
      pause *= 2;
      next = Date.now() + pause;
      const page = parsed(await (await fetch(location.href)).text());
      if (own !== turn) return;
      results.replaceWith(page.getElementById("results"));
      document.title = page.title;
      showKept();
    } else {
      showProgress(results, state);
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function showProgress(results, state) {
  results.dataset.searched = state.searched;
  results.dataset.count = state.count;
  const bar = results.querySelector("progress");
  bar.value = state.searched;
  bar.nextElementSibling.textContent = `${state.searched.toLocaleString("en")} searched so far`;
  const title = results.querySelector("h1");
  title.textContent = title.textContent.replace(/^[\d,]+/, state.count.toLocaleString("en"));
}

/** Show what a form asks for without loading the page anew, so that whoever drags or types stays where they are. */
async function apply(form) {
  const own = ++turn;
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));
  const answer = await fetch(`/?${query}`);
  const page = parsed(await answer.text());
  if (own !== turn) return;
  const results = page.getElementById("results");
  if (!results) {
    location.assign(answer.url);
    return;
  }
  document.getElementById("results").replaceWith(results);
  document.querySelector("main").dataset.progress = page.querySelector("main").dataset.progress;
  side.querySelector("summary").replaceWith(page.querySelector("#side > summary"));
  document.title = page.title;
  history.pushState(null, "", answer.url);
  showKept();
  await follow();
}

/** Fill the parts of a page that take longer. */
async function fillParts() {
  const parts = [...document.querySelectorAll("[data-part]")].map(async (part) => {
    const status = part.querySelector(".hint");
    status.textContent = "Looking …";
    const answer = await fetch(part.dataset.part);
    const found = parsed(await answer.text());
    const hint = answer.ok ? null : found.querySelector(".error dd")?.textContent;
    if (hint) status.textContent = hint;
    else if (found.body.querySelector("h2")) part.replaceChildren(...found.body.children);
    else if (found.body.children.length) status.replaceWith(...found.body.children);
    else part.remove();
  });
  await Promise.all(parts);
  showKept();
}

/** Offer names that complete what is typed. */
function completeNames(input) {
  let asked = 0;
  input.addEventListener("input", async () => {
    const own = ++asked;
    await new Promise((resolve) => setTimeout(resolve, 150));
    if (own !== asked || !input.value.trim()) return;
    const names = await (await fetch(`/names?${new URLSearchParams({ start: input.value })}`)).json();
    if (own !== asked) return;
    const options = names.map((name) => Object.assign(document.createElement("option"), { value: name }));
    document.getElementById("names").replaceChildren(...options);
  });
}

/** Leave empty fields out of the address. */
function submitShort(event) {
  const empty = [...event.target.elements].filter((field) => field.name && !field.disabled && !field.value);
  empty.forEach((field) => (field.disabled = true));
  setTimeout(() => empty.forEach((field) => (field.disabled = false)));
}

/** Move from molecule to molecule with the arrow keys, from page to page with n and p, to the filters with /. */
function byKeys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  const link = { n: "a[rel=next]", p: "a[rel=prev]" }[event.key];
  if (link) document.querySelector(link)?.click();
  if (event.key === "/") {
    event.preventDefault();
    document.getElementById("side").open = true;
    document.getElementById("parent").focus();
  }
  const links = [...document.querySelectorAll(".drawn-link")];
  const at = links.indexOf(document.activeElement);
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step && at >= 0) links[Math.max(0, Math.min(links.length - 1, at + step))].focus();
}

// ---- the basket: {place of a row: its SMILES}, which the browser keeps ----

const basket = () => JSON.parse(localStorage.getItem("basket") || "{}");
const rowsOf = (kept) => JSON.stringify(Object.entries(kept));

function keep(kept) {
  localStorage.setItem("basket", JSON.stringify(kept));
  showKept();
}

/** Show on each page what is in the basket. */
function showKept() {
  const kept = basket();
  const count = Object.keys(kept).length;
  document.getElementById("basket-count").textContent = count ? `(${count})` : "";
  for (const button of document.querySelectorAll(".keep")) {
    const isKept = kept[button.dataset.at] === button.dataset.smiles;
    button.setAttribute("aria-pressed", isKept);
    button.textContent = isKept ? "Kept" : "Keep";
  }
}

function toggle(button) {
  const kept = basket();
  if (button.getAttribute("aria-pressed") === "true") delete kept[button.dataset.at];
  else kept[button.dataset.at] = button.dataset.smiles;
  keep(kept);
}

/** Fill the page of the basket. */
async function fillBasket(form) {
  const kept = basket();
  form.elements.rows.value = rowsOf(kept);
  form.hidden = !Object.keys(kept).length;
  document.getElementById("basket-hint").hidden = !form.hidden;
  const answer = await fetch("/basket/cards", { method: "POST", body: new URLSearchParams({ rows: rowsOf(kept) }) });
  const cards = parsed(await answer.text());
  document.getElementById("kept").replaceChildren(...cards.body.children);
  showKept();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (button?.matches(".keep")) toggle(button);
  if (button?.id === "empty") keep({});
  if (button?.matches(".draw")) {
    const editor = await import("/static/editor.js");
    editor.draw(document.getElementById(button.dataset.field));
  }
  if (button?.dataset.copies) {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
    button.textContent = "Copied";
  }
  const form = document.getElementById("basket");
  if (form && button?.matches(".keep, #empty")) await fillBasket(form);
});
addEventListener("storage", showKept);

const side = document.getElementById("side");
if (side && matchMedia("(max-width: 52rem)").matches) side.open = false;
const filters = document.getElementById("filters");
filters?.addEventListener("submit", submitShort);
document.addEventListener("keydown", byKeys);
addEventListener("popstate", () => location.reload());
showKept();

async function begin() {
  const filled = document.getElementById("basket");
  const work = [follow(), fillParts()];
  if (filled) work.push(fillBasket(filled));
  if (filters) {
    completeNames(document.getElementById("parent"));
    work.push(import("/static/ranges.js").then((ranges) => ranges.addRanges(filters, apply)));
  }
  await Promise.allSettled(work);
  document.documentElement.dataset.ready = "true";
}
begin();
