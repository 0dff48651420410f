"""How the models under `curation/models` are made: run `python -m curation.training.NAME DATA_DIR OUT`."""
