"""Work on a results folder: verify, adopt, watch and diagnose."""
