# Functions that the Snakefile calls before the first task, when the plan is known, and after the last task.

import os
import subprocess
from contextlib import contextmanager
from dataclasses import replace

from snakemake_logger_plugin_halogenator import LogHandler
from snakemake_logger_plugin_halogenator.command_line import in_shell

from halogenator.process import task_server
from halogenator.process.durable import sync_file_system
from halogenator.process.environment import preload_allocator, prepare_tasks
from halogenator.inputs.first_rows import first_rows
from halogenator.upkeep.mend import mend
from halogenator.upkeep.run_progress import MERGES
from halogenator.process.failures import check_kinds, check_writable, explain
from halogenator.process.ownership import clear
from halogenator.process.run_folder import SNAKEMAKE_FOLDERS, check_dates, claim_folder, redate
from halogenator.process.running import end_all
from halogenator.results import CHUNK_FILES, RESULT_FILES, RESULT_FOLDERS
from halogenator.tables import tour
from halogenator.tables.catalog import renew_catalog
from halogenator.tables.own_results import check_own
from halogenator.tables.seal import remove_damaged

FIRST_ROWS = []  # for each input file, which columns are taken as SMILES and id
PROCESSES = []  # those that go on beside the tasks, once they run: the recorder of memory, and the task server


@contextmanager
def user_errors():
    """Raise errors of the block that a user can mend as WorkflowError, which Snakemake shows without a traceback."""
    try:
        yield
    except (UserError, OSError) as error:
        explained = error if isinstance(error, UserError) else explain(error)
        if explained is None:
            raise
        raise WorkflowError(str(explained)) from None


def begin_run():
    """Set up the tasks' environment and limits of memory; of a run also read first rows, and claim its folder."""
    if not IN_MODULE:  # else each task sets its own
        prepare_tasks(os.environ)
    if not IN_MODULE and not (on_cluster() and IN_CHARGE):  # on a cluster each node tests the allocator itself
        allocator = preload_allocator(os.environ)
        if IN_CHARGE:
            logger.info(f"Memory allocator of tasks: {allocator}")
    if on_cluster():  # exports to this machine run here, and declare local_mb
        limit_together("local_mb", MACHINE_MB)
    else:
        limit_together("mem_mb", cap_mb())
    if IN_CHARGE:
        with user_errors():
            check_places()
            FIRST_ROWS.extend(first_rows(CONFIG.libraries.values()))
            if not DRY_RUN:
                claim_results()
        if OUTDATED:
            force("remake_products")


def check_places():
    """Check that no other kind of thing stands where this run and Snakemake write, which Snakemake would trip over."""
    files = [HERE.summary, HERE.audit, HERE.catalog, HERE.report, HERE.plan, HERE.monitor]
    files += [HERE.log(process) for process in ("record-memory", "serve-tasks")]
    files += [Path(path) for path in all_exports()]
    folders = [Path(".snakemake", name) for name in SNAKEMAKE_FOLDERS]
    for names in (*((library,) for library in CONFIG.libraries), *CONFIG.jobs):
        files += HERE.files(*names)
        folders += [HERE.chunks(*names), HERE.log("", *names).parent, HERE.benchmark("", *names).parent]
    above = {parent for path in (*files, *folders) for parent in path.parents}
    check_kinds(sorted(above.union(folders)), files)


def claim_results():
    """Make this the only run in its folder, and clean up there after interrupted runs and after a move."""
    check_writable(Path(".snakemake"))
    check_writable(HERE.folder)
    check_own(HERE.folder)
    claim_folder(Path(".snakemake"), scratch=HERE.scratch, cap_mb=cap_mb())
    redate(HERE.folder, (*RESULT_FOLDERS, *RESULT_FILES))
    sync_file_system(Path(".snakemake"))  # what made the results there must be known once they are replaced
    if not IN_STORE:
        for said in mend(HERE):
            logger.warning(said)
        renew_catalog(HERE)
    keep(Results(RESULTS), CONFIGURATION)
    check_dates(path for library in CONFIG.libraries.values() for path in library.paths)


def check_deletion():
    """Refuse `--delete-all-output` and the like where they would remove what is somebody else's, or irreplaceable."""
    with user_errors():
        check_own(HERE.folder)
        if ADOPTED and deletes() == "all":
            raise UserError(
                "adopted results would be deleted, which no run can make again",
                where=HERE.products(*ADOPTED[0]),
                value=f"{len(ADOPTED)} adopted jobs",
                fix="move the results folder away, and all will be made anew or can be adopted again",
            )


def show_plan():
    """Log the plan: a dry run all of its lines, a run its totals, with all lines in results/plan.tsv."""
    if not IN_CHARGE:
        return
    # Imported here, since tasks on a cluster read this file, too, and make no plan.
    from halogenator.planning.fingerprints import waiting_fingerprints
    from halogenator.planning.states import planned_standings
    from halogenator.planning.plan import make_plan, write_plan
    from halogenator.planning.plan_table import plan_notes, plan_text

    standings = planned_standings(CONFIG, ESTIMATES, RESULTS, planned_tasks())
    plan = make_plan(
        CONFIG, ESTIMATES, standings, RESULTS, cores=asked_cores(), cap_mb=cap_mb(), on_cluster=on_cluster()
    )
    plan = replace(plan, fingerprints=tuple(waiting_fingerprints(plan.lines, ESTIMATES, planned_tasks())))
    if DRY_RUN:
        text = plan_text(plan, color=shows_colors())
    else:
        text = plan_notes(plan)
        with user_errors():
            write_plan(plan, HERE.plan)
    for display in displays(LogHandler):
        display.expect(plan, RESULTS)
    files = "".join(f"{found.text}\n" for found in FIRST_ROWS)
    logger.info(f"{files}{text}\n")


def planned_tasks():
    """Yield (rule, library, transform or None, whether it is to run) of every task of a library or a job."""
    for name, task, runs in all_tasks():
        names = task.wildcards_dict
        if "library" in names:
            yield name, names["library"], names.get("transform"), runs


def start_processes():
    """Start a process that records the memory of this run's processes, and one that forks its tasks.

    On a cluster Slurm records the memory.
    """
    with user_errors():
        if not on_cluster():
            start_recorder()
        if may_be_served():
            start_server()


def start_recorder():
    command = commands.RecordMemory(pid=os.getpid(), cap_mb=cap_mb(), out=Results(RESULTS).monitor)
    with log_of("record-memory") as log:
        words = [sys.executable, "-m", "halogenator", *command.words]
        PROCESSES.append(subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True))


def start_server():
    with log_of("serve-tasks") as log:
        if server := task_server.start(task_server.ADDRESS, log):
            PROCESSES.append(server)


def log_of(process):
    """Open the log of a process that goes on beside the tasks."""
    log_path = HERE.log(process)
    log_path.parent.mkdir(parents=True, exist_ok=True)
    return log_path.open("w", encoding="utf-8")


def results_text():
    """What there is and which page shows it, in three lines, if the report is up to date after this run; else ""."""
    made = any(name == "report" for name, _ in up_to_date_tasks())
    made &= RESULTS.joinpath(PLACES.report.name).exists() and Results(RESULTS).summary.exists()  # on this machine
    command = f"{in_shell(sys.executable)} -m halogenator tour --results {in_shell(RESULTS)}"
    return tour.page_to_open(RESULTS, command) if made and IN_CHARGE else ""


def tell_results():
    """Log these lines; the display of progress ends with them."""
    if text := results_text():
        logger.info(text, extra={"ends_run": True})


def stop_processes():
    """End those processes, if they were started."""
    end_all(PROCESSES)
    task_server.forget(task_server.ADDRESS)


def remove_unusable():
    """Remove damaged temporary files that failed tasks have as input, so that the next run makes them anew.

    Snakemake itself takes any file that exists as good. They are removed at the end of the run, since a retry without
    its input would end the run before the first failure is shown. Files of duplicates are removed in any case: only
    the task that reads them can tell whether they belong to the present chunks.
    """
    work = Results(RESULTS).work
    for task in failed_tasks():
        temporary = [path for path in map(Path, task.input) if work in path.parents]
        remove_damaged(temporary)
        for path in temporary:
            if path.name.endswith((".duplicates.parquet", ".repeats.parquet", ".repeats-rejects.parquet")):
                path.unlink(missing_ok=True)


def clear_leftovers():
    """Remove chunks of merged libraries and jobs, which a killed run may have left, and which later runs do not use."""
    if keeps_temporary_files():
        return
    merged_files = {}  # {folder of chunks: merged file}
    for name, task in up_to_date_tasks():
        if name in (*MERGES, "merge_library"):
            names = task.wildcards_dict["library"], task.wildcards_dict.get("transform")
            merged_files[str(PLACES.chunks(*names))] = str(PLACES.main(*names))
    for chunks, merged in merged_files.items():
        if (RESULTS.parent / merged).exists():
            clear(RESULTS.parent / chunks, CHUNK_FILES)
    if IN_STORE:
        clear_store(merged_files)


def clear_store(merged_files):
    """Remove those chunks from the store, too; takes {folder of chunks: merged file}."""
    for path, _, _, delete in objects_below(PLACES.work):
        folder = str(Path(path).relative_to(RESULTS.parent).parent)
        merged = stored(merged_files[folder]) if folder in merged_files else None
        if merged and merged.flags["storage_object"].exists():
            delete()
