"""``halogenator.transform`` and ``halogenate``: whatever a chemist gives them in a notebook."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pytest
from rdkit import Chem

import halogenator
from halogenator import UserError
from helpers.runs import OME
from helpers.samples import SAFETY_NET

ETHYL = "[c:1][OX2H:2]>>[c:1][O:2]CC"
PHENOL, CRESOL, QUINOL = "Oc1ccccc1", "Cc1ccccc1O", "Oc1ccc(O)cc1"


def smiles(products: halogenator.Products) -> list[str]:
    return [product.smiles for product in products]


# ---- what may be given -----------------------------------------------------------------------------------------------


def test_a_name_and_a_smirks_give_products_with_parent_site_routes_and_descriptors() -> None:
    (product,) = halogenator.transform(QUINOL, OME)
    assert (product.smiles, product.site, product.n_routes, product.transform) == ("COc1ccc(O)cc1", 1, 2, OME)
    assert product.descriptors == {"mw": 124.139, "tpsa": 29.46, "hbd": 1, "hba": 2, "clogp": 1.4008, "rotb": 1}
    assert (product.parent.smiles, product.parent.descriptors["mw"]) == (QUINOL, 110.112)
    assert product.parent.mol.GetAtomWithIdx(product.parent.mol.GetNumAtoms() - 1).GetSymbol() == "C"
    assert smiles(halogenator.transform([PHENOL, QUINOL], ETHYL)) == ["CCOc1ccccc1", "CCOc1ccc(O)cc1"]


@pytest.mark.parametrize(
    "given",
    [
        Chem.MolFromSmiles(PHENOL),
        Chem.AddHs(Chem.MolFromSmiles(PHENOL)),
        Chem.MolFromSmiles("[OH:1][c:2]1[cH:3]cccc1"),
        Chem.MolFromSmiles("[H][O:9]c1ccccc1", sanitize=False),
        "[H]Oc1ccccc1",
        "[Na+].[O-]c1ccccc1",
        np.str_("C1=CC=CC=C1O"),
    ],
    ids=["plain", "explicit hydrogens", "atom maps", "unsanitised", "hydrogen in SMILES", "a salt", "of NumPy"],
)
def test_one_molecule_in_whatever_form_is_that_molecule(given: object) -> None:
    before = Chem.MolToSmiles(given) if isinstance(given, Chem.Mol) else given
    (product,) = halogenator.transform(given, OME)
    assert (product.smiles, product.parent.smiles) == ("COc1ccccc1", PHENOL)
    assert (Chem.MolToSmiles(given) if isinstance(given, Chem.Mol) else given) == before
    assert smiles(halogenator.transform([given], OME, workers=1)) == ["COc1ccccc1"]


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        ([PHENOL, CRESOL], ["0", "1"]),
        ((PHENOL, CRESOL), ["0", "1"]),
        ({"phenol": PHENOL, "cresol": CRESOL}, ["phenol", "cresol"]),
        (np.array([PHENOL, CRESOL]), ["0", "1"]),
        (pa.array([PHENOL, CRESOL]), ["0", "1"]),
        (pa.chunked_array([[PHENOL], [CRESOL]]), ["0", "1"]),
        (map(Chem.MolFromSmiles, [PHENOL, CRESOL]), ["0", "1"]),
        (iter([PHENOL, CRESOL]), ["0", "1"]),
    ],
    ids=["list", "tuple", "mapping", "NumPy", "Arrow", "chunked", "map", "iterator"],
)
def test_many_molecules_are_named_by_their_keys_or_places(given: object, ids: list[str]) -> None:
    products = list(halogenator.transform(given, OME))
    assert [product.smiles for product in products] == ["COc1ccccc1", "COc1ccccc1C"]
    assert [product.parent.id for product in products] == ids
    assert [product.parent.position for product in products] == [0, 1]


def test_ids_may_come_beside_molecules_or_from_their_titles() -> None:
    mol = Chem.MolFromSmiles(PHENOL)
    mol.SetProp("_Name", "phenol ")
    assert [each.parent.id for each in halogenator.transform([mol, CRESOL], OME)] == ["phenol", "1"]
    named = halogenator.transform(iter([PHENOL, CRESOL]), OME, ids=(f"m{number}" for number in count()))
    assert [each.parent.id for each in islice(named, 2)] == ["m0", "m1"]
    assert [each.parent.id for each in halogenator.transform(PHENOL, OME, ids="phenol")] == ["phenol"]
    for ids, what in ((["a"], "fewer ids"), (["a", "b", "c"], "more ids")):
        with pytest.raises(UserError, match=what):
            list(halogenator.transform([PHENOL, CRESOL], OME, ids=ids))


def test_nothing_gives_nothing() -> None:
    products = halogenator.transform([], OME)
    assert (list(products), products.to_arrow().num_rows, list(products.batches())) == ([], 0, [])
    assert products.to_arrow().schema.names[:4] == ["smiles", "parent_id", "site", "n_routes"]
    assert (list(products.rejects), list(products.left_out)) == ([], [])


def test_stereo_stays_as_it_is_stated() -> None:
    assert smiles(halogenator.transform("C[C@H](O)c1ccc(O)cc1", OME)) == ["COc1ccc([C@H](C)O)cc1"]
    racemate = Chem.MolFromSmiles("C[C@H](O)c1ccc(O)cc1 |&1:1|")
    for workers in (None, 1):
        (product,) = halogenator.transform(racemate, OME, workers=workers)
        assert (product.smiles, product.enhanced_stereo) == ("COc1ccc([C@@H](C)O)cc1", "&1:6")
        assert [each.GetGroupType() for each in product.mol.GetStereoGroups()] == [Chem.StereoGroupType.STEREO_AND]


# ---- what is told ----------------------------------------------------------------------------------------------------


def test_what_cannot_be_used_is_told_and_not_lost() -> None:
    given = ["C1CC(", None, float("nan"), PHENOL, "CC(C)(C)(C)C", "*c1ccccc1O", 5, ("phenol", PHENOL), "my.csv"]
    query = Chem.MolFromSmarts("[#6,#7]c1ccccc1O")
    for workers in (None, 2):
        products = halogenator.transform([*given, query], OME, workers=workers)
        with pytest.warns(halogenator.RejectWarning, match="9 rejects of 10 molecules") as told:
            assert smiles(products) == ["COc1ccccc1"]
        assert Path(told[0].filename) == Path(__file__)
        assert [(each.position, each.reason) for each in products.rejects] == [
            (0, "unparsable SMILES"),
            (1, "empty"),
            (2, "empty"),
            (4, "impossible molecule"),
            (5, "R group or query atom"),
            (6, "no molecule"),
            (7, "no molecule"),
            (8, "unparsable SMILES"),
            (9, "R group or query atom"),
        ]
        assert products.rejects.to_arrow()["smiles"][0].as_py() == "C1CC("
        assert "of type tuple" in products.rejects[6].detail and "looks like a file" in products.rejects[7].detail
        assert "9 rejects: 2" in repr(products.rejects)


def test_rejects_are_known_without_a_loop_and_told_one_by_one_where_asked() -> None:
    heard: list[halogenator.Reject] = []
    products = halogenator.transform(["C1CC(", PHENOL], OME, on_reject=heard.append)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [str(each) for each in products.rejects] == ["molecule 0: unparsable SMILES: RDKit cannot read 'C1CC('"]
    assert heard == list(products.rejects)


def test_a_site_whose_product_is_impossible_is_a_reject_of_that_site() -> None:
    (reject,) = halogenator.transform({"thiophenol": "Sc1ccccc1"}, "[S:1][H]>>[S:1](=O)(=O)(=O)=O").rejects
    assert (reject.id, reject.site, reject.smiles) == ("thiophenol", 0, "Sc1ccccc1")
    assert "valence" in reject.detail


def test_what_is_left_out_is_counted_with_an_example() -> None:
    products = halogenator.halogenate("OCc1ccccc1", halogens=["F"])
    assert "OC(F)c1ccccc1" not in smiles(products)
    benzyl = halogenator.halogenate("O=C1CCCC(O)C1", halogens=["F"])
    (entry,) = [each for each in benzyl.left_out if each["name"] == "gem_halohydrin"]
    assert (entry["molecules"], entry["examples"]) == (1, [["O=C1CCCC(O)C1", "O=C1CCCC(O)(F)C1"]])
    assert "gem_halohydrin" in repr(benzyl.left_out) and "gem_halohydrin" in benzyl.left_out._repr_html_()
    assert "O=C1CCCC(O)(F)C1" in smiles(halogenator.halogenate("O=C1CCCC(O)C1", halogens=["F"], exclude=[]))


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (lambda: halogenator.transform("C1CC(", OME), "unparsable SMILES"),
        (lambda: halogenator.transform(None, OME), "MolFromSmiles gives None"),
        (lambda: halogenator.transform("", OME), "cannot be used: empty"),
        (lambda: halogenator.transform("my.sdf", OME), "looks like a file's name"),
        (lambda: halogenator.transform(Path("my.sdf"), OME), "names a file"),
        (lambda: halogenator.transform(7, OME), "these are no molecules"),
        (
            lambda: halogenator.transform(pa.table({"id": [1], "SMILES": [PHENOL]}), OME),
            r"give its column: …\['SMILES'\]",
        ),
        (lambda: halogenator.transform([PHENOL], "FG_PHENOL_OH__OH__TO_OMe"), f"did you mean '{OME}'"),
        (lambda: halogenator.transform([PHENOL], "[c:1][OX2H>>[c:1]"), "does not parse"),
        (lambda: halogenator.transform([PHENOL], "[c:1]>>"), "has no product"),
        (lambda: halogenator.transform([PHENOL], 3), "this is no transform"),
        (
            lambda: halogenator.transform([PHENOL], halogenator.Transform("E", ETHYL, stereo="kep")),
            "did you mean 'keep'",
        ),
        (
            lambda: halogenator.transform([PHENOL], halogenator.Transform("E", ETHYL, max_sites=0)),
            "a whole number of at least 1",
        ),
        (lambda: halogenator.transform([PHENOL], OME, workers=0), "no number of processes"),
        (lambda: halogenator.transform([PHENOL], OME, descriptors=["mwt"]), "did you mean 'mw'"),
        (lambda: halogenator.transform([PHENOL], OME, descriptors="mw"), "a list"),
        (lambda: halogenator.transform([PHENOL], OME, within={"mww": [0, 1]}), "did you mean 'mw'"),
        (lambda: halogenator.transform([PHENOL], OME, exclude=["gem_halohydrine"]), "did you mean 'gem_halohydrin'"),
        (lambda: halogenator.transform([PHENOL], OME, fragments="largst"), "did you mean 'largest'"),
        (lambda: halogenator.halogenate([PHENOL], classes="polyfenol"), "did you mean 'polyphenol'"),
        (lambda: halogenator.halogenate([PHENOL], halogens=["f"]), "did you mean 'F'"),
        (lambda: halogenator.halogenate([PHENOL], halogens=[]), "names nothing"),
        (lambda: halogenator.halogenate([PHENOL], k=0), "no number of halogenations"),
    ],
    ids=lambda value: value if isinstance(value, str) else "asked",
)
def test_a_slip_is_answered_at_once(ask: Callable[[], object], expected: str) -> None:
    with pytest.raises(UserError, match=expected):
        ask()


# ---- choices ---------------------------------------------------------------------------------------------------------


def test_options_choose_what_is_made() -> None:
    two = ["Oc1ccccc1", "Oc1ccc(CCCCCCCCCC)cc1"]
    assert smiles(halogenator.transform(two, OME, within={"mw": [None, 150]})) == ["COc1ccccc1"]
    assert smiles(halogenator.transform([QUINOL], halogenator.Transform("E", ETHYL, max_sites=1))) == ["CCOc1ccc(O)cc1"]
    assert smiles(halogenator.transform(["Oc1ccccc1C=O"], OME, protect=["chelated_phenol"])) == []
    table = halogenator.transform([PHENOL], OME, descriptors=["mw"], scores=["fsp3"], inchikey=True).to_arrow()
    assert table.select(["mw", "fsp3", "inchikey"]).to_pylist() == [
        {"mw": 108.14, "fsp3": pytest.approx(1 / 7), "inchikey": "RDOXTESZEPMUJZ-UHFFFAOYSA-N"}
    ]
    one = halogenator.halogenate([PHENOL], k=2, halogens=["Cl"], quota={"per_ring": 1}).left_out
    assert [entry["name"] for entry in one] == ["per_ring: 1"] or one


def test_classes_add_up() -> None:
    def made(classes: object) -> set[str]:
        return set(smiles(halogenator.halogenate(["OCC(N)CC(C)=O"], classes=classes, halogens=["F"])))

    assert made("polysaccharide") and made("polyphenol")
    assert made(["polysaccharide", "polyphenol"]) == made("polysaccharide") | made("polyphenol")


# ---- one after the other ---------------------------------------------------------------------------------------------


class Endless:
    """Phenols without end, which counts those taken."""

    def __init__(self) -> None:
        self.taken = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.taken += 1
        return "Oc1ccccc1" + "C" * (self.taken % 20)


@pytest.mark.parametrize(("workers", "most"), [(None, 1), (2, 2_000)])
def test_an_endless_iterator_is_read_as_far_as_is_needed(workers: int | None, most: int) -> None:
    source = Endless()
    products = halogenator.transform(source, OME, workers=workers)
    assert source.taken == 0
    assert next(iter(products)).smiles == "COc1ccccc1C"
    assert 0 < source.taken <= most


def test_an_iterator_is_gone_through_once_and_a_list_again() -> None:
    once = halogenator.transform(iter([PHENOL]), OME)
    assert "an iterator is gone through once" in once._repr_html_()
    assert smiles(once) == ["COc1ccccc1"]
    with pytest.raises(UserError, match="used up"):
        list(once)
    again = halogenator.transform([PHENOL], OME)
    assert smiles(again) == smiles(again) == ["COc1ccccc1"]


def test_batches_are_what_a_loop_gives_and_a_table_has_each_product_once() -> None:
    given = {"phenol": PHENOL, "salicylic": "O=C(O)c1ccccc1O", "anisole": "COc1ccccc1O", "catechol": "Oc1ccccc1O"}
    for made in (
        halogenator.transform(given, OME),
        halogenator.halogenate(given, halogens=["F"]),
        halogenator.halogenate(given, 2, halogens=["F", "I"]),
    ):
        looped = [(each.smiles, each.parent.id, each.n_routes) for each in made]
        rows = pa.Table.from_batches(made.batches()).to_pylist()
        parent = "parent_id" if "parent_id" in rows[0] else "parent"
        assert [(row["smiles"], row[parent], row["n_routes"]) for row in rows] == looped
        assert made.to_arrow(unique=False).to_pylist() == rows
        unique = made.to_arrow()["smiles"].to_pylist()
        assert unique == list(dict.fromkeys(name for name, _, _ in looped))
        assert pa.RecordBatchReader.from_stream(made).read_all().num_rows == len(rows)


def test_a_molecule_given_twice_adds_no_routes() -> None:
    table = halogenator.transform([QUINOL, "c1cc(O)ccc1O"], OME).to_arrow()
    assert table.select(["smiles", "n_routes", "position"]).to_pylist() == [
        {"smiles": "COc1ccc(O)cc1", "n_routes": 2, "position": 0}
    ]


def test_other_packages_are_asked_for_by_name_where_they_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    products = halogenator.transform([PHENOL], OME)
    for name, convert in (("pandas", products.to_pandas), ("polars", products.to_polars)):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(UserError, match=rf"{name} is not installed[\s\S]*pip install {name}"):
            convert()


# ---- in a notebook ---------------------------------------------------------------------------------------------------


def test_products_draw_their_parents_and_themselves_with_the_change_marked() -> None:
    for made in (
        halogenator.transform("Oc1ccc(O)cc1C(=O)O", OME),
        halogenator.halogenate("CC(C)c1ccc(O)cc1", halogens=["Br"]),
        halogenator.halogenate("OC1CCCC1", 2, halogens=["F"]),
        halogenator.transform(
            "OC(C)c1ccc(O)cc1", halogenator.Transform("both", "[c:1][OX2H]>>[c:1]C(F)C", new_stereo="both")
        ),
    ):
        for product in made:
            picture = ElementTree.fromstring(product._repr_svg_())
            marks = [each for each in picture.iter() if each.get("class") == "m"]
            texts = ["".join(each.itertext()) for each in picture.iter("{http://www.w3.org/2000/svg}text")]
            assert len(marks) >= 2 and texts.count("→") == product.steps.count("@")
        assert made._repr_html_().count("<svg") == min(6, len(list(made)))


def test_what_cannot_be_drawn_is_told_as_text() -> None:
    (product,) = halogenator.transform("Oc1ccc(" + "C" * 120 + ")cc1", OME)
    assert product._repr_svg_() is None
    assert product.smiles in repr(product) and product.parent.smiles in repr(product)


def test_nothing_of_the_interface_is_loaded_before_it_is_asked_for() -> None:
    code = (
        "import sys, halogenator, halogenator.cli; print([name for name in sys.modules if 'halogenator.api' in name])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True, timeout=SAFETY_NET).strip() == "[]"
    assert set(halogenator.__all__) <= set(dir(halogenator))
    for name in halogenator.__all__:
        assert getattr(halogenator, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'transfrom'"):
        halogenator.transfrom  # noqa: B018
