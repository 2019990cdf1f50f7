"use strict";
// The job that a reader has chosen: in the matrix, in the lists above the panel, or by the page's address.
/* global d3, $, element, number, unpack, funnel, halogens, distributions, gallery */
/* exported openJobs */

async function showJob(data, position, { focus }) {
  const job = data.jobs[position];
  const transform = data.transforms[job.transform];
  const address = `${job.library}/${job.transform}`;
  const details = await unpack(`job-${position}`);
  $("choose-library").value = job.library;
  fillTransforms(data, job.library);
  $("choose-transform").value = String(position);
  for (const link of document.querySelectorAll("#matrix a")) {
    if (link.getAttribute("href") === `#${address}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  const adopted = "Adopted from an earlier pipeline: parents, sites and routes are not known.";
  const leftOut = "The distributions of this job are left out, for the size of this page.";
  const parts = [
    element("h3", {}, `${job.library}, ${transform.label}: ${number(job.products)} products`),
    reaction(job.transform, transform),
    details.adopted ? element("p", {}, adopted) : null,
    element("div", { class: "pair" }, funnel(job, details), halogens(details)),
    details.after || !details.fewer ? distributions(details, data.descriptors) : element("p", {}, leftOut),
    gallery(details, data.cannot_draw),
  ];
  const panel = $("panel");
  panel.replaceChildren(...parts.filter(Boolean));
  panel.dataset.job = address;
  if (focus) {
    $("job").scrollIntoView();
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

function fillTransforms(data, library) {
  const options = data.jobs.map((job, position) => {
    const text = `${data.transforms[job.transform].label} (${number(job.products)})`;
    return job.library === library ? element("option", { value: position }, text) : null;
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

function openJobs(data) {
  if (!data.jobs.length) return Promise.resolve();
  const places = new Map(data.jobs.map((job, position) => [`${job.library}/${job.transform}`, position]));
  const asked = () => places.get(decoded(location.hash.slice(1)));
  const libraries = [...new Set(data.jobs.map((job) => job.library))];
  $("choose-library").replaceChildren(...libraries.map((library) => element("option", {}, library)));
  $("choose-library").addEventListener("change", (event) => {
    fillTransforms(data, event.target.value);
    $("choose-transform").dispatchEvent(new Event("change"));
  });
  const go = (position) => {
    history.replaceState(null, "", `#${data.jobs[position].library}/${data.jobs[position].transform}`);
    return showJob(data, position, { focus: false });
  };
  $("choose-transform").addEventListener("change", (event) => go(Number(event.target.value)));
  $("chooser").addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", () => {
    if (asked() !== undefined) showJob(data, asked(), { focus: true });
  });
  const largest = d3.maxIndex(data.jobs, (job) => job.products);
  return showJob(data, asked() ?? largest, { focus: asked() !== undefined });
}
