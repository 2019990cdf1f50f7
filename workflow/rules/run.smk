# Settings and state of this run, from Snakemake. Only this file reads the object `workflow` and the command line.

import logging
import os
import sys
from functools import partial
from pathlib import Path

from snakemake.common import NOTHING_TO_BE_DONE_MSG
from snakemake.io import ExistsDict
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_storage_plugins.io import Mtime

# Imports below take the package of this checkout. A wheel, and a module in git, take the one that is installed.
if os.path.isdir(str(workflow.current_basedir)):
    sys.path.insert(0, os.path.dirname(str(workflow.current_basedir)))

try:
    from halogenator import shipped
except ModuleNotFoundError as error:
    if error.name != "halogenator":
        raise
    raise WorkflowError(f"these rules need their package, for {sys.executable}: pip install halogenator") from None
from halogenator.process.environment import use_utf8

from halogenator.errors import UserError
from snakemake_logger_plugin_halogenator.command_line import command_line


def started_in():
    """The folder in which Snakemake was started; since then it has gone to that of --directory."""
    options, folder = command_line(), Path(os.environ.get("PWD", "."))
    names = [options.snakefile] if options.snakefile else ["Snakefile", "workflow/Snakefile"]
    found = any((folder / name).resolve() == Path(workflow.main_snakefile).resolve() for name in names)
    if found and (folder / (options.directory or ".")).resolve() == Path.cwd():
        return folder
    fix = "put PYTHONUTF8=1 in front of the command"
    raise UserError("this locale has no UTF-8, and Python was not told to use it", fix=fix)


use_utf8(started_in)

from halogenator.process.machine import machine_cores

# What Snakemake does to names and paths here where another workflow uses this one as a module.
MODIFIER = workflow.modifier
IN_MODULE = not MODIFIER.is_main_snakefile()

# The configuration below all others: that beside the Snakefile which was started, or the shipped one.
LOWEST_LAYER = str(shipped.CONFIGURATION if IN_MODULE else Path(workflow.basedir, "configs", "config.yaml"))

DRY_RUN = workflow.output_settings.dryrun
# Whether this process schedules the run; others run a single task each, on a node or on this machine.
IN_CHARGE = workflow.is_main_process


def on_cluster():
    """Whether tasks are submitted to other machines, or this process runs one there. Known once the run has begun.

    A dry run has an executor of its own. But its execution settings are those of the run that it stands for, and there
    Snakemake sets `use_threads` for every executor that submits tasks.
    """
    submits = workflow.nodes is not None and workflow.execution_settings and workflow.execution_settings.use_threads
    return workflow.remote_exec or bool(submits)


def has_environments():
    """Whether rules run in environments or containers of their own."""
    return bool(workflow.deployment_settings.deployment_method)


def asked_cores():
    """How many tasks may run at once; on a cluster, how many chunks of transforms."""
    if on_cluster():
        groups = workflow.group_settings
        return workflow.nodes * groups.group_components.get(groups.overwrite_groups.get("transform_chunk"), 1)
    if workflow.nodes:
        return workflow.nodes
    # A dry run without --cores has one core, as with --cores 1; it then plans for all cores of this machine.
    asked = not DRY_RUN or workflow.cores > 1 or command_line().cores is not None
    return workflow.cores if asked else machine_cores()


def most_attempts():
    """How often a task that fails is tried in all; 0 in a process on a node, which is not told."""
    return 1 + workflow.execution_settings.retries if IN_CHARGE and workflow.execution_settings else 0


def given_mb():
    """The value of `--resources mem_mb=…` in a list, which is empty without that option."""
    return [int(given.value) for name, given in workflow.global_resources.items() if name == "mem_mb"]


def limit_together(resource, value):
    """Have the scheduler keep the sum of a resource over running tasks at or below a value."""
    workflow.register_resource(resource, value)


def deletes():
    """What Snakemake is to delete, which it does without a run: "all" outputs, "temporary" ones, or None."""
    if DRY_RUN or not any(word.startswith("--delete") for word in sys.argv):
        return None
    return "all" if command_line().delete_all_output else "temporary" if command_line().delete_temp_output else None


def configuration_files():
    """The configuration's files, lowest layer first: the Snakefile's own, which Snakemake lists last.

    A module's settings are those that the other workflow hands over, wherever it has them from.
    """
    if IN_MODULE:
        return [shipped.CONFIGURATION]
    own, given = workflow.configfiles[-1], workflow.configfiles[:-1]
    return [Path(path) for path in (own, *given)]


def given_settings():
    """{key: value} of the settings in `--config` or a profile; of a module, all that the other workflow hands over."""
    return config if IN_MODULE else workflow.config_settings.config


# ---- where results are -----------------------------------------------------------------------------------------------

IN_STORE = workflow.storage_settings.default_storage_provider is not None
LOOKS_AT_FILES = "Building DAG of jobs..."  # what Snakemake logs before it does


def prefixed(path):
    """A path below results/ with the prefix of a module, if it has one."""
    return MODIFIER.path_modifier.replace_prefix(path)


def stored(path):
    """A path below results/ as rules see it: unchanged, or as an object in the store with its copy on this machine."""
    return MODIFIER.path_modifier.apply_default_storage(prefixed(path))


def store_settings():
    """Snakemake's settings for the S3 store of inputs or results; None without a store."""
    settings = workflow.storage_provider_settings.get("s3")
    return settings and settings.get_settings()


# The results folder on this machine: that of the results, or of copies of those in the store.
RESULTS = Path(stored("results/summary.tsv")).parent

# {storage plugin: how it lists what is below a folder: (key, time of change, bytes, what deletes it) of each object}
LISTINGS = {
    "s3": lambda folder: ((it.key, it.last_modified, it.size, it.delete) for it in folder.get_subkeys()),
    "gcs": lambda folder: ((it.name, it.updated, it.size, it.delete) for it in folder.directory_entries()),
    "azure": lambda folder: (
        (it.name, it.last_modified, it.size, partial(folder.container_client().delete_blob, it.name))
        for it in folder.get_prefix_blobs()
    ),
}


def objects_below(path):
    """Yield (path of its copy, time of change, bytes, what deletes it) of each object below a folder in the store."""
    folder = stored(str(path)).flags["storage_object"]
    listing = LISTINGS.get(workflow.storage_settings.default_storage_provider, lambda folder: ())
    for key, changed, size, delete in listing(folder):
        yield folder.cache_key(folder._local_suffix_from_key(key)), changed, size, delete


class Listed(ExistsDict):
    """What Snakemake knows of files in the store: all that is below a folder, so that it asks for none of these.

    Args:
        cache: its cache.
        folder: the folder of the copies.
        paths: those of all copies of objects below it.
    """

    def __init__(self, cache, folder, paths):
        super().__init__(cache)
        self.below = f"{folder}/"
        self.update(dict.fromkeys(paths, True))

    def __contains__(self, path):
        return str(path).startswith(self.below) or super().__contains__(path)


def list_results():
    """Tell Snakemake which results are in the store, 1,000 with each question, before it asks for one after the other.

    Its plugins list at most one folder. Where the store cannot be listed, as before there is a bucket, it asks.
    """
    try:
        found = list(objects_below("results"))
    except Exception as error:
        logger.debug(f"the store was not listed: {error}")
        return
    cache = workflow.iocache
    cache.mtime.update({path: Mtime(storage=changed.timestamp()) for path, changed, _, _ in found})
    cache.size.update({path: size for path, _, size, _ in found})
    cache._exists_in_storage = Listed(cache, RESULTS, (path for path, *_ in found))


# ---- what Snakemake has decided --------------------------------------------------------------------------------------


def rule_names():
    """{rule's name in this run: its name here}, since a workflow that uses this one may give its rules other names."""
    return {proxy.rule.name: name for name, proxy in MODIFIER.rule_proxies._rules.items()}


def own_tasks():
    """A list of (name of its rule here, task as Snakemake's job), without the tasks of a workflow that uses this one."""
    names = rule_names()
    return [(names[task.rule.name], task) for task in workflow.dag.jobs if task.rule.name in names]


def all_tasks():
    """A list of (rule, task, whether it is to run). Known once the plan is made."""
    runs = set(workflow.dag.needrun_jobs(exclude_finished=False))
    return [(rule, task, task in runs) for rule, task in own_tasks()]


def up_to_date_tasks():
    """(rule's name, task) of tasks whose output files are up to date: those that have run, and those that need not run."""
    dag = workflow.dag
    return [(rule, task) for rule, task in own_tasks() if dag.finished(task) or not dag.needrun(task)]


def failed_tasks():
    """The tasks that have failed after all retries."""
    return [task for group in workflow.scheduler.failed for task in (group.jobs if group.is_group() else [group])]


def force(rule):
    """Make Snakemake run all tasks of a rule, up to date or not."""
    workflow.dag_settings.forcerun = {*workflow.dag_settings.forcerun, MODIFIER.modify_rulename(rule)}


def keeps_temporary_files():
    """Whether `--notemp` was given."""
    return workflow.storage_settings.notemp


def shows_colors():
    """Whether standard output is a terminal, and colours are not switched off."""
    return sys.stdout.isatty() and not workflow.output_settings.nocolor


# ---- when ------------------------------------------------------------------------------------------------------------


class Moments(logging.Filter):
    """A log filter that calls a function at the first log record of an event, for those without a hook like `onstart`.

    Args:
        results: the results folder of the run.
        functions: {event or text of the record: function}.
        idle: called when there is nothing to do, which Snakemake tells no hook; returns text for the end of its message.
    """

    def __init__(self, results, functions, idle):
        super().__init__()
        self.results = results
        self.functions = functions
        self.idle = idle

    def filter(self, record):
        for moment in (getattr(record, "event", None), str(record.msg)):
            if function := self.functions.pop(moment, None):
                function()
        if record.msg == NOTHING_TO_BE_DONE_MSG and not DRY_RUN:
            record.msg += self.idle()
        return True


def at(begin, planned, idle):
    """Call `begin` when a run or dry run begins, `planned` when its tasks are known, `idle` if a run has none.

    Before it looks at any file, results in a store are listed.

    The hook `onstart` is too late for both: Snakemake then has its lock, and has decided which tasks run. As a module
    these files are read anew for each statement `use rule`, whose run is still the same one.
    """
    if all(getattr(each, "results", None) != RESULTS for each in logger.filters):
        moments = {LogEvent.WORKFLOW_STARTED: begin, LogEvent.RUN_INFO: planned}
        if IN_STORE and IN_CHARGE:
            moments[LOOKS_AT_FILES] = list_results
        logger.addFilter(Moments(RESULTS, moments, idle))


def displays(kind):
    """The log handlers of this run that are of a class."""
    return [handler for handler in workflow.logger_manager.get_log_handlers() if isinstance(handler, kind)]
