# The command lines of tasks, and what rules tell in them. Nothing here makes a file.

from dataclasses import fields
from functools import cache

from halogenator.process.running import NOTES
from halogenator.planning import identity
from halogenator.tasks import commands

# What every rule runs. How the memory is declared stands here, since a task that is tried again declares more.
RUN = "python -m halogenator {params.task:q} --mem-mb {resources.mem_mb} >{log:q} 2>&1"


def task(command, **settings):
    """A parameter: the words of a task.

    Snakemake does not compare it between runs, since it takes `resources`. What changes results is in a parameter of
    its own, which is compared.

    Args:
        command: its class, whose fields are the rule's input and output of these names, the scratch folder,
        settings: and these: values, or functions of the wildcards.
    """

    def words(wildcards, input, output, resources):
        known = {"scratch": PLACES.scratch, **dict(input.items()), **dict(output.items())}
        found = {field.name: known[field.name] for field in fields(command) if field.name in known}
        found |= {name: value(wildcards) if callable(value) else value for name, value in settings.items()}
        return command(**found).words + declared()

    return words


def verb(words):
    """A parameter, likewise: a verb that people call too, with its options, made of wildcards and output."""
    return lambda wildcards, output, resources: [*map(str, words(wildcards, output)), *declared()]


def declared():
    """How every task's command line ends. On a cluster nobody looks at the notes of running tasks."""
    return commands.declaration(cap_mb=cap_mb(), beside_mb=beside_mb(), notes=None if on_cluster() else NOTES)


@cache
def library_recipe(library):
    return identity.recipe_of(CONFIG, library)


@cache
def job_recipe(library, transform):
    return identity.job_of(CONFIG, library, transform)


def recipe_of(wildcards):
    return library_recipe(wildcards.library)


def job_of(wildcards):
    return job_recipe(wildcards.library, wildcards.transform)


def name_of(wildcards):
    return wildcards.library


def mark_of(wildcards):
    return identity.source_hash(library_of(wildcards).paths)


def part_of(wildcards):
    """The number of a chunk or a part, from 0, and how many there are."""
    number, count = wildcards.get("chunk", wildcards.get("part")).split("of")
    return int(number), int(count)


def library_identity(wildcards):
    return identity.library_identity(CONFIG, wildcards.library, Path.cwd())


def job_identity(wildcards):
    return identity.job_identity(CONFIG, wildcards.transform)
