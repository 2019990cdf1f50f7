from snakemake.utils import min_version

min_version("9.27")


include: "workflow/rules/run.smk"


configfile: LOWEST_LAYER


# Used with --sdm apptainer.
container: f"docker://{shipped.IMAGE}"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/tasks.smk"
include: "workflow/rules/libraries.smk"
include: "workflow/rules/products.smk"
include: "workflow/rules/catalog.smk"
include: "workflow/rules/fingerprints.smk"
include: "workflow/rules/exports.smk"
include: "workflow/rules/begin_and_end.smk"


at(begin=begin_run, planned=show_plan, idle=lambda: f"\n{results_text()}".rstrip())
if deletes():
    check_deletion()


onstart:
    start_processes()


onsuccess:
    stop_processes()
    clear_leftovers()
    tell_results()


onerror:
    stop_processes()
    remove_unusable()


rule all:
    input:
        all_results(),
        all_exports(),
        PLACES.summary,
        PLACES.catalog,
        PLACES.report,
    localrule: True
    message:
        "All libraries, products, the catalog, the summary and the report are in results/"
