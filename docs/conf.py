"""The pages of docs/ as a site, by Sphinx (make site): search and dark mode, and nothing that a browser would fetch."""

import re

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx
from sphinx.highlighting import lexers

from halogenator import __version__

project = "Halogenator"
author = "The authors of Halogenator"
project_copyright = ""
release = version = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "index"
exclude_patterns = ["README.md"]  # README.md is the list of pages for those who read them in the repository

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4  # links go to headings as on GitHub
autodoc_member_order = "bysource"
autodoc_typehints = "description"
napoleon_google_docstring = True

html_theme = "furo"
html_title = f"Halogenator {__version__}"
html_show_copyright = False
html_theme_options = {"source_edit_link": ""}
templates_path: list[str] = []

lexers |= {"csv": TextLexer(), "smi": TextLexer()}  # Pygments has no such languages

# Other files of the repository that are pages of the site, under these names.
_PAGES = {"README": "index", "CHANGELOG": "changelog", "DEPRECATED": "deprecated", "CONTRIBUTING": "contributing"}
_PAGES |= {"docs/README": "index", "benchmarks/README": "benchmarks"}
_LINK = re.compile(rf"\]\((?:\.\./)*({'|'.join(_PAGES)})\.md(?=[)#])")


def setup(app: Sphinx) -> None:
    """Have links between the repository's files lead to the site's pages."""
    app.connect("source-read", lambda _app, _name, source: source.__setitem__(0, _to_pages(source[0])))
    app.connect("include-read", lambda _app, _path, _parent, source: source.__setitem__(0, _to_pages(source[0])))


def _to_pages(text: str) -> str:
    return _LINK.sub(lambda found: f"](/{_PAGES[found[1]]}.md", text)
