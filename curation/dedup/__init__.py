"""Deduplication on arrays: signatures, buckets, verified pairs, components, and which copy stays."""
