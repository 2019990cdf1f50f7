# All results as one table, one database and one page. Where results are in a store, these are made of the copies on this
# machine, whose paths the database holds.

from halogenator.model import fingerprint


rule summarize:
    input:
        [STATS.format(library=library, transform=transform) for library, transform in CONFIG.jobs],
    output:
        report("results/summary.tsv", caption="../report/summary.rst", category="Results"),
    log:
        "results/logs/summarize.log",
    benchmark:
        "results/benchmarks/summarize.tsv"
    localrule: True
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(stream_mb()),
        runtime=all_minutes,
    params:
        results=results_folder,
        jobs=len(CONFIG.jobs),
        identity=fingerprint(CONFIG.jobs),
    message:
        "Summarising {params.jobs} jobs"
    shell:
        "python -m halogenator summarize --results {params.results:q} --out {output:q}"
        " --mem-mb {resources.mem_mb} >{log:q} 2>&1"


rule catalog:
    input:
        all_results(),
        all_records(),
        summary=ancient("results/summary.tsv"),  # also written anew while a run goes on
    output:
        "results/catalog.duckdb",
    log:
        "results/logs/catalog.log",
    benchmark:
        "results/benchmarks/catalog.tsv"
    localrule: True
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(stream_mb()),
        runtime=all_minutes,
    params:
        results=results_folder,
    message:
        "Cataloguing all results"
    shell:
        "python -m halogenator catalog --results {params.results:q} --summary {input.summary:q} --out {output:q}"
        " --mem-mb {resources.mem_mb} >{log:q} 2>&1"


rule report:
    input:
        "results/catalog.duckdb",
        all_results() + all_records() if IN_STORE else [],
    output:
        report("results/report.html", caption="../report/report.rst", category="Results"),
    log:
        "results/logs/report.log",
    benchmark:
        "results/benchmarks/report.tsv"
    localrule: IN_STORE
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(stream_mb()),
        runtime=all_minutes,
    params:
        results=results_folder,
        configuration=report_flags,
    message:
        "Reporting all results"
    shell:
        "python -m halogenator report --results {params.results:q} {params.configuration:q} --out {output:q}"
        " --scratch results/work/scratch --mem-mb {resources.mem_mb} >{log:q} 2>&1"
