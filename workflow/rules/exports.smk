# Files for other programs, from finished jobs.

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


rule export:
    input:
        export_sources,
    output:
        # Kept while it is made again: the export itself knows which of its files still stand. Always on this machine,
        # for only this one of its files is known to the workflow.
        local(update("results/exports/{export}/{export}.{form}.json")),
    log:
        "results/logs/exports/{export}.{form}.log",
    benchmark:
        "results/benchmarks/exports/{export}.{form}.tsv"
    wildcard_constraints:
        export="|".join(map(re.escape, CONFIG.exports)) or "none",
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(export_mb),
    params:
        identity=export_identity,
        request=export_flags,
        results=results_folder,
    message:
        "Exporting {wildcards.export} as {wildcards.form}"
    shell:
        "python -m halogenator export {params.request:q} --results {params.results:q}"
        " --out results/exports/{wildcards.export}/{wildcards.export}.{wildcards.form}"
        " --force --scratch results/work/scratch --mem-mb {resources.mem_mb} >{log:q} 2>&1"


rule exports:
    input:
        all_exports(),
    localrule: True
    message:
        "All exports are in results/exports/"
