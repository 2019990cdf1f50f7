"use strict";
// Some products of a job, drawn beside their parents.
/* global element, section, hint, fixed */
/* exported gallery */

function gallery(details, cannotDraw) {
  const pairs = details.gallery || [];
  if (!pairs.length) return section("Molecules", element("p", {}, whyNone(details, cannotDraw)));
  const what = details.adopted
    ? "Products, evenly spread over the job. Taken over from an earlier pipeline, they do not say what they were made of."
    : "Parent and product, evenly spread over the job and lying alike. The site is marked in both.";
  return section("Molecules", hint(what), element("ul", { class: "gallery" }, ...pairs.map(molecule)));
}

function whyNone(details, cannotDraw) {
  if (cannotDraw) {
    const fix = "With that library installed, python -m halogenator report draws them.";
    return `RDKit could not draw where this page was made: ${cannotDraw}. ${fix}`;
  }
  return details.fewer ? "Left out, for the size of this page." : "There are none to draw.";
}

/** A product with its parent, if that is known: drawings, origin, change of each descriptor. */
function molecule(pair) {
  const drawing = element("div", { class: pair.before ? "drawn" : "drawn alone" });
  drawing.innerHTML = pair.before
    ? `${pair.before}<span class="arrow" aria-hidden="true">→</span>${pair.after}`
    : pair.after;
  const changes = Object.entries(pair.values).map(([name, [was, is]]) =>
    `${name} ${was === null ? "" : `${fixed(was)} → `}${fixed(is)}`.replaceAll(" ", "\u00a0"),
  );
  const from = pair.id ? [madeFrom(pair), element("br")] : [];
  const meta = element(
    "p",
    { class: "meta" },
    element("code", {}, pair.smiles),
    element("br"),
    ...from,
    changes.join(", "),
  );
  return element("li", {}, drawing, meta);
}

function madeFrom(pair) {
  const made = pair.from && pair.from !== pair.id ? `, made of ${pair.from}` : "";
  const halogens = pair.halogens ? ` with ${pair.halogens.replaceAll(",", "+")}` : "";
  return `from ${pair.id}${made}${halogens}; site ${pair.site}`;
}
