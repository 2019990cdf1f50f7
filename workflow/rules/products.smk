# A job: a library's chunks through one transform, then merged into its products.

from halogenator.planning.adopted import library_constraint


rule transform_chunk:
    input:
        MOLECULES,
    output:
        products=temp("results/work/products/{library}/{transform}/{chunk}.products.parquet"),
        rejects=temp("results/work/products/{library}/{transform}/{chunk}.rejects.parquet"),
    log:
        "results/logs/products/{library}/{transform}/{chunk}.log",
    benchmark:
        "results/benchmarks/products/{library}/{transform}/{chunk}.tsv"
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(stream_mb()),
        runtime=chunk_minutes,
    params:
        identity=job_identity,
        transform=transform_flags,
        chunk=chunk_flag,
    message:
        "{wildcards.transform} on {wildcards.library}, chunk {wildcards.chunk}"
    shell:
        "python -m halogenator transform-chunk --molecules {input:q} {params.transform:q}"
        " --chunk {params.chunk} --out {output.products:q} --rejects {output.rejects:q}"
        " --mem-mb {resources.mem_mb} >{log:q} 2>&1"


rule find_duplicates:
    # Only of jobs with more rows than one task should look through (chunk.merge_rows).
    input:
        lambda wildcards: job_chunks(wildcards, "products"),
    output:
        temp("results/work/products/{library}/{transform}/{part}.duplicates.parquet"),
    log:
        "results/logs/products/{library}/{transform}/duplicates/{part}.log",
    benchmark:
        "results/benchmarks/products/{library}/{transform}/duplicates/{part}.tsv"
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(
            lambda wildcards: merge_mb(
                ESTIMATES.products(library_of(wildcards), wildcards.transform), len(merge_parts(wildcards))
            )
        ),
        runtime=all_minutes,
    params:
        identity=job_identity,
        hashes=identity.HASHES,
        key=CONFIG.dedup_key,
        chunks=short(),
        part=chunk_flag,
    message:
        "Finding duplicates of {wildcards.transform} on {wildcards.library}, part {wildcards.part}"
    shell:
        "python -m halogenator find-duplicates --library {wildcards.library} --transform {wildcards.transform}"
        " --chunks {params.chunks:q} --key {params.key} --part {params.part} --out {output:q}"
        " --scratch results/work/scratch --mem-mb {resources.mem_mb} >{log:q} 2>&1"


rule merge_products:
    input:
        # Read only where no chunk was planned; named always, since once the chunks are gone only this shows a change.
        molecules=MOLECULES,
        chunks=lambda wildcards: job_chunks(wildcards, "products"),
        rejects=lambda wildcards: job_chunks(wildcards, "rejects"),
        duplicates=merge_parts,
    output:
        products=PRODUCTS,
        rejects=REJECTS,
        stats=STATS,
    log:
        "results/logs/products/{library}/{transform}/merge.log",
    benchmark:
        "results/benchmarks/products/{library}/{transform}/merge.tsv"
    wildcard_constraints:
        library=library_constraint(CONFIG.libraries, [*ADOPTED, *OUTDATED], among=False),
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(
            lambda wildcards: (
                stream_mb()
                if merge_parts(wildcards)
                else merge_mb(ESTIMATES.products(library_of(wildcards), wildcards.transform))
            )
        ),
        runtime=all_minutes,
    params:
        identity=job_identity,
        library=library_flags,
        transform=transform_flags,
        key=CONFIG.dedup_key,
        chunks=short("chunks"),
        rejects=short("rejects"),
        duplicates=short("duplicates"),
    message:
        "Merging {wildcards.transform} on {wildcards.library}"
    shell:
        "python -m halogenator merge-products --molecules {input.molecules:q}"
        " {params.library:q} {params.transform:q} --key {params.key}"
        " --chunks {params.chunks:q} --reject-chunks {params.rejects:q} --duplicates {params.duplicates:q}"
        " --config-hash {params.identity}"
        " --out {output.products:q} --rejects {output.rejects:q} --stats {output.stats:q}"
        " --scratch results/work/scratch --mem-mb {resources.mem_mb} >{log:q} 2>&1"


# Of adopted jobs that are no longer what is asked for. Snakemake does not know what they were made by, so a run forces this.
use rule merge_products as remake_products with:
    wildcard_constraints:
        library=library_constraint(CONFIG.libraries, OUTDATED, among=True),


rule keep_adopted:
    # Nobody can make these files again, so no run removes them; one that is forced to run this looks at them.
    output:
        products=update(PRODUCTS),
        rejects=update(REJECTS),
        stats=update(STATS),
    log:
        "results/logs/products/{library}/{transform}/verify.log",
    benchmark:
        "results/benchmarks/products/{library}/{transform}/verify.tsv"
    wildcard_constraints:
        library=library_constraint(CONFIG.libraries, ADOPTED, among=True),
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(stream_mb()),
        runtime=all_minutes,
    message:
        "Verifying {wildcards.transform} on {wildcards.library}, adopted from an earlier pipeline"
    shell:
        "python -m halogenator verify {output.products:q} {output.rejects:q}"
        " --scratch results/work/scratch --mem-mb {resources.mem_mb} >{log:q} 2>&1"
