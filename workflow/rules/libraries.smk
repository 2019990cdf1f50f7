# From natural products, or from an input file, to a library: read → standardise → merge, or halogenate → merge.


rule read_library:
    input:
        origin_of,
    output:
        temp(PLACES.raw(*LIBRARY)),
    log:
        PLACES.log("read", *LIBRARY),
    benchmark:
        PLACES.benchmark("read", *LIBRARY)
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(stream_mb()),
        runtime=all_minutes,
    params:
        identity=library_identity,
        task=task(
            lambda wildcards, input, output: commands.ReadLibrary(
                recipe=recipe_of(wildcards),
                mark=identity.source_hash(library_of(wildcards).paths),
                out=output[0],
            )
        ),
    message:
        "Reading {input} as library {wildcards.library}"
    shell:
        RUN


rule standardize_chunk:
    input:
        PLACES.raw(*LIBRARY),
    output:
        molecules=temp(PLACES.chunk("{chunk}", "read", *LIBRARY)),
        rejects=temp(PLACES.chunk("{chunk}", "read-rejects", *LIBRARY)),
    log:
        PLACES.log("{chunk}", *LIBRARY),
    benchmark:
        PLACES.benchmark("{chunk}", *LIBRARY)
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(stream_mb()),
        runtime=chunk_minutes,
    params:
        identity=library_identity,
        task=task(
            lambda wildcards, input, output: commands.StandardizeChunk(
                recipe=recipe_of(wildcards),
                raw=input[0],
                chunk=part_of(wildcards.chunk),
                out=output.molecules,
                rejects=output.rejects,
            )
        ),
    message:
        "Standardising library {wildcards.library}, chunk {wildcards.chunk}"
    shell:
        RUN


rule halogenate_chunk:
    input:
        origin_of,
    output:
        molecules=temp(PLACES.chunk("{chunk}", "built", *LIBRARY)),
        rejects=temp(PLACES.chunk("{chunk}", "built-rejects", *LIBRARY)),
    log:
        PLACES.log("{chunk}", *LIBRARY),
    benchmark:
        PLACES.benchmark("{chunk}", *LIBRARY)
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(stream_mb()),
        runtime=chunk_minutes,
    params:
        identity=library_identity,
        task=task(
            lambda wildcards, input, output: commands.HalogenateChunk(
                recipe=recipe_of(wildcards),
                base=input[0],
                chunk=part_of(wildcards.chunk),
                out=output.molecules,
                rejects=output.rejects,
            )
        ),
    message:
        "Halogenating {input} into library {wildcards.library}, chunk {wildcards.chunk}"
    shell:
        RUN


rule find_library_duplicates:
    # Only of built libraries with more rows than one task should look through (chunk.merge_rows).
    input:
        lambda wildcards: library_chunks(wildcards, ""),
    output:
        temp(PLACES.chunk("{part}", "duplicates", *LIBRARY)),
    log:
        PLACES.log("duplicates/{part}", *LIBRARY),
    benchmark:
        PLACES.benchmark("duplicates/{part}", *LIBRARY)
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(part_mb),
        runtime=all_minutes,
    params:
        identity=library_identity,
        hashes=identity.HASHES,
        task=task(
            lambda wildcards, input, output: commands.FindDuplicates(
                library=wildcards.library,
                chunks=input,
                part=part_of(wildcards.part),
                out=output[0],
                scratch=PLACES.scratch,
            )
        ),
    message:
        "Finding duplicates of library {wildcards.library}, part {wildcards.part}"
    shell:
        RUN


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
        PLACES.log("merge", *LIBRARY),
    benchmark:
        PLACES.benchmark("merge", *LIBRARY)
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(whole_mb),
        runtime=all_minutes,
    params:
        identity=library_identity,
        task=task(
            lambda wildcards, input, output: commands.MergeLibrary(
                recipe=recipe_of(wildcards),
                chunks=input.chunks,
                reject_chunks=input.rejects,
                duplicates=input.duplicates,
                config_hash=library_identity(wildcards),
                out=output.molecules,
                rejects=output.rejects,
                stats=output.stats,
                scratch=PLACES.scratch,
            )
        ),
    message:
        "Merging library {wildcards.library}"
    shell:
        RUN
