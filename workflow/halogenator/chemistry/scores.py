"""The table of scores, from which columns, options, windows and the documentation are made. Importing loads no RDKit.

A score says something about a whole molecule. Unlike a descriptor, a product's is not that of its parent plus a
difference, and it takes long: it is computed only where it is asked for, by an export or as a column of the results.
"""

from __future__ import annotations

import gc
import importlib.util
import io
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halogenator.chemistry.descriptors import DECIMALS, DESCRIPTORS, Descriptor
from halogenator.chemistry.filters import FILTERS, catalog
from halogenator.errors import UserError
from halogenator.process import limits

if TYPE_CHECKING:
    from rdkit import Chem

Value = float | int | str | None

_CATALOGS = [name for name, each in FILTERS.items() if each.catalog]
_REMEMBERED = 256  # molecules, each up to some hundred kilobytes; as many as an export works on at a time


@dataclass(frozen=True)
class Score:
    """A score of a molecule.

    Attributes:
        name: name in options, configuration and columns.
        kind: type of its values: ``float``, ``int`` or ``str``; windows are for numbers.
        meaning: what it says.
        unit: its scale; "" for counts, ratios and text.
        function: the public RDKit function or script that defines it.
        source: publication; "" where there is none.
        micros: what it takes, in µs of one core for a molecule: the mean of 1,000 natural products.
        mb: memory of what is loaded for it, in MB (10^6 bytes).
    """

    name: str
    kind: type[float] | type[int] | type[str]
    meaning: str
    unit: str
    function: str
    source: str
    micros: int
    mb: int = 0

    @property
    def text(self) -> str:
        """Meaning, scale and RDKit function, as columns are described to users."""
        return f"{self.meaning}{f', {self.unit}' if self.unit else ''} ({self.function})"


# The cheapest first, since windows are tried in this order.
SCORES = {
    score.name: score
    for score in (
        Score(
            "fsp3",
            float,
            "share of carbons that are sp3",
            "0 to 1",
            "CalcFractionCSP3",
            "Lovering et al., J. Med. Chem. 2009, 52, 6752",
            5,
        ),
        Score(
            "stereocentres",
            int,
            "tetrahedral stereocentres, whether their configuration is known or open",
            "",
            "FindPotentialStereo",
            "",
            230,
        ),
        Score(
            "np_score",
            float,
            "likeness to natural products",
            "about -5 (synthetic) to 5 (natural)",
            "Contrib/NP_Score",
            "Ertl et al., J. Chem. Inf. Model. 2008, 48, 68",
            350,
            mb=60,
        ),
        Score(
            "scaffold",
            str,
            "Murcko scaffold as SMILES without stereo; null: no ring",
            "",
            "MurckoScaffoldSmiles",
            "Bemis and Murcko, J. Med. Chem. 1996, 39, 2887",
            560,
            mb=20,
        ),
        Score(
            "sa_score",
            float,
            "synthetic accessibility",
            "1 (easy) to 10 (hard)",
            "Contrib/SA_Score",
            "Ertl and Schuffenhauer, J. Cheminform. 2009, 1, 8",
            600,
            mb=120,
        ),
        Score(
            "qed",
            float,
            "quantitative estimate of drug-likeness",
            "0 to 1 (drug-like)",
            "QED.qed",
            "Bickerton et al., Nat. Chem. 2012, 4, 90",
            4300,
            mb=10,
        ),
        Score(
            "alerts",
            str,
            f"names of all alerts, each after its catalog: {', '.join(_CATALOGS)}",
            "",
            "FilterCatalog",
            "as the properties of these names",
            11500,
            mb=30,
        ),
    )
}
# All that has windows.
WINDOWED: dict[str, Descriptor | Score] = {
    **DESCRIPTORS,
    **{name: score for name, score in SCORES.items() if score.kind is not str},
}


_READING_MICROS = 300  # to read a molecule, once for all of its scores


def score_seconds(names: Sequence[str]) -> float:
    """Return the processor time of a molecule's scores, in seconds."""
    return (_READING_MICROS + sum(SCORES[name].micros for name in names)) / 1e6 if names else 0.0


class Scored:
    """A molecule whose scores are computed when they are asked for.

    Args:
        smiles: its SMILES.

    Raises:
        RejectError: RDKit cannot read it.
    """

    def __init__(self, smiles: str | None) -> None:
        from halogenator.chemistry.molecules import parse_smiles

        self._mol = parse_smiles(smiles)
        self._values: dict[str, Value] = {}

    def value(self, name: str) -> Value:
        """Return a score, numbers rounded to ``DECIMALS``; None where there is none.

        Raises:
            RejectError: RDKit cannot compute it.

        Examples:
            >>> aspirin = Scored("CC(=O)Oc1ccccc1C(=O)O")
            >>> [aspirin.value(name) for name in ("qed", "fsp3", "stereocentres", "scaffold")]
            [0.550122, 0.111111, 0, 'c1ccccc1']
            >>> aspirin.value("alerts")
            'brenk: phenol_ester'
        """
        from halogenator.chemistry.molecules import RejectError

        if name not in self._values:
            try:
                value = _FUNCTIONS[name](self._mol)
            except (ValueError, RuntimeError) as error:
                raise RejectError("no score", f"RDKit cannot compute {name}: {error}") from error
            self._values[name] = round(value, DECIMALS) if isinstance(value, float) else value
        return self._values[name]


@lru_cache(_REMEMBERED)
def scored(smiles: str | None) -> Scored:
    """Return the molecule of a SMILES; the last ones are remembered, as windows and then columns ask for the same.

    Raises:
        RejectError: RDKit cannot read it.
    """
    return Scored(smiles)


class Scorer:
    """Scores of molecules, for columns of the results.

    Args:
        names: the scores; what they need is loaded with the first molecule.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def values(self, smiles: str) -> list[Value]:
        """Return a molecule's scores, in order; None where RDKit has none.

        Examples:
            >>> Scorer(["fsp3", "scaffold"]).values("OC1CCCCC1")
            [1.0, 'C1CCCCC1']
        """
        if not self._names:
            return []

        from halogenator.chemistry.molecules import RejectError

        limits.again()
        values: dict[str, Value] = dict.fromkeys(self._names)
        with suppress(RejectError):
            mol = Scored(smiles)
            for name in self._names:
                with suppress(RejectError):
                    values[name] = mol.value(name)
        return list(values.values())


def load(name: str) -> None:
    """Load what a score needs, so that what is missing is told before the first molecule.

    Raises:
        UserError: this RDKit has not the script or the model of the score.
    """
    if name == "sa_score":
        _sa_scorer()
    if name == "np_score":
        _np_scorer()


# ---- functions -------------------------------------------------------------------------------------------------------


def _fsp3(mol: Chem.Mol) -> float:
    from rdkit.Chem import rdMolDescriptors

    return float(rdMolDescriptors.CalcFractionCSP3(mol))


def _stereocentres(mol: Chem.Mol) -> int:
    from rdkit import Chem

    centre = Chem.StereoType.Atom_Tetrahedral
    return sum(found.type == centre for found in Chem.FindPotentialStereo(Chem.Mol(mol)))


def _scaffold(mol: Chem.Mol) -> str | None:
    from rdkit.Chem.Scaffolds import MurckoScaffold

    return MurckoScaffold.MurckoScaffoldSmiles(mol=mol) or None


def _np_score(mol: Chem.Mol) -> float:
    return float(_np_scorer()(mol))


def _sa_score(mol: Chem.Mol) -> float:
    return float(_sa_scorer()(mol))


def _qed(mol: Chem.Mol) -> float:
    from rdkit.Chem import QED

    return float(QED.qed(mol))


def _alerts(mol: Chem.Mol) -> str:
    found = [f"{name}: {entry.GetDescription()}" for name in _CATALOGS for entry in catalog(name).GetMatches(mol)]
    return "; ".join(found)


_FUNCTIONS: dict[str, Callable[[Chem.Mol], Value]] = {
    "fsp3": _fsp3,
    "stereocentres": _stereocentres,
    "np_score": _np_score,
    "scaffold": _scaffold,
    "sa_score": _sa_score,
    "qed": _qed,
    "alerts": _alerts,
}


# ---- RDKit's Contrib -------------------------------------------------------------------------------------------------


# {score: its folder, script and model}
_CONTRIB = {
    "sa_score": ("SA_Score", "sascorer.py", "fpscores.pkl.gz"),
    "np_score": ("NP_Score", "npscorer.py", "publicnp.model.gz"),
}


@cache
def _sa_scorer() -> Callable[[Chem.Mol], Any]:
    scorer = _contrib("sa_score")
    _without_collector(scorer.readFragmentScores)
    return lambda mol: scorer.calculateScore(mol)


@cache
def _np_scorer() -> Callable[[Chem.Mol], Any]:
    scorer = _contrib("np_score")
    with redirect_stderr(io.StringIO()):  # it tells that it reads
        model = _without_collector(scorer.readNPModel)
    return lambda mol: scorer.scoreMol(mol, model)


def _without_collector(read: Callable[[], Any]) -> Any:
    """Return what a function gives that makes many objects, which the collector would scan again and again."""
    gc.disable()
    try:
        return read()
    finally:
        gc.enable()


def check(name: str) -> None:
    """Check that this RDKit has what a score needs, without loading it.

    Raises:
        UserError: it has not.
    """
    if name in _CONTRIB:
        _script(name)


def _script(name: str) -> Path:
    """Return the script of a score in RDKit's Contrib.

    Raises:
        UserError: the script or its model is not there.
    """
    from rdkit import RDConfig

    folder, script, model = _CONTRIB[name]
    path = Path(RDConfig.RDContribDir) / folder / script
    if not (path.is_file() and path.with_name(model).is_file()):
        raise UserError(
            f"this RDKit comes without Contrib/{folder}",
            where=path.parent,
            allowed=f"{script} and {model}",
            fix="install RDKit from PyPI or conda-forge, which have it, or leave the score away",
        )
    return path


def _contrib(name: str) -> Any:
    """Return the module of a score in RDKit's Contrib.

    Raises:
        UserError: the script or its model is not there.
    """
    path = _script(name)
    spec = importlib.util.spec_from_file_location(f"halogenator_contrib_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
