"""Browse: pages in a web browser on this machine over all results, while a run goes on, too."""
