"""Halogenated natural-product libraries through functional-group transforms, at scale.

Snakemake (``Snakefile``, ``workflow/rules``) decides what runs when, and starts each task as
``python -m halogenator VERB``. ``docs/architecture.md`` says what each subpackage holds and which may import which.
"""

__version__ = "0.1.0"

# To be raised by hand when a change of the code changes the results of the same input and configuration. It is in a
# parameter of every rule that makes molecules, so that Snakemake makes these again. Other changes rerun nothing.
ENGINE_VERSION = 5
