# What a run settles before its first task: its folder, what its tasks are told, and which old results stand.

from halogenator.environment import RESULTS_VARIABLE, preload_allocator
from halogenator.memory.guard import BESIDE_VARIABLE, CAP_VARIABLE
from halogenator.planning.adopted import adopted_jobs, make_outdated
from halogenator.inputs.first_rows import first_rows
from halogenator.storage.clock import check_dates, redate
from halogenator.storage.failures import check_writable
from halogenator.storage.lock import claim_folder

# What each file's columns are taken for; a file of which nothing can be read ends the run here, before its first task.
FILES = []
if workflow.is_main_process:
    try:
        FILES = first_rows(CONFIG.libraries.values())
    except UserError as error:
        raise WorkflowError(str(error)) from None

if workflow.is_main_process and not only_looks(sys.argv):
    try:
        check_writable(Path(".snakemake"))
        check_writable(Path("results"))
        claim_folder(Path(".snakemake"), scratch=Path("results/work/scratch"), cap_mb=CAP_MB)
        redate(Path("results"))
        check_dates(path for library in CONFIG.libraries.values() for path in library.paths)
    except UserError as error:
        raise WorkflowError(str(error)) from None

# On a cluster each node settles this for itself: what loads here need not load there.
if not (ON_CLUSTER and workflow.is_main_process):
    ALLOCATOR = preload_allocator()
    if workflow.is_main_process:
        logger.info(f"Memory allocator of tasks: {ALLOCATOR}")
os.environ[CAP_VARIABLE] = str(CAP_MB)
os.environ[BESIDE_VARIABLE] = str(BESIDE_MB)
os.environ[RESULTS_VARIABLE] = str(RESULTS)

if ON_CLUSTER:  # where what runs on this machine all the same, beside a store, keeps below its memory by local_mb
    workflow.register_resource("local_mb", machine_mb())
else:
    workflow.register_resource("mem_mb", CAP_MB)

# Jobs adopted from an earlier pipeline: those that stand are kept, those that do not are made again.
ADOPTED, OUTDATED = adopted_jobs(CONFIG, RESULTS, Path.cwd())
if workflow.is_main_process:
    for job in OUTDATED:
        make_outdated(RESULTS, job)
