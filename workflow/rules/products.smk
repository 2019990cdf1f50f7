# A job: a library's chunks through one transform, then merged into its products. A small job is made by its merge.

from halogenator.planning.adopted import library_constraint


rule transform_chunk:
    input:
        molecules=MOLECULES,
    output:
        out=temp(PLACES.chunk("{chunk}", "products", *JOB)),
        rejects=temp(PLACES.chunk("{chunk}", "rejects", *JOB)),
    log:
        PLACES.log("{chunk}", *JOB),
    benchmark:
        PLACES.benchmark("{chunk}", *JOB)
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(chunk_memory),
        runtime=chunk_time,
        attempt=attempt_number,
    params:
        identity=job_identity,
        task=task(commands.TransformChunk, job=job_of, chunk=part_of),
    message:
        "{wildcards.transform} on {wildcards.library}, chunk {wildcards.chunk}"
    shell:
        RUN


rule find_duplicates:
    # Only of jobs with more rows than one task should look through (chunk.merge_rows).
    input:
        chunks=lambda wildcards: job_chunks(wildcards, "products"),
    output:
        out=temp(PLACES.chunk("{part}", "duplicates", *JOB)),
    log:
        PLACES.log("duplicates/{part}", *JOB),
    benchmark:
        PLACES.benchmark("duplicates/{part}", *JOB)
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(part_mb),
        runtime=all_minutes,
        attempt=attempt_number,
    params:
        identity=job_identity,
        hashes=identity.HASHES,
        key=CONFIG.dedup_key,
        task=task(
            commands.FindDuplicates,
            library=name_of,
            transform=lambda wildcards: wildcards.transform,
            key=CONFIG.dedup_key,
            part=part_of,
        ),
    message:
        "Finding duplicates of {wildcards.transform} on {wildcards.library}, part {wildcards.part}"
    shell:
        RUN


rule merge_products:
    input:
        # Read only if no chunks are planned, as for a small job. Input in any case: after the chunks are removed,
        # Snakemake sees by this file alone that the library has changed.
        molecules=MOLECULES,
        chunks=lambda wildcards: job_chunks(wildcards, "products"),
        reject_chunks=lambda wildcards: job_chunks(wildcards, "rejects"),
        duplicates=merge_parts,
    output:
        out=PRODUCTS,
        rejects=REJECTS,
        stats=STATS,
    log:
        PLACES.log("merge", *JOB),
    benchmark:
        PLACES.benchmark("merge", *JOB)
    wildcard_constraints:
        library=library_constraint(CONFIG.libraries, [*ADOPTED, *OUTDATED], among=False),
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(whole_mb),
        runtime=job_minutes,
        attempt=attempt_number,
    params:
        identity=job_identity,
        key=CONFIG.dedup_key,
        task=task(commands.MergeProducts, job=job_of, **MADE_WITH, config_hash=job_identity),
    message:
        "Merging {wildcards.transform} on {wildcards.library}"
    shell:
        RUN


# For outdated adopted jobs. Snakemake does not know their parameters, so begin_run forces this rule.
use rule merge_products as remake_products with:
    wildcard_constraints:
        library=library_constraint(CONFIG.libraries, OUTDATED, among=True),


rule keep_adopted:
    # Adopted files cannot be made again, so they are updated outputs, which no run removes. Forced, it verifies them.
    output:
        products=update(PRODUCTS),
        rejects=update(REJECTS),
        stats=update(STATS),
    log:
        PLACES.log("verify", *JOB),
    benchmark:
        PLACES.benchmark("verify", *JOB)
    wildcard_constraints:
        library=library_constraint(CONFIG.libraries, ADOPTED, among=True),
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(stream_mb()),
        runtime=all_minutes,
        attempt=attempt_number,
    params:
        task=verb(lambda wildcards, output: ["verify", output.products, output.rejects, "--scratch", HERE.scratch]),
    message:
        "Verifying {wildcards.transform} on {wildcards.library}, adopted from an earlier pipeline"
    shell:
        RUN
