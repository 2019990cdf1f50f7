"""Which column of a file is what: the SMILES, the registry id before a name, the name beside it, and the others.

Names are compared in any case and without what is no letter or digit: ``ChEMBL ID``, ``chembl_id`` and ``CHEMBLID`` are
one. Where several columns could be it, the first rows decide: an id is there in nearly all of them and tells molecules
apart.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from halogenator.errors import UserError, did_you_mean
from halogenator.inputs.rows import Source
from halogenator.model import Reading

# Names of the column that is taken when none is named, the better first.
COLUMN_NAMES = {
    # What says most of a molecule comes first: with its stereo, before a flat form of it.
    "smiles": (
        "cxsmiles", "extended_smiles", "isomeric_smiles", "isosmiles", "iso_smiles", "smiles_isomeric",
        "pubchem_openeye_iso_smiles", "openeye_iso_smiles", "stereo_smiles", "absolute_smiles", "smiles",
        "compound_smiles", "molecule_smiles", "structure_smiles", "ligand_smiles", "mol_smiles", "moldb_smiles",
        "smiles_canonical", "canonical_smiles", "pubchem_smiles", "rdkit_smiles", "smiles_string", "smi", "can_smiles",
        "smile",
    ),
    "id": (
        "identifier", "id",
        # natural products
        "coconut_id", "cnp_id", "lotus_id", "npaid", "npatlas_id", "npatlas", "npass_id", "np_id", "npc_id", "unpd_id",
        "supernatural_id", "sn_id", "herb_id", "herb_ingredient_id", "ingredient_id", "tcmsp_id", "tcmid", "tcm_id",
        "tcmbank_id", "batman_id", "symmap_id", "cmaup_id", "imppat_id", "imphy_id", "phytochemical_identifier",
        "knapsack_id", "c_id", "cmnpd_id", "nubbe_id", "biofacquim_id", "afrodb_id", "anpdb_id", "streptomedb_id",
        "phytohub_id", "npedia_id", "dnp_id",
        # registries
        "chembl_id", "molecule_chembl_id", "chembl", "chebi_id", "chebi", "public_id", "foodb_id", "hmdb_id",
        "drugbank_id", "database_id", "lm_id", "lipidmaps_id", "lipid_maps_id", "kegg_id", "kegg_compound_id",
        "zinc_id",
        "surechembl_id", "bindingdb_monomer_id", "monomer_id", "bindingdb_id", "pubchem_compound_cid", "compound_cid",
        "pubchem_cid", "pubchem_id", "nsc", "e_nsc", "nsc_number", "nsc_id", "csid", "chemspider_id", "dtxsid",
        "dsstox_substance_id", "dtxcid", "unii", "accession", "het_id", "ccd_id", "wikidata_id", "structure_wikidata",
        "wikidata", "wikidata_qid",
        # vendors
        "idnumber", "id_number", "idnum", "molport_id", "mcule_id", "enamine_id", "catalog_id", "catalogue_id",
        "catalog_number", "catalogue_number", "catalog_no", "catalogue_no", "cat_no", "cat_number", "catalog_code",
        "catalog", "cat", "katalognummer", "bestellnummer", "bestellnr", "artikelnummer", "référence", "编号",
        "chembridge_id", "chemdiv_id", "specs_id", "vitas_id", "vitas_m_id", "ibs_id", "ibscreen_id",
        "asinex_id", "bas_id", "bas", "broad_id", "life_chemicals_id", "targetmol_id", "selleck_id", "mce_id",
        "otava_id", "maybridge_id",
        "emolecules_id", "emol_id", "version_id", "product_id", "product_number", "product_no", "product_code",
        "item_number", "item_no", "item_id", "vendor_id", "supplier_id", "sku",
        # a file's own
        "compound_id", "molecule_id", "mol_id", "cpd_id", "cmpd_id", "cpd", "compound_number", "compound_no",
        "compound_code", "substance_id", "structure_id", "ligand_id", "drug_id", "sample_id", "registry_id",
        "registry_number", "reg_id", "reg_no", "reg_number", "external_id", "entry_id", "record_id", "cid", "sid",
        "pubchem_sid", "pubchem_substance_id", "pubchem_ext_datasource_regid", "code", "entry", "no",
    ),
    "name": (
        "name", "compound_name", "preferred_name", "pref_name", "molecule_name", "molname", "chemical_name",
        "common_name", "generic_name", "trivial_name", "product_name", "ingredient_name", "substance_name", "drug_name",
        "ligand_name", "structure_name", "title", "nom", "bezeichnung", "名称",
        "compound", "traditional_name", "compound_names", "names", "cmpdname",
        "iupac_name", "pubchem_iupac_name", "systematic_name",
    ),
}  # fmt: skip

# Taken for an id where no name above is there, before a name; and what is taken where there is no name either.
_CAS = ("cas", "cas_number", "cas_no", "casrn", "cas_rn", "cas_registry_number", "cas_id", "cas_registry_no")
_KEYS = ("inchikey", "inchi_key", "standard_inchi_key", "standard_inchikey", "pubchem_iupac_inchikey")

# SMILES of less than the molecule: a part, another molecule, or without stereo.
_PARTIAL = re.compile(
    r"scaffold|murcko|framework|fragment|core|react|reagent|educt|rgroup|^r\d|salt|flat|noniso|2d|connectivity|sugar"
    r"|aglyc|opensmarts|smarts|parent|cansmiles|old|length|len$|count|valid|(?<!data)source|hash"
)
# Names that a molecule's column may have, as many others do: its cells decide.
_WEAK = ("structure", "molecule", "mol", "compound", "ligand", "structures", "molecules")

# Columns of what belongs behind the SMILES.
_EXTENSIONS = ("enhancedstereo", "cxsmilesext", "cxsmilesextension", "extension", "cxext", "cxextension")
_BARRED = re.compile(r"\|[^|]+\|")

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+")
_ID_WORDS = {"id", "identifier", "number", "no", "nr", "num", "code", "accession", "cid", "sid"}
# Things that have ids, numbers and names and are no molecules, and numbers that count.
_OTHER_THINGS = {
    "row", "line", "page", "atom", "atoms", "ring", "rings", "bond", "bonds", "lot", "batch", "plate", "well", "taxon",
    "tax", "taxonomy", "ncbi", "organism", "organisms", "species", "genus", "family", "kingdom", "plant", "reference",
    "ref", "doi", "pubmed", "pmid", "paper", "article", "journal", "cluster", "class", "subclass", "superclass",
    "pathway", "group", "target", "gene", "protein", "uniprot", "assay", "activity", "patent", "parent", "salt",
    "user", "author", "session", "file", "set", "version", "vendor", "supplier", "source", "library", "collection",
    "database", "country", "color", "colour", "zip", "hs", "ec", "count", "total", "of", "in", "stock", "price",
    "amount", "mass", "weight", "charge", "violations", "donors", "acceptors", "hydrogen", "carbon", "heavy", "node",
    "network", "scaffold", "framework", "fragment", "reactant", "reagent", "conformer", "smiles", "inchi", "formula",
    "tree", "datasource", "depositor",
}  # fmt: skip

_ENOUGH = 0.9  # share of the first rows that have an id, and share of the molecules that it tells apart


class Choice(NamedTuple):
    """Positions of the columns; ``smiles`` None: the molecules are no column; ``extension``: of the SMILES."""

    smiles: int | None
    id: int | None
    name: int | None
    others: tuple[int, ...]
    extension: int | None = None


Rows = Sequence[Sequence[str | None]]


def choose(
    columns: Sequence[str],
    rows: Rows,
    reading: Reading,
    where: object,
    *,
    like: Source | None = None,
    structures: bool = False,
    title: int | None = None,
    textual: Callable[[int], bool] = lambda _: True,
) -> Choice:
    """Return which of a file's columns is what.

    Args:
        columns: their names.
        rows: the cells of the first rows.
        reading: which are named, and which others come along.
        where: the file, for messages.
        like: what was chosen in an earlier file of the same library, which holds where the columns are there.
        structures: whether the molecules are no column, as in an SDF.
        title: the column that is the title line of an SDF's records.
        textual: whether a column, by its position, can be an id or a name.

    Raises:
        UserError: a column that is named is not there, or no column has one of the SMILES names.
    """
    smiles = None if structures else _smiles(columns, rows, reading, where, like)
    usable = [i for i, column in enumerate(columns) if i != smiles and column and textual(i)]
    extension = None if smiles is None else _extension(columns, rows, usable, reading)
    usable = [i for i in usable if i != extension]
    identifier = _known(columns, like and like.id) if reading.id_column is None else None
    if reading.id_column is not None:
        identifier = named(columns, reading.id_column, "id_column", where)
    elif identifier is None:
        identifier = _id(columns, rows, usable, smiles, title)
    name = _known(columns, like and like.name)
    if name is None or name == identifier:
        name = _name(columns, rows, [i for i in usable if i != identifier], title)
        if reading.id_column is None and identifier is not None and _is_name(columns[identifier]):
            name = None
    taken = {smiles, identifier, name, extension}
    rest = [i for i, column in enumerate(columns) if i not in taken and column]
    if reading.columns == "none":
        rest = []
    elif not isinstance(reading.columns, str):
        rest = [i for i in rest if columns[i] in reading.columns]
    return Choice(smiles, identifier, name, tuple(rest), extension)


def with_extension(smiles: str | None, extension: str | None) -> str | None:
    """Return a SMILES with its CXSMILES extension from a cell of its own, with or without bars."""
    extension = extension.strip() if extension else None
    if not smiles or not extension or " |" in smiles or type(smiles) is not str:
        return smiles
    return f"{smiles.strip()} {extension if extension.startswith('|') else f'|{extension}|'}"


def candidates(columns: Sequence[str]) -> list[int]:
    """Return the columns that can be the SMILES, the id or the name, by what they are called."""
    strong = set(_strong(columns))
    return [
        i
        for i, column in enumerate(columns)
        if i in strong or squeezed(column) in (*_WEAK, *_EXTENSIONS) or _id_rank(column, False) is not None
    ]


def by_name(role: str, columns: Sequence[str]) -> int | None:
    """Return the first column that has a name of ``COLUMN_NAMES[role]``, an id's or else a name's for "id"."""
    ranks = _SMILES_RANKS if role == "smiles" else {**_ranks([*COLUMN_NAMES["id"], *COLUMN_NAMES["name"]])}
    found = [(ranks[name], i) for i, column in enumerate(columns) if (name := squeezed(column)) in ranks]
    return min(found)[1] if found else None


def check_listed(columns: Sequence[str], reading: Reading, where: object) -> None:
    """Check that the columns that are listed to come along are in the file, or in one of the files.

    Raises:
        UserError: one is not.
    """
    if isinstance(reading.columns, str):
        return
    for column in reading.columns:
        if column not in columns:
            raise UserError(
                "columns: names a column that the file has not",
                where=where,
                value=column,
                allowed=shown(columns),
                fix=did_you_mean(column, columns) or "take its name off the list, or set columns: all",
            )


def named(columns: Sequence[str], name: str, key: str, where: object) -> int:
    """Return the position of a column that the user names.

    Raises:
        UserError: it is not there.
    """
    if name in columns:
        return list(columns).index(name)
    same = [i for i, column in enumerate(columns) if column.strip() == name.strip()]
    if same:
        return same[0]
    raise UserError(
        f"{key} is not a column of the file",
        where=where,
        value=name,
        allowed=shown(columns),
        fix=did_you_mean(name, columns) or f"set {key} to one of the file's columns",
    )


def has_smiles(columns: Sequence[str], smiles_column: str | None = None, *, exactly: bool = False) -> bool:
    """Return whether one of the columns is the one named, or (None) has the name of a SMILES column.

    Args:
        columns: their names.
        smiles_column: the one named.
        exactly: whether "SMILES" among other words is not enough.
    """
    if smiles_column:
        return smiles_column in columns
    return any(squeezed(column) in _SMILES_RANKS for column in columns) or (not exactly and bool(_strong(columns)))


def unique(columns: Sequence[str]) -> list[str]:
    """Return column names of which none occurs twice; those without a name get one, but for empty ones at the end."""
    last = max((i for i, column in enumerate(columns) if column.strip()), default=-1)
    found: list[str] = []
    taken = {column.strip() for column in columns}
    seen: set[str] = set()
    for number, column in enumerate(columns[: last + 1], 1):
        name = column.strip() or f"column_{number}"
        count = 1
        while name in seen or (count > 1 and name in taken):
            count += 1
            name = f"{column.strip() or 'column'}_{count}"
        seen.add(name)
        found.append(name)
    return found


def shown(columns: Sequence[str], most: int = 20) -> list[str]:
    """Return the first columns as a message shows them."""
    first = [column[:60] for column in columns[:most] if column]
    return [*first, f"… {len(columns) - most:,} more"] if len(columns) > most else first


def is_molecule(text: str) -> bool:
    """Return whether RDKit reads a text, up to its first space, as SMILES."""
    from rdkit import Chem, rdBase

    text = text.partition(" ")[0]
    if not text or len(text) > 1000 or "\0" in text or text.isdigit():
        return False
    with rdBase.BlockLogs():
        return Chem.MolFromSmiles(text) is not None


def molecule_column(columns: Sequence[str], rows: Rows) -> int | None:
    """Return the column whose cells look most like SMILES; None where in no column most do."""
    best: tuple[float, int] | None = None
    for i in range(len(columns)):
        cells = [cell for cell in (_cell(row, i) for row in rows[:20]) if cell]
        good = [cell for cell in cells if is_molecule(cell)]
        if len(good) > len(cells) / 2:
            length = sum(map(len, good)) / len(good)
            best = max(best or (0.0, i), (length, i))
    return best[1] if best else None


def squeezed(column: str) -> str:
    """Return a column's name in lower case, letters and digits alone."""
    return re.sub(r"[\W_]+", "", column.casefold())


def _smiles(columns: Sequence[str], rows: Rows, reading: Reading, where: object, like: Source | None) -> int:
    if reading.smiles_column is not None:
        return named(columns, reading.smiles_column, "smiles_column", where)
    known = _known(columns, like and like.smiles)
    if known is not None:
        return known
    strong = _strong(columns)
    if strong:
        filled = {i: sum(bool(_cell(row, i)) for row in rows) for i in strong}
        return next(i for i in strong if filled[i] >= _ENOUGH * max(filled.values()))
    for name in _WEAK:
        for i, column in enumerate(columns):
            cells = [cell for cell in (_cell(row, i) for row in rows[:20]) if cell]
            if squeezed(column) == name and (not rows or sum(map(is_molecule, cells)) > len(cells) / 2):
                return i
    raise UserError(
        "no SMILES column found",
        where=where,
        value=shown(columns),
        allowed=f"a column called {', '.join(COLUMN_NAMES['smiles'])} (in any case)",
        fix=_naming_advice(columns, rows),
    )


def _extension(columns: Sequence[str], rows: Rows, usable: Sequence[int], reading: Reading) -> int | None:
    """Return the column that has what belongs behind the SMILES: by its name, or as all its cells are ``|…|``."""
    for i in usable:
        cells = [cell for row in rows if (cell := _cell(row, i))]
        barred = all(_BARRED.fullmatch(cell) for cell in cells)
        own = squeezed(columns[i]) == _EXTENSIONS[0]
        if columns[i] != reading.id_column and (own or (cells and barred)):
            return i
    return None


def _strong(columns: Sequence[str]) -> list[int]:
    """Return the columns that have a SMILES column's name, the better first."""
    folded = [squeezed(column) for column in columns]
    ranked = [(_SMILES_RANKS[name], i) for i, name in enumerate(folded) if name in _SMILES_RANKS]
    full = len(_SMILES_RANKS)
    others = [
        i
        for i, name in enumerate(folded)
        if ("smiles" in name or name.endswith(("smile", "smil")))
        and name not in _SMILES_RANKS
        and name not in _EXTENSIONS
    ]
    ranked += [(full + bool(_PARTIAL.search(folded[i])), i) for i in others if not _not_molecules(folded[i])]
    return [i for _, i in sorted(ranked)]


def _not_molecules(name: str) -> bool:
    """Return whether a column that has "smiles" in its name holds numbers of it, or parts of the molecule alone."""
    return bool(
        re.search(
            r"length|len$|count|valid|(?<!data)source|hash|scaffold|murcko|framework|fragment|react|reagent", name
        )
    )


def _id(columns: Sequence[str], rows: Rows, usable: Sequence[int], smiles: int | None, title: int | None) -> int | None:
    ranked = sorted((rank, i) for i in usable if (rank := _id_rank(columns[i], i == title)) is not None)
    if not ranked:
        return None
    quality = {i: _quality(rows, i, smiles) for _, i in ranked}
    good = [i for _, i in ranked if min(quality[i]) >= _ENOUGH]
    if not rows:
        return ranked[0][1]
    if good:
        first = good[0]
        if _is_running(rows, first):  # what counts rows gives way to any id that does not
            known = {i for rank, i in ranked if rank < len(_ID_RANKS)}
            first = next((i for i in good[1:] if i in known and not _is_running(rows, i)), first)
        if squeezed(columns[first]) in ("id", "no") and _whole_numbers(rows, first):
            # A table's own running number gives way to a registry's id.
            known = {i for rank, i in ranked if rank < _ID_RANKS["compoundid"]}
            return next((i for i in good[1:] if i in known and not _whole_numbers(rows, i)), first)
        return first
    some = [i for _, i in ranked if quality[i][0]]
    if not some:
        return ranked[0][1]
    best = max(some, key=lambda i: (not _is_name(columns[i]), quality[i][0] * quality[i][1]))
    values = [value for row in rows if (value := _cell(row, best))]
    # The name of a program in every title line is no id.
    return None if best == title and len(values) > 1 and len(set(values)) == 1 else best


def _id_rank(column: str, is_title: bool) -> int | None:
    """Return the place of a column among those that can be an id: known names, a title, other ids, CAS, names, keys."""
    name, known = squeezed(column), len(_ID_RANKS)
    if is_title:
        return known
    if name in _ID_RANKS:
        return _ID_RANKS[name]
    if name in _CAS_NAMES:
        return known + 2
    if name in _NAME_RANKS:
        return known + 3 + _NAME_RANKS[name]
    if name in _KEY_NAMES:
        return known + 5 + len(_NAME_RANKS)
    words = [word.casefold() for word in _WORD.findall(column)]
    if len(words) > 1 and words[-1] in _ID_WORDS and not _OTHER_THINGS.intersection(words):
        return known + 1
    return known + 4 + len(_NAME_RANKS) if _is_name(column) else None


def _quality(rows: Rows, column: int, smiles: int | None) -> tuple[float, float]:
    """Return the share of the rows that have a value, and that of the molecules which the values tell apart."""
    values = [(value, _cell(row, smiles)) for row in rows if (value := _cell(row, column))]
    if not values:
        return 0.0, 0.0
    distinct = len({value for value, _ in values})
    molecules = len(values) if smiles is None else len({text for _, text in values if text}) or 1
    return len(values) / len(rows), distinct / molecules


def _whole_numbers(rows: Rows, column: int) -> bool:
    return all(value.isdigit() for row in rows if (value := _cell(row, column)))


def _is_running(rows: Rows, column: int) -> bool:
    """Whether the first rows have whole numbers that count on by one."""
    values = [value for row in rows if (value := _cell(row, column))]
    if len(values) < 2 or not all(value.isdecimal() and len(value) < 10 for value in values):
        return False
    return all(int(after) == int(before) + 1 for before, after in pairwise(values))


def _name(columns: Sequence[str], rows: Rows, usable: Sequence[int], title: int | None) -> int | None:
    def rank(i: int) -> int:
        return _NAME_RANKS.get(squeezed(columns[i]), len(_NAME_RANKS) + (i == title))

    found = sorted((rank(i), i) for i in usable if i == title or _is_name(columns[i]))
    filled = [i for _, i in found if any(_cell(row, i) for row in rows)]
    return filled[0] if filled else found[0][1] if found else None


def _is_name(column: str) -> bool:
    if squeezed(column) in _NAME_RANKS:
        return True
    words = [word.casefold() for word in _WORD.findall(column)]
    return len(words) > 1 and words[-1] in ("name", "names") and not _OTHER_THINGS.intersection(words)


def _known(columns: Sequence[str], name: str | None) -> int | None:
    return list(columns).index(name) if name is not None and name in columns else None


def _cell(row: Sequence[str | None], column: int | None) -> str | None:
    value = row[column] if column is not None and column < len(row) else None
    return value.strip() or None if value else None


def _naming_advice(columns: Sequence[str], rows: Rows) -> str:
    if any(len(column) > 1 and is_molecule(column) for column in columns[:20]):
        return "its first line looks like a molecule: put a header line above it, e.g. smiles,id"
    looks = molecule_column(columns, rows)
    if looks is not None and columns[looks]:
        return f"name it: smiles_column: {columns[looks]}"
    scores = {
        column: max(
            1.0 if "smi" in squeezed(column) else difflib.SequenceMatcher(None, squeezed(column), name).ratio()
            for name in _SMILES_RANKS
        )
        for column in shown(columns)
    }
    nearest = max(scores, key=lambda column: scores[column], default="")
    return f"name it: smiles_column: {nearest if scores.get(nearest, 0) >= 0.5 else '<the column that has the SMILES>'}"


def _ranks(names: Sequence[str]) -> dict[str, int]:
    ranks: dict[str, int] = {}
    for name in names:
        ranks.setdefault(squeezed(name), len(ranks))
    return ranks


_SMILES_RANKS = _ranks(COLUMN_NAMES["smiles"])
_ID_RANKS = _ranks(COLUMN_NAMES["id"])
_NAME_RANKS = _ranks(COLUMN_NAMES["name"])
_CAS_NAMES = {squeezed(name) for name in _CAS}
_KEY_NAMES = {squeezed(name) for name in _KEYS}
