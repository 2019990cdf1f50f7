# How this run was asked for. Only this file asks `workflow` and the command line; it defines, and starts nothing.

import logging
import os
import sys
from pathlib import Path

from snakemake_interface_logger_plugins.common import LogEvent

REPOSITORY = Path(workflow.basedir)
sys.path.insert(0, str(REPOSITORY / "workflow"))  # what is imported from here on is of this repository

from halogenator.planning.resources import machine_cores
from snakemake_logger_plugin_halogenator.command_line import command_line

DRY_RUN = workflow.output_settings.dryrun
# This process decides what runs. It is not one that runs a single task, on a node or beside this one.
IN_CHARGE = workflow.is_main_process


def on_cluster():
    """Whether tasks are submitted to other machines, or this is one of them; known once a run has begun.

    The executor of a dry run is none that submits. But of the one that a run would have, Snakemake then knows already
    whether threads start its tasks, as they do where tasks are submitted.
    """
    submits = workflow.nodes is not None and workflow.execution_settings and workflow.execution_settings.use_threads
    return workflow.remote_exec or bool(submits)


def asked_cores():
    """The tasks that may run at once, on a cluster chunks of transforms; a plan that was not told takes this machine's."""
    if on_cluster():
        groups = workflow.group_settings
        return workflow.nodes * groups.group_components.get(groups.overwrite_groups.get("transform_chunk"), 1)
    if workflow.nodes:
        return workflow.nodes
    # A dry run has one core where it was told no number, and only the command line shows which of both it was.
    told = not DRY_RUN or workflow.cores > 1 or command_line().cores is not None
    return workflow.cores if told else machine_cores()


def given_mb():
    """The memory that `--resources mem_mb=…` leaves to all tasks together: one number, or none."""
    return [int(given.value) for name, given in workflow.global_resources.items() if name == "mem_mb"]


def limit_together(resource, value):
    """Have the scheduler keep the sum of a resource over running tasks at or below a value."""
    workflow.register_resource(resource, value)


def configuration_files():
    """The configuration's files, lowest layer first: the Snakefile's own, which Snakemake lists last."""
    own, given = workflow.configfiles[-1], workflow.configfiles[:-1]
    return [Path(path) for path in (own, *given)]


def given_settings():
    """{key: value} of what `--config` or a profile sets beside the files."""
    return workflow.config_settings.config


# ---- where results are -----------------------------------------------------------------------------------------------

IN_STORE = workflow.storage_settings.default_storage_provider is not None


def stored(path):
    """A path of the results where they are kept: itself, or an object in the store with its copy on this machine."""
    return workflow.modifier.path_modifier.apply_default_storage(path)


def store_settings():
    """What Snakemake was told of the store of inputs and results; None where there is none."""
    settings = workflow.storage_provider_settings.get("s3")
    return settings and settings.get_settings()


# Results as the tasks of this machine see them: in place, or the copies of what is in the store.
RESULTS = Path(stored("results/summary.tsv")).parent

# ---- what Snakemake has decided --------------------------------------------------------------------------------------


def all_tasks():
    """Each task of the run, as Snakemake's job, and whether it is to run; once the plan is known."""
    runs = set(workflow.dag.needrun_jobs(exclude_finished=False))
    return [(task, task in runs) for task in workflow.dag.jobs]


def up_to_date_tasks():
    """Each task whose files this run has made, or found as they should be."""
    dag = workflow.dag
    return [task for task in dag.jobs if dag.finished(task) or not dag.needrun(task)]


def failed_tasks():
    """Each task that has failed for good."""
    return [task for group in workflow.scheduler.failed for task in (group.jobs if group.is_group() else [group])]


def force(rule):
    """Have Snakemake run all tasks of a rule that are asked for, whatever it would decide of them."""
    workflow.dag_settings.forcerun = {*workflow.dag_settings.forcerun, rule}


def keeps_temporary_files():
    """Whether `--notemp` was given."""
    return workflow.storage_settings.notemp


def shows_colors():
    """Whether what is printed goes to a terminal that is to have colours."""
    return sys.stdout.isatty() and not workflow.output_settings.nocolor


# ---- when ------------------------------------------------------------------------------------------------------------


class Moments(logging.Filter):
    """Calls functions at moments of a run for which Snakemake has events, but no hook as `onstart` is one."""

    def __init__(self, functions):
        super().__init__()
        self.functions = functions

    def filter(self, record):
        if function := self.functions.pop(getattr(record, "event", None), None):
            function()
        return True


def at(begin, planned):
    """Call a function as a run, dry or not, begins, and another once it is known which tasks it has.

    `onstart` is too late for both: by then Snakemake has taken its lock and decided what is to be made again.
    """
    logger.addFilter(Moments({LogEvent.WORKFLOW_STARTED: begin, LogEvent.RUN_INFO: planned}))


def displays(kind):
    """The logger plugins of a class that show this run."""
    return [handler for handler in workflow.logger_manager.get_log_handlers() if isinstance(handler, kind)]
