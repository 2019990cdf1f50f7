# Files for other programs, from finished jobs.

from halogenator.dataclass_json import to_json
from halogenator.model import fingerprint
from halogenator.planning.resources import EXPORT_MB, PLAIN_EXPORT_MB


def all_exports():
    """The manifest of every export."""
    return [local(PLACES.manifest(name, export.format)) for name, export in CONFIG.exports.items()]


def export_sources(wildcards):
    """What an export reads: files of its own libraries and jobs, or of all where it is a query."""
    export = CONFIG.exports[wildcards.export]
    if export.sql:
        return [*all_results(), str(PLACES.summary)]
    jobs = [job for job in CONFIG.jobs if job[0] in export.libraries and job[1] in export.transforms]
    libraries = export.libraries if export.molecules or export.parents else ()
    return [str(path) for path in (*map(PLACES.molecules, libraries), *(PLACES.products(*job) for job in jobs))]


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
        local(update(PLACES.manifest("{export}", "{form}"))),
    log:
        PLACES.log("exports/{export}.{form}"),
    benchmark:
        PLACES.benchmark("exports/{export}.{form}")
    wildcard_constraints:
        export=any_of(CONFIG.exports),
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(export_mb),
        local_mb=memory(export_mb) if IN_STORE else 0,
        runtime=all_minutes,
    params:
        identity=export_identity,
        task=verb(
            lambda wildcards, output: [
                *("export", "--request", to_json(CONFIG.exports[wildcards.export]), "--results", RESULTS),
                *("--out", PLACES.export(wildcards.export, wildcards.form), "--force", "--scratch", PLACES.scratch),
            ]
        ),
    message:
        "Exporting {wildcards.export} as {wildcards.form}"
    shell:
        RUN


rule exports:
    input:
        all_exports(),
    localrule: True
    message:
        "All exports are in results/exports/"
