// Draws the charts, opens jobs, and makes the tables sort and search. Everything it needs is in the page.
"use strict";

const $ = (id) => document.getElementById(id);
const number = (value) => (value === null || value === undefined ? "–" : value.toLocaleString("en"));
const percent = (share) => `${(100 * share).toFixed(share > 0 && share < 0.001 ? 2 : 1)} %`;
const fixed = (value) => (Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) >= 100 ? 1 : 2));

/** An element with attributes and children; strings become text. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** The value that a script element holds as JSON, packed by gzip, in base64. */
async function unpack(id) {
  const bytes = Uint8Array.from(atob($(id).textContent), (letter) => letter.charCodeAt(0));
  const text = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(text).text());
}

// ---- charts ---------------------------------------------------------------------------------------------------------

const STAGE_COLORS = {
  "Snakemake": "#8d939c", "read": "#56b4e9", "standardise": "#0072b2", "halogenate": "#009e73", "merge library": "#c8a415",
  "transform": "#d55e00", "merge products": "#cc79a7", "find duplicates": "#e69f00", "export": "#44aa99", "verify adopted": "#7a68a6", "catalog, report": "#8c6d46",
  "starting": "#b9bec6",
};
const drawn = []; // [place, how to draw it], to draw again at another width

/** Keep a chart in a place, drawn at the place's width; `label` tells its content to those who cannot see it. */
function chart(place, label, make) {
  const draw = () => {
    const width = Math.max(260, place.clientWidth || 640);
    const made = make(width);
    made.setAttribute("role", "img");
    made.setAttribute("aria-label", label);
    place.replaceChildren(made);
  };
  drawn.push([place, draw]);
  draw();
}

function redraw() {
  for (let i = drawn.length - 1; i >= 0; i--) if (!drawn[i][0].isConnected) drawn.splice(i, 1);
  for (const [, draw] of drawn) draw();
}

function plot(width, options) {
  return Plot.plot({ width, marginBottom: 44, style: { fontSize: "12px", color: "var(--ink)" }, ...options });
}

function key(entries) {
  return element("ul", { class: "key" }, ...entries.map(([name, color]) => {
    const swatch = element("i");
    swatch.style.background = color;
    return element("li", {}, swatch, name);
  }));
}

/** Seconds as a scale of the unit that suits them. */
function timeUnit(seconds) {
  if (seconds > 3 * 86400) return [86400, "days of running"];
  if (seconds > 3 * 3600) return [3600, "hours of running"];
  return seconds > 300 ? [60, "minutes of running"] : [1, "seconds of running"];
}

const CHARTS = {
  headroom(place, { memory }) {
    const rows = [
      { name: "used", mb: memory.peak_mb, color: "var(--after)" },
      { name: "declared", mb: memory.declared_mb, color: "var(--before)" },
      { name: "allowed", mb: memory.cap_mb, color: "var(--line)" },
    ];
    chart(place, rows.map((row) => `${row.name} at most ${number(row.mb)} MB`).join(", "), (width) => plot(width, {
      height: 134, marginLeft: 70, marginRight: 90,
      x: { label: "MB", tickFormat: (value) => number(value), ticks: Math.max(3, width / 140) },
      y: { label: null, domain: rows.map((row) => row.name) },
      marks: [
        Plot.barX(rows, { x: "mb", y: "name", fill: "color" }),
        Plot.text(rows, { x: "mb", y: "name", text: (row) => `${number(row.mb)} MB`, textAnchor: "start", dx: 6 }),
      ],
    }));
  },

  memory(place, { memory }) {
    const [unit, label] = timeUnit(memory.seconds);
    const found = new Map(memory.used.map((row) => [`${row.t} ${row.stage}`, row.mb]));
    const used = memory.points.flatMap(({ t }) =>
      memory.stages.map((stage) => ({ t: t / unit, stage, mb: found.get(`${t} ${stage}`) || 0 })));
    const top = Math.max(memory.peak_mb, memory.declared_mb);
    const shown = memory.cap_mb <= 3 * top;
    const text = shown ? `cap ${number(memory.cap_mb)} MB`
      : `cap ${number(memory.cap_mb)} MB, ${Math.round(memory.cap_mb / top)} times the height of this chart`;
    place.before(key(memory.stages.map((stage) => [stage, STAGE_COLORS[stage]])));
    chart(place, `Used at most ${number(memory.peak_mb)} MB, declared at most ${number(memory.declared_mb)} MB, ${text}`,
      (width) => plot(width, {
        height: 320, marginLeft: 60, marginTop: 30,
        x: { label }, y: { label: "MB", grid: true, domain: [0, shown ? memory.cap_mb * 1.05 : top * 1.12] },
        color: { domain: memory.stages, range: memory.stages.map((stage) => STAGE_COLORS[stage]) },
        marks: [
          Plot.areaY(used, { x: "t", y: "mb", fill: "stage", order: memory.stages, curve: "step-after" }),
          Plot.lineY(memory.points, { x: (row) => row.t / unit, y: "declared", stroke: "currentColor", strokeDasharray: "5,4", curve: "step-after" }),
          memory.starts.length > 1 ? Plot.ruleX(memory.starts, { x: (row) => row.t / unit, stroke: "var(--mute)" }) : null,
          shown ? Plot.ruleY([memory.cap_mb], { stroke: "var(--limit)", strokeWidth: 2 }) : null,
          Plot.tip(memory.points, Plot.pointerX({
            x: (row) => row.t / unit, y: "used", fill: "var(--panel)", stroke: "var(--mute)",
            title: (row) => `used ${number(row.used)} MB\ndeclared ${number(row.declared)} MB`,
          })),
          Plot.text([text], { frameAnchor: "top-right", dy: -16, fill: "var(--limit)", fontWeight: 600, text: (row) => `${shown ? "" : "↑ "}${row}` }),
          Plot.ruleY([0]),
        ],
      }));
  },

  spans(place, { memory }) {
    const [unit, label] = timeUnit(memory.seconds);
    const most = Math.max(1, ...memory.spans.map((row) => row.tasks));
    chart(place, memory.stages.map((stage) => {
      const times = memory.spans.filter((row) => row.stage === stage).map((row) => row.t / unit);
      return `${stage} from ${fixed(Math.min(...times))} to ${fixed(Math.max(...times))}`;
    }).join("; ") + ` ${label}`, (width) => plot(width, {
      height: 54 + 22 * memory.stages.length, marginLeft: 165,
      x: { label }, y: { label: null, domain: memory.stages },
      color: { domain: memory.stages, range: memory.stages.map((stage) => STAGE_COLORS[stage]) },
      marks: [Plot.barX(memory.spans, {
        x1: (row) => row.t / unit, x2: (row) => (row.t + memory.width) / unit, y: "stage", fill: "stage",
        fillOpacity: (row) => 0.45 + 0.55 * (row.tasks / most), inset: 1, insetLeft: 0, insetRight: 0,
      })],
    }));
  },

  shares(place, { jobs, libraries }) {
    const shares = [
      ...jobs.map((row) => row.peak_of_declared),
      ...libraries.filter((row) => row.declared_mb).map((row) => row.peak_mb / row.declared_mb),
    ].map((share) => 100 * share);
    const most = Math.max(0, ...shares);
    chart(place, `${shares.length} libraries and jobs used at most ${most.toFixed(0)} % of what they declared`, (width) => plot(width, {
      height: 200, marginLeft: 60,
      x: { label: "used, % of declared", domain: [0, 105] }, y: { label: "libraries and jobs", grid: true },
      marks: [
        Plot.rectY(shares, Plot.binX({ y: "count" }, { x: (value) => value, thresholds: d3.range(0, 106, 2.5), fill: "var(--after)" })),
        Plot.ruleX([100], { stroke: "var(--limit)", strokeWidth: 2 }),
        Plot.ruleY([0]),
      ],
    }));
  },

  stages(place, { tasks }) {
    const rows = tasks.stages.flatMap((row) => [
      { stage: row.stage, kind: "wall", seconds: row.seconds }, { stage: row.stage, kind: "CPU", seconds: row.cpu_seconds },
    ]);
    place.before(key([["wall", "var(--wall)"], ["CPU", "var(--cpu)"]]));
    chart(place, tasks.stages.map((row) => `${row.stage}: ${number(row.seconds)} s wall, ${number(row.cpu_seconds)} s CPU`).join("; "),
      (width) => plot(width, {
        height: 64 + 40 * tasks.stages.length, marginLeft: 150, marginRight: 50, x: { label: "seconds", ticks: 5 },
        y: { axis: null, domain: ["wall", "CPU"] }, fy: { label: null, axis: "left", domain: tasks.stages.map((row) => row.stage), padding: 0.22 },
        marks: [
          Plot.barX(rows, { x: "seconds", y: "kind", fy: "stage", fill: (row) => (row.kind === "wall" ? "var(--wall)" : "var(--cpu)") }),
          Plot.text(rows, { x: "seconds", y: "kind", fy: "stage", text: (row) => number(Math.round(row.seconds * 10) / 10), textAnchor: "start", dx: 4, fontSize: 11 }),
        ],
      }));
  },

  spread(place, { tasks }) {
    const rows = tasks.stages.map((row) => ({ stage: row.stage, q: row.quartiles.map((value) => Math.max(0.01, value)) }));
    place.before(key([["middle half of the tasks", "var(--wall)"]]));
    chart(place, tasks.stages.map((row) => `${row.stage}: median ${row.quartiles[2]} s, longest ${row.quartiles[4]} s`).join("; "),
      (width) => plot(width, {
        height: 64 + 40 * rows.length, marginLeft: 150, marginRight: 30, x: { type: "log", label: "seconds, logarithmic", grid: true, tickFormat: ",~g", ticks: 4 },
        y: { label: null, type: "band", domain: rows.map((row) => row.stage), padding: 0.6 },
        marks: [
          Plot.link(rows, { x1: (row) => row.q[0], x2: (row) => row.q[4], y: "stage", stroke: "var(--mute)", strokeWidth: 1.5 }),
          Plot.barX(rows, { x1: (row) => row.q[1], x2: (row) => row.q[3], y: "stage", fill: "var(--wall)" }),
          Plot.dot(rows, { x: (row) => row.q[2], y: "stage", fill: "var(--page)", stroke: "var(--ink)", strokeWidth: 2, r: 5 }),
        ],
      }));
  },

  chunks(place, { tasks, transforms }) {
    const rows = tasks.chunks.slice(0, 15).map((row) => ({
      ...row, name: row.transform ? `${row.library}, ${transforms[row.transform] ? transforms[row.transform].label : row.transform}` : row.library,
    }));
    const dots = rows.flatMap((row) => {
      const mean = d3.mean(row.seconds) || 1;
      return row.seconds.map((seconds) => ({ name: row.name, multiple: seconds / mean }));
    });
    chart(place, rows.map((row) => `${row.name}: ${row.chunks} chunks, longest ${row.ratio} times the mean`).join("; "), (width) => plot(width, {
      height: 50 + 38 * rows.length, marginLeft: 10, x: { label: "time of a chunk, as a multiple of its job's mean", domain: [0, Math.max(2, d3.max(dots, (dot) => dot.multiple))], grid: true },
      fy: { label: null, axis: null, domain: rows.map((row) => row.name) },
      marks: [
        Plot.ruleX([1], { stroke: "var(--mute)" }),
        Plot.dot(dots, { x: "multiple", fy: "name", fill: "var(--after)", fillOpacity: 0.65, r: 4, dy: 5 }),
        Plot.text(rows, { fy: "name", frameAnchor: "top-left", text: (row) => `${row.name} (${row.chunks} chunks)`, fontWeight: 600 }),
      ],
    }));
  },
};

// ---- one job --------------------------------------------------------------------------------------------------------

function funnel(job, details) {
  const rows = [
    ["rows in", job.rows_in, "var(--before)"], ["matched", job.matched, "var(--before)"], ["products made", job.made, "var(--after)"],
    ["duplicates", job.duplicates_removed, "var(--limit)"], ["rejects", job.rejects, "var(--limit)"], ["products", job.products, "var(--after)"],
  ].filter((row) => row[1] !== null);
  const place = element("div", { class: "chart" });
  const why = (details.reasons || []).map(([reason, count]) => `${reason}: ${number(count)}`).join("; ");
  const figure = element("div", {}, element("h3", {}, "From rows to products"),
    element("figure", {}, element("figcaption", {}, why ? `Rejects: ${why}` : "No rejects"), place));
  queueMicrotask(() => chart(place, rows.map(([name, count]) => `${name} ${number(count)}`).join(", "), (width) => plot(width, {
    height: 16 + 26 * rows.length, marginLeft: 100, marginTop: 8, marginBottom: 8, marginRight: 80, x: { axis: null }, y: { label: null, domain: rows.map((row) => row[0]) },
    marks: [
      Plot.barX(rows, { x: "1", y: "0", fill: "2", inset: 2 }),
      Plot.text(rows, { x: "1", y: "0", text: (row) => number(row[1]), textAnchor: "start", dx: 5 }),
      Plot.ruleX([0]),
    ],
  })));
  return figure;
}

function histogram(descriptor, before, after) {
  const [first, width] = descriptor.bins;
  const shift = descriptor.integer ? -0.5 : 0;
  const steps = (side) => {
    if (!side || !side.bins[descriptor.name]) return [];
    const [start, counts] = side.bins[descriptor.name];
    return counts.map((count, i) => ({ x1: first + (start + i) * width + shift, x2: first + (start + i + 1) * width + shift, share: (100 * count) / side.rows }));
  };
  const [was, is] = [steps(before), steps(after)];
  if (!was.length && !is.length) return null;
  const outline = was.length ? [{ x: was[0].x1, share: 0 }, ...was.map((bar) => ({ x: bar.x1, share: bar.share })), { x: was[was.length - 1].x2, share: 0 }] : [];
  const words = (side) => {
    const within = side && side.within[descriptor.name];
    return side && side.mean[descriptor.name] !== undefined
      ? `mean ${fixed(side.mean[descriptor.name])}${within === undefined ? "" : `, ${percent(within)} within the limit`}` : null;
  };
  const text = [["before", words(before)], ["after", words(after)]].filter((part) => part[1]).map((part) => part.join(": "));
  const place = element("div", { class: "chart" });
  const caption = element("figcaption", {});
  const name = descriptor.text.replace(/ \(.*/, "");
  queueMicrotask(() => chart(place, `${name}. ${text.join("; ")}`, (size) => plot(size, {
    height: 200, marginLeft: 40, marginRight: 36, marginBottom: 42, marginTop: 24,
    x: { label: descriptor.unit || null, ticks: 6 }, y: { label: "% of molecules", grid: true, ticks: 4 },
    marks: [
      Plot.rectY(is, { x1: "x1", x2: "x2", y: "share", fill: "var(--after)", fillOpacity: 0.75, inset: 0.3 }),
      Plot.lineY(outline, { x: "x", y: "share", stroke: "var(--before)", strokeWidth: 2, curve: "step-after" }),
      descriptor.limit === null ? null : Plot.ruleX([descriptor.limit - shift], { stroke: "var(--limit)", strokeWidth: 1.5, strokeDasharray: "4,3" }),
      descriptor.limit === null ? null : Plot.text([descriptor.limit - shift], { x: (value) => value, frameAnchor: "top", dy: -14, fill: "var(--limit)", text: () => `${descriptor.source}: ≤ ${descriptor.limit}` }),
      Plot.ruleY([0]),
    ],
  })));
  caption.append(element("b", {}, name), ...text.flatMap((line) => [element("br"), line]));
  return element("figure", {}, caption, place);
}

function sampleNote(before, after) {
  const part = (side, what) => (side && side.read < side.of ? ` ${what} are a sample: ${number(side.read)} of ${number(side.of)} rows, evenly spread over the file.` : "");
  return part(before, "Parents") + part(after, "Products");
}

function distributions(details, descriptors) {
  const { before, after } = details;
  if (!after || !after.rows) return element("p", {}, "This job has no products to describe.");
  const shown = descriptors.map((descriptor) => histogram(descriptor, before, after)).filter(Boolean);
  const block = element("div", {}, element("h3", {}, "Descriptors before and after"));
  if (!shown.length) {
    block.append(element("p", {}, "Products of this run carry no descriptors."));
    return block;
  }
  const passing = [["of the parents", before], ["of the products", after]].filter(([, side]) => side && side.lipinski !== undefined);
  block.append(element("p", { class: "hint" },
    `Before: ${details.matched ? "the library's molecules that have a site" : "the library's molecules"}. After: the products.${sampleNote(before, after)}`
    + (passing.length ? ` At most one of Lipinski's limits is broken by ${passing.map(([who, side]) => `${percent(side.lipinski)} ${who}`).join(" and ")}.` : "")),
  key([...(before && before.rows ? [["before (outline)", "var(--before)"]] : []), ["after", "var(--after)"], ["limit", "var(--limit)"]]),
  element("div", { class: "small" }, ...shown));
  return block;
}

function halogens({ before, after }) {
  if (!after || !after.rows) return null;
  const colors = ["var(--atoms-1)", "var(--atoms-2)", "var(--atoms-3)", "var(--atoms-4)"];
  const names = ["one atom", "two", "three", "four or more"];
  const rows = [];
  const told = [];
  for (const [when, side] of [["before", before], ["after", after]]) {
    for (const [halogen, counts] of Object.entries((side && side.halogens) || {})) {
      counts.slice(1).forEach((count, i) => rows.push({ when, halogen, atoms: names[i], share: (100 * count) / side.rows }));
      told.push(`${halogen} ${when}: ${percent((side.rows - counts[0]) / side.rows)}`);
    }
  }
  if (!rows.some((row) => row.share)) return element("div", {}, element("h3", {}, "Halogens"), element("p", {}, "No molecule of this job has a halogen."));
  const place = element("div", { class: "chart" });
  queueMicrotask(() => chart(place, `Share of molecules with a halogen. ${told.join("; ")}`, (width) => plot(width, {
    height: 260, marginLeft: 60, x: { label: "% of molecules", grid: true, ticks: 5 }, y: { label: null, domain: ["before", "after"] },
    fy: { label: null, domain: ["F", "Cl", "Br", "I"] }, color: { domain: names, range: colors }, marginRight: 30,
    marks: [Plot.barX(rows, { x: "share", y: "when", fy: "halogen", fill: "atoms", order: names, inset: 1 }), Plot.ruleX([0])],
  })));
  const lineage = Object.entries((before && before.lineage) || {}).sort((a, b) => b[1] - a[1]);
  const put = lineage.length ? element("p", { class: "hint" }, `Put in by halogenation, by number of parents: ${lineage.slice(0, 14).map(([what, count]) => `${what.replaceAll(",", "+")} ${number(count)}`).join(", ")}${lineage.length > 14 ? " …" : ""}.`) : null;
  return element("div", {}, element("h3", {}, "Substitutions by halogen"),
    element("figure", {}, element("figcaption", {}, element("b", {}, "Molecules with halogen atoms"), ", by how many of each element they have"), key(names.map((name, i) => [name, colors[i]])), place), put);
}

function gallery(details, transform, cannotDraw) {
  const pairs = details.gallery || [];
  const block = element("div", {}, element("h3", {}, "Molecules"));
  if (!pairs.length) {
    block.append(element("p", {}, cannotDraw
      ? `RDKit could not draw where this page was made: ${cannotDraw}. With that library installed, python -m halogenator report draws them.`
      : details.fewer ? "Left out, for the size of this page." : "There are none to draw."));
    return block;
  }
  block.append(element("p", { class: "hint" }, details.adopted
    ? "Products, evenly spread over the job. Taken over from an earlier pipeline, they do not say what they were made of."
    : "Parent and product, evenly spread over the job and lying alike. The site is marked in both."));
  const list = element("ul", { class: "gallery" });
  for (const pair of pairs) {
    const box = element("div", { class: pair.before ? "drawn" : "drawn alone" });
    box.innerHTML = pair.before ? `${pair.before}<span class="arrow" aria-hidden="true">→</span>${pair.after}` : pair.after;
    const changes = Object.entries(pair.values).map(([name, [was, is]]) => (was === null ? `${name} ${fixed(is)}` : `${name} ${fixed(was)} → ${fixed(is)}`).replaceAll(" ", "\u00a0"));
    const origin = pair.id ? [`from ${pair.id}`, pair.from && pair.from !== pair.id ? `, made of ${pair.from}` : "", pair.halogens ? ` with ${pair.halogens.replaceAll(",", "+")}` : "", `; site ${pair.site}`].join("") : "";
    list.append(element("li", {}, box,
      element("p", { class: "meta" }, element("code", {}, pair.smiles), element("br"), origin, origin ? element("br") : "", changes.join(", "))));
  }
  block.append(list);
  return block;
}

async function showJob(data, position, { focus }) {
  const job = data.jobs[position];
  const details = await unpack(`job-${position}`);
  const transform = data.transforms[job.transform];
  $("choose-library").value = job.library;
  fillTransforms(data, job.library);
  $("choose-transform").value = String(position);
  document.querySelectorAll("#matrix a[aria-current]").forEach((link) => link.removeAttribute("aria-current"));
  const chosen = document.querySelector(`#matrix a[href="#${CSS.escape(job.library).replaceAll("\\", "")}/${job.transform}"]`);
  if (chosen) chosen.setAttribute("aria-current", "true");
  const picture = element("div", { class: "reaction" });
  picture.innerHTML = transform.drawing || "";
  picture.append(element("p", { class: "hint" }, element("span", { class: "mono" }, job.transform), element("br"), element("span", { class: "mono" }, transform.smirks || "")));
  const panel = $("panel");
  panel.replaceChildren(...[
    element("h3", {}, `${job.library}, ${transform.label}: ${number(job.products)} products`), picture,
    details.adopted ? element("p", {}, "Adopted from an earlier pipeline: parents, sites and routes are not known.") : null,
    element("div", { class: "pair" }, ...[funnel(job, details), halogens(details)].filter(Boolean)),
    details.after || !details.fewer ? distributions(details, data.descriptors) : element("p", {}, "The distributions of this job are left out, for the size of this page."),
    gallery(details, transform, data.cannot_draw),
  ].filter(Boolean));
  panel.dataset.job = `${job.library}/${job.transform}`;
  if (focus) {
    $("job").scrollIntoView();
    panel.focus({ preventScroll: true });
  }
}

function fillTransforms(data, library) {
  const options = data.jobs.map((job, position) => [job, position]).filter(([job]) => job.library === library)
    .map(([job, position]) => element("option", { value: position }, `${data.transforms[job.transform].label} (${number(job.products)})`));
  $("choose-transform").replaceChildren(...options);
}

function openJobs(data) {
  if (!data.jobs.length) return Promise.resolve();
  const places = new Map(data.jobs.map((job, position) => [`${job.library}/${job.transform}`, position]));
  const asked = () => places.get(decodeURIComponent(location.hash.slice(1)));
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
  addEventListener("hashchange", () => { if (asked() !== undefined) showJob(data, asked(), { focus: true }); });
  const largest = d3.maxIndex(data.jobs, (job) => job.products);
  return showJob(data, asked() ?? largest, { focus: asked() !== undefined });
}

// ---- tables ---------------------------------------------------------------------------------------------------------

function sortable(table) {
  const caption = table.caption ? table.caption.textContent : table.dataset.name;
  const few = table.tBodies[0].rows.length <= 15;
  const made = new DataTable(table, {
    paging: !few, pageLength: 15, order: [], autoWidth: false, searching: true, info: false,
    columnDefs: [{ targets: ".num", type: "num-fmt", orderSequence: ["desc", "asc", ""] }],
    layout: { topStart: null, topEnd: null, bottomStart: few ? null : "paging", bottomEnd: null },
  });
  const box = element("div", { class: "table", tabindex: "0", role: "region", "aria-label": caption });
  const around = table.closest(".dt-container") || table;
  table.before(box);
  box.append(table);
  if (!few) {
    const tools = element("div", { class: "tools", role: "search", "aria-label": caption });
    const search = element("input", { type: "search", placeholder: "Search …", "aria-label": `Search ${table.dataset.name}` });
    const shown = element("output", { "aria-live": "polite" });
    search.addEventListener("input", () => made.search(search.value).draw());
    tools.append(search);
    for (const place of (table.dataset.filter || "").split(",").filter(Boolean).map(Number)) {
      const name = table.tHead.rows[0].cells[place].textContent.trim();
      const values = [...new Set(made.column(place).nodes().toArray().map((cell) => cell.textContent.trim()))];
      const select = element("select", { "aria-label": `${name}, filter` }, element("option", { value: "" }, `${name}: all`), ...values.map((value) => element("option", {}, value)));
      select.addEventListener("change", () => {
        const wanted = select.value;
        made.column(place).search.fixed("chosen", wanted ? (text) => text.trim() === wanted : null).draw();
      });
      tools.append(select);
    }
    tools.append(shown);
    around.before(tools);
    const tell = () => { const { recordsDisplay, recordsTotal } = made.page.info(); shown.textContent = recordsDisplay === recordsTotal ? `${number(recordsTotal)} rows` : `${number(recordsDisplay)} of ${number(recordsTotal)} rows`; };
    made.on("draw", tell);
    tell();
  }
  return made;
}

// ---- all of it ------------------------------------------------------------------------------------------------------

async function main() {
  const data = await unpack("data");
  const tables = [...document.querySelectorAll("table.data")].map(sortable);
  document.querySelectorAll("[data-chart]").forEach((place) => CHARTS[place.dataset.chart](place, data));
  await openJobs(data);
  let waiting = 0;
  let width = innerWidth;
  addEventListener("resize", () => {
    if (width === innerWidth) return;
    width = innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(redraw, 150);
  });
  addEventListener("beforeprint", () => tables.forEach((table) => table.page.len(-1).draw()));
  addEventListener("afterprint", () => tables.forEach((table) => table.page.len(15).draw()));
  document.documentElement.dataset.ready = "true";
}

main();
