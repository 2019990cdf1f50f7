// The editor for structures: it opens from a field and writes SMARTS or SMILES into it. Loaded when it is first asked for.
import { CanvasEditor, Molecule } from "/static/vendor/openchemlib.js";

const dialog = document.getElementById("editor");
const editor = new CanvasEditor(document.getElementById("canvas"));
let field = null;

/** Open the editor for a field, with the molecule that it holds if it is a SMILES. */
export function draw(input) {
  field = input;
  const isQuery = field.name === "smarts";
  let molecule = new Molecule(16, 16);
  try {
    if (field.value && !isQuery) molecule = Molecule.fromSmiles(field.value);
  } catch {
    // What cannot be read is drawn anew.
  }
  molecule.setFragment(isQuery);
  dialog.showModal();
  editor.setMolecule(molecule);
}

dialog.addEventListener("close", () => {
  if (dialog.returnValue !== "use") return;
  const molecule = editor.getMolecule();
  field.value = molecule.isFragment() ? molecule.toSmarts() : molecule.toIsomericSmiles();
  field.form.requestSubmit();
});
