"""The verb ``publish``: a folder of results with the records by which others read them."""

from __future__ import annotations

import argparse
import functools
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halogenator import shipped
from halogenator.cli.options import add_verb, memory_option, names, results_option
from halogenator.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from halogenator.publication.content import Author, Organization

# An ORCID iD with or without its hyphens and address, and what looks like a part of one.
_BEFORE = r"(?:ORCID(?: iD)?:?\s*)?(?:https?://)?(?:(?:www\.)?orcid\.org/)?"
_ORCID = re.compile(
    rf"{_BEFORE}(?<!\d)(?P<id>\d{{4}}(?P<sign>[ -]?)(?:\d{{4}}(?P=sign)){{2}}\d{{3}}[\dX])(?!\w| \d)/?", re.IGNORECASE
)
_PARTIAL = re.compile(r"orcid|\d{4}-\d{4}-\d{3}", re.IGNORECASE)
_HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"))

_LICENSES = ("CC-BY-4.0", "CC0-1.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "ODbL-1.0", "ODC-By-1.0", "MIT", "Apache-2.0")
_ADDRESS = re.compile(r"https?://[^\s<>(),;]+")


def add_verbs(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "publish",
        _publish,
        "make a folder to deposit: tables, RO-Crate, Croissant, the card of a dataset, checksums; nothing is sent",
        "publish deposit --license CC-BY-4.0 --author 'Ada Lovelace 0000-0002-1825-0097' --title 'Fluorinated phenols'",
    )
    parser.add_argument("out", type=Path, metavar="DIR", help="the folder to make; it must not be there yet")
    results_option(parser)
    parser.add_argument("--license", required=True, help="SPDX identifier, such as CC-BY-4.0, or an address")
    text = "an author, with an ORCID iD after the name if there is one; may be repeated"
    parser.add_argument("--author", action="append", required=True, metavar="NAME", help=text)
    text = "where the authors work, which publishes it, with its address or ROR iD after the name (default: not said)"
    parser.add_argument("--affiliation", default="", metavar="NAME", help=text)
    parser.add_argument("--title", default="Halogenated natural products", help="of the dataset (default: %(default)s)")
    parser.add_argument("--description", default="", help="a sentence or two (default: what it is, with its numbers)")
    text = "where it will be found, such as its DOI (default: none)"
    parser.add_argument("--address", default="", metavar="URL", help=text)
    parser.add_argument("--library", type=names, default=(), metavar="NAME,…", help="these libraries (default: all)")
    parser.add_argument("--transform", type=names, default=(), metavar="NAME,…", help="these transforms (default: all)")
    parser.add_argument("--products-only", action="store_true", help="without the molecules of the libraries")
    parser.add_argument("--scratch", type=Path, help="folder for what memory cannot hold (default: the system's)")
    memory_option(parser)


def _publish(options: argparse.Namespace) -> None:
    from tempfile import gettempdir

    from halogenator.process.progress import while_on_terminal
    from halogenator.publication.content import Terms
    from halogenator.publication.publish import Chosen, publish
    from halogenator.results import Results

    authors = [_author(text) for text in options.author]
    where = _organization(options.affiliation) if options.affiliation.strip() else None
    terms = Terms(options.title, options.description, authors, _license(options.license), options.address, where)
    chosen = Chosen(options.library, options.transform, not options.products_only)
    scratch = options.scratch or Path(gettempdir())
    with while_on_terminal() as shown:
        content = publish(
            Results(options.results),
            options.out,
            chosen,
            terms,
            shipped.SNAKEFILE,
            mem_mb=options.mem_mb,
            scratch=scratch,
            shown=shown,
        )
    size = sum(table.bytes for table in content.tables) / 1e6
    counts = " and ".join(f"{content.rows(kind):,} {kind}" for kind in content.kinds)
    print(f"{options.out}: {counts}, {size:,.1f} MB; nothing was sent")


def _author(text: str) -> Author:
    from halogenator.publication.content import Author

    found = _ORCID.search(plain := text.translate(_HYPHENS))
    if found is None:
        if _PARTIAL.search(plain):
            raise _no_orcid("an ORCID iD has 16 digits, the last of which may be an X", text)
        return Author(text.strip())
    name = f"{text[: found.start()]}{text[found.end() :]}".strip(" ,;()<>")
    return Author(name or text, f"https://orcid.org/{_orcid(found['id'])}")


def _orcid(text: str) -> str:
    """Return an ORCID iD with its hyphens. Its last character is a check digit by ISO 7064, MOD 11-2."""
    digits = re.sub("[ -]", "", text).upper()
    rest = functools.reduce(lambda total, digit: (total + int(digit)) * 2, digits[:-1], 0) % 11
    if digits[-1] != "0123456789X"[(12 - rest) % 11]:
        raise _no_orcid("this is no ORCID iD: its check digit does not fit", text)
    return "-".join(digits[place : place + 4] for place in range(0, 16, 4))


def _no_orcid(what: str, text: str) -> UserError:
    return UserError(
        what,
        where="--author",
        value=text,
        allowed="a name, with an iD such as 0000-0002-1825-0097 after it",
        fix="copy the iD from your page at https://orcid.org, or leave it out",
    )


def _license(text: str) -> str:
    """Return a licence as SPDX writes its identifier, or the address that it is."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    text = text.strip()
    if re.fullmatch(r"https?://\S+", text):
        return text
    with suppress(InvalidLicenseExpression):
        name = canonicalize_license_expression(text)
        if re.fullmatch(r"(?!LicenseRef)[\w.-]+|[AL]?GPL-[\d.]+\+", name):
            return name
    raise UserError(
        "this is not the identifier of one licence",
        where="--license",
        value=text,
        allowed=f"an identifier of https://spdx.org/licenses, such as {', '.join(_LICENSES[:3])}, or an address",
        fix=did_you_mean(text, _LICENSES) or "give the address of the licence, https://…",
    )


def _organization(text: str) -> Organization:
    from halogenator.publication.content import Organization

    found = _ADDRESS.search(text)
    name = _ADDRESS.sub("", text).strip(" ,;()<>") if found else text.strip()
    return Organization(name or text.strip(), found[0] if found else "")
