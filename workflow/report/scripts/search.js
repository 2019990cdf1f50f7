"use strict";
// The search over the molecules that the page draws: all words must be in a molecule's names, halogens or SMILES.
/* global $, element, number, unpack, molecule */
/* exported openSearch */

const MOST_FOUND = 24;

/** The drawn molecules of all libraries and jobs, with the text in which words are looked for. */
async function drawnMolecules(sets) {
  const all = [];
  for (const set of sets) {
    const details = await unpack(set.id);
    for (const pair of details.gallery || []) {
      const names = [pair.id, pair.name, pair.from, pair.halogens, set.library, set.label, set.transform];
      const text = names.filter(Boolean).join(" ").toLowerCase();
      all.push({ set, pair, text, smiles: `${pair.smiles} ${pair.parent_smiles || ""}` });
    }
  }
  return all;
}

/** Names in any case; SMILES as they are, where c and C are not the same. */
const has = (found, word) => found.text.includes(word.toLowerCase()) || found.smiles.includes(word);

function shownFound({ set, pair }) {
  const made = molecule(pair);
  made.prepend(
    element("p", { class: "meta" }, element("a", { href: `#${set.address}` }, `${set.library}, ${set.label}`)),
  );
  return made;
}

function openSearch(sets) {
  let drawn = null;
  let latest = 0;
  const search = async () => {
    const words = $("search-words").value.trim().split(/\s+/).filter(Boolean);
    const mine = ++latest;
    drawn ??= drawnMolecules(sets);
    const all = await drawn;
    if (mine !== latest) return;
    const found = words.length ? all.filter((each) => words.every((word) => has(each, word))) : [];
    const shown = found.slice(0, MOST_FOUND);
    const more = shown.length < found.length ? `, the first ${shown.length} below` : "";
    $("search-count").textContent = words.length
      ? `${number(found.length)} of ${number(all.length)} drawn molecules${more}`
      : "";
    $("search-found").replaceChildren(...shown.map(shownFound));
  };
  $("search-words").addEventListener("input", search);
  $("search").addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
}
