# The options of the verbs that rules start. Snakemake does not compare a parameter whose function also takes `resources`
# between runs, so these may hold what does not change results (paths, what to count); what does is in `*_identity`, which
# is compared.

import json

from halogenator.chemistry.index import site_queries
from halogenator.planning import identity
from halogenator.planning.chunks import together


def library_flags(wildcards, resources):
    library = library_of(wildcards)
    flags = ["--library", library.name, f"--class={library.class_name}"]
    flags += ["--k", str(library.k)] if library.k is not None else []
    given = library.given or library.paths
    return flags + (["--path", *map(address, given)] if given else [])


def reading_flags(wildcards, resources):
    library = library_of(wildcards)
    return ["--reading", json.dumps(library.reading.plain()), "--mark", identity.source_mark(library.paths)]


def query_flags(wildcards, resources):
    queries = site_queries(CONFIG.counted(library_of(wildcards)))
    return [word for column, query in queries.items() for word in ("--query", f"{column}={query}")]


def index_flags(wildcards, resources):
    """What to know of each molecule: its sites, its descriptors, and the weight of one more halogenation."""
    library = library_of(wildcards)
    is_base = any(other.base == library.name for other in CONFIG.libraries.values())
    flags = ["--reading", json.dumps(library.reading.plain())] if library.paths else []
    flags += query_flags(wildcards, resources) + [f"--descriptors={','.join(CONFIG.descriptors)}"]
    flags += ["--halogens", ",".join(CONFIG.halogenation.halogens)]
    for step in CONFIG.halogenation.rules_for(library.class_name):
        if library.k or is_base:
            flags += ["--rule", f"{step.name}={step.smirks}"]
            flags += ["--max-sites", f"{step.name}={step.max_sites}"] if step.max_sites is not None else []
            flags += ["--stereo", f"{step.name}={step.stereo},{step.new_stereo}"]
    return flags + (["--weigh"] if is_base else [])


def transform_flags(wildcards, resources):
    transform = transform_of(wildcards)
    flags = ["--transform", transform.name, "--smirks", transform.smirks]
    flags += ["--max-sites", str(transform.max_sites)] if transform.max_sites is not None else []
    flags += ["--stereo", f"{transform.stereo},{transform.new_stereo}"]
    flags += [f"--descriptors={','.join(CONFIG.descriptors)}"]
    return flags + (["--inchikey"] if "inchikey" in CONFIG.identifiers else [])


def results_folder(wildcards, resources):
    """Where a task of this machine finds the results."""
    return str(RESULTS)


def report_flags(wildcards, resources):
    """The files that say what was made, and what the command line set besides."""
    files = [*CONFIG.sources, *CONFIG.transforms_paths, CONFIG.halogenation_path]
    flags = ["--configuration", *map(str, files)]
    return flags + ["--overrides=" + " ".join(f"{key}={json.dumps(value)}" for key, value in given_settings().items())]


def chunk_flag(wildcards, resources):
    number, count = wildcards.get("chunk", wildcards.get("part")).split("of")
    return f"{int(number)}/{int(count)}"


def short(name=None):
    """The files of an input in their short form."""
    return lambda wildcards, input, resources: together(input.get(name) if name else input)


def library_identity(wildcards):
    return identity.library_identity(CONFIG, wildcards.library, Path.cwd())


def job_identity(wildcards):
    return identity.job_identity(CONFIG, wildcards.transform)
