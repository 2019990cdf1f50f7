# Fingerprints beside the results, with which likeness is found without a look at every molecule. Made when asked for.
# Those of a large library or job are computed in chunks and then joined; of a small one, one task computes all.

from rdkit import __version__ as rdkit_version


rule fingerprint_molecules_chunk:
    input:
        rows=MOLECULES,
        base=natural_products,
    output:
        out=temp(PLACES.chunk("{chunk}", "fingerprints", *LIBRARY)),
    log:
        PLACES.log("fingerprints/{chunk}", *LIBRARY),
    benchmark:
        PLACES.benchmark("fingerprints/{chunk}", *LIBRARY)
    conda:
        "../../envs/halogenator.yaml"
    threads: 1
    resources:
        mem_mb=memory(stream_mb()),
        runtime=fingerprint_time,
        attempt=attempt_number,
    params:
        rdkit=rdkit_version,
        task=task(commands.FingerprintChunk, library=name_of, chunk=part_of),
    message:
        "Fingerprints of library {wildcards.library}, chunk {wildcards.chunk}"
    shell:
        RUN


use rule fingerprint_molecules_chunk as fingerprint_molecules with:
    input:
        rows=MOLECULES,
        base=natural_products,
        chunks=fingerprint_chunks,
    output:
        out=str(PLACES.fingerprints(*LIBRARY)),
    log:
        PLACES.log("fingerprints", *LIBRARY),
    benchmark:
        PLACES.benchmark("fingerprints", *LIBRARY)
    params:
        task=task(commands.Fingerprint, library=name_of),
    message:
        "Fingerprints of library {wildcards.library}"


use rule fingerprint_molecules_chunk as fingerprint_products_chunk with:
    input:
        rows=PRODUCTS,
        base=MOLECULES,
    output:
        out=temp(PLACES.chunk("{chunk}", "fingerprints", *JOB)),
    log:
        PLACES.log("fingerprints/{chunk}", *JOB),
    benchmark:
        PLACES.benchmark("fingerprints/{chunk}", *JOB)
    params:
        task=task(
            commands.FingerprintChunk, library=name_of, transform=lambda wildcards: wildcards.transform, chunk=part_of
        ),
    message:
        "Fingerprints of {wildcards.transform} on {wildcards.library}, chunk {wildcards.chunk}"


use rule fingerprint_products_chunk as fingerprint_products with:
    input:
        rows=PRODUCTS,
        base=MOLECULES,
        chunks=fingerprint_chunks,
    output:
        out=str(PLACES.fingerprints(*JOB)),
    log:
        PLACES.log("fingerprints", *JOB),
    benchmark:
        PLACES.benchmark("fingerprints", *JOB)
    params:
        task=task(commands.Fingerprint, library=name_of, transform=lambda wildcards: wildcards.transform),
    message:
        "Fingerprints of {wildcards.transform} on {wildcards.library}"


rule fingerprints:
    input:
        all_fingerprints(),
    localrule: True
    message:
        "All fingerprints are in results/fingerprints/"
