"use strict";
// What all scripts of the page share: elements, numbers in words, and the data that is packed into the page.
/* exported $, number, percent, fixed, element, section, hint, unpack */

const $ = (id) => document.getElementById(id);
const number = (value) => (value === null || value === undefined ? "–" : value.toLocaleString("en"));
const percent = (share) => `${(100 * share).toFixed(share > 0 && share < 0.001 ? 2 : 1)} %`;
const fixed = (value) =>
  typeof value !== "number" || Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) >= 100 ? 1 : 2);

/** An element with attributes and children; strings become text. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** A part of a job's panel under a heading. */
const section = (title, ...children) => element("div", {}, element("h3", {}, title), ...children);

const hint = (text) => element("p", { class: "hint" }, text);

/** The value that a script element holds as JSON, packed by gzip, in base64. */
async function unpack(id) {
  const bytes = Uint8Array.from(atob($(id).textContent), (letter) => letter.charCodeAt(0));
  const text = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(text).text());
}
