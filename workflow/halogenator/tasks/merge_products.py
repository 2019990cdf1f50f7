"""The merge of a job's chunks into its products, rejects and statistics."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow.parquet as pq

from halogenator.model import Job
from halogenator.tables.metadata import with_versions
from halogenator.tables.parquet import table_writer
from halogenator.tasks.merge import Merge


def merge_products(merge: Merge, job: Job, adopted: Mapping[str, object] | None = None) -> None:
    """Make a job's products, rejects and statistics.

    Args:
        merge: the files.
        job: the job; no two products share its ``key``.
        adopted: where the chunks come from, if an earlier pipeline made them. Its SMIRKS and its number of molecules
            are not known then, and recorded as null.

    Raises:
        UserError: a chunk file is damaged or missing, or the disk is full.
    """
    origin: dict[str, object] = {} if adopted is None else {"adopted": adopted}
    names = {"library": job.library.name, "transform": job.transform.name}
    with merge.open("product", job.key) as merging:
        counts: dict[str, object] = {**merge.sum_counts("rows_in", "rows_matched", "rejects")}
        counts |= {"rows_in": None, "rows_matched": None} if adopted else {}
        counts["duplicates"] = merging.duplicates
        metadata = with_versions(
            **names,
            smirks=None if adopted else job.transform.smirks,
            dedup_key=job.key,
            config_hash=merge.config_hash,
            **counts,
            **origin,
        )
        schema = pq.read_schema(merge.chunks[0])
        with table_writer(merge.out, schema, metadata) as products:
            for part in merging.slices:
                products.copy(batch for _, batch in merging.rows(part, schema.names))
        scores = {"scores": list(job.scores)} if job.scores else {}
        merging.finish({**names, **counts, "products": products.written, **scores, **origin}, products)
