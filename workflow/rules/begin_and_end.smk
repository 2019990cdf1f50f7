# What a run does before its first task, when its plan is known, and after its last task. Called in the Snakefile.

import shutil
import subprocess
from contextlib import contextmanager

from snakemake_logger_plugin_halogenator import LogHandler

from halogenator.process.environment import preload_allocator, prepare_tasks
from halogenator.inputs.first_rows import first_rows
from halogenator.upkeep.run_progress import MERGES
from halogenator.process.failures import check_writable
from halogenator.process.run_folder import check_dates, claim_folder, redate
from halogenator.tables.seal import remove_damaged

FILES = []  # what each input file's columns are taken for
RECORDER = []  # the process that records memory


@contextmanager
def user_errors():
    """Have Snakemake say what a user can mend, without a traceback."""
    try:
        yield
    except UserError as error:
        raise WorkflowError(str(error)) from None


def begin_run():
    """Settle what the tasks of this process run in; of a run also its folder, and which old results stand."""
    prepare_tasks()
    if not (on_cluster() and IN_CHARGE):  # each node settles it for itself: what loads here need not load there
        allocator = preload_allocator()
        if IN_CHARGE:
            logger.info(f"Memory allocator of tasks: {allocator}")
    if on_cluster():  # what runs on this machine all the same, beside a store, keeps below its memory by local_mb
        limit_together("local_mb", machine_mb())
    else:
        limit_together("mem_mb", cap_mb())
    if IN_CHARGE:
        with user_errors():
            FILES.extend(first_rows(CONFIG.libraries.values()))
            if not DRY_RUN:
                claim_results()
        if OUTDATED:
            force("remake_products")


def claim_results():
    """Make this the only run in its folder, and mend there what earlier runs left behind."""
    check_writable(Path(".snakemake"))
    check_writable(PLACES.folder)
    claim_folder(Path(".snakemake"), scratch=PLACES.scratch, cap_mb=cap_mb())
    redate(PLACES.folder)
    check_dates(path for library in CONFIG.libraries.values() for path in library.paths)


def show_plan():
    """Say what the run will take: line by line in a dry run, else the sums, with the lines in results/plan.tsv."""
    if not IN_CHARGE:
        return
    # Here, since every task of a cluster reads this file and makes no plan.
    from halogenator.planning.states import planned_standings
    from halogenator.planning.plan import make_plan, write_plan
    from halogenator.planning.plan_table import plan_notes, plan_text

    standings = planned_standings(CONFIG, ESTIMATES, RESULTS, planned_tasks())
    plan = make_plan(
        CONFIG, ESTIMATES, standings, RESULTS, cores=asked_cores(), cap_mb=cap_mb(), on_cluster=on_cluster()
    )
    if DRY_RUN:
        text = plan_text(plan, color=shows_colors())
    else:
        text = plan_notes(plan)
        write_plan(plan, PLACES.plan)
    for display in displays(LogHandler):
        display.expect(plan, RESULTS)
    files = "".join(f"{found.text}\n" for found in FILES)
    logger.info(f"{files}{text}\n")


def planned_tasks():
    """(rule, library, transform, whether it is to run) of every task of the run that makes a library or a job."""
    for task, runs in all_tasks():
        names = task.wildcards_dict
        if "library" in names:
            yield task.rule.name, names["library"], names.get("transform"), runs


def start_recorder():
    """Record the memory of this run's processes until it ends; on a cluster they are elsewhere, and Slurm records it."""
    if on_cluster():
        return
    command = commands.RecordMemory(pid=os.getpid(), cap_mb=cap_mb(), out=Results(RESULTS).monitor)
    log_path = PLACES.log("record-memory")
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("w") as log:
        words = [sys.executable, "-m", "halogenator", *command.words]
        RECORDER.append(subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True))


def stop_recorder():
    """End the record of memory, if there is one."""
    for process in RECORDER:
        process.terminate()
        process.wait()


def remove_unusable():
    """Remove what a task that failed could not use of the files that other tasks left for it.

    Snakemake takes a file that is there for a good one; without it, the next run makes it anew. They are removed only
    now, since a task that is tried again with an input gone ends the whole run, before its first failure is shown.
    Whether duplicates were found among the present chunks only their merge can tell, so these all go.
    """
    for task in failed_tasks():
        left = [path for path in map(Path, task.input) if RESULTS / "work" in path.parents]
        remove_damaged(left)
        for path in left:
            if path.name.endswith(".duplicates.parquet"):
                path.unlink(missing_ok=True)


def clear_leftovers():
    """Remove chunks that are merged: killed at the wrong moment, a run leaves them, and none after it knows of them."""
    if keeps_temporary_files():
        return
    done = {}  # {folder of chunks: merged file}
    for task in up_to_date_tasks():
        if task.rule.name in (*MERGES, "merge_library"):
            names = task.wildcards_dict["library"], task.wildcards_dict.get("transform")
            done[str(PLACES.chunks(*names))] = str(PLACES.main(*names))
    for chunks, merged in done.items():
        if (RESULTS.parent / merged).exists():
            shutil.rmtree(RESULTS.parent / chunks, ignore_errors=True)
    if IN_STORE:
        clear_store(done)


def clear_store(done):
    """Remove from the store what killed runs left there of merged chunks."""
    work = stored(str(PLACES.work)).flags["storage_object"]
    for item in work.get_subkeys():
        folder = f"{PLACES.work}{os.path.dirname(item.key.removeprefix(work.key))}"
        merged = stored(done[folder]) if folder in done else None
        if merged and merged.flags["storage_object"].exists():
            item.delete()
