# All results as one table, one database and one page.

import json


rule summarize:
    input:
        [STATS.format(library=library, transform=transform) for library, transform in CONFIG.jobs],
    output:
        report("results/summary.tsv", caption="../report/summary.rst", category="Results"),
    log:
        "results/logs/summarize.log",
    benchmark:
        "results/benchmarks/summarize.tsv"
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(stream_mb()),
    params:
        jobs=len(CONFIG.jobs),
        identity=fingerprint(CONFIG.jobs),
    message:
        "Summarising {params.jobs} jobs"
    shell:
        "python -m halogenator summarize --results results --out {output:q}"
        " --mem-mb {resources.mem_mb} >{log:q} 2>&1"


rule catalog:
    input:
        all_results(),
        summary=ancient("results/summary.tsv"),  # also written anew while a run goes on
    output:
        "results/catalog.duckdb",
    log:
        "results/logs/catalog.log",
    benchmark:
        "results/benchmarks/catalog.tsv"
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(stream_mb()),
    message:
        "Cataloguing all results"
    shell:
        "python -m halogenator catalog --results results --summary {input.summary:q} --out {output:q}"
        " --mem-mb {resources.mem_mb} >{log:q} 2>&1"


def configuration_files(wildcards, resources):
    return [*CONFIG.sources, *CONFIG.transforms_paths, CONFIG.halogenation_path]


def configuration_overrides(wildcards, resources):
    """What --config set, beside the files."""
    return " ".join(f"{key}={json.dumps(value)}" for key, value in workflow.config_settings.config.items())


rule report:
    input:
        "results/catalog.duckdb",
        summary=ancient("results/summary.tsv"),
    output:
        report("results/report.html", caption="../report/report.rst", category="Results"),
    log:
        "results/logs/report.log",
    benchmark:
        "results/benchmarks/report.tsv"
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(stream_mb()),
    params:
        configuration=configuration_files,
        overrides=configuration_overrides,
    message:
        "Reporting on all results"
    shell:
        "python -m halogenator report --results results --out {output:q}"
        " --configuration {params.configuration:q} --overrides={params.overrides:q} --scratch results/work/scratch"
        " --mem-mb {resources.mem_mb} >{log:q} 2>&1"
