"use strict";
// Tables that sort, and if they are long have pages, a search and filters.
/* global DataTable, element, number */
/* exported sortable, PAGE_ROWS */

const PAGE_ROWS = 15;

function sortable(table) {
  const caption = table.caption ? table.caption.textContent : table.dataset.name;
  const few = table.tBodies[0].rows.length <= PAGE_ROWS;
  const made = new DataTable(table, {
    paging: !few,
    pageLength: PAGE_ROWS,
    order: [],
    autoWidth: false,
    searching: true,
    info: false,
    columnDefs: [{ targets: ".num", type: "num-fmt", orderSequence: ["desc", "asc", ""] }],
    layout: { topStart: null, topEnd: null, bottomStart: few ? null : "paging", bottomEnd: null },
  });
  const box = element("div", { class: "table", tabindex: "0", role: "region", "aria-label": caption });
  const around = table.closest(".dt-container") || table;
  table.before(box);
  box.append(table);
  if (!few) around.before(tools(table, made, caption));
  return made;
}

function tools(table, made, caption) {
  const filtered = (table.dataset.filter || "").split(",").filter(Boolean).map(Number);
  const shown = element("output", { "aria-live": "polite" });
  const tell = () => {
    const { recordsDisplay, recordsTotal } = made.page.info();
    const of = recordsDisplay === recordsTotal ? "" : `${number(recordsDisplay)} of `;
    shown.textContent = `${of}${number(recordsTotal)} rows`;
  };
  made.on("draw", tell);
  tell();
  const filters = filtered.map((column) => filter(table, made, column));
  const box = element("div", { class: "tools", role: "search", "aria-label": caption });
  box.append(search(table, made), ...filters, shown);
  return box;
}

function search(table, made) {
  const label = `Search ${table.dataset.name}`;
  const input = element("input", { type: "search", placeholder: "Search …", "aria-label": label });
  input.addEventListener("input", () => made.search(input.value).draw());
  return input;
}

/** A list of the values of a column, of which one can be chosen. */
function filter(table, made, column) {
  const name = table.tHead.rows[0].cells[column].textContent.trim();
  const cells = made.column(column).nodes().toArray();
  const values = [...new Set(cells.map((cell) => cell.textContent.trim()))];
  const all = element("option", { value: "" }, `${name}: all`);
  const options = values.map((value) => element("option", {}, value));
  const select = element("select", { "aria-label": `${name}, filter` }, all, ...options);
  select.addEventListener("change", () => {
    const wanted = select.value;
    const test = wanted ? (text) => text.trim() === wanted : null;
    made.column(column).search.fixed("chosen", test).draw();
  });
  return select;
}
