# Functions of the rules that export. Nothing here makes a file.

from halogenator.model import fingerprint
from halogenator.planning.request import words
from halogenator.planning.resources import EXPORT_MB, PLAIN_EXPORT_MB


def all_exports():
    """The manifest of every export."""
    return [local(f"results/exports/{name}/{name}.{export.format}.json") for name, export in CONFIG.exports.items()]


def export_sources(wildcards):
    """What an export reads: files of its own libraries and jobs, or of all where it is a query."""
    export = CONFIG.exports[wildcards.export]
    if export.sql:
        return all_results() + ["results/summary.tsv"]
    libraries = expand(MOLECULES, library=export.libraries)
    jobs = [job for job in CONFIG.jobs if job[0] in export.libraries and job[1] in export.transforms]
    products = [PRODUCTS.format(library=library, transform=transform) for library, transform in jobs]
    return (libraries if export.molecules or export.parents else []) + products


def export_flags(wildcards, resources):
    return words(CONFIG.exports[wildcards.export])


def export_mb(wildcards):
    return EXPORT_MB if CONFIG.exports[wildcards.export].diverse else PLAIN_EXPORT_MB


def export_identity(wildcards):
    return fingerprint(CONFIG.exports[wildcards.export].plain())
