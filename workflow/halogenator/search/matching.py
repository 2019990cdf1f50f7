"""Substructures in many molecules. Of those that differ only by halogens a query does not tell apart, one is read."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from halogenator.chemistry.substructure import Substructure
from halogenator.search.parts import Mask


def matching(texts: pa.Array, query: Substructure, open_: Mask, *, stored: bool, skeleton: bool = False) -> Mask:
    """Return which of the open rows have a substructure.

    Args:
        texts: SMILES of all rows.
        query: the substructure.
        open_: the rows to look at.
        stored: whether this program wrote the SMILES.
        skeleton: whether configurations are to be left aside.
    """
    found = np.zeros(len(texts), np.bool_)
    rows = np.flatnonzero(open_)
    if not len(rows):
        return found
    own = texts.take(pa.array(rows)).fill_null("")
    renamed = own
    for halogen, other in query.renaming(stored=stored, skeleton=skeleton).items():
        renamed = pc.replace_substring(renamed, halogen, other)
    coded = renamed.dictionary_encode()
    distinct = coded.dictionary
    kind = coded.indices.to_numpy(zero_copy_only=False)
    # Molecules with the same renamed SMILES match alike, if its halogens are of the kind that may be renamed.
    answers = np.zeros(len(distinct), np.bool_)
    alone = np.zeros(len(distinct), np.bool_)
    for place in candidates(distinct, query):
        text = distinct[int(place)].as_py()
        if query.may_be_renamed(text):
            answers[place] = query.is_in(text, stored=stored, skeleton=skeleton)
        else:
            alone[place] = True
    found[rows] = answers[kind]
    for at in np.flatnonzero(alone[kind]):
        found[rows[at]] = query.is_in(own[int(at)].as_py(), stored=stored, skeleton=skeleton)
    return found


def candidates(texts: pa.Array, query: Substructure) -> npt.NDArray[np.int64]:
    """Return the rows whose SMILES have the elements of a query."""
    left = np.arange(len(texts))
    for symbol, count in query.symbols.items():
        if not len(left):
            break
        found = pc.count_substring_regex(texts.take(pa.array(left)), symbol).fill_null(0)
        left = left[found.to_numpy(zero_copy_only=False) >= count]
    return left
