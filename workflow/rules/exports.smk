# Files for other programs, from finished jobs.

from halogenator.dataclass_json import to_json


rule export:
    input:
        export_sources,
    output:
        # update: the export itself finds out which of its files are still valid. local: of its files Snakemake knows
        # only this one, and would keep no other in a store.
        local(update(HERE.manifest("{export}", "{form}"))),
    log:
        PLACES.log("exports/{export}.{form}"),
    benchmark:
        PLACES.benchmark("exports/{export}.{form}")
    wildcard_constraints:
        export=any_of(CONFIG.exports),
    conda:
        "../../envs/halogenator.yaml"
    threads: export_threads
    resources:
        mem_mb=memory(export_mb),
        local_mb=memory(export_mb) if IN_STORE else 0,
        runtime=export_time,
        attempt=attempt_number,
    params:
        identity=export_identity,
        task=verb(
            lambda wildcards, output: [
                *("export", "--request", to_json(CONFIG.exports[wildcards.export]), "--results", RESULTS),
                *("--out", HERE.export(wildcards.export, wildcards.form), "--force", "--scratch", HERE.scratch),
                *("--workers", export_threads(wildcards)),
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
