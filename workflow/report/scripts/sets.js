"use strict";
// The library or job that a reader has chosen: in the matrix, in the lists above the panel, or by the page's address.
/* global d3, $, element, number, unpack, funnel, halogens, distributions, gallery */
/* exported setsOf, openSets */

const ITSELF = "the library itself";

/** All that can be chosen: each library, then its jobs, with its address and the element that holds its details. */
function setsOf(data) {
  const libraries = data.libraries.map((library, i) => ({
    ...library,
    count: library.molecules,
    address: library.library,
    label: library.words || ITSELF,
    id: `library-${i}`,
  }));
  const jobs = data.jobs.map((job, i) => ({
    ...job,
    count: job.products,
    address: `${job.library}/${job.transform}`,
    label: data.transforms[job.transform].label,
    id: `job-${i}`,
  }));
  const names = [...new Set([...libraries, ...jobs].map((set) => set.library))];
  const sets = [...libraries, ...jobs];
  return names.flatMap((name) => sets.filter((set) => set.library === name));
}

async function showSet(data, sets, position, { focus }) {
  const set = sets[position];
  const details = await unpack(set.id);
  $("choose-library").value = set.library;
  fillChoices(sets, set.library);
  $("choose-transform").value = String(position);
  for (const link of document.querySelectorAll("#matrix a")) {
    if (link.getAttribute("href") === `#${set.address}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  const adopted = "Adopted from an earlier pipeline: parents, sites and routes are not known.";
  const leftOut = "The distributions are left out, for the size of this page.";
  const parts = [
    element("h3", {}, `${set.library}, ${set.label}: ${number(set.count)} ${set.transform ? "products" : "molecules"}`),
    set.transform ? reaction(set.transform, data.transforms[set.transform]) : null,
    details.adopted ? element("p", {}, adopted) : null,
    gallery(set, details, data.cannot_draw),
    details.after || !details.fewer ? distributions(set, details, data.descriptors) : element("p", {}, leftOut),
    element("div", { class: "pair" }, funnel(set, details), halogens(details)),
  ];
  const panel = $("panel");
  panel.replaceChildren(...parts.filter(Boolean));
  panel.dataset.job = set.address;
  if (focus) {
    $("look").scrollIntoView();
    panel.focus({ preventScroll: true });
  }
}

function reaction(name, { drawing, smirks }) {
  const picture = element("div", { class: "reaction" });
  picture.innerHTML = drawing || "";
  const mono = (text) => element("span", { class: "mono" }, text);
  picture.append(element("p", { class: "hint" }, mono(name), element("br"), mono(smirks || "")));
  return picture;
}

function fillChoices(sets, library) {
  const options = sets.map((set, position) => {
    const text = `${set.transform ? set.label : ITSELF} (${number(set.count)})`;
    return set.library === library ? element("option", { value: position }, text) : null;
  });
  $("choose-transform").replaceChildren(...options.filter(Boolean));
}

// Text behind a #, which may be of any origin: undecoded if it is no whole encoding.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function openSets(data, sets) {
  if (!sets.length) return Promise.resolve();
  const places = new Map(sets.map((set, position) => [set.address, position]));
  const asked = () => places.get(decoded(location.hash.slice(1)));
  const libraries = [...new Set(sets.map((set) => set.library))];
  $("choose-library").replaceChildren(...libraries.map((library) => element("option", {}, library)));
  $("choose-library").addEventListener("change", (event) => {
    fillChoices(sets, event.target.value);
    $("choose-transform").dispatchEvent(new Event("change"));
  });
  const go = (position) => {
    history.replaceState(null, "", `#${sets[position].address}`);
    return showSet(data, sets, position, { focus: false });
  };
  $("choose-transform").addEventListener("change", (event) => go(Number(event.target.value)));
  $("chooser").addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", () => {
    if (asked() !== undefined) showSet(data, sets, asked(), { focus: true });
  });
  const largest = d3.maxIndex(sets, (set) => (set.transform || !data.jobs.length ? set.count : -1));
  return showSet(data, sets, asked() ?? largest, { focus: asked() !== undefined });
}
