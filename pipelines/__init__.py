"""Beam jobs that wire the operations of `curation` into a build, and the `winnow` command."""
