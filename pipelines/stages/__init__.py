"""The stages of a build, one file each: ingest, dedup, select, shard, publish."""
