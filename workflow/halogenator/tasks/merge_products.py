"""A job's chunks become its products, its rejects and its statistics."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow.parquet as pq

from halogenator.model import Library, Transform
from halogenator.tables.metadata import with_versions
from halogenator.tables.parquet import table_writer
from halogenator.tasks.merge import Merge


def merge_products(
    merge: Merge, library: Library, transform: Transform, key: str, adopted: Mapping[str, object] | None = None
) -> None:
    """Make a job's products, rejects and statistics, which are its row of the summary.

    Args:
        merge: the files.
        library: the job's library.
        transform: the job's transform.
        key: column that no two rows may share.
        adopted: where the chunks come from, if an earlier pipeline made them; with which SMIRKS and from how many
            molecules is then not known, and stands as null.

    Raises:
        UserError: if a chunk file is damaged or gone, or the disk takes no more.
    """
    origin: dict[str, object] = {} if adopted is None else {"adopted": adopted}
    with merge.open("product", key) as merging:
        counts: dict[str, object] = {**merge.sum_counts("rows_in", "rows_matched", "rejects")}
        counts |= {"rows_in": None, "rows_matched": None} if adopted else {}
        counts["duplicates"] = merging.duplicates
        metadata = with_versions(
            library=library.name,
            transform=transform.name,
            smirks=None if adopted else transform.smirks,
            dedup_key=key,
            config_hash=merge.config_hash,
            **counts,
            **origin,
        )
        schema = pq.read_schema(merge.chunks[0])
        with table_writer(merge.out, schema, metadata) as products:
            for part in merging.slices:
                products.copy(batch for _, batch in merging.rows(part, schema.names))
        rejects = merging.write_rejects(library.name)
    names = {"library": library.name, "transform": transform.name}
    merge.write_statistics({**names, **counts, "products": products.written, **origin}, [products, rejects])
