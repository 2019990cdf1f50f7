"""Halogenated natural-product libraries through functional-group transforms, at scale.

The package holds the chemistry, the memory bound and the plan; Snakemake (``Snakefile``, ``workflow/rules``) calls it
through ``python -m halogenator VERB`` and decides what runs when. Imports point one way: cli → stages → planning,
chemistry and storage → model and errors.
"""

__version__ = "0.1.0"

# Raised by hand whenever the same input and configuration would give other results than before. It is a parameter of
# every rule that makes molecules, so raising it reruns what it affects; editing code without raising it reruns nothing.
ENGINE_VERSION = 5
