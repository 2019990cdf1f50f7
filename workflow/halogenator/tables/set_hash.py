"""Set hashes: one short text for the molecules of a file, whatever their order and the machine that made them.

Two groups compare 40 million molecules by it. Another program computes it so:

1. The text of a row is its ``smiles``; if its ``enhanced_stereo`` is not null, a space, ``|``, that and ``|`` follow.
2. The number of a row is the MD5 of that text in UTF-8, the lowest byte first.
3. The set hash is the sum of all numbers modulo 2**128, as 32 hexadecimal digits after ``set:``.

A row without SMILES does not count. Ids, sites and descriptors are no part of it. It shows a difference that happened,
not one that somebody made on purpose to be hidden: for that, compare checksums.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from halogenator.tables.duck import literal, plain
from halogenator.tables.seal import read_seal
from halogenator.tables.statistics import Statistics, read_object

HASH_KEY = "set_hash"  # in statistics, and the column of the summary
_PREFIX = "set:"
# Each half of the 128 bits is summed apart, so that a sum of 2**63 rows has room.
_HIGH, _LOW = "(number >> 64)::UBIGINT", "(number & 18446744073709551615::UHUGEINT)::UBIGINT"


def set_hash(connection: duckdb.DuckDBPyConnection, path: Path) -> str:
    """Return the set hash of a Parquet file with a column ``smiles``. It is streamed, in some 0.2 µs a row."""
    stereo = "|| coalesce(' |' || enhanced_stereo || '|', '')" if _has_stereo(path) else ""
    query = f"""
        SELECT coalesce(sum({_HIGH}), 0), coalesce(sum({_LOW}), 0)
        FROM (
            SELECT md5_number(smiles {stereo})::UHUGEINT AS number
            FROM read_parquet({literal(plain(path))}, hive_partitioning = false)
        )
    """
    high, low = connection.execute(query).fetchall()[0]
    return f"{_PREFIX}{((int(high) << 64) + int(low)) % 2**128:032x}"


def recorded_hash(path: Path) -> str | None:
    """Return the set hash of a file of results from its statistics; None if they have none of the present file."""
    record = Statistics.of(path)
    if record is None or record.checksums.get(path.name) != read_seal(path):
        return None
    found = read_object(record.path).get(HASH_KEY)
    return found if isinstance(found, str) else None


def _has_stereo(path: Path) -> bool:
    return "enhanced_stereo" in pq.read_schema(path).names
