# From natural products, or from an input file, to a library: read → standardise → merge, or halogenate → merge.


rule read_library:
    input:
        origin_of,
    output:
        temp("results/work/libraries/{library}/raw.parquet"),
    log:
        "results/logs/libraries/{library}/read.log",
    benchmark:
        "results/benchmarks/libraries/{library}/read.tsv"
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(stream_mb()),
        runtime=all_minutes,
    params:
        identity=library_identity,
        library=library_flags,
        reading=reading_flags,
    message:
        "Reading {input} as library {wildcards.library}"
    shell:
        "python -m halogenator read-library {params.library:q} {params.reading:q}"
        " --out {output:q} --mem-mb {resources.mem_mb} >{log:q} 2>&1"


rule standardize_chunk:
    input:
        "results/work/libraries/{library}/raw.parquet",
    output:
        molecules=temp("results/work/libraries/{library}/{chunk}.read.parquet"),
        rejects=temp("results/work/libraries/{library}/{chunk}.read-rejects.parquet"),
    log:
        "results/logs/libraries/{library}/{chunk}.log",
    benchmark:
        "results/benchmarks/libraries/{library}/{chunk}.tsv"
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(stream_mb()),
        runtime=chunk_minutes,
    params:
        identity=library_identity,
        library=library_flags,
        index=index_flags,
        chunk=chunk_flag,
    message:
        "Standardising library {wildcards.library}, chunk {wildcards.chunk}"
    shell:
        "python -m halogenator standardize-chunk --raw {input:q} {params.library:q} {params.index:q}"
        " --chunk {params.chunk} --out {output.molecules:q} --rejects {output.rejects:q}"
        " --mem-mb {resources.mem_mb} >{log:q} 2>&1"


rule halogenate_chunk:
    input:
        origin_of,
    output:
        molecules=temp("results/work/libraries/{library}/{chunk}.built.parquet"),
        rejects=temp("results/work/libraries/{library}/{chunk}.built-rejects.parquet"),
    log:
        "results/logs/libraries/{library}/{chunk}.log",
    benchmark:
        "results/benchmarks/libraries/{library}/{chunk}.tsv"
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(stream_mb()),
        runtime=chunk_minutes,
    params:
        identity=library_identity,
        library=library_flags,
        index=index_flags,
        chunk=chunk_flag,
    message:
        "Halogenating {input} into library {wildcards.library}, chunk {wildcards.chunk}"
    shell:
        "python -m halogenator halogenate-chunk --base {input:q} {params.library:q} {params.index:q}"
        " --chunk {params.chunk} --out {output.molecules:q} --rejects {output.rejects:q}"
        " --mem-mb {resources.mem_mb} >{log:q} 2>&1"


rule find_library_duplicates:
    # Only of built libraries with more rows than one task should look through (chunk.merge_rows).
    input:
        lambda wildcards: library_chunks(wildcards, ""),
    output:
        temp("results/work/libraries/{library}/{part}.duplicates.parquet"),
    log:
        "results/logs/libraries/{library}/duplicates/{part}.log",
    benchmark:
        "results/benchmarks/libraries/{library}/duplicates/{part}.tsv"
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(lambda wildcards: merge_mb(ESTIMATES.rows(library_of(wildcards)), len(merge_parts(wildcards)))),
        runtime=all_minutes,
    params:
        identity=library_identity,
        hashes=identity.HASHES,
        chunks=short(),
        part=chunk_flag,
    message:
        "Finding duplicates of library {wildcards.library}, part {wildcards.part}"
    shell:
        "python -m halogenator find-duplicates --library {wildcards.library} --chunks {params.chunks:q}"
        " --part {params.part} --out {output:q}"
        " --scratch results/work/scratch --mem-mb {resources.mem_mb} >{log:q} 2>&1"


rule merge_library:
    input:
        chunks=lambda wildcards: library_chunks(wildcards, ""),
        rejects=lambda wildcards: library_chunks(wildcards, "-rejects"),
        duplicates=merge_parts,
    output:
        molecules=MOLECULES,
        rejects=LIBRARY_REJECTS,
        stats=LIBRARY_STATS,
    log:
        "results/logs/libraries/{library}/merge.log",
    benchmark:
        "results/benchmarks/libraries/{library}/merge.tsv"
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(
            lambda wildcards: (
                stream_mb() if merge_parts(wildcards) else merge_mb(ESTIMATES.rows(library_of(wildcards)))
            )
        ),
        runtime=all_minutes,
    params:
        identity=library_identity,
        library=library_flags,
        chunks=short("chunks"),
        rejects=short("rejects"),
        duplicates=short("duplicates"),
    message:
        "Merging library {wildcards.library}"
    shell:
        "python -m halogenator merge-library {params.library:q}"
        " --chunks {params.chunks:q} --reject-chunks {params.rejects:q} --duplicates {params.duplicates:q}"
        " --config-hash {params.identity}"
        " --out {output.molecules:q} --rejects {output.rejects:q} --stats {output.stats:q}"
        " --scratch results/work/scratch --mem-mb {resources.mem_mb} >{log:q} 2>&1"
