"""Enhanced stereo goes out with the molecule, in every format."""

from pathlib import Path

import pyarrow as pa
import pytest
from rdkit import Chem

from halogenator.chemistry.enhanced_stereo import write_cxsmiles
from halogenator.chemistry.molblock import mol_block
from halogenator.tables.molecule_files import FORMATS, molecule_writer

EPICATECHIN = "Oc1cc(O)c2c(c1)O[C@H](c1ccc(O)c(O)c1)[C@H](O)C2"


@pytest.mark.parametrize(
    "text",
    [
        "C[C@@H](O)c1ccccc1 |&1:1|",
        "C[C@@H](O)c1ccccc1 |o1:1|",
        f"{EPICATECHIN} |&1:9,18|",
        f"{EPICATECHIN} |&1:9,o1:18|",
    ],
)
def test_a_mol_block_reads_back_to_the_same_racemate(text: str) -> None:
    smiles, stereo = write_cxsmiles(Chem.MolFromSmiles(text))
    assert stereo is not None
    block = mol_block(smiles, "it", coordinates=False, stereo=stereo)
    assert block.startswith("it\n") and "V3000" in block
    assert write_cxsmiles(Chem.MolFromMolBlock(block)) == (smiles, stereo)


def test_a_line_of_a_smiles_file_is_a_cxsmiles(tmp_path: Path) -> None:
    schema = pa.schema([("smiles", pa.string()), ("name", pa.string()), ("enhanced_stereo", pa.string())])
    rows = [["C[C@@H](O)F", "C[C@@H](O)F"], ["racemate", "enantiomer"], ["&1:1", None]]
    path = tmp_path / "out.smi"
    with molecule_writer(path, FORMATS["smi"], schema, {}) as write:
        write(pa.record_batch([pa.array(column, pa.string()) for column in rows], schema))
    assert path.read_text() == "C[C@@H](O)F |&1:1|\tracemate\nC[C@@H](O)F\tenantiomer\n"
    assert write_cxsmiles(Chem.MolFromSmiles("C[C@@H](O)F |&1:1|\tracemate")) == ("C[C@@H](O)F", "&1:1")
