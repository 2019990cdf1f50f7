# Libraries. From files: read → standardise → merge. From the library one level down: halogenate → merge.


rule read_library:
    input:
        origin_of,
    output:
        out=temp(PLACES.raw(*LIBRARY)),
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
        attempt=attempt_number,
    params:
        identity=library_identity,
        task=task(commands.ReadLibrary, recipe=recipe_of, mark=mark_of),
    message:
        "Reading {input} as library {wildcards.library}"
    shell:
        RUN


rule standardize_chunk:
    input:
        raw=PLACES.raw(*LIBRARY),
    output:
        out=temp(PLACES.chunk("{chunk}", "read", *LIBRARY)),
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
        attempt=attempt_number,
    params:
        identity=library_identity,
        task=task(commands.StandardizeChunk, recipe=recipe_of, chunk=part_of),
    message:
        "Standardising library {wildcards.library}, chunk {wildcards.chunk}"
    shell:
        RUN


rule halogenate_chunk:
    input:
        base=origin_of,
    output:
        out=temp(PLACES.chunk("{chunk}", "built", *LIBRARY)),
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
        attempt=attempt_number,
    params:
        identity=library_identity,
        task=task(commands.HalogenateChunk, recipe=recipe_of, chunk=part_of),
    message:
        "Halogenating {input} into library {wildcards.library}, chunk {wildcards.chunk}"
    shell:
        RUN


rule find_library_duplicates:
    # Only of built libraries with more rows than one task should look through (chunk.merge_rows).
    input:
        chunks=lambda wildcards: library_chunks(wildcards, ""),
    output:
        out=temp(PLACES.chunk("{part}", "duplicates", *LIBRARY)),
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
        attempt=attempt_number,
    params:
        identity=library_identity,
        hashes=identity.HASHES,
        task=task(commands.FindDuplicates, library=name_of, part=part_of),
    message:
        "Finding duplicates of library {wildcards.library}, part {wildcards.part}"
    shell:
        RUN


rule merge_library:
    input:
        chunks=lambda wildcards: library_chunks(wildcards, ""),
        reject_chunks=lambda wildcards: library_chunks(wildcards, "-rejects"),
        duplicates=merge_parts,
    output:
        out=MOLECULES,
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
        attempt=attempt_number,
    params:
        identity=library_identity,
        task=task(commands.MergeLibrary, recipe=recipe_of, **MADE_WITH, config_hash=library_identity),
    message:
        "Merging library {wildcards.library}"
    shell:
        RUN
