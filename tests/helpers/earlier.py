"""Outputs of an earlier pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from rdkit import Chem
from rdkit.Chem import Descriptors, rdMolDescriptors

from helpers.runs import OME

# What methylation gives of fluorinated gallic acid, catechol and resorcinol; written as no program writes them, one
# twice, one that is no molecule.
EARLIER = ["c1c(OC)c(F)c(O)cc1C(O)=O", "O(C)c1ccccc1O", "Oc1cccc(OC)c1F", "COc1ccccc1O"]


def earlier_table(smiles: Sequence[str]) -> pa.Table:
    """Rows as the earlier pipeline wrote them."""
    mols = [Chem.MolFromSmiles(text) or Chem.MolFromSmiles("C") for text in smiles]
    return pa.table(
        {
            "smiles": pa.array(smiles, pa.string()),
            "canonical_smiles": pa.array(smiles, pa.string()),
            "inchikey": [Chem.MolToInchiKey(mol) for mol in mols],
            "xf_rule_id": [OME] * len(mols),
            "source_smiles": ["Oc1ccccc1"] * len(mols),
            "MW": [Descriptors.MolWt(mol) for mol in mols],
            "TPSA": [rdMolDescriptors.CalcTPSA(mol) for mol in mols],
            "HBD": [rdMolDescriptors.CalcNumHBD(mol) for mol in mols],
            "HBA": [rdMolDescriptors.CalcNumHBA(mol) for mol in mols],
            "cLogP": [rdMolDescriptors.CalcCrippenDescriptors(mol)[0] for mol in mols],
            "RotB": [rdMolDescriptors.CalcNumRotatableBonds(mol) for mol in mols],
        }
    )


def write_earlier(folder: Path, job: tuple[str, str], smiles: Sequence[str] = EARLIER) -> Path:
    path = folder / "_".join(job) / "products.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(earlier_table(smiles), path)
    return path
