# All results as one table, one database and one page. If results are in a store, these read the copies on this machine,
# and the database has the paths of the copies.

from halogenator.model import fingerprint


rule summarize:
    input:
        [str(PLACES.stats(*job)) for job in CONFIG.jobs],
    output:
        out=report(PLACES.summary, caption="../report/summary.rst", category="Results"),
    log:
        PLACES.log("summarize"),
    benchmark:
        PLACES.benchmark("summarize")
    localrule: True
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(stream_mb()),
        runtime=all_minutes,
        attempt=attempt_number,
    params:
        jobs=len(CONFIG.jobs),
        identity=fingerprint(CONFIG.jobs),
        task=task(commands.Summarize, results=RESULTS),
    message:
        "Summarising {params.jobs} jobs"
    shell:
        RUN


rule catalog:
    input:
        all_results(),
        all_records(),
        summary=ancient(PLACES.summary),  # a run writes it again after each merge
    output:
        out=PLACES.catalog,
        audit=PLACES.audit,
    log:
        PLACES.log("catalog"),
    benchmark:
        PLACES.benchmark("catalog")
    localrule: True
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(stream_mb()),
        runtime=all_minutes,
        attempt=attempt_number,
    params:
        task=task(commands.Catalog, results=RESULTS),
    message:
        "Cataloguing all results"
    shell:
        RUN


rule report:
    input:
        PLACES.catalog,
        all_results() + all_records() if IN_STORE else [],
    output:
        out=report(PLACES.report, caption="../report/report.rst", category="Results"),
    log:
        PLACES.log("report"),
    benchmark:
        PLACES.benchmark("report")
    localrule: IN_STORE
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(stream_mb()),
        runtime=all_minutes,
        attempt=attempt_number,
    params:
        task=task(
            commands.Report,
            results=RESULTS,
            configuration=CONFIGURATION_FILES,
            overrides=CONFIGURATION["overrides"],
        ),
    message:
        "Reporting all results"
    shell:
        RUN
