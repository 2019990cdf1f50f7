# Before a run its plan, during a run a record of its memory. Nothing here makes a result.

import logging
import subprocess

from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_logger_plugin_halogenator import PLAN

from halogenator.planning.resources import machine_cores

RECORDER = []


def start_recorder():
    """Record the memory of this run's processes until it ends; on a cluster they are elsewhere, and Slurm records it."""
    if ON_CLUSTER:
        return
    words = ["--pid", os.getpid(), "--cap-mb", CAP_MB, "--out", RESULTS / "monitor.parquet"]
    command = [sys.executable, "-m", "halogenator", "record-memory", *map(str, words)]
    Path("results/logs").mkdir(parents=True, exist_ok=True)
    with open("results/logs/record-memory.log", "w") as log:
        RECORDER.append(subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True))


def stop_recorder():
    for process in RECORDER:
        process.terminate()
        process.wait()


def planned_tasks():
    """(rule, library, transform, whether it is to run) of every task of the run."""
    runs = set(workflow.dag.needrun_jobs(exclude_finished=False))
    for task in workflow.dag.jobs:
        names = task.wildcards_dict
        if "library" in names:
            yield task.rule.name, names["library"], names.get("transform"), task in runs


def asked_cores():
    """The tasks that may run at once, on a cluster chunks of transforms; a plan that was not told takes this machine's."""
    if ON_CLUSTER:
        groups = workflow.group_settings
        return workflow.nodes * groups.group_components.get(groups.overwrite_groups.get("transform_chunk"), 1)
    told = any(word.startswith(("-c", "--cores")) for word in sys.argv)
    asked = workflow.nodes or workflow.cores
    return machine_cores() if workflow.dryrun and asked == 1 and not told else asked


def show_plan():
    """Say what the run will take: line by line in a dry run, else the sums, with the lines in results/plan.tsv."""
    # Here, since every task of a cluster reads this file and makes no plan.
    from halogenator.planning.states import planned_standings
    from halogenator.stages.plan import make_plan, write_plan
    from halogenator.stages.plan_table import plan_notes, plan_text

    standings = planned_standings(CONFIG, ESTIMATES, RESULTS, planned_tasks())
    plan = make_plan(CONFIG, ESTIMATES, standings, RESULTS, cores=asked_cores(), cap_mb=CAP_MB, on_cluster=ON_CLUSTER)
    if workflow.dryrun:
        text = plan_text(plan, color=sys.stdout.isatty() and not workflow.output_settings.nocolor)
    else:
        text = plan_notes(plan)
        write_plan(plan, Path("results/plan.tsv"))
    files = "".join(f"{found.text}\n" for found in FILES)
    logger.info(f"{files}{text}\n", extra={PLAN: plan})


class PlanFirst(logging.Filter):
    """Shows the plan as soon as Snakemake knows its tasks, ahead of its own table of them."""

    def __init__(self):
        super().__init__()
        self.shown = False

    def filter(self, record):
        if getattr(record, "event", None) == LogEvent.RUN_INFO and not self.shown and workflow.is_main_process:
            self.shown = True
            show_plan()
        return True


logger.addFilter(PlanFirst())
