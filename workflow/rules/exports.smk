# Files for other programs, from finished jobs.


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
        export=any_of(CONFIG.exports),
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(export_mb),
        local_mb=memory(export_mb) if IN_STORE else 0,
        runtime=all_minutes,
    params:
        results=results_folder,
        identity=export_identity,
        request=export_flags,
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
