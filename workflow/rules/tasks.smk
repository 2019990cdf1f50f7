# Parameters of rules: the command lines of tasks, and the values in them. No rules here.

from dataclasses import fields
from functools import cache

from halogenator.process import task_server
from halogenator.process.environment import prepare_tasks
from halogenator.process.running import NOTES
from halogenator.planning import identity
from halogenator.tasks import commands

# The shell command of every rule. --mem-mb is not in params.task, since each retry declares more memory.
RUN = "{params.task:q} --mem-mb {resources.mem_mb} --attempt {resources.attempt} --log {log:q} >{log:q} 2>&1"


def task(command, **settings):
    """A function for `params` that gives the words of a task's command line.

    It takes `resources`, so Snakemake does not compare its value between runs. All that changes results is in other
    parameters, which Snakemake compares.

    Args:
        command: class of the task. Its fields take the rule's input and output files of the same names, the scratch
            folder, and `settings`.
        settings: values of other fields, or functions of the wildcards that give them.
    """

    def words(wildcards, input, output, resources):
        files = {"scratch": HERE.scratch, **dict(input.items()), **dict(output.items())}
        values = {field.name: files[field.name] for field in fields(command) if field.name in files}
        values |= {name: value(wildcards) if callable(value) else value for name, value in settings.items()}
        return [*program(), *command(**values).words, *declared()]

    return words


def verb(words):
    """A function for `params` as that of `task`, for a verb that people use, too.

    Args:
        words: function of wildcards and output that gives the verb and its options.
    """
    return lambda wildcards, output, resources: [*program(), *map(str, words(wildcards, output)), *declared()]


def program():
    """The first words of every task's command line: the client of the task server, where there may be one."""
    if may_be_served():
        return task_server.client(task_server.ADDRESS)
    return [
        *own_environment(),
        "python" if has_environments() or not IN_MODULE else sys.executable,
        "-m",
        "halogenator",
    ]


def may_be_served():
    """Whether tasks run on this machine, in this environment: in another one they have another Python."""
    return not on_cluster() and not has_environments() and not IN_MODULE


@cache
def own_environment():
    """Words that set the environment of a module's task, since the other workflow's environment is not ours to set."""
    if not IN_MODULE:
        return ()
    environment = dict(os.environ)
    prepare_tasks(environment)
    changed = {name: value for name, value in environment.items() if os.environ.get(name) != value and name != "PATH"}
    return "env", *(f"{name}={value}" for name, value in changed.items())


def declared():
    """The last words of every task's command line. On a cluster there is no task server, and nothing reads notes."""
    here = {} if on_cluster() else {"notes": NOTES, "processor_time": Results(RESULTS).processor_time}
    return commands.declaration(cap_mb=cap_mb(), beside_mb=beside_mb(), attempts=most_attempts(), **here)


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
    return identity.job_identity(CONFIG, wildcards.library, wildcards.transform)
