"use strict";
// Some molecules of a library or products of a job, drawn beside what they were made of.
/* global element, section, hint, fixed */
/* exported gallery */

function gallery(set, details, cannotDraw) {
  const pairs = details.gallery || [];
  if (!pairs.length) return section("Molecules", element("p", {}, whyNone(details, cannotDraw)));
  const diverse = "As different from one another as a sample of them has it";
  const what = details.adopted
    ? `${diverse}. Taken over from an earlier pipeline, they do not say what they were made of.`
    : set.transform
      ? `${diverse}: parent and product, lying alike, with the site marked in both.`
      : `${diverse}${pairs.some((pair) => pair.before) ? "; where the natural product is whole in it, it stands beside it, and what is new is marked" : ""}.`;
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
  const values = Object.entries(pair.values);
  const changes = values
    .filter(([, [, is]]) => typeof is !== "string")
    .map(([name, [was, is]]) => {
      const before = was === null || was === is ? "" : `${fixed(was)} → `;
      return `${name} ${before}${fixed(is)}`.replaceAll(" ", "\u00a0");
    });
  const texts = values.filter(([, [, is]]) => typeof is === "string").flatMap((each) => [element("br"), told(...each)]);
  const from = pair.id ? [madeFrom(pair), element("br")] : [];
  const meta = element(
    "p",
    { class: "meta" },
    element("code", {}, pair.smiles),
    element("br"),
    ...from,
    changes.join(", "),
    ...texts,
  );
  return element("li", {}, drawing, meta);
}

/** A score that is text. Of alerts, which stand one after the other, those that are new or gone are told apart. */
function told(name, [was, is]) {
  if (name !== "alerts") return `${name} ${was === null || was === is ? "" : `${was} → `}${is}`;
  const [before, after] = [was ?? is, is].map((text) => (text ? text.split("; ") : []));
  const listed = (alerts) => alerts.map((alert) => alert.replace(": ", " ")).join(", ");
  const parts = [
    ["", after.filter((alert) => before.includes(alert))],
    ["new ", after.filter((alert) => !before.includes(alert))],
    ["gone ", before.filter((alert) => !after.includes(alert))],
  ];
  const shown = parts.filter(([, alerts]) => alerts.length).map(([what, alerts]) => what + listed(alerts));
  return `alerts: ${shown.join("; ") || "none"}`;
}

/** Where a molecule comes from: of a product its parent, the natural product behind it, halogens put in, the site. */
function madeFrom(pair) {
  const origin = pair.name ? `${pair.name} (${pair.from})` : pair.from;
  const made = pair.from && pair.from !== pair.id ? `, made of ${origin}` : pair.name ? `, ${pair.name}` : "";
  const halogens = pair.halogens ? ` with ${pair.halogens.replaceAll(",", "+")}` : "";
  return pair.site === undefined
    ? `${pair.id}${made}${halogens}`
    : `from ${pair.id}${made}${halogens}; site ${pair.site}`;
}
