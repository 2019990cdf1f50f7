# Libraries. From files: read → standardise → merge. From another library: halogenate, or take other steps → merge.


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
        mem_mb=memory(chunk_memory),
        runtime=chunk_time,
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
        mem_mb=memory(chunk_memory),
        runtime=chunk_time,
        attempt=attempt_number,
    params:
        identity=library_identity,
        task=task(commands.HalogenateChunk, recipe=recipe_of, chunk=part_of),
    message:
        "Building library {wildcards.library} from {input}, chunk {wildcards.chunk}"
    shell:
        RUN


rule find_library_duplicates:
    # Only of libraries with more rows than one task should look through (chunk.merge_rows).
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


rule find_library_repeats:
    # Of those that are read from a file. A row whose duplicates are known to drop needs no id of its own.
    input:
        chunks=lambda wildcards: library_chunks(wildcards, ""),
        duplicates=merge_parts,
    output:
        out=temp(PLACES.chunk("{part}", "repeats", *LIBRARY)),
        rejects=temp(PLACES.chunk("{part}", "repeats-rejects", *LIBRARY)),
    log:
        PLACES.log("repeats/{part}", *LIBRARY),
    benchmark:
        PLACES.benchmark("repeats/{part}", *LIBRARY)
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
        task=task(commands.FindRepeats, library=name_of, part=part_of),
    message:
        "Finding what repeats in library {wildcards.library}, part {wildcards.part}"
    shell:
        RUN


rule merge_library:
    input:
        chunks=lambda wildcards: library_chunks(wildcards, ""),
        reject_chunks=lambda wildcards: library_chunks(wildcards, "-rejects"),
        duplicates=merge_parts,
        repeated_ids=lambda wildcards: repeats_parts(wildcards, ""),
        repeated_rows=lambda wildcards: repeats_parts(wildcards, "-rejects"),
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
