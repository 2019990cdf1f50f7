# The configuration, and functions of it for rules: files, memory, time. No rules here.

import json

from halogenator.chemistry.scores import SCORES
from halogenator.config import load_config
from halogenator.errors import UserError
from halogenator.inputs.remote import address, is_remote, share_settings
from halogenator.model import fingerprint
from halogenator.planning.adopted import adopted_jobs, any_of
from halogenator.planning.estimate import Estimates
from halogenator.planning.export_request import set_contents
from halogenator.planning.resources import (
    EXPORT_MB,
    PLAIN_EXPORT_MB,
    SNAKEMAKE_MB,
    chunk_mb,
    chunk_minutes,
    export_minutes,
    fingerprint_minutes,
    merge_minutes,
    merge_mb,
    stream_mb,
)
from halogenator.process.machine import machine_mb
from halogenator.results import Results, chunk_names
from halogenator.tables.configurations import keep, name_of as name_of_configuration, read_configuration

share_settings(store_settings())  # before reading the configuration, whose files may be in the store
try:
    CONFIG = load_config(config, sources=configuration_files(), working_dir=Path.cwd(), of_module=IN_MODULE)
    ESTIMATES = Estimates(CONFIG)
except UserError as error:
    raise WorkflowError(str(error)) from None

# What the results of this run are recorded to be made with.
CONFIGURATION_FILES = [*CONFIG.sources, *CONFIG.transforms_paths, *CONFIG.halogenation_paths, *CONFIG.patterns_paths]
CONFIGURATION = read_configuration(
    CONFIGURATION_FILES,
    " ".join(f"{key}={json.dumps(value)}" for key, value in given_settings().items()),
)
MADE_WITH = {"configuration": name_of_configuration(CONFIGURATION)}

# Jobs adopted from an earlier pipeline. Valid ones are kept, outdated ones are made again.
ADOPTED, OUTDATED = adopted_jobs(CONFIG, RESULTS, Path.cwd())

MACHINE_MB = machine_mb()  # asked once, since every task's memory is compared with it

# Paths of results for rules, to which Snakemake itself adds the prefix of a module. A name in them may be a wildcard.
PLACES = Results(Path("results"))
HERE = Results(Path(prefixed("results")))  # for all that Snakemake does not read
LIBRARY, JOB = ("{library}",), ("{library}", "{transform}")
MOLECULES, LIBRARY_REJECTS, LIBRARY_STATS = map(str, PLACES.files(*LIBRARY))
PRODUCTS, REJECTS, STATS = map(str, PLACES.files(*JOB))

# Input files of libraries. Those in a store are not copied: tasks read them at their address.
SOURCES = {
    name: [storage.s3(address(path), retrieve=False) if is_remote(path) else local(str(path)) for path in library.paths]
    for name, library in CONFIG.libraries.items()
    if library.paths
}


wildcard_constraints:
    library=any_of(CONFIG.libraries),
    transform=any_of(CONFIG.transforms),
    chunk=r"\d+of\d+",
    part=r"\d+of\d+",


def all_results():
    """The molecules of every library that is asked for, and the products of every job."""
    libraries = [PLACES.molecules(name) for name, library in CONFIG.libraries.items() if not library.implicit]
    return [str(path) for path in (*libraries, *(PLACES.products(*job) for job in CONFIG.jobs))]


def all_records():
    """Rejects and statistics of all libraries and jobs, if results are in a store: only inputs are copied from there."""
    if not IN_STORE:
        return []
    names = [*((library,) for library in CONFIG.libraries), *CONFIG.jobs]
    return [str(path) for each in names for path in (PLACES.rejects(*each), PLACES.stats(*each))]


def library_of(wildcards):
    return CONFIG.libraries[wildcards.library]


def cap_mb():
    """Memory in MB that all tasks together may declare; on a cluster, that one task on a node may declare."""
    return CONFIG.cap_mb if on_cluster() else min(CONFIG.cap_mb, MACHINE_MB, *given_mb())


def beside_mb():
    """Memory in MB to ask for on top of a task's own: on a cluster, for the Snakemake that starts it on the node."""
    return SNAKEMAKE_MB if on_cluster() else 0


def memory(megabytes):
    """A function for `resources`: the memory that a task declares, doubled at each retry up to the cap.

    Args:
        megabytes: what the task needs, in MB, or a function of the wildcards that gives it.

    Raises:
        WorkflowError: it needs more than the cap.
    """

    def declare(wildcards, attempt):
        own = megabytes(wildcards) if callable(megabytes) else megabytes
        base, cap = own + beside_mb(), cap_mb()
        if base > cap:
            limit = "a node may give a task" if on_cluster() else "all together may use"
            where = "nodes" if on_cluster() else "a machine"
            place = "--config or the profile" if "memory" in given_settings() else CONFIG.sources[-1]
            less = ", or lower chunk.merge_rows" if own > stream_mb(SCORES) else ""
            raise WorkflowError(
                f"one task needs {base:,} MB, and {limit} {cap:,} MB\n"
                f"  where:   memory.cap_mb in {place}\n"
                f"  fix:     raise it to at least {base}{less}, or run on {where} with more memory"
            )
        return min(own * 2 ** (attempt - 1) + beside_mb(), cap)

    return declare


def attempt_number(wildcards, attempt):
    """The attempt at a task, from 1, as a resource, since nothing else of a command line is made anew for a retry."""
    return attempt


def scores_of(wildcards):
    """The score columns of a library or, with a transform, of a job."""
    return CONFIG.scores(wildcards.library, wildcards.get("transform"))


def chunk_memory(wildcards):
    """Memory in MB of a chunk task of a library or, with a transform, of a job."""
    return chunk_mb(CONFIG, wildcards.library, wildcards.get("transform"))


def chunk_time(wildcards, attempt):
    """Time limit for a chunk, in minutes, more than the slowest machine should need."""
    return attempt * chunk_minutes(CONFIG, scores_of(wildcards))


def job_minutes(wildcards, attempt):
    """Time limit in minutes for the merge of a job, which may have to make its products, too."""
    alone = not job_chunks(wildcards, "products")
    return all_minutes(wildcards, attempt) + (chunk_time(wildcards, attempt) if alone else 0)


def all_minutes(wildcards, attempt):
    """Time limit in minutes for a task that reads all rows of a library or a job, or of all jobs."""
    if "library" in wildcards.keys():
        rows = rows_of(wildcards)
    else:
        rows = sum(ESTIMATES.rows(CONFIG.libraries[library], transform) for library, transform in CONFIG.jobs)
    return attempt * merge_minutes(rows)


def fingerprint_time(wildcards, attempt):
    """Time limit in minutes for the fingerprints of a library or, with a transform, of a job: all, a chunk, or joined."""
    chunks = len(fingerprint_chunks(wildcards))
    if chunks and "chunk" not in wildcards.keys():
        return attempt * merge_minutes(rows_of(wildcards))
    return attempt * fingerprint_minutes(rows_of(wildcards) // max(chunks, 1))


def rows_of(wildcards):
    """Estimated number of molecules of a library or products of a job."""
    return ESTIMATES.rows(library_of(wildcards), wildcards.get("transform"))


def work_files(wildcards, count, ending):
    """The files that `count` tasks write for the merge of a job or, without a transform, of a library."""
    names = wildcards.library, wildcards.get("transform")
    return [str(PLACES.chunk(name, ending, *names)) for name in chunk_names(count)]


def library_chunks(wildcards, ending):
    library = library_of(wildcards)
    return work_files(wildcards, ESTIMATES.chunks(library), f"{'built' if library.base else 'read'}{ending}")


def job_chunks(wildcards, ending):
    return work_files(wildcards, ESTIMATES.chunks(library_of(wildcards), wildcards.transform), ending)


def fingerprint_chunks(wildcards):
    """Files with the fingerprints of each chunk of a library or a job; none if one task computes all of them."""
    count = ESTIMATES.fingerprint_chunks(library_of(wildcards), wildcards.get("transform"))
    return work_files(wildcards, count, "fingerprints")


def merge_parts(wildcards, ending="duplicates"):
    """Files with the duplicates in each part of the keys; none for a merge that finds its duplicates itself."""
    return work_files(wildcards, ESTIMATES.parts(library_of(wildcards), wildcards.get("transform")), ending)


def repeats_parts(wildcards, ending):
    """Files with what repeats in each part of the keys of a library from a file; none for a built one."""
    return [] if library_of(wildcards).base else merge_parts(wildcards, f"repeats{ending}")


def part_mb(wildcards):
    """Memory in MB of a task that finds the duplicates in one part of the keys."""
    return merge_mb(rows_of(wildcards), len(merge_parts(wildcards)))


def whole_mb(wildcards):
    """Memory in MB of a merge, which takes less if its duplicates are found beforehand."""
    return stream_mb() if merge_parts(wildcards) else merge_mb(rows_of(wildcards))


def origin_of(wildcards):
    """The files that a library is made from: the molecules of the library that it is built from, or its input files."""
    library = library_of(wildcards)
    return str(PLACES.molecules(library.base)) if library.base else SOURCES[library.name]


def natural_products(wildcards):
    """The molecules of the library of natural products that a built library comes from."""
    library = library_of(wildcards)
    return [str(PLACES.molecules(CONFIG.line(library)[0].name))] if library.base else []


def all_fingerprints():
    """The fingerprints of every library and of the products of every job."""
    names = [*((name,) for name in CONFIG.libraries), *CONFIG.jobs]
    return [str(PLACES.fingerprints(*each)) for each in names]


def all_exports():
    """The manifest of every export."""
    return [local(HERE.manifest(name, export.format)) for name, export in CONFIG.exports.items()]


def export_sources(wildcards):
    """The files that an export reads: those of its libraries and jobs, or all results for a query."""
    export = CONFIG.exports[wildcards.export]
    if export.sql:
        return [*all_results(), str(PLACES.summary)]
    jobs = [job for job in CONFIG.jobs if job[0] in export.libraries and job[1] in export.transforms]
    reads_libraries = export.molecules or export.parents or export.has_reaction or export.conditions
    libraries = export.libraries if reads_libraries else ()
    origins = [CONFIG.line(CONFIG.libraries[name])[0].name for name in libraries] if export.conditions else ()
    molecules = map(PLACES.molecules, dict.fromkeys((*libraries, *origins)))
    return [str(path) for path in (*molecules, *(PLACES.products(*job) for job in jobs))]


def export_mb(wildcards):
    return EXPORT_MB if CONFIG.exports[wildcards.export].diverse else PLAIN_EXPORT_MB


def export_threads(wildcards):
    """Threads of an export: several where it makes 3D structures, which take long."""
    return 4 if CONFIG.exports[wildcards.export].conformers else 1


def export_time(wildcards, attempt):
    """Time limit in minutes for an export, from all rows of its jobs or libraries."""
    export = CONFIG.exports[wildcards.export]
    jobs = [job for job in CONFIG.jobs if export.sql or (job[0] in export.libraries and job[1] in export.transforms)]
    parts = [(library, None) for library in export.libraries] if export.molecules else jobs
    rows = sum(ESTIMATES.rows(CONFIG.libraries[library], transform) for library, transform in parts)
    return attempt * export_minutes(rows, export)


def export_identity(wildcards):
    export = CONFIG.exports[wildcards.export]
    return fingerprint(export.plain(), *set_contents(export))
